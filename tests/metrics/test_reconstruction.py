"""Distances between recordings and reconstructions, with mel spectra so plain that the figures are known."""

import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.losses.spectral import multi_resolution_stft, resolutions_at
from keras_gen.metrics import reconstruction
from keras_gen.metrics.reconstruction import mel_cepstral_distortion, reconstruction_distances


class Levels:
    """Media whose two bands are both the mean level of each hundred samples."""

    rate = 8000

    def __init__(self):
        self.batches = []

    def log_mel(self, waveforms):
        assert waveforms.dtype == "float32"
        self.batches.append(len(waveforms))
        levels = np.abs(waveforms).reshape(len(waveforms), -1, 100).mean(axis=-1)
        return np.log(np.maximum(levels, 1e-5))[..., np.newaxis].repeat(2, axis=-1)


@pytest.fixture
def recordings():
    return np.random.default_rng(2).uniform(-1, 1, (5, 1200))


def test_a_recording_is_at_no_distance_from_itself(recordings):
    distances = reconstruction_distances(Levels(), recordings, recordings)
    assert distances == pytest.approx({"log_mel": 0, "mcd": 0, "mr_stft": 0}, abs=1e-12)
    assert all(type(distance) is float for distance in distances.values())


@pytest.mark.parametrize("gain, decibels", [(0.1, 20), (0.5, 6.0206)])
def test_a_gain_is_told_in_decibels(recordings, gain, decibels):
    distances = reconstruction_distances(Levels(), recordings, gain * recordings)
    assert distances["log_mel"] == pytest.approx(decibels, rel=1e-4)
    assert distances["mcd"] == pytest.approx(0, abs=1e-4)  # all bands alike: loudness alone
    assert distances["mr_stft"] == pytest.approx(1 - gain - np.log(gain), rel=1e-3)


def test_clips_and_parts_count_alike(recordings):
    changed = recordings.copy()
    changed[0] /= 10
    changed[1, :600] /= 10
    assert reconstruction_distances(Levels(), recordings, changed)["log_mel"] == pytest.approx(6, rel=1e-4)


def test_resolutions_are_those_of_the_rate(recordings):
    other = recordings[::-1]
    expected = np.mean(multi_resolution_stft(recordings, other, resolutions_at(8000)))
    assert reconstruction_distances(Levels(), recordings, other)["mr_stft"] == pytest.approx(expected)


def test_batches_change_nothing(recordings, monkeypatch):
    whole, parts = Levels(), Levels()
    expected = reconstruction_distances(whole, recordings, recordings[::-1])
    monkeypatch.setattr(reconstruction, "MOST_SAMPLES", 2500)
    assert reconstruction_distances(parts, recordings, recordings[::-1]) == pytest.approx(expected, rel=1e-5)
    assert whole.batches == [5, 5] and parts.batches == [2, 2, 2, 2, 1, 1]


def test_mel_cepstral_distortion_agrees_with_plain_sums():
    random = np.random.default_rng(3)
    real, back = random.normal(size=(2, 3, 4, 20))
    for clip, expected in enumerate(mel_cepstral_distortion(real, back)):
        frames = []
        for frame in range(4):
            total = 0
            for k in range(1, 14):
                # c_k is the projection of the frame on the k-th cosine.
                cosine = [np.cos(np.pi * k * (n + 0.5) / 20) for n in range(20)]
                c, other = (np.dot(some[clip, frame], cosine) / 10 for some in (real, back))
                total += (c - other) ** 2
            frames.append(10 / np.log(10) * np.sqrt(2 * total))
        assert expected == pytest.approx(np.mean(frames), rel=1e-9)


def test_mel_cepstral_distortion_is_a_root_mean_square_without_loudness():
    """Of so few bands that no coefficient is left out, by Parseval's theorem."""
    random = np.random.default_rng(3)
    real, back = random.normal(size=(2, 1, 1, 14))
    expected = 20 / np.log(10) * (real - back).std()
    assert mel_cepstral_distortion(real, back + 5) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda waveforms: waveforms[0], "shapes"),
        (lambda waveforms: waveforms[1:], "both the same"),
        (lambda waveforms: waveforms * np.nan, "finite"),
        (lambda waveforms: (waveforms * 32767).astype("int16"), "int16"),
    ],
)
def test_unfit_recordings_are_refused(recordings, change, message):
    with pytest.raises(InputError, match=message):
        reconstruction_distances(Levels(), recordings, change(recordings))


def test_too_few_or_too_short_recordings_are_refused(recordings):
    with pytest.raises(InputError, match="at least one waveform"):
        reconstruction_distances(Levels(), recordings[:0], recordings[:0])
    with pytest.raises(InputError, match="window of 400"):
        reconstruction_distances(Levels(), recordings[:, :399], recordings[:, :399])
