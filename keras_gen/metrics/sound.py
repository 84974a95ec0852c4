"""How high and how loud recordings are, and how far generated ones are from real ones in both."""

import numpy as np
from scipy.stats import wasserstein_distance

from keras_gen.errors import InputError
from keras_gen.media.cleaning import loudness_of
from keras_gen.media.loudness import ABSOLUTE_GATE

LOWEST, HIGHEST = 60.0, 1_000.0  # Hz
STEP = 0.02  # seconds from one frame to the next
PERIODIC = 0.15  # of the normalized difference, below which a frame repeats itself
QUIET = 1e-6  # mean square of silence, -60 dB of full scale
FRAMES = 2**14  # compared at once


def pitch(waveforms, rate):
    """The fundamental frequency of each frame, by YIN: from 60 to 1,000 Hz, every 20 ms.

    A frame is voiced if it differs little from itself one period later: less than 0.15 of the mean over all
    shorter shifts. What is quieter than -60 dB of full scale is not. The first such period counts, between
    samples by a parabola.

    Args:
        waveforms: float array (num, samples) in [-1, 1].
        rate: Hz, at least 2,000.

    Returns:
        float64 array (num, frames), Hz, NaN where a frame is not voiced.

    Raises:
        InputError: when the array does not hold finite waveforms, or the rate is too low.

    Source: de Cheveigné & Kawahara 2002, steps 1 to 5.
    """
    waveforms = _checked("waveforms", waveforms)
    if rate < 2 * HIGHEST:
        raise InputError(f"`rate` is {rate}: give at least {2 * HIGHEST:.0f} Hz.")
    shortest, longest = int(rate / HIGHEST), int(np.ceil(rate / LOWEST)) + 1
    window = 2 * longest
    length = window + longest
    waveforms = np.pad(waveforms, ((0, 0), (0, max(0, length - waveforms.shape[1]))))
    frames = np.lib.stride_tricks.sliding_window_view(waveforms, length, axis=1)[:, :: round(STEP * rate)]
    flat = frames.reshape(-1, length)
    parts = [
        _periods(flat[start : start + FRAMES], window, shortest, longest)
        for start in range(0, len(flat), FRAMES)
    ]
    return rate / np.concatenate(parts).reshape(frames.shape[:2])


def _periods(frames, window, shortest, longest):
    """The period of each frame in samples, NaN where there is none."""
    squares = np.pad(np.cumsum(frames**2, axis=1), ((0, 0), (1, 0)))
    energy = squares[:, window : window + longest + 1] - squares[:, : longest + 1]  # at each shift
    size = frames.shape[1] + window
    spectrum = np.fft.rfft(frames, size) * np.fft.rfft(frames[:, :window], size).conj()
    products = np.fft.irfft(spectrum, size)[:, : longest + 1]
    difference = (energy[:, :1] + energy - 2 * products).clip(min=0)
    sums = np.cumsum(difference[:, 1:], axis=1)
    shifts = np.arange(1, longest + 1)
    normalized = np.ones_like(difference)
    np.divide(difference[:, 1:] * shifts, sums, out=normalized[:, 1:], where=sums > 0)
    falls = np.diff(normalized, axis=1) < 0  # from a shift to the next
    is_found = normalized[:, :-1] < PERIODIC
    is_found &= ~falls & (np.arange(longest) >= shortest)
    least = is_found.argmax(axis=1)
    rows = np.arange(len(frames))
    before, at, after = (normalized[rows, (least + offset).clip(min=0)] for offset in (-1, 0, 1))
    bend = before - 2 * at + after
    offset = np.divide(before - after, 2 * bend, out=np.zeros_like(bend), where=bend > 0).clip(-0.5, 0.5)
    voiced = is_found.any(axis=1) & (energy[:, 0] > QUIET * window)
    return np.where(voiced, least + offset, np.nan)


def sound_scores(real, generated, rate):
    """How high and how loud generated recordings are, and how far both are from real ones.

    Args:
        real: float array (num_real, samples) in [-1, 1].
        generated: float array (num_generated, samples) in [-1, 1].
        rate: Hz, at least 2,000.

    Returns:
        A dict of floats: `voiced`, the share of frames of generated recordings with a pitch; `pitch_median`,
        the median of it in Hz, and `pitch_spread`, the range of its middle half in semitones;
        `loudness_mean` in LUFS; `pitch_distance` and `loudness_distance`, the Wasserstein-1 distances of the
        distributions of real and generated frames' pitch, in semitones, and of recordings' loudness, in LU.
        There is nothing of pitch where no frame has one. Silence counts as -70 LUFS.

    Raises:
        InputError: as in `pitch`.

    Source: ITU-R BS.1770-4 for loudness.
    """
    real, generated = _checked("real", real), _checked("generated", generated)
    semitones = []
    for waveforms in (real, generated):
        frequencies = pitch(waveforms, rate)
        semitones.append(12 * np.log2(frequencies[~np.isnan(frequencies)]))
    theirs, ours = semitones
    scores = {"voiced": float((~np.isnan(frequencies)).mean())}
    if len(ours):
        low, middle, high = np.percentile(ours, [25, 50, 75])
        scores |= {"pitch_median": float(2 ** (middle / 12)), "pitch_spread": float(high - low)}
    if len(ours) and len(theirs):
        scores["pitch_distance"] = float(wasserstein_distance(theirs, ours))
    loudness = [_loudness(waveforms, rate) for waveforms in (real, generated)]
    return scores | {
        "loudness_mean": float(np.mean(loudness[1])),
        "loudness_distance": float(wasserstein_distance(*loudness)),
    }


def _loudness(waveforms, rate):
    return [
        max(loudness_of(waveform, rate), ABSOLUTE_GATE) if waveform.any() else ABSOLUTE_GATE
        for waveform in waveforms
    ]


def _checked(name, waveforms):
    waveforms = np.asarray(waveforms)
    is_finite = waveforms.dtype.kind == "f" and waveforms.size and np.isfinite(waveforms).all()
    if waveforms.ndim != 2 or not is_finite:
        raise InputError(
            f"`{name}`, {waveforms.dtype} of shape {waveforms.shape}, are no finite waveforms: give floats "
            "in [-1, 1] of shape (num, samples), at least one."
        )
    return waveforms.astype("float64")
