"""Kernel distance between two sets of features."""

import numpy as np

from keras_gen.errors import InputError
from keras_gen.metrics.features import feature_pair


def kernel_distance(real_features, fake_features, subsets=100, subset_size=1000, seed=0):
    """Unbiased squared maximum mean discrepancy under the kernel k(x, y) = (x.y / dimensions + 1)^3.

    It is estimated on random subsets, drawn without replacement. Being unbiased, it may be slightly negative
    where the two sets are alike.

    Args:
        real_features: array (num_real, dimensions), at least two rows.
        fake_features: array (num_fake, dimensions), at least two rows.
        subsets: how many pairs of subsets are drawn, at least 1.
        subset_size: examples in a subset, at least 2; never more than the smaller set holds. Subsets that are
            the whole of both sets are all the same, so that the deviation is 0.
        seed: integer seed of the subsets.

    Returns:
        (mean, standard deviation) over the subsets, two floats.

    Raises:
        InputError: when the arrays are not two finite sets of features of one size, or a count is too small.

    Source: Binkowski et al. 2018, arXiv 1801.01401; Gretton et al. 2012, equation 3.
    """
    real, fake = feature_pair(real_features, fake_features)
    if subsets < 1 or subset_size < 2:
        raise InputError(
            f"`subsets` is {subsets} and `subset_size` is {subset_size}: give at least 1 and at least 2."
        )
    size = min(subset_size, len(real), len(fake))
    random = np.random.default_rng(seed)
    distances = [
        _squared_discrepancy(
            real[random.choice(len(real), size, replace=False)],
            fake[random.choice(len(fake), size, replace=False)],
        )
        for _ in range(subsets)
    ]
    return float(np.mean(distances)), float(np.std(distances))


def _squared_discrepancy(real, fake):
    return _mean_of_pairs(real) + _mean_of_pairs(fake) - 2 * _kernel(real, fake).mean()


def _mean_of_pairs(features):
    """Mean kernel of two different members of one set: the diagonal would bias it."""
    kernel, size = _kernel(features, features), len(features)
    return (kernel.sum() - np.trace(kernel)) / (size * (size - 1))


def _kernel(x, y):
    base = x @ y.T / x.shape[1] + 1
    return base * base * base  # many times faster than base**3
