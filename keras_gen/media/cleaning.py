"""Cleaning of recordings: faults repaired, mono, one rate, one loudness, no silence at the ends.

The text of an error before its first colon is the same for all recordings with one fault; what follows
differs in numbers only. Loading counts faults by it.
"""

import numpy as np
import pyloudnorm

from keras_gen.errors import InputError
from keras_gen.media.recordings import FULL_SCALE, resample

SILENT = 10 ** (-60 / 20)  # peak below which a recording counts as silent
HIGHEST_PEAK = 10 ** (-1 / 20)  # of what leaves here, so that filters and coders may overshoot
LARGEST = 1e6  # magnitude of a sample, far beyond floating files on the scale of 16-bit integers
FRAME = 0.02  # seconds over which the level is measured to find silence
GATE = 0.4  # seconds, the block of BS.1770; shorter waveforms have no integrated loudness
SHORTEST = 0.005  # seconds, about the shortest click of an instrument
LEAST_OF_OFFSET = 0.1  # seconds, two periods at 20 Hz; the mean of shorter sounds is part of the sound
TOLD_OFFSET = 0.01  # of full scale, from which an offset is a fault of the gear
CANCELED = 0.01  # share of the channels' power below which their mean has lost the sound, -20 dB


def clean(
    waveform,
    rate,
    wanted_rate,
    trim=40.0,
    loudness=-23.0,
    shortest=SHORTEST,
    repair=True,
    tell=lambda repaired: None,
):
    """Make a recording one channel at one rate and loudness, without silence at its ends.

    Args:
        waveform: floating (samples,) or (samples, channels), 1 being full scale.
        rate: of the waveform, Hz, an int.
        wanted_rate: Hz, an int.
        trim: decibels below the loudest 20 ms; quieter ends are cut off. None keeps them.
        loudness: LUFS of the result, or None to keep that of the recording; see `loudness_of`. If the peak
            would exceed -1 dB of full scale, the result is quieter instead of clipped.
        shortest: seconds that must remain, or None.
        repair: whether faults of the gear are repaired, see `repaired`.
        tell: function that is called with the words for each fault that was repaired.

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
    if repair and len(waveform):
        waveform = repaired(waveform, rate, tell)
    mono = waveform if waveform.ndim == 1 else waveform.mean(axis=1)
    mono = resample(mono.astype(np.float32, copy=False), rate, wanted_rate)
    if trim is not None:
        mono = _trimmed(mono, wanted_rate, trim, about_mean=repair)
        # Silence of zeros at the ends made the offset look smaller than it is.
        mono = mono - _offset(mono, wanted_rate) if repair else mono
    seconds, peak = len(mono) / wanted_rate, np.abs(mono).max(initial=0)
    if peak < SILENT:
        raise InputError(
            f"The recording is silent: its peak of {peak:.1g} of full scale is below {SILENT:g}."
        )
    if shortest is not None and seconds < shortest:
        raise InputError(
            f"The recording is too short: of {seconds:.3f} seconds, at least {shortest:g} are needed."
        )
    gain = HIGHEST_PEAK / peak
    if loudness is None:
        gain = min(gain, 1.0)
    else:
        gain = min(gain, 10 ** ((loudness - loudness_of(mono, wanted_rate)) / 20))
    return mono * np.float32(gain)


def repaired(waveform, rate, tell):
    """A waveform without what its gear added.

    An offset (DC), the mean of each channel, is taken out of recordings of at least 0.1 s: it counts as
    sound where silence is looked for and loudness is measured. Channels of opposite polarity, such as left =
    -right, cancel each other when they are mixed: where the mix would be 20 dB below them, those that move
    against the loudest one are inverted.

    Args:
        waveform: floating (samples,) or (samples, channels), finite, not empty.
        rate: Hz.
        tell: function that is called with the words for each fault.

    Returns:
        The same form.
    """
    channels = waveform.reshape(len(waveform), -1)
    offset = _offset(channels, rate)
    channels = channels - offset
    if np.abs(offset).max() > TOLD_OFFSET:
        tell("an offset (DC) above 1% of full scale, which was taken out")
    if channels.shape[1] > 1:
        power = np.square(channels).mean(axis=0, dtype=np.float64)
        mix = np.square(channels.mean(axis=1)).mean(dtype=np.float64)
        if mix < CANCELED * power.mean():
            alike = channels.T @ channels[:, power.argmax()]
            channels = np.where(alike < 0, -channels, channels)
            tell("channels of opposite polarity, of which some were inverted to be mixed")
    return channels.reshape(waveform.shape)


def _offset(waveform, rate):
    """The mean over time of a waveform (samples, ...), of its type; 0 where it is too short to have one."""
    if len(waveform) < LEAST_OF_OFFSET * rate:
        return waveform.dtype.type(0)
    return waveform.mean(axis=0, dtype=np.float64).astype(waveform.dtype)


def loudness_of(waveform, rate):
    """How loud a waveform is, by ITU-R BS.1770.

    A waveform shorter than a block of 0.4 s, or below the gate of -70 LUFS, is measured without weighting and
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


def _trimmed(waveform, rate, decibels, about_mean):
    """The part from the first to the last frame that is loud enough, perhaps about its own mean."""
    if not len(waveform):
        return waveform
    starts = np.arange(0, len(waveform), max(1, round(FRAME * rate)))
    ends = np.append(starts[1:], len(waveform))
    power = np.add.reduceat(waveform.astype(np.float64) ** 2, starts) / (ends - starts)
    if about_mean:
        power -= (np.add.reduceat(waveform.astype(np.float64), starts) / (ends - starts)) ** 2
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


def floating(waveform):
    """A waveform as float32, full scale being 1.

    Args:
        waveform: array (samples,) or (samples, channels) of int16 or floating values.

    Raises:
        InputError: it is of another type or shape.
    """
    if (
        waveform.ndim not in (1, 2)
        or 0 in waveform.shape[1:]
        or not (waveform.dtype == np.int16 or waveform.dtype.kind == "f")
    ):
        raise InputError(
            "A waveform must be int16 or floating and of shape (samples,) or (samples, channels), not "
            f"{waveform.dtype} of shape {waveform.shape}."
        )
    scale = FULL_SCALE if waveform.dtype == np.int16 else 1.0
    return waveform.astype(np.float32) / np.float32(scale)


def to_int16(waveform):
    """Floating samples as int16, rounded and clipped. Full scale is 32768, so 1 becomes 32767."""
    return np.clip(np.rint(waveform * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
