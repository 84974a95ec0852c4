"""How far recordings are from their reconstructions."""

import math

import numpy as np
from scipy.fft import dct

from keras_gen.errors import InputError
from keras_gen.losses.spectral import multi_resolution_stft, resolutions_at

MOST_SAMPLES = 1_000_000  # compared at once; their spectra take about 0.2 GB
ORDER = 13  # cepstral coefficients, without that of loudness
DECIBELS = 20 / math.log(10)  # per natural logarithm of magnitudes


def reconstruction_distances(media, real, reconstructed):
    """Spectral distances between recordings and their reconstructions: the mean of `distances_of_each`.

    Args:
        media: as there.
        real: as there, at least one waveform.
        reconstructed: as there.

    Returns:
        A dict of floats, `log_mel`, `mcd` and `mr_stft`.

    Raises:
        InputError: as there.
    """
    found = distances_of_each(media, real, reconstructed)
    return {name: float(distances.mean()) for name, distances in found.items()}


def distances_of_each(media, real, reconstructed):
    """Spectral distances between recordings and their reconstructions, all blind to the phase.

    Args:
        media: an `Audio`, or another object with `rate` in Hz and `log_mel(waveforms)`, from float32
            waveforms (num, samples) to natural logarithms of mel magnitudes (num, frames, mels).
        real: float array (num, samples) in [-1, 1], waveforms of 50 ms or more.
        reconstructed: float array (num, samples), the reconstruction of each.

    Returns:
        A dict of arrays (num,); 0 is best: `log_mel`, the mean absolute difference of log-mels in dB; `mcd`,
        their mel-cepstral distortion in dB, see `mel_cepstral_distortion`; and `mr_stft`,
        `multi_resolution_stft` at `resolutions_at(media.rate)`, without unit.

    Raises:
        InputError: when the arrays are not finite waveforms of one shape, or too short.

    Source: Yamamoto et al. 2020, arXiv 1910.11480, for `mr_stft`.
    """
    real, reconstructed = np.asarray(real), np.asarray(reconstructed)
    if real.ndim != 2 or real.shape != reconstructed.shape or not real.size:
        raise InputError(
            f"`real` and `reconstructed` have shapes {real.shape} and {reconstructed.shape}: give "
            "(num, samples), at least one waveform, both the same."
        )
    for name, waveforms in (("real", real), ("reconstructed", reconstructed)):
        if waveforms.dtype.kind != "f" or not np.isfinite(waveforms).all():
            raise InputError(
                f"`{name}`, of type {waveforms.dtype}, does not hold finite floats: give waveforms in "
                "[-1, 1]."
            )
    resolutions = resolutions_at(media.rate)
    rows = max(1, MOST_SAMPLES // real.shape[1])
    log_mel, mcd, mr_stft = [], [], []
    for start in range(0, len(real), rows):
        ours, theirs = (
            waveforms[start : start + rows].astype("float32") for waveforms in (real, reconstructed)
        )
        mr_stft.append(np.asarray(multi_resolution_stft(ours, theirs, resolutions)))
        spectra = [np.asarray(media.log_mel(waveforms)) for waveforms in (ours, theirs)]
        log_mel.append(DECIBELS * np.abs(spectra[0] - spectra[1]).mean(axis=(1, 2)))
        mcd.append(mel_cepstral_distortion(*spectra))
    found = {"log_mel": log_mel, "mcd": mcd, "mr_stft": mr_stft}
    return {name: np.concatenate(parts) for name, parts in found.items()}


def mel_cepstral_distortion(real, reconstructed):
    """Mel-cepstral distortion (MCD) of log-mel spectrograms whose frames belong together.

    10 / ln 10 * sqrt(2 sum_k (c_k - c'_k)^2) for the coefficients c_1 to c_13 of a frame of N bands,
    log-mel_n = c_0 + sum_k c_k cos(pi k (n + 1/2) / N): the root mean square difference in dB of both frames'
    smooth shapes. c_0, the loudness, is left out. Bands and frames decide the figure: compare it within one
    `Audio`.

    Args:
        real: float array (num, frames, mels), natural logarithms of mel magnitudes, at least two mels.
        reconstructed: float array (num, frames, mels).

    Returns:
        float array (num,), the mean over the frames of each waveform, dB; 0 is best.

    Source: Kubichek 1993.
    """
    difference = np.asarray(real, "float64") - np.asarray(reconstructed, "float64")
    coefficients = dct(difference, axis=-1)[..., 1 : ORDER + 1] / difference.shape[-1]
    return DECIBELS / 2 * np.sqrt(2 * np.sum(coefficients**2, axis=-1)).mean(axis=-1)
