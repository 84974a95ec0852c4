"""Loudness in graph beside that of pyloudnorm, and what is drawn brought to it."""

import numpy as np
import pytest
import tensorflow as tf

from keras_gen.media import Audio
from keras_gen.media.cleaning import HIGHEST_PEAK, clean, loudness_of
from keras_gen.media.loudness import integrated_loudness
from keras_gen.sampling.requests import for_any_batch


def sounds(rate, seconds):
    """Noise and tones: even, in bursts, faint, with a long silence, and below every gate."""
    random, time = np.random.default_rng(0), np.arange(round(rate * seconds)) / rate
    noise = 0.1 * random.normal(size=time.shape)
    tone = 0.2 * np.sin(2 * np.pi * 440 * time)
    low = 0.3 * np.sin(2 * np.pi * 30 * time)
    burst = tone * (time % 0.7 < 0.1)
    ending = noise * (time < seconds / 3)
    return np.stack([noise, tone, low, burst, ending, 3e-3 * tone, 1e-5 * noise]).astype(np.float32)


@pytest.mark.parametrize("rate, seconds", [(8000, 0.64), (16000, 1.024), (22050, 2.5), (8000, 0.3)])
def test_loudness_is_that_of_another_implementation(rate, seconds):
    waveforms = sounds(rate, seconds)
    expected = [loudness_of(waveform, rate) for waveform in waveforms]
    np.testing.assert_allclose(integrated_loudness(tf.constant(waveforms), rate), expected, atol=0.05)


@pytest.mark.parametrize("rate, seconds", [(8000, 0.64), (22050, 2.5), (8000, 0.3)])
def test_silence_at_the_ends_does_not_count(rate, seconds):
    waveforms = sounds(rate, seconds)[:5]
    silence = np.zeros((len(waveforms), rate // 2), np.float32)
    padded = np.concatenate([silence, waveforms, silence], axis=1)
    measured = integrated_loudness(tf.constant(padded), rate, 40.0)
    trimmed = [clean(waveform, rate, rate, trim=40.0, loudness=None, repair=False) for waveform in padded]
    expected = [loudness_of(waveform, rate) for waveform in trimmed]
    np.testing.assert_allclose(measured, expected, atol=0.05)
    assert np.max(measured - integrated_loudness(tf.constant(padded), rate)) > 0.1


def test_what_is_drawn_has_the_loudness_of_recordings():
    media = Audio(8192, 8000, mels=16, window=256, hop=64)
    quiet = 0.01 * sounds(8000, 1.024)[:3]
    quiet[2] = 0.01 * (np.arange(8192) == 4000)  # a click, which would be clipped
    finished = media.finish(tf.constant(quiet)).numpy()
    assert [loudness_of(waveform, 8000) for waveform in finished[:2]] == pytest.approx([-23.0] * 2, abs=0.05)
    assert finished[2].max() == pytest.approx(HIGHEST_PEAK, rel=1e-4) and np.count_nonzero(finished[2]) == 1
    silence = tf.zeros((1, 8192))
    assert not np.any(media.finish(silence))
    unchanged = Audio(8192, 8000, mels=16, window=256, hop=64, loudness=None)
    assert np.array_equal(unchanged.finish(tf.constant(quiet)), quiet)


def test_a_waveform_has_the_same_bits_in_any_batch():
    random = np.random.default_rng(0)
    drawn = random.normal(size=(50, 5120)) * np.exp(random.uniform(-6, -2, (50, 1)))
    drawn = drawn.astype("float32")
    media = Audio(5120, 8000, mels=16, window=256, hop=64)
    finish = for_any_batch(media.finish)
    together = finish(drawn).numpy()
    for size in (1, 3, 7):
        apart = [finish(drawn[n : n + size]) for n in range(0, 50, size)]
        np.testing.assert_array_equal(np.concatenate(apart), together)
