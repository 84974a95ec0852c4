"""The built-in voices: each factor does to the sound what it is named for."""

import numpy as np
import pytest
from scipy.linalg import solve_toeplitz

from keras_gen.datasets import load
from keras_gen.datasets.vowels import (
    BREATHS,
    FACTORS,
    FORMANTS,
    PITCHES,
    RATE,
    TRACTS,
    VOWELS,
    read_vowels,
    render,
)
from keras_gen.errors import InputError

FULL_SCALE = 2**15


@pytest.fixture(scope="module")
def splits():
    return read_vowels()


def frames(waveforms, size):
    """Hann-windowed parts (num, parts, size) from between the fades, and the window."""
    window = np.hanning(size + 2)[1:-1]
    inner = waveforms[:, 300:-300].astype(float)
    return window * np.lib.stride_tricks.sliding_window_view(inner, size, axis=1)[:, ::100], window


def correlation(parts, exponent):
    """The autocorrelation of parts in steps of an eighth of a sample, of the spectrum's magnitude to an
    exponent.
    """
    size = parts.shape[-1]
    spectra = np.abs(np.fft.rfft(parts, 2 * size)) ** exponent
    return np.fft.irfft(spectra, 16 * size)[..., : 8 * size]


def measured_pitches(waveforms):
    """The fundamental, Hz, where the autocorrelation is highest from 80 to 290 Hz."""
    # With the exponent 2/3 instead of 2, a formant upon a harmonic does not pass for the pitch (Tolonen and
    # Karjalainen, 2000: A Computationally Efficient Multipitch Analysis Model).
    parts, _ = frames(waveforms, 400)
    lags = np.arange(8 * RATE // 290, 8 * RATE // 80)
    similar = correlation(parts, 2 / 3).mean(axis=1)[:, lags]
    return 8 * RATE / lags[similar.argmax(axis=1)]


def measured_harmonicity(waveforms, pitch):
    """Harmonics over noise, dB, from the autocorrelation one cycle on (Boersma, 1993)."""
    parts, window = frames(waveforms, 400)
    lags = np.arange(int(8 * RATE / (1.03 * pitch)), int(8 * RATE / (0.97 * pitch)))
    shape = correlation(window, 2)
    energy = correlation(parts, 2)
    periodic = (energy[..., lags] / energy[..., :1] * shape[0] / shape[lags]).max(axis=-1).mean(axis=-1)
    return 10 * np.log10(periodic / (1 - periodic))


def measured_formants(vowel, tract):
    """The formants, Hz, in ascending order, by linear prediction from the breathiest and lowest voices."""
    voices = render(np.array([[vowel, pitch, tract, 4] for pitch in range(5)])).astype(float)
    # The difference evens out the fall of the pulses' spectrum.
    voices = np.hanning(4096) * np.diff(voices, axis=1, prepend=0)
    lags = np.fft.irfft(np.abs(np.fft.rfft(voices, 8192)) ** 2).mean(axis=0)[:11]
    poles = np.roots([1, *-solve_toeplitz(lags[:-1], lags[1:])])
    frequencies, bandwidths = np.angle(poles) * RATE / (2 * np.pi), -np.log(np.abs(poles)) * RATE / np.pi
    return np.sort(frequencies[(frequencies > 150) & (bandwidths < 400)])


def test_the_set_is_the_same_each_time_and_its_factors_make_its_voices(splits):
    again = read_vowels()
    for split, count in (("train", 3600), ("test", 1200)):
        waveforms, labels, factors = splits[split]
        assert waveforms.shape == (count, 4096) and waveforms.dtype == np.int16
        assert labels.dtype == factors.dtype == np.int32
        np.testing.assert_array_equal(labels, factors[:, 0])
        np.testing.assert_array_equal(waveforms, again[split][0])
        np.testing.assert_array_equal(render(factors[99:130]), waveforms[99:130])
        for column, values in enumerate(FACTORS.values()):
            assert len(np.unique(factors[:, column])) == values
    factors = np.concatenate([splits["train"][2], splits["test"][2]])
    assert len(np.unique(factors, axis=0)) == len(factors) == np.prod(list(FACTORS.values()))


def test_all_voices_are_equally_loud_unclipped_and_faded(splits):
    waveforms = np.concatenate([splits["train"][0], splits["test"][0]]).astype(float)
    np.testing.assert_allclose(np.sqrt(np.mean(waveforms**2, axis=1)), 0.1 * FULL_SCALE, rtol=1e-3)
    assert np.abs(waveforms).max() < 0.7 * FULL_SCALE
    assert np.abs(waveforms[:, [0, -1]]).max() == 0
    middle = np.sqrt(np.mean(waveforms[:, 1000:3000] ** 2))
    for end in (waveforms[:, :100], waveforms[:, -100:]):
        assert np.sqrt(np.mean(end**2)) < 0.4 * middle


def test_pitch_is_the_fundamental_whatever_the_rest(splits):
    waveforms, factors = splits["test"][0][:400], splits["test"][2][:400]
    ratios = measured_pitches(waveforms) / PITCHES[factors[:, 1]]
    np.testing.assert_allclose(ratios, 1, atol=0.02)
    np.testing.assert_allclose(ratios[factors[:, 3] < 4], 1, atol=0.01)


@pytest.mark.parametrize("vowel", range(len(VOWELS)))
def test_formants_are_the_vowels_and_inverse_to_the_length_of_the_tract(vowel):
    table = np.array(FORMANTS[VOWELS[vowel]])
    ratios = measured_formants(vowel, 8)[:3] * TRACTS[8] / 17.5 / table
    np.testing.assert_allclose(ratios, 1, atol=0.04)
    measured = np.array([measured_formants(vowel, tract)[:2] for tract in range(len(TRACTS))])
    ratios = measured * TRACTS[:, np.newaxis] / 17.5 / table[:2]
    np.testing.assert_allclose(ratios[:, 0], 1, atol=0.05)
    np.testing.assert_allclose(ratios[:, 1], 1, atol=0.025)
    assert np.all(np.diff(measured[:, 1]) < 0)


@pytest.mark.parametrize("pitch", [0, 5, 10, 15])
def test_breathiness_is_how_far_the_noise_is_below_the_harmonics(pitch):
    combinations = [[v, pitch, tract, b] for v in range(6) for tract in (0, 9) for b in range(5)]
    measured = measured_harmonicity(render(np.array(combinations)), PITCHES[pitch]).reshape(12, 5)
    np.testing.assert_allclose(measured.mean(axis=0), -BREATHS, atol=2.5)
    assert np.diff(measured, axis=1).max() < -1.5


def test_nothing_is_folded_down_from_above_half_the_rate():
    # Folded, the harmonics of this pitch would lie 100 Hz beside the others, at 3100 Hz and more often at
    # less.
    pitch = 13
    voices = render(np.array([[vowel, pitch, 0, 0] for vowel in range(6)]))
    power = np.abs(np.fft.rfft(np.hanning(4096) * voices)) ** 2
    harmonic = np.fft.rfftfreq(4096, 1 / RATE) / PITCHES[pitch]
    beside = np.abs(harmonic - np.rint(harmonic)) * PITCHES[pitch] > 60
    assert np.all(power[:, beside].sum(axis=1) < 1e-3 * power.sum(axis=1))


def test_mistakes_are_told_in_one_sentence():
    mistakes = {
        "factors must be integers of the shape": np.zeros((2, 3), int),
        "but are float64": np.zeros((2, 4)),
        "The factor tract must lie in 0 to 9, but is 10": np.array([[0, 0, 10, 0]]),
        "The factor vowel must lie in 0 to 5, but is -1": np.array([[-1, 0, 0, 0]]),
    }
    for message, factors in mistakes.items():
        with pytest.raises(InputError, match=message):
            render(factors)


def test_the_media_knows_how_loud_they_are():
    vowels = load("vowels")
    spoken = vowels.media.to_waveform(vowels.arrays("test")[0][:300])
    drawn = vowels.media.finish(spoken)
    np.testing.assert_allclose(np.std(drawn), np.std(spoken), rtol=0.03)
