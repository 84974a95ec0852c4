"""From any recording to one that can be learned from.

What a refusal says before its first colon is its reason, the same for every recording that is refused for it.
What is of the one recording stands behind, and differs in numbers alone: whoever sets recordings aside counts
by the rest.
"""

import numpy as np
import pyloudnorm

from keras_gen.errors import InputError
from keras_gen.media.recordings import FULL_SCALE, resample

SILENT = 10 ** (-60 / 20)  # peak below which a recording counts as silent
HIGHEST_PEAK = 10 ** (-1 / 20)  # that leaves here; a decibel is left to filters and coders that overshoot
LARGEST = 1e6  # magnitude of a sample; far beyond files that are merely scaled as integers of 16 bits
FRAME = 0.02  # seconds over which the level is taken to find silence
GATE = 0.4  # seconds, the block of BS.1770, below which it measures nothing


def clean(waveform, rate, wanted_rate, trim=40.0, loudness=-23.0, shortest=0.05):
    """Make a recording one channel at one rate and loudness, without silence at its ends.

    Args:
        waveform: floating (samples,) or (samples, channels), 1 being full scale.
        rate: of the waveform, Hz, an int.
        wanted_rate: Hz, an int.
        trim: decibels below the loudest 20 ms at which the ends are silence and cut off, or None to keep
            them.
        loudness: LUFS to bring it to, or None to keep its own; see `loudness_of`. Where its peak would then
            exceed -1 dB of full scale, it is made less loud instead of clipped.
        shortest: seconds that have to be left.

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

    A clip shorter than its blocks of 0.4 s, or with none louder than its gate of -70 LUFS, is measured by the
    same formula without weighting and gate, by which it is -0.691 dB + its RMS in dB of full scale.

    Args:
        waveform: float32 (samples,), not all zero.
        rate: Hz.

    Returns:
        Loudness in LUFS, a float.
    """
    waveform = waveform.astype(np.float64)
    block, step = round(GATE * rate), round(GATE / 4 * rate)
    if len(waveform) >= block:
        # pyloudnorm counts a block that is there in part as a whole one, the standard leaves it out.
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

    A last piece that would be less than half full is left out, unless it is the only one.

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
