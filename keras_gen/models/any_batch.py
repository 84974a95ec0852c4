"""Functions that are compiled once for batches of all sizes."""

import tensorflow as tf


def for_any_batch(function):
    """A function whose one graph takes any number of rows, like that of an exported signature.

    `tf.function` makes a graph of its own for the first size it meets, which may round otherwise.

    Args:
        function: of tensors (batch, ...), scalars, or None.
    """
    compiled = tf.function(function, autograph=False)

    def call(*values):
        values = [None if value is None else tf.convert_to_tensor(value) for value in values]
        specs = [
            None
            if value is None
            else tf.TensorSpec((None, *value.shape[1:]) if value.shape.rank else (), value.dtype)
            for value in values
        ]
        return compiled.get_concrete_function(*specs)(*values)

    return call
