"""Losses of waveforms that compare magnitudes of short-time spectra and ignore the phase."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_gen.errors import InputError

RESOLUTIONS = ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240))  # FFT, hop and window, in samples
RATE = 24_000  # Hz, for which they were chosen

# Below it the gradients of a magnitude and of its logarithm explode. Rounding to 16 bits leaves a little less
# power.
LEAST_POWER = 1e-7
LEAST_SQUARE = 1e-30  # far below any difference in single precision


def multi_resolution_stft(real, generated, resolutions=RESOLUTIONS):
    """Distance of STFT magnitudes, the mean over several resolutions.

    With magnitudes Y of the real waveform and X of the generated one it is

        ||Y - X||_F / ||Y||_F + mean |log Y - log X|.

    Hann windows are centered on every hop, from the first sample on. The waveform is mirrored at its ends.

    Powers are floored at 1e-7, so that value and gradient are finite at silence too. A generated waveform of
    exact silence has no gradient. Against a silent real waveform the first term reaches thousands, since it
    divides by almost nothing.

    Source: Yamamoto et al. 2020, arXiv 1910.11480, equations 3 to 6, each waveform compared by itself.

    Args:
        real: waveforms (batch, samples) in [-1, 1].
        generated: waveforms (batch, samples), as many.
        resolutions: a list of triples (FFT, hop, window) in samples, 1 <= hop <= window <= FFT.

    Returns:
        float32 (batch,), 0 for equal magnitudes.

    Raises:
        InputError: the shapes do not fit, a waveform is shorter than a window, or a resolution is impossible.
    """
    resolutions = _checked(resolutions)
    real, generated = ops.cast(real, "float32"), ops.cast(generated, "float32")
    if real.shape.rank != 2 or not real.shape.is_compatible_with(generated.shape):
        raise InputError(
            f"The real and generated waveforms have shapes {tuple(real.shape)} and {tuple(generated.shape)}: "
            "give (batch, samples), both the same."
        )
    samples, longest = generated.shape[1], max(window for _, _, window in resolutions)
    if samples is not None and samples < longest:
        raise InputError(
            f"Waveforms of {samples} samples are shorter than a window of {longest}: give longer ones, or "
            f"`resolutions` whose windows are of at most {samples} samples."
        )
    distances = [
        _distance(_magnitudes(real, *resolution), _magnitudes(generated, *resolution))
        for resolution in resolutions
    ]
    return sum(distances) / len(distances)


def resolutions_at(rate):
    """The resolutions of Yamamoto et al. 2020, made for 24 kHz, at another sampling rate.

    Windows of 25, 50 and 10 ms and hops of 5, 10 and 2.1 ms keep their durations, rounded to whole samples.
    FFT sizes are scaled too and rounded up to powers of two.

    Args:
        rate: samples per second, at least 1000.

    Returns:
        A list of triples (FFT, hop, window) in samples.

    Raises:
        InputError: the rate is too low.
    """
    if rate < 1000:
        raise InputError(f"The sampling rate is {rate} Hz: give at least 1000.")
    return [
        (2 ** int(np.ceil(np.log2(fft * rate / RATE))), round(hop * rate / RATE), round(window * rate / RATE))
        for fft, hop, window in RESOLUTIONS
    ]


@keras.saving.register_keras_serializable("keras_gen")
class MultiResolutionSTFT(keras.losses.Loss):
    """`multi_resolution_stft` of waveforms (batch, samples) as a loss to compile a Keras model with.

    Source: Yamamoto et al. 2020, arXiv 1910.11480, equations 3 to 6.

    Args:
        resolutions: a list of triples (FFT, hop, window) in samples, 1 <= hop <= window <= FFT; no waveform
            may be shorter than a window. The default is meant for 24 kHz: for other rates see
            `resolutions_at`.
        name: string.
        reduction: how Keras reduces the losses of a batch.

    Raises:
        InputError: a resolution is impossible.
    """

    def __init__(
        self, resolutions=RESOLUTIONS, name="multi_resolution_stft", reduction="sum_over_batch_size"
    ):
        super().__init__(name=name, reduction=reduction)
        self.resolutions = _checked(resolutions)

    def call(self, y_true, y_pred):
        return multi_resolution_stft(y_true, y_pred, self.resolutions)

    def get_config(self):
        return super().get_config() | {"resolutions": self.resolutions}


def _checked(resolutions):
    """The resolutions as a list of triples of integers; refuses impossible ones."""
    for resolution in resolutions:
        whole = isinstance(resolution, list | tuple) and all(
            isinstance(size, int | np.integer) for size in resolution
        )
        if not whole or len(resolution) != 3 or not 1 <= resolution[1] <= resolution[2] <= resolution[0]:
            raise InputError(
                f"`resolutions` hold {resolution!r}: give triples (FFT, hop, window) of whole numbers of "
                "samples, 1 <= hop <= window <= FFT."
            )
    if not resolutions:
        raise InputError("`resolutions` is empty: give at least one triple (FFT, hop, window).")
    return [tuple(int(size) for size in resolution) for resolution in resolutions]


def _magnitudes(waveforms, fft, hop, window):
    # Windows vanish at their ends, so without a margin the ends of a waveform would hardly count.
    margin = window // 2
    padded = tf.pad(waveforms, [[0, 0], [margin, margin]], mode="REFLECT")
    spectra = tf.signal.stft(padded, window, hop, fft)
    power = ops.square(ops.real(spectra)) + ops.square(ops.imag(spectra))
    return ops.sqrt(ops.maximum(power, LEAST_POWER))


def _distance(real, generated):
    convergence = _norm(real - generated) / _norm(real)
    return convergence + ops.mean(ops.abs(ops.log(real) - ops.log(generated)), axis=(1, 2))


def _norm(spectra):
    """Frobenius norm of each example, whose gradient is 0, not NaN, at 0."""
    return ops.sqrt(ops.maximum(ops.sum(ops.square(spectra), axis=(1, 2)), LEAST_SQUARE))
