"""How far recordings are from their reconstructions."""

import math

import numpy as np

from keras_gen.errors import InputError
from keras_gen.losses.spectral import multi_resolution_stft, resolutions_at

MOST_SAMPLES = 1_000_000  # compared at once; their spectra take about 0.2 GB
DECIBELS = 20 / math.log(10)  # per natural logarithm of magnitudes


def reconstruction_distances(media, real, reconstructed):
    """Spectral distances between recordings and their reconstructions: the mean of `distances_of_each`.

    Args:
        media: as there.
        real: as there, at least one clip.
        reconstructed: as there.

    Returns:
        A dict of floats, `log_mel` and `mr_stft`.

    Raises:
        InputError: as there.
    """
    found = distances_of_each(media, real, reconstructed)
    return {name: float(distances.mean()) for name, distances in found.items()}


def distances_of_each(media, real, reconstructed):
    """Spectral distances between recordings and their reconstructions, both blind to the phase.

    Args:
        media: an `Audio`, or another object with `rate` in Hz and `log_mel(waveforms)`, from float32
            waveforms (num, samples) to natural logarithms of mel magnitudes (num, frames, mels).
        real: float array (num, samples) in [-1, 1], clips of 50 ms or more.
        reconstructed: float array (num, samples), the reconstruction of each.

    Returns:
        A dict of arrays (num,); 0 is best: `log_mel`, the mean absolute difference of the log-mels in dB, and
        `mr_stft`, `multi_resolution_stft` at `resolutions_at(media.rate)`, without unit.

    Raises:
        InputError: when the arrays are not finite waveforms of one shape, or too short.

    Source: Yamamoto et al. 2020, arXiv 1910.11480, for `mr_stft`.
    """
    real, reconstructed = np.asarray(real), np.asarray(reconstructed)
    if real.ndim != 2 or real.shape != reconstructed.shape or not real.size:
        raise InputError(
            f"`real` and `reconstructed` have shapes {real.shape} and {reconstructed.shape}: give "
            "(num, samples), at least one clip, both the same."
        )
    for name, waveforms in (("real", real), ("reconstructed", reconstructed)):
        if waveforms.dtype.kind != "f" or not np.isfinite(waveforms).all():
            raise InputError(
                f"`{name}`, of type {waveforms.dtype}, does not hold finite floats: give waveforms in "
                "[-1, 1]."
            )
    resolutions = resolutions_at(media.rate)
    rows = max(1, MOST_SAMPLES // real.shape[1])
    log_mel, mr_stft = [], []
    for start in range(0, len(real), rows):
        ours, theirs = (
            waveforms[start : start + rows].astype("float32") for waveforms in (real, reconstructed)
        )
        mr_stft.append(np.asarray(multi_resolution_stft(ours, theirs, resolutions)))
        difference = np.abs(np.asarray(media.log_mel(ours)) - np.asarray(media.log_mel(theirs)))
        log_mel.append(DECIBELS * difference.mean(axis=(1, 2)))
    return {"log_mel": np.concatenate(log_mel), "mr_stft": np.concatenate(mr_stft)}
