"""From magnitudes to a waveform: short-time Fourier transforms and Griffin-Lim's search for the phases."""

import functools
import math

import numpy as np
import tensorflow as tf
from scipy.signal.windows import hann

from keras_gen.training import noise

MOMENTUM = 0.99
# Inaudible, yet large enough to divide by in single precision.
SMALLEST = 1e-8


class Transform:
    """A short-time Fourier transform with a Hann window, in which a sine of amplitude a has magnitude a.

    A waveform of `frames * hop` samples has `frames` frames: it is padded with half a window's overlap of
    silence at each end.

    Args:
        window: length of the window, samples.
        hop: samples from one frame to the next, at most half the window.
        fft_length: length of the transform, at least the window.
    """

    def __init__(self, window, hop, fft_length):
        self.window, self.hop, self.fft_length = window, hop, fft_length
        self.bins = fft_length // 2 + 1
        self._gain = window / 4  # half the sum of a Hann window
        self._before = (window - hop) // 2
        self._after = window - hop - self._before

    def forward(self, waveforms):
        """float32 (batch, frames * hop) -> complex64 (batch, frames, bins)."""
        padded = tf.pad(waveforms, [[0, 0], [self._before, self._after]])
        return tf.signal.stft(padded, self.window, self.hop, self.fft_length) / self._gain

    def inverse(self, spectra):
        """The waveform (batch, frames * hop) with the nearest spectra to complex64 (batch, frames, bins)."""
        weights, overlap = _windows(self.window, self.hop, spectra.shape[1])
        frames = tf.signal.irfft(spectra * self._gain, [self.fft_length])[..., : self.window]
        padded = tf.signal.overlap_and_add(frames * weights, self.hop) / overlap
        return padded[:, self._before : padded.shape[1] - self._after]


@functools.cache
def _windows(window, hop, frames):
    """The window, and the sum of its squares over all frames.

    Unlike `tf.signal.inverse_stft`, it counts the fewer frames that overlap at the ends.
    """
    # `tf.signal.stft` takes a symmetric window of odd lengths.
    weights = hann(window, sym=window % 2 == 1).astype(np.float32)
    overlap = np.zeros((frames - 1) * hop + window, np.float32)
    for start in range(0, frames * hop, hop):
        overlap[start : start + window] += weights**2
    return weights, np.maximum(overlap, SMALLEST)


def mel_griffin_lim(mel, weights, inverse_weights, transform, iterations):
    """The waveform whose mel spectrogram is nearest to a given one.

    Fast Griffin-Lim (Perraudin et al. 2013, algorithm 2, with the step on the spectra before the projection).
    The mel bands lose the magnitudes too, so these are also estimated: each iteration takes the magnitudes of
    the last waveform times the ratio of the wanted to its mel bands.

    Args:
        mel: wanted magnitudes, float32 (batch, frames, mels).
        weights: of the bins in each band, (bins, mels).
        inverse_weights: their pseudo-inverse, (mels, bins), for the initial magnitudes.
        transform: a `Transform`.
        iterations: int >= 1.

    Returns:
        float32 (batch, frames * hop), a function of `mel` alone: the initial phases are random, but always
        the same.
    """
    coverage = tf.maximum(tf.reduce_sum(weights, axis=1), SMALLEST)
    rate = tf.constant(MOMENTUM / (1 + MOMENTUM), tf.complex64)

    def step(index, magnitudes, phases, last):
        spectra = transform.forward(transform.inverse(_polar(magnitudes, phases)))
        now = tf.abs(spectra)
        lacking = mel / tf.maximum(now @ weights, SMALLEST)
        magnitudes = now * (lacking @ tf.transpose(weights)) / coverage
        return index + 1, magnitudes, _unit(spectra - rate * last), spectra

    magnitudes = tf.maximum(mel @ inverse_weights, SMALLEST)
    always = tf.zeros(1, tf.int64)
    angles = noise.uniform_of_seeds(magnitudes.shape[1:], always, 0, 0.0, 2 * math.pi)
    phases = tf.broadcast_to(tf.complex(tf.cos(angles), tf.sin(angles)), tf.shape(magnitudes))
    state = (tf.constant(0), magnitudes, phases, tf.zeros_like(phases))
    _, magnitudes, phases, _ = tf.while_loop(lambda index, *_: index < iterations, step, state)
    return transform.inverse(_polar(magnitudes, phases))


def _polar(magnitudes, phases):
    return tf.cast(magnitudes, tf.complex64) * phases


def _unit(spectra):
    return spectra / tf.cast(tf.maximum(tf.abs(spectra), SMALLEST), tf.complex64)
