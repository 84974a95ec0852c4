"""Pitch and loudness of recordings, of tones whose figures are known and beside librosa's YIN."""

import librosa
import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.metrics import pitch, sound_scores

RATE = 8000
TIME = np.arange(RATE) / RATE


def tone(frequency, level=0.3, harmonics=4):
    """A second of a tone with overtones; a frequency for each sample makes it glide."""
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(frequency, TIME.shape)) / RATE
    parts = [np.sin(order * phase + order) / order for order in range(1, harmonics + 1)]
    return level * np.sum(parts, axis=0) / 2


@pytest.mark.parametrize("frequency", [62, 110, 233.1, 440, 990])
@pytest.mark.parametrize("harmonics", [1, 4])
def test_the_pitch_of_tones(frequency, harmonics):
    found = pitch(tone(frequency, harmonics=harmonics)[np.newaxis], RATE)
    assert np.median(found) == pytest.approx(frequency, rel=0.015)
    assert np.abs(12 * np.log2(found / frequency)).max() < 0.3


def test_noise_and_silence_have_no_pitch_and_clips_may_be_short():
    noise = np.random.default_rng(0).normal(0, 0.1, (5, RATE))
    assert np.isnan(pitch(noise, RATE)).mean() > 0.97
    assert np.isnan(pitch(np.stack([0 * TIME, tone(220, level=1e-4)]), RATE)).all()
    assert pitch(tone(500)[np.newaxis, :300], RATE).shape == (1, 1)


@pytest.mark.slow  # librosa compiles what it calls
def test_the_pitch_of_a_glide_agrees_with_librosa():
    glide = tone(np.linspace(120, 200, RATE)) + np.random.default_rng(0).normal(0, 0.003, RATE)
    found = pitch(glide[np.newaxis], RATE)[0]
    step = RATE // 50
    theirs = librosa.yin(
        glide,
        fmin=60,
        fmax=1000,
        sr=RATE,
        frame_length=540,
        hop_length=step,
        trough_threshold=0.15,
        center=False,
    )
    both = slice(0, min(len(found), len(theirs)))
    assert not np.isnan(found).any() and len(found) >= 45
    assert np.abs(12 * np.log2(found[both] / theirs[both])).max() < 0.3


def test_scores_of_known_recordings():
    real = np.stack([tone(220), tone(220)])
    octave = np.stack([tone(440, level=0.15), np.random.default_rng(0).normal(0, 0.03, RATE)])
    same, other = sound_scores(real, real, RATE), sound_scores(real, octave, RATE)
    assert same["pitch_median"] == pytest.approx(220, rel=2e-3) and same["voiced"] == 1
    assert same["pitch_distance"] == 0 == same["loudness_distance"] and same["pitch_spread"] < 0.01
    assert other["pitch_distance"] == pytest.approx(12, abs=0.3) and other["voiced"] == pytest.approx(
        0.5, abs=0.03
    )
    quiet = sound_scores(real, real / 2, RATE)
    assert quiet["loudness_mean"] - same["loudness_mean"] == pytest.approx(-6.0206, abs=1e-3)
    assert quiet["loudness_distance"] == pytest.approx(6.0206, abs=1e-3)
    # A sine of 997 Hz at full scale has -3.01 LUFS.
    sine = np.sin(2 * np.pi * 997 * np.arange(48000) / 48000)[np.newaxis]
    assert sound_scores(sine, sine, 48000)["loudness_mean"] == pytest.approx(-3.01, abs=0.05)


def test_the_spread_is_the_range_of_the_middle_half():
    glide = tone(220 * 2 ** np.linspace(0, 1, RATE))[np.newaxis]
    assert sound_scores(glide, glide, RATE)["pitch_spread"] == pytest.approx(6, abs=0.4)


def test_silence_is_as_quiet_as_the_gate_and_has_nothing_of_pitch():
    scores = sound_scores(tone(220)[np.newaxis], np.zeros((1, RATE)), RATE)
    assert scores.keys() == {"voiced", "loudness_mean", "loudness_distance"}
    assert scores["loudness_mean"] == -70 and scores["voiced"] == 0


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda waveforms: waveforms[0], "shape"),
        (lambda waveforms: waveforms[:0], "at least one"),
        (lambda waveforms: waveforms * np.nan, "finite"),
        (lambda waveforms: (waveforms * 32767).astype("int16"), "int16"),
    ],
)
def test_unfit_recordings_are_refused(change, message):
    waveforms = tone(220)[np.newaxis]
    for call in (
        lambda: pitch(change(waveforms), RATE),
        lambda: sound_scores(waveforms, change(waveforms), RATE),
    ):
        with pytest.raises(InputError, match=message):
            call()
    with pytest.raises(InputError, match="at least 2000 Hz"):
        pitch(waveforms, 1000)
