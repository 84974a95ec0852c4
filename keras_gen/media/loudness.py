"""How loud waveforms are, in graph: ITU-R BS.1770-4, as `cleaning.loudness_of` measures it in Python."""

import functools
import math

import numpy as np
import pyloudnorm
import scipy.signal
import tensorflow as tf

from keras_gen.media.cleaning import FRAME, GATE, HIGHEST_PEAK, SILENT

ABSOLUTE_GATE = -70.0  # LUFS, below which a block does not count
RELATIVE_GATE = -10.0  # LU beside the mean of the blocks that count
OFFSET = -0.691  # LUFS of a mean square of 1


def to_loudness(waveforms, rate, loudness, trim=None):
    """Waveforms brought to a loudness, or as near to it as 1 dB of headroom allows; silent ones stay.

    Args:
        waveforms: float32 (batch, samples).
        rate: Hz.
        loudness: LUFS.
        trim: dB below the loudest part at which ends count as silence, which recordings lose before their
            loudness is measured; None for none.

    Returns:
        float32 (batch, samples).
    """
    peak = tf.reduce_max(tf.abs(waveforms), axis=1)
    measured = integrated_loudness(waveforms, rate, trim)
    gain = tf.cast(10.0 ** ((loudness - measured) / 20.0), tf.float32)
    gain = tf.minimum(gain, HIGHEST_PEAK / tf.maximum(peak, SILENT))
    return waveforms * tf.where(peak < SILENT, 1.0, gain)[:, tf.newaxis]


def integrated_loudness(waveforms, rate, trim=None):
    """The loudness of each waveform without silent ends; see `to_loudness` and `cleaning.loudness_of`.

    Args:
        waveforms: float32 (batch, samples).
        rate: Hz.
        trim: as in `to_loudness`.

    Returns:
        LUFS, float64 (batch,).
    """
    samples = waveforms.shape[1]
    lengths = tf.fill([tf.shape(waveforms)[0]], samples)
    if trim is not None:
        starts, lengths = _sounding(waveforms, rate, trim)
        places = tf.range(samples)
        moved = tf.gather(waveforms, (places + starts[:, tf.newaxis]) % samples, batch_dims=1)
        waveforms = tf.where(places < lengths[:, tf.newaxis], moved, 0.0)
    whole = _lufs(_power(waveforms) * samples / tf.cast(lengths, tf.float64))
    block, step = round(GATE * rate), round(GATE / 4 * rate)
    if samples < block:
        return whole
    blocks = tf.signal.frame(_weighted(waveforms, rate), block, step)
    power = _power(blocks)
    is_whole = tf.range(block, samples + 1, step) <= lengths[:, tf.newaxis]
    loud = is_whole & (_lufs(power) >= ABSOLUTE_GATE)
    relative = _lufs(_mean_where(loud, power)) + RELATIVE_GATE
    gated = _mean_where(loud & (_lufs(power) > relative[:, tf.newaxis]), power)
    return tf.where(tf.reduce_any(loud, axis=1), _lufs(gated), whole)


def _sounding(waveforms, rate, trim):
    """The first sample of what is not silence at the ends, and how many samples it has, int32 (batch,)."""
    samples, frame = waveforms.shape[1], max(1, round(FRAME * rate))
    padded = tf.pad(waveforms, [[0, 0], [0, -samples % frame]])
    frames = -(-samples // frame)
    power = _power(tf.reshape(padded, [-1, frames, frame]))
    loud = power >= tf.reduce_max(power, axis=1, keepdims=True) * 10 ** (-trim / 10)
    first = tf.argmax(loud, axis=1, output_type=tf.int32)
    behind = tf.argmax(tf.reverse(loud, [1]), axis=1, output_type=tf.int32)
    starts = first * frame
    return starts, tf.minimum((frames - behind) * frame, samples) - starts


def _weighted(waveforms, rate):
    """Waveforms as the ear hears them: K-weighting, a shelf and a high pass."""
    length = 2 << (waveforms.shape[1] - 1).bit_length()  # what the filters ring on falls in the padding
    response = tf.constant(_response(rate, length), tf.complex64)
    return tf.signal.irfft(tf.signal.rfft(waveforms, [length]) * response, [length])[:, : waveforms.shape[1]]


@functools.cache
def _response(rate, length):
    frequencies = np.fft.rfftfreq(length) * 2 * math.pi
    shelf = pyloudnorm.IIRfilter(4.0, math.sqrt(0.5), 1500.0, rate, "high_shelf")
    high_pass = pyloudnorm.IIRfilter(0.0, 0.5, 38.0, rate, "high_pass")
    return math.prod(
        scipy.signal.freqz(*biquad.generate_coefficients(), frequencies)[1] for biquad in (shelf, high_pass)
    )


def _power(waveforms):
    # TensorFlow rounds the logarithm of one number otherwise than that of one among many. In double precision
    # that is lost when the gain becomes a float32, so that a waveform has the same bits in any batch.
    return tf.cast(tf.reduce_mean(tf.square(waveforms), axis=-1), tf.float64)


def _mean_where(counts, values):
    counts = tf.cast(counts, values.dtype)
    return tf.math.divide_no_nan(tf.reduce_sum(counts * values, axis=1), tf.reduce_sum(counts, axis=1))


def _lufs(power):
    return OFFSET + 10.0 / math.log(10.0) * tf.math.log(tf.maximum(power, 1e-12))
