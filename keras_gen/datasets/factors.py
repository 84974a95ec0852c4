"""Checks the factors of variation of the synthetic data sets."""

import numpy as np

from keras_gen.errors import InputError


def check_factors(factors, counts):
    """The factors as an array of integers within their counts.

    Args:
        factors: integers (num, len(counts)).
        counts: dict, name of a factor -> number of its values.

    Raises:
        InputError: they are something else.
    """
    factors = np.asarray(factors)
    if factors.ndim != 2 or factors.shape[1] != len(counts) or not np.issubdtype(factors.dtype, np.integer):
        raise InputError(
            f"factors must be integers of the shape (num, {len(counts)}), but are {factors.dtype} of the "
            f"shape {factors.shape}."
        )
    for (name, count), values in zip(counts.items(), factors.T, strict=True):
        outside = values[(values < 0) | (values >= count)]
        if len(outside):
            raise InputError(f"The factor {name} must lie in 0 to {count - 1}, but is {outside[0]}.")
    return factors
