"""Distances between two sets of features."""

import itertools
from typing import NamedTuple

import numpy as np

from keras_gen.errors import InputError

FEWEST = 4  # examples of a set, half of which must still have a covariance
QUANTILE = 1.96  # of the standard normal distribution, for two-sided intervals at 95%
BLOCK = 1024  # rows of either set whose kernel is held at once: long thin products would wait for memory


def frechet_distance(real_features, fake_features):
    """Squared Frechet distance between Gaussians fitted to two sets of features.

    |m1 - m2|^2 + Tr(S1 + S2 - 2 sqrt(S1 S2)), in float64, with unbiased covariances. The value falls as the
    sets grow: compare only figures from equal numbers of examples, as `frechet_scores` gives them.

    Args:
        real_features: array (num_real, dimensions), at least two rows.
        fake_features: array (num_fake, dimensions), at least two rows.

    Returns:
        A float, at least 0, in squared units of the features.

    Raises:
        InputError: when the two arrays are not two finite sets of features of one size.

    Source: Dowson & Landau 1982; Heusel et al. 2017, arXiv 1706.08500.
    """
    real, fake = feature_pair(real_features, fake_features)
    offset = real.mean(axis=0) - fake.mean(axis=0)
    real_covariance = np.atleast_2d(np.cov(real, rowvar=False))
    fake_covariance = np.atleast_2d(np.cov(fake, rowvar=False))
    # With S1 = R R^T, S1 S2 has the eigenvalues of R^T S2 R, which is symmetric, so that they are quicker to
    # find. They are >= 0 but for rounding.
    values, vectors = np.linalg.eigh(real_covariance)
    root = vectors * np.sqrt(values.clip(min=0))
    eigenvalues = np.linalg.eigvalsh(root.T @ fake_covariance @ root).clip(min=0)
    distance = (
        offset @ offset
        + np.trace(real_covariance)
        + np.trace(fake_covariance)
        - 2 * np.sqrt(eigenvalues).sum()
    )
    return max(float(distance), 0.0)


def frechet_scores(real_features, fake_features, count, draws=20, seed=0):
    """Frechet distance of equally many real and generated examples, and its limit for infinitely many.

    Each draw takes `count` rows of either set without replacement, and nested parts of these, down to half.
    The bias of the distance is proportional to 1 / N for N rows of either set, so a line fitted to the mean
    distances over 1 / N meets the axis at that of infinitely many. Where `count` is the whole of a set, the
    spread tells nothing of the choice of that set.

    Args:
        real_features: array (num_real, dimensions).
        fake_features: array (num_fake, dimensions).
        count: rows of either set in a draw, from 4 to the smaller set. The line is straight from several
            times as many rows as dimensions.
        draws: how many are drawn, at least 2.
        seed: integer seed of the draws.

    Returns:
        A dict of floats: `frechet`, the mean over the draws, at least 0; `frechet_std`, their standard
        deviation; `frechet_infinity`, whose small negatives are valid.

    Raises:
        InputError: when the arrays are not two finite sets of features of one size, or a count is out of its
            range.

    Source: Chong & Forsyth 2020, arXiv 1911.07023.
    """
    real, fake = feature_pair(real_features, fake_features, FEWEST)
    most = min(len(real), len(fake))
    if not FEWEST <= count <= most or draws < 2:
        raise InputError(
            f"`count` is {count} and `draws` is {draws}: give {FEWEST} to {most}, the rows of the smaller "
            "set, and at least 2."
        )
    sizes = np.unique(np.linspace(count // 2, count, 5).astype(int))
    random = np.random.default_rng(seed)
    distances = []
    for _ in range(draws):
        x, y = (features[random.permutation(len(features))[:count]] for features in (real, fake))
        distances.append([frechet_distance(x[:size], y[:size]) for size in sizes])
    distances = np.array(distances)
    _, infinity = np.polyfit(1 / sizes, distances.mean(axis=0), deg=1)
    return {
        "frechet": float(distances[:, -1].mean()),
        "frechet_std": float(distances[:, -1].std(ddof=1)),
        "frechet_infinity": float(infinity),
    }


class KID(NamedTuple):
    """An estimate of the kernel inception distance.

    Args:
        value: float; small negatives are valid.
        low: float, lower end of its interval at 95%.
        high: float, upper end.
    """

    value: float
    low: float
    high: float


def kid(real_features, fake_features):
    """Unbiased squared maximum mean discrepancy under the kernel k(x, y) = (x.y / dimensions + 1)^3.

    The kernel inception distance (KID) of given features: the U-statistic of all pairs,

        mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean_{i, j} k(x_i, y_j).

    Its interval is that of the jackknife over the examples of both sets, 1.96 standard errors to either
    side. A bootstrap would repeat examples, and pair an example with itself, which the U-statistic excludes.
    The jackknife repeats none, and all its values follow from the sums of one pass. For equal distributions,
    where the U-statistic is degenerate, its interval is too wide rather than too narrow.

    Args:
        real_features: array (num_real, dimensions), at least four rows.
        fake_features: array (num_fake, dimensions), at least four rows.

    Returns:
        A `KID`: the value and both ends of its interval, three floats.

    Raises:
        InputError: when the arrays are not two finite sets of features of one size.

    Source: Binkowski et al. 2018, arXiv 1801.01401; Gretton et al. 2012, equation 3; Arvesen 1969 for the
    jackknife of U-statistics of two sets.
    """
    x, y = feature_pair(real_features, fake_features, FEWEST)
    m, n = len(x), len(y)
    xx, yy, (xy, yx) = _sums_within(x), _sums_within(y), _sums_between(x, y)
    value = xx.sum() / (m * (m - 1)) + yy.sum() / (n * (n - 1)) - 2 * xy.sum() / (m * n)
    without_x = (
        (xx.sum() - 2 * xx) / ((m - 1) * (m - 2))
        + yy.sum() / (n * (n - 1))
        - 2 * (xy.sum() - xy) / ((m - 1) * n)
    )
    without_y = (
        xx.sum() / (m * (m - 1))
        + (yy.sum() - 2 * yy) / ((n - 1) * (n - 2))
        - 2 * (yx.sum() - yx) / (m * (n - 1))
    )
    half = QUANTILE * np.sqrt((m - 1) * without_x.var() + (n - 1) * without_y.var())
    return KID(float(value), float(value - half), float(value + half))


def _sums_within(features):
    """For each row the sum of its kernel with all others of the set."""
    sums = -_kernel((features * features).sum(axis=1), features.shape[1])
    for start in range(0, len(features), BLOCK):
        end = start + BLOCK
        block = features[start:end]
        sums[start:end] += _kernel(block @ block.T, features.shape[1]).sum(axis=1)
        of_block, of_later = _sums_between(block, features[end:])
        sums[start:end] += of_block
        sums[end:] += of_later
    return sums


def _sums_between(x, y):
    """For each row of x the sum of its kernel with all rows of y, and for each of y with all of x."""
    of_x, of_y = np.zeros(len(x)), np.zeros(len(y))
    for first, second in itertools.product(range(0, len(x), BLOCK), range(0, len(y), BLOCK)):
        rows, columns = slice(first, first + BLOCK), slice(second, second + BLOCK)
        kernel = _kernel(x[rows] @ y[columns].T, x.shape[1])
        of_x[rows] += kernel.sum(axis=1)
        of_y[columns] += kernel.sum(axis=0)
    return of_x, of_y


def _kernel(products, dimensions):
    base = products / dimensions
    base += 1
    cube = base * base  # many times faster than base**3
    cube *= base
    return cube


def feature_pair(real_features, fake_features, fewest=2):
    """Two sets of features in double precision; refuses those without a defined distance.

    Args:
        real_features: array (num_real, dimensions).
        fake_features: array (num_fake, dimensions).
        fewest: rows that either set must have.

    Returns:
        The two arrays as float64.

    Raises:
        InputError: when the shapes do not fit, a set has too few rows, or a value is not finite.
    """
    real, fake = np.asarray(real_features, "float64"), np.asarray(fake_features, "float64")
    if (
        real.ndim != 2
        or fake.ndim != 2
        or real.shape[1] != fake.shape[1]
        or min(len(real), len(fake)) < fewest
    ):
        raise InputError(
            f"`real_features` and `fake_features` have shapes {real.shape} and {fake.shape}: "
            f"give (examples, dimensions), at least {fewest} examples each and the same dimensions."
        )
    for name, values in (("real_features", real), ("fake_features", fake)):
        if not np.isfinite(values).all():
            raise InputError(f"`{name}` holds NaN or infinite values: give finite features.")
    return real, fake
