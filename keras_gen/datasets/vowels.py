"""Voices that hold one vowel each, synthesized from known factors of variation.

The counterpart of the shapes: the factors of every recording are known, so that disentanglement can be
measured. A source of glottal pulses and breath passes a filter of formants (Fant, 1960: Acoustic Theory of
Speech Production).
"""

import numpy as np
from scipy.signal.windows import tukey

from keras_gen.datasets.factors import check_factors

RATE = 8000  # samples a second, Hz
SAMPLES = 4096  # 0.512 s

# Name -> number of values.
FACTORS = {"vowel": 6, "pitch": 16, "tract": 10, "breathiness": 5}

# The first three formants, Hz, of men saying beat, bit, bat, but, bought and boot, named as in ARPAbet
# (Peterson and Barney, 1952: Control Methods Used in a Study of the Vowels, Table II). A tract's length
# scales all formants alike and leaves their ratios, in which these six of the ten vowels differ well.
FORMANTS = {
    "iy": (270, 2290, 3010),
    "ih": (390, 1990, 2550),
    "ae": (660, 1720, 2410),
    "ah": (640, 1190, 2390),
    "ao": (570, 840, 2410),
    "uw": (300, 870, 2240),
}
VOWELS = tuple(FORMANTS)
PITCHES = np.geomspace(90, 260, FACTORS["pitch"])  # Hz
TRACTS = np.linspace(13, 18, FACTORS["tract"])  # cm
BREATHS = np.linspace(-32, -8, FACTORS["breathiness"])  # RMS of the breath over that of the voice, dB

# Above the third, the resonances of a uniform tube, odd multiples of 500 Hz at a man's 17.5 cm (Fant, 1960).
# They reach beyond half the rate because their skirts reach below it.
REFERENCE = 17.5  # cm
ODD = 2 * np.arange(8) + 1
# Hz; the defaults of Klatt (1980): Software for a Cascade/Parallel Formant Synthesizer, the fourth's for
# those above.
BANDWIDTHS = np.array([50, 70, 110] + 5 * [250])

# The share of each cycle for which the glottis is open, the default of Klatt and Klatt (1990): Analysis,
# Synthesis, and Perception of Voice Quality Variations among Female and Male Talkers.
OPEN = 0.5
# The largest share by which the pitch at either end differs from that in the middle: below half a step by
# far.
GLIDE = 0.01

LEVEL = 0.1 * 2**15  # RMS, 20 dB below full scale: the peaks of all recordings fit
LOUDNESS = -20.0  # LUFS of that, within 1 LU for most
FADE = tukey(SAMPLES, 0.1)  # 26 ms at each end
TRAIN = 3600
# Steps of a cycle: enough that the error of not interpolating is 60 dB below the pulses.
CYCLE = 2**14
# Samples transformed at once. Beyond the recording, resonances have 64 ms to die away before they come round.
LENGTH = 4608
# Recordings made at once: few enough for the working arrays to stay in a processor's cache.
CHUNK = 64


def read_vowels():
    """Synthesize the data set, which is the same set each time.

    Each combination of factors occurs once, so no test recording shares one with a training recording.

    Returns:
        The splits, "train" (3600) and "test" (1200) -> (int16 waveforms (count, 4096) at 8000 Hz, int32
        labels (count,), the vowels, int32 factors (count, 4)).
    """
    # Unlike newer generators, RandomState promises the same numbers in every version of NumPy.
    shuffled = np.random.RandomState(0).permutation(np.prod(list(FACTORS.values())))
    factors = np.stack(np.unravel_index(shuffled, list(FACTORS.values())), axis=1).astype(np.int32)
    return {
        split: (render(part), part[:, 0], part)
        for split, part in (("train", factors[:TRAIN]), ("test", factors[TRAIN:]))
    }


def render(factors):
    """Synthesize the recordings of given factors: a vowel held for half a second, all equally loud (RMS).

    The values, in the order of `FACTORS`: vowel, one of `VOWELS`; pitch, a fundamental from 90 to 260 Hz in
    equal ratios; tract, the length of the vocal tract from 13 to 18 cm in equal steps, with all formants
    inverse to it; breathiness, the noise of breath from 32 to 8 dB below the voice in steps of 6 dB. The
    noise, a glide of the pitch by at most 1% either way, and the phase at which the voice starts are drawn
    for each combination.

    Args:
        factors: integers (num, 4), each from 0 to below its number of values in `FACTORS`.

    Returns:
        int16 waveforms (num, 4096) at 8000 Hz, which depend on the factors alone.

    Raises:
        InputError: if the factors are of another shape or type or out of range.
    """
    factors = check_factors(factors, FACTORS)
    waveforms = np.empty((len(factors), SAMPLES), np.int16)
    tables, responses = _tables(), _responses()
    for start in range(0, len(factors), CHUNK):
        some = factors[start : start + CHUNK]
        vowel, _, tract, breathiness = some.T
        voice, breath = (_filtered(source, responses[vowel, tract]) for source in _sources(some, *tables))
        gain = 10 ** (BREATHS[breathiness, np.newaxis] / 20)
        waveforms[start : start + CHUNK] = np.rint(LEVEL * _leveled(voice + gain * breath))
    return waveforms


def _sources(factors, pulses, swell):
    """The glottal pulses and the breath noise, each (num, SAMPLES), from the tables over a cycle."""
    pitch = factors[:, 1]
    draw = np.random.RandomState()
    start, glide = np.empty((2, len(factors), 1))
    noise = np.empty((len(factors), SAMPLES))
    for row, seed in enumerate(np.ravel_multi_index(factors.T, list(FACTORS.values()))):
        draw.seed(seed)
        start[row], glide[row] = draw.uniform(0, 1), draw.uniform(-GLIDE, GLIDE)
        noise[row] = draw.standard_normal(SAMPLES)
    seconds = np.arange(SAMPLES) / RATE
    # The integral of a line that is 1 in the middle, 1 - glide at the start and 1 + glide at the end.
    warped = seconds + glide * seconds * (seconds / seconds[-1] - 1)
    cycles = start + PITCHES[pitch, np.newaxis] * warped
    step = (CYCLE * (cycles % 1)).astype(np.int64)
    return pulses[pitch[:, np.newaxis], step], swell[step] * noise


def _tables():
    """Tables over one glottal cycle: pulses of each pitch (16, CYCLE) and swell of the breath (CYCLE,)."""
    # The flow of KLGLOTT88 (Klatt and Klatt, 1990), a cubic that shuts with a corner; lips radiate its
    # derivative.
    opened = np.arange(CYCLE) / CYCLE / OPEN
    flow = np.where(opened < 1, opened**2 - opened**3, 0)
    spectrum = np.fft.rfft(np.where(opened < 1, 2 * opened - 3 * opened**2, 0))
    # Only the harmonics below half the rate; others would be aliased.
    highest = RATE / 2 / (PITCHES * (1 + GLIDE))
    pulses = np.stack([np.fft.irfft(spectrum[: int(count) + 1], CYCLE) for count in highest])
    # Breath is twice as strong at the widest opening as at none, as in Klatt (1980).
    return pulses, 1 + flow / flow.max()


def _responses():
    """The frequency responses of all tracts saying all vowels, complex (6, 10, LENGTH // 2 + 1)."""
    scale = REFERENCE / TRACTS[:, np.newaxis]
    frequencies = np.fft.rfftfreq(LENGTH, 1 / RATE)
    formants = np.array([(*first, *(500 * ODD[len(first) :])) for first in FORMANTS.values()])
    # Use analog resonators: digital ones would fold a short tract's formants above half the rate back below
    # it.
    centers = (formants[:, np.newaxis, :] * scale)[..., np.newaxis]
    bandwidths = BANDWIDTHS[:, np.newaxis]
    power = centers**2 + (bandwidths / 2) ** 2
    cascade = np.prod(power / (power - frequencies**2 + 1j * bandwidths * frequencies), axis=2)
    # All higher resonances together (Fant, 1960): the rest of the sum of 1 / odd^2, which is pi^2 / 8.
    rest = np.pi**2 / 8 - np.sum(1 / ODD**2)
    cascade *= np.exp(rest * (frequencies / (500 * scale)) ** 2)
    # Fade out over the last 300 Hz, as a recorder does: a sharp cut would make a formant there ring.
    return cascade * np.sin(np.pi / 2 * np.clip((RATE / 2 - frequencies) / 300, 0, 1)) ** 2


def _filtered(source, response):
    return _leveled(FADE * np.fft.irfft(np.fft.rfft(source, LENGTH) * response, LENGTH)[:, :SAMPLES])


def _leveled(waveforms):
    return waveforms / np.sqrt(np.mean(waveforms**2, axis=1, keepdims=True))
