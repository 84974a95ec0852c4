"""Rows that come out the same in any batch."""

import tensorflow as tf

BLOCK = 16


def in_blocks(function, *batches):
    """What a function makes of batches, whose last row is repeated until their rows are a multiple of 16.

    A processor adds up the products of matrices in another order where rows are few, or do not fill its
    registers. That changes the last bits of a row, and now and then the token that is drawn by them.

    Args:
        function: of tensors (batch, ...) or None, as many as are given; returns a tensor (batch, ...).
        *batches: tensors (batch, ...) or None, not all of them None.

    Returns:
        Tensor (batch, ...).
    """
    rows = tf.shape(next(batch for batch in batches if batch is not None))[0]
    filled = tf.minimum(tf.range(-(-rows // BLOCK) * BLOCK), rows - 1)
    return function(*(None if batch is None else tf.gather(batch, filled) for batch in batches))[:rows]
