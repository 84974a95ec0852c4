"""Computing rows that are the same in any batch."""

import tensorflow as tf

BLOCK = 16
SMALL_BLOCK = 8  # for whole networks, where each row that pads costs a pass


def in_blocks(function, *batches, block=BLOCK):
    """Applies a function to batches that are padded to a multiple of `block` rows by repeating the last one.

    Processors sum matrix products in another order when rows are few or do not fill the registers, and divide
    the convolutions of an odd number of rows otherwise between their cores. That changes the last bits of a
    row, and now and then the token drawn from it.

    Args:
        function: of the batches; returns a tensor (batch, ...).
        *batches: tensors (batch, ...) or None, not all of them None.
        block: int >= 1, rows.

    Returns:
        Tensor (batch, ...).
    """
    rows = tf.shape(next(batch for batch in batches if batch is not None))[0]
    filled = tf.minimum(tf.range(-(-rows // block) * block), rows - 1)
    return function(*(None if batch is None else tf.gather(batch, filled) for batch in batches))[:rows]
