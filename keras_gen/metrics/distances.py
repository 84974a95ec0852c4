"""Distances between two sets of features."""

import numpy as np

from keras_gen.errors import InputError


def frechet_distance(real_features, fake_features):
    """Squared Frechet distance between Gaussians fitted to two sets of features.

    |m1 - m2|^2 + Tr(S1 + S2 - 2 sqrt(S1 S2)), in float64, with unbiased covariances. The value falls as the
    sets grow: compare only figures from equal numbers of examples.

    Args:
        real_features: array (num_real, dimensions), at least two rows.
        fake_features: array (num_fake, dimensions), at least two rows.

    Returns:
        A float, at least 0, in squared units of the features.

    Raises:
        InputError: when the two arrays are not two finite sets of features of one size.

    Source: Dowson & Landau 1982; Heusel et al. 2017, arXiv 1706.08500.
    """
    real, fake = _feature_pair(real_features, fake_features)
    offset = real.mean(axis=0) - fake.mean(axis=0)
    real_covariance = np.atleast_2d(np.cov(real, rowvar=False))
    fake_covariance = np.atleast_2d(np.cov(fake, rowvar=False))
    # A product of covariances has real eigenvalues >= 0; what rounding leaves below or beside them is dropped.
    eigenvalues = np.linalg.eigvals(real_covariance @ fake_covariance).real.clip(min=0)
    distance = (
        offset @ offset
        + np.trace(real_covariance)
        + np.trace(fake_covariance)
        - 2 * np.sqrt(eigenvalues).sum()
    )
    return max(float(distance), 0.0)


def kid(real_features, fake_features, subsets=100, subset_size=1000, seed=0):
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
    real, fake = _feature_pair(real_features, fake_features)
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


def _feature_pair(real_features, fake_features):
    """Two sets of features in double precision, refused where no distance between them is defined.

    Args:
        real_features: array (num_real, dimensions).
        fake_features: array (num_fake, dimensions).

    Returns:
        The two arrays as float64.

    Raises:
        InputError: when the shapes do not fit, a set has fewer than two rows, or a value is not finite.
    """
    real, fake = np.asarray(real_features, "float64"), np.asarray(fake_features, "float64")
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1] or min(len(real), len(fake)) < 2:
        raise InputError(
            f"`real_features` and `fake_features` have shapes {real.shape} and {fake.shape}: "
            "give (examples, dimensions), at least two examples each and the same dimensions."
        )
    for name, values in (("real_features", real), ("fake_features", fake)):
        if not np.isfinite(values).all():
            raise InputError(f"`{name}` holds NaN or infinite values: give finite features.")
    return real, fake
