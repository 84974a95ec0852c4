"""Noise that a seed alone decides, whatever compiles the graph: every random number of a model is drawn here.

TensorFlow's kernels and XLA draw the same bits from a seed by Philox (Salmon et al. 2011), but make other
floats of these bits. Here XLA is given the kernels' arithmetic, written out. Uniform numbers and integers are
then equal, normal ones to within 3 units in the last place.
"""

import math

import numpy as np
import tensorflow as tf

from keras_gen.training.keras_internals import compiled_by_xla

PHILOX = "philox"
LATENTS, COMPONENTS, TOKENS = range(3)  # streams: what models draw from the same seeds
MANTISSA, EXPONENT_OF_ONE = 0x007FFFFF, 0x3F800000  # bits of a float32
SMALLEST = np.float32(1e-7)  # whose logarithm is taken
ROUNDING = 1e-5  # more than rounding makes of the same draw


def normal(shape, seed):
    """Standard normal noise.

    Args:
        shape: tuple of ints, or int32 tensor.
        seed: two integers.

    Returns:
        float32 of this shape.
    """
    if not compiled_by_xla():
        return tf.random.stateless_normal(shape, seed, alg=PHILOX)
    size = tf.reduce_prod(tf.convert_to_tensor(shape, tf.int32))
    return tf.reshape(_normal(_bits((size + size % 2,), seed))[:size], shape)


def uniform(shape, seed, low=0.0, high=1.0):
    """Uniform noise, float32 from `low` to below `high`; see `normal`."""
    if not compiled_by_xla():
        return tf.random.stateless_uniform(shape, seed, low, high, alg=PHILOX)
    return _uniform(_bits(shape, seed), low, high)


def integers(shape, seed, low, high):
    """Uniform noise, int32 from `low` to below `high`; see `normal`."""
    return tf.random.stateless_uniform(shape, seed, low, high, tf.int32, alg=PHILOX)


def split(seed, num):
    """`num` seeds from one: two integers -> (num, 2)."""
    return tf.random.experimental.stateless_split(seed, num, alg=PHILOX)


def fold_in(seed, number):
    """Another seed for each integer: two integers -> two integers."""
    return tf.random.experimental.stateless_fold_in(seed, number, alg=PHILOX)


# A row for each seed, as served models draw: XLA may compile them long after they were traced.


def normal_of_seeds(shape, seeds, stream):
    """Standard normal noise, of which each row is a function of its seed alone.

    Args:
        shape: tuple of ints, of a row.
        seeds: int64 (batch,).
        stream: int, such as `LATENTS`, so that one seed draws several things independently.

    Returns:
        float32 (batch, *shape).
    """
    size = math.prod(shape)
    drawn, bits = tf.map_fn(
        lambda seed: (
            tf.random.stateless_normal((size,), tf.stack([seed, stream]), alg=PHILOX),
            _bits((size + size % 2,), tf.stack([seed, stream])),
        ),
        seeds,
        fn_output_signature=(tf.TensorSpec((size,)), tf.TensorSpec((size + size % 2,), tf.uint32)),
    )
    own = _normal(bits)[:, :size]
    # XLA has drawn what differs by more than rounding.
    return tf.reshape(tf.where(tf.abs(drawn - own) < ROUNDING, drawn, own), (-1, *shape))


def uniform_of_seeds(shape, seeds, stream, low=0.0, high=1.0):
    """Uniform noise, float32 (batch, *shape) from `low` to below `high`; see `normal_of_seeds`."""
    bits = tf.map_fn(
        lambda seed: _bits(shape, tf.stack([seed, stream])),
        seeds,
        fn_output_signature=tf.TensorSpec(shape, tf.uint32),
    )
    return _uniform(bits, low, high)


# What TensorFlow's kernels make of random bits.


def _bits(shape, seed):
    return tf.random.stateless_uniform(shape, seed, None, None, tf.uint32, alg=PHILOX)


def _uniform(bits, low=0.0, high=1.0):
    """The lower bits are the mantissa of a number from 1 to 2."""
    mantissa = tf.bitwise.bitwise_and(bits, tf.constant(MANTISSA, tf.uint32))
    above_one = tf.bitcast(
        tf.bitwise.bitwise_or(mantissa, tf.constant(EXPONENT_OF_ONE, tf.uint32)), tf.float32
    )
    low, high = (tf.convert_to_tensor(end, tf.float32) for end in (low, high))
    return (above_one - 1.0) * (high - low) + low


def _normal(bits):
    """Each pair makes two numbers (Box & Muller 1958); all compilers round double precision alike."""
    share, turn = _uniform(bits[..., 0::2]), _uniform(bits[..., 1::2])
    log_share = tf.math.log(tf.cast(tf.maximum(share, SMALLEST), tf.float64))
    radius = tf.sqrt(-2.0 * tf.cast(log_share, tf.float32))
    angle = tf.cast(tf.cast(2.0 * math.pi * tf.cast(turn, tf.float64), tf.float32), tf.float64)
    pairs = [tf.cast(function(angle), tf.float32) * radius for function in (tf.sin, tf.cos)]
    return tf.reshape(tf.stack(pairs, axis=-1), tf.shape(bits))
