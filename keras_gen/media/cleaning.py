"""Cleaning of recordings: mono, one rate, one loudness, no silence at the ends.

The text of an error before its first colon is the same for all recordings with one fault; what follows
differs in numbers only. Loading counts faults by it.
"""

import numpy as np
import pyloudnorm

from keras_gen.errors import InputError
from keras_gen.media.recordings import FULL_SCALE, resample

SILENT = 10 ** (-60 / 20)  # peak below which a recording counts as silent
HIGHEST_PEAK = 10 ** (
    -1 / 20
)  # of what leaves here: one decibel of headroom for filters and coders that overshoot
LARGEST = 1e6  # magnitude of a sample, far beyond floating files on the scale of 16-bit integers
FRAME = 0.02  # seconds over which the level is measured to find silence
GATE = 0.4  # seconds, the block of BS.1770; shorter clips have no integrated loudness


def clean(waveform, rate, wanted_rate, trim=40.0, loudness=-23.0, shortest=0.05):
    """Make a recording one channel at one rate and loudness, without silence at its ends.

    Args:
        waveform: floating (samples,) or (samples, channels), 1 being full scale.
        rate: of the waveform, Hz, an int.
        wanted_rate: Hz, an int.
        trim: decibels below the loudest 20 ms; quieter ends are cut off. None keeps them.
        loudness: LUFS of the result, or None to keep that of the recording; see `loudness_of`. If the peak
            would exceed -1 dB of full scale, the result is quieter instead of clipped.
        shortest: seconds that must remain.

    Returns:
        float32 (samples',).

    Raises:
        InputError: if the recording holds samples that are not finite or absurdly large, is silent (its peak
            is below -60 dB of full scale), or too short.
    """
    # Written so that NaN, too, is out of range.
    if not np.abs(waveform).max(initial=0) <= LARGEST:
        raise InputError(
            f"The recording is damaged: samples are not finite, or beyond {LARGEST:g} times full scale."
        )
    mono = waveform if waveform.ndim == 1 else waveform.mean(axis=1)
    mono = resample(mono.astype(np.float32, copy=False), rate, wanted_rate)
    if trim is not None:
        mono = _trimmed(mono, wanted_rate, trim)
    seconds, peak = len(mono) / wanted_rate, np.abs(mono).max(initial=0)
    if peak < SILENT:
        raise InputError(
            f"The recording is silent: its peak of {peak:.1g} of full scale is below {SILENT:g}."
        )
    if seconds < shortest:
        raise InputError(
            f"The recording is too short: of {seconds:.3f} seconds, at least {shortest:g} are needed."
        )
    gain = HIGHEST_PEAK / peak
    if loudness is None:
        gain = min(gain, 1.0)
    else:
        gain = min(gain, 10 ** ((loudness - loudness_of(mono, wanted_rate)) / 20))
    return mono * np.float32(gain)


def loudness_of(waveform, rate):
    """How loud a waveform is, by ITU-R BS.1770.

    A clip shorter than a block of 0.4 s, or below the gate of -70 LUFS, is measured without weighting and
    gate: -0.691 dB + its RMS in dB of full scale.

    Args:
        waveform: float32 (samples,), not all zero.
        rate: Hz.

    Returns:
        Loudness in LUFS, a float.
    """
    waveform = waveform.astype(np.float64)
    block, step = round(GATE * rate), round(GATE / 4 * rate)
    if len(waveform) >= block:
        # pyloudnorm counts a partial block as a whole one; the standard drops it.
        whole = len(waveform) - (len(waveform) - block) % step
        measured = pyloudnorm.Meter(rate).integrated_loudness(waveform[:whole])
        if np.isfinite(measured):
            return float(measured)
    return float(10 * np.log10(np.mean(waveform**2)) - 0.691)


def _trimmed(waveform, rate, decibels):
    """The part from the first to the last frame that is loud enough."""
    if not len(waveform):
        return waveform
    starts = np.arange(0, len(waveform), max(1, round(FRAME * rate)))
    ends = np.append(starts[1:], len(waveform))
    power = np.add.reduceat(waveform.astype(np.float64) ** 2, starts) / (ends - starts)
    loud = np.flatnonzero(power >= power.max() * 10 ** (-decibels / 10))
    return waveform[starts[loud[0]] : ends[loud[-1]]]


def fit(waveform, samples):
    """Crop a waveform, or pad it with silence, at its end.

    Args:
        waveform: (any,).
        samples: length wanted.

    Returns:
        (samples,), of the same type.
    """
    return np.pad(waveform[:samples], (0, max(0, samples - len(waveform))))


def chunks(waveform, samples):
    """Cut a waveform into consecutive pieces, the last padded with silence.

    A last piece less than half full is dropped, unless it is the only one.

    Args:
        waveform: (any,).
        samples: length of a piece.

    Returns:
        (pieces, samples), of the same type.
    """
    whole, rest = divmod(len(waveform), samples)
    pieces = max(1, whole + (2 * rest >= samples))
    return fit(waveform, pieces * samples).reshape(pieces, samples)


def to_int16(waveform):
    """Floating samples as int16, rounded and clipped. Full scale is 32768, so 1 becomes 32767."""
    return np.clip(np.rint(waveform * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
