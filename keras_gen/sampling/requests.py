"""Requests for many examples: checked, seeded, served in batches by one graph for all sizes."""

import numpy as np
import tensorflow as tf

from keras_gen.datasets.progress import watched
from keras_gen.errors import InputError

BATCH = 256  # examples that are made at once


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


def in_batches(function, *arrays, told=None):
    """What a function makes of arrays, batch by batch, so that memory does not grow with the request.

    Args:
        function: of the parts of the arrays, that returns an array or a tuple of arrays, a row for each.
        *arrays: of equally many rows, the first at least; None stays None.
        told: what is done, such as "Drawing images", for a bar on a terminal; None shows none.

    Returns:
        The array, or list of arrays, of all rows.
    """
    starts = range(0, len(arrays[0]), BATCH)
    if told:
        starts = watched(starts, told, len(starts), "examples", BATCH, least=2 * BATCH)
    parts = [
        function(*(None if array is None else array[start : start + BATCH] for array in arrays))
        for start in starts
    ]
    if isinstance(parts[0], tuple):
        return [np.concatenate(some) for some in zip(*parts, strict=True)]
    return np.concatenate(parts)


def seeds_of(seed, num):
    """A seed for each example, int64 (num,): more only add to fewer; None draws afresh."""
    return np.random.SeedSequence(seed).generate_state(num, np.uint64).view(np.int64)


def check_draw(num, seed, temperature):
    """Raises `InputError` where `generate` cannot draw so many, with this seed or at this temperature."""
    for name, value, least in (("num", num, 1), ("seed", 0 if seed is None else seed, 0)):
        if not isinstance(value, int | np.integer):
            raise InputError(f"{name} must be a whole number, not {value!r}.")
        if value < least:
            raise InputError(f"{name} must be at least {least}, not {value}.")
    if not np.isfinite(temperature):
        raise InputError(f"temperature must be finite, not {temperature}.")
    if temperature < 0:
        raise InputError(f"temperature must be at least 0, not {temperature}.")
