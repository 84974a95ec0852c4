"""The multi-resolution STFT distance against a plain implementation in double precision, and in training."""

import keras
import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.losses.spectral import (
    RESOLUTIONS,
    MultiResolutionSTFT,
    multi_resolution_stft,
    resolutions_at,
)

SMALL = [(64, 10, 40), (128, 16, 96), (32, 4, 32)]


@pytest.fixture
def random():
    return np.random.default_rng(3)


def clips(random, num=3, samples=1500):
    """Decaying tones in faint noise."""
    time = np.arange(samples)
    tones = np.sin(random.uniform(0.01, 2, (num, 1)) * time) * np.exp(-time / samples)
    return (0.4 * tones + random.normal(0, 0.02, (num, samples))).astype("float32")


def plain_magnitudes(clip, fft, hop, window):
    padded = np.pad(clip.astype("float64"), window // 2, mode="reflect")
    # TensorFlow's windows of odd lengths are symmetric.
    shape = scipy.signal.get_window("hann", window, fftbins=window % 2 == 0)
    frames = [padded[start : start + window] * shape for start in range(0, len(padded) - window + 1, hop)]
    return np.array([np.maximum(np.abs(np.fft.rfft(frame, fft)), np.sqrt(1e-7)) for frame in frames])


def plain_distance(real, generated, resolutions):
    total = 0.0
    for resolution in resolutions:
        y, x = plain_magnitudes(real, *resolution), plain_magnitudes(generated, *resolution)
        total += np.linalg.norm(y - x) / np.linalg.norm(y) + np.abs(np.log(y) - np.log(x)).mean()
    return total / len(resolutions)


@pytest.mark.parametrize("resolutions", [RESOLUTIONS, SMALL, [(64, 7, 51)], resolutions_at(16000)])
def test_distance_agrees_with_a_plain_loop(random, resolutions):
    real, generated = clips(random), clips(random)
    expected = [plain_distance(*pair, resolutions) for pair in zip(real, generated, strict=True)]
    distances = multi_resolution_stft(real, generated, resolutions)
    assert distances.dtype == "float32"
    np.testing.assert_allclose(distances, expected, rtol=1e-4)
    mean = MultiResolutionSTFT(resolutions)(real, generated)
    assert float(mean) == pytest.approx(np.mean(expected), rel=1e-4)


def test_frames_are_those_of_scipy(random):
    clip = clips(random, num=1)[0]
    fft, hop, window = 64, 10, 40
    reference = scipy.signal.ShortTimeFFT(
        scipy.signal.get_window("hann", window), hop, fs=1, mfft=fft, phase_shift=None
    )
    # Frames that lie within the clip; at its ends the two pad differently.
    inner = slice(window // hop, (len(clip) - window) // hop)
    expected = np.abs(reference.stft(clip, p0=0, padding="zeros")).T[inner]
    np.testing.assert_allclose(plain_magnitudes(clip, fft, hop, window)[inner], expected, rtol=1e-9)


def test_equal_clips_have_no_distance_and_no_gradient(random):
    real = clips(random)
    generated = tf.constant(real)
    with tf.GradientTape() as tape:
        tape.watch(generated)
        distances = multi_resolution_stft(real, generated, SMALL)
    np.testing.assert_allclose(distances, 0, atol=1e-12)
    np.testing.assert_array_equal(tape.gradient(distances, generated), 0)


def test_phase_is_not_heard_but_loudness_is(random):
    real = clips(random)
    np.testing.assert_allclose(multi_resolution_stft(real, -real, SMALL), 0, atol=1e-12)
    halved = multi_resolution_stft(real, real / 2, SMALL)
    np.testing.assert_allclose(halved, 0.5 + np.log(2), rtol=1e-3)


@pytest.mark.parametrize("place", range(3))
def test_every_size_and_every_resolution_counts(random, place):
    real, generated = clips(random), clips(random)
    distances = multi_resolution_stft(real, generated, SMALL)
    for size, other in zip(range(3), (256, 8, 30), strict=True):
        changed = [list(resolution) for resolution in SMALL]
        changed[place][size] = other
        assert np.abs(multi_resolution_stft(real, generated, changed) - distances).max() > 1e-4
    alone = [multi_resolution_stft(real, generated, [resolution]) for resolution in SMALL]
    np.testing.assert_allclose(np.mean(alone, axis=0), distances, rtol=1e-5)


def test_gradient_agrees_with_finite_differences(random):
    real, generated = clips(random, num=1, samples=300), clips(random, num=1, samples=300)
    given = tf.constant(generated)
    with tf.GradientTape() as tape:
        tape.watch(given)
        distances = multi_resolution_stft(real, given, SMALL)
    gradient = tape.gradient(distances, given).numpy()[0]
    step, numeric = 1e-6, np.empty(300)
    for sample in range(300):
        nudge = step * (np.arange(300) == sample)
        above, below = (plain_distance(real[0], generated[0] + sign * nudge, SMALL) for sign in (1.0, -1.0))
        numeric[sample] = (above - below) / (2 * step)
    np.testing.assert_allclose(gradient, numeric, atol=1e-3 * np.abs(numeric).max())
    assert np.abs(gradient[[0, 1, -2, -1]]).min() > 1e-3  # the ends of a clip are heard as well


@pytest.mark.parametrize("real_scale, generated_scale", [(0, 0), (1, 0), (0, 1), (1, 1e-20), (1e-4, 1e-4)])
def test_value_and_gradient_are_finite_about_silence(random, real_scale, generated_scale):
    real = tf.constant(real_scale * clips(random), "float32")
    generated = tf.constant(generated_scale * clips(random), "float32")
    with tf.GradientTape() as tape:
        tape.watch((real, generated))
        distances = multi_resolution_stft(real, generated)
    assert np.isfinite(distances).all()
    for gradient in tape.gradient(distances, (real, generated)):
        assert np.isfinite(gradient).all()


def test_training_recovers_the_magnitude_response(random):
    keras.utils.set_random_seed(1)
    taps = np.array([0.1, -0.3, 0.9, 0.5, -0.4, 0.2])
    noise = random.normal(0, 0.3, (64, 400)).astype("float32")
    real = np.stack([np.convolve(clip, taps, "valid") for clip in noise])
    fir = keras.layers.Conv1D(1, len(taps), use_bias=False)
    model = keras.Sequential(
        [keras.Input((400,)), keras.layers.Reshape((400, 1)), fir, keras.layers.Flatten()]
    )
    model.compile(keras.optimizers.Adam(0.03), loss=MultiResolutionSTFT(SMALL))

    def error():
        response, wanted = (np.abs(np.fft.rfft(h, 64)) for h in (fir.kernel.numpy()[:, 0, 0], taps))
        return np.linalg.norm(response - wanted) / np.linalg.norm(wanted)

    start = error()
    losses = model.fit(noise, real, batch_size=16, epochs=30, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 10
    assert error() < start / 20


def test_resolutions_keep_their_durations():
    assert tuple(resolutions_at(24000)) == RESOLUTIONS
    assert resolutions_at(48000) == [(2048, 240, 1200), (4096, 480, 2400), (1024, 100, 480)]
    assert resolutions_at(16000) == [(1024, 80, 400), (2048, 160, 800), (512, 33, 160)]
    for rate in (1000, 8000, 22050, 44100):
        for (fft, hop, window), (_, short, long) in zip(resolutions_at(rate), RESOLUTIONS, strict=True):
            assert abs(hop / rate - short / 24000) <= 0.501 / rate
            assert abs(window / rate - long / 24000) <= 0.501 / rate
            assert fft >= window and fft & (fft - 1) == 0
    with pytest.raises(InputError, match="100 Hz"):
        resolutions_at(100)


def test_loss_survives_a_round_trip():
    loss = MultiResolutionSTFT(SMALL, name="spectra", reduction="sum")
    config = keras.saving.serialize_keras_object(loss)
    copy = keras.saving.deserialize_keras_object(config)
    assert isinstance(copy, MultiResolutionSTFT)
    assert (copy.resolutions, copy.name, copy.reduction) == (SMALL, "spectra", "sum")
    assert tuple(MultiResolutionSTFT().resolutions) == RESOLUTIONS


@pytest.mark.parametrize(
    "resolutions, message",
    [
        ([], "empty"),
        ((1024, 120, 600), "hold 1024"),
        ([(1024, 120)], "triples"),
        ([(512, 120, 600)], "window <= FFT"),
        ([(1024, 0, 600)], "1 <= hop"),
        ([(1024, 700, 600)], "hop <= window"),
        ([(1024, 120.0, 600)], "whole numbers"),
    ],
)
def test_impossible_resolutions_are_refused(resolutions, message):
    with pytest.raises(InputError, match=message):
        MultiResolutionSTFT(resolutions)


@pytest.mark.parametrize(
    "real, generated, message",
    [
        ((2, 2000), (2, 1999), "both the same"),
        ((2, 2000, 1), (2, 2000, 1), "samples"),
        ((2, 2000), (1, 2000), "both the same"),
        ((2, 1199), (2, 1199), "shorter than a window of 1200"),
    ],
)
def test_unfit_clips_are_refused(real, generated, message):
    with pytest.raises(InputError, match=message):
        multi_resolution_stft(np.zeros(real), np.zeros(generated))
