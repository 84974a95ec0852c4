"""Nearest neighbors among features: precision, recall, density and coverage."""

import numpy as np

from keras_gen.errors import InputError
from keras_gen.metrics.distances import feature_pair

BLOCK = 2**22  # distances held at once
TIE = 1 - 1e-12  # squared distances closer than rounding in double precision count as equal


def neighbor_scores(real_features, fake_features, nearest=5):
    """Precision, recall, density and coverage: how far generated and real examples cover each other.

    Each example has a ball about it, as wide as the distance to its k-th nearest neighbor in its own set.
    Distances are in double precision: in single precision the distance of close features is lost in their
    norms. All four depend on the number of examples: compare only figures from equally many of either set.

    Args:
        real_features: array (num_real, dimensions).
        fake_features: array (num_fake, dimensions).
        nearest: k, from 1 to one less than the smaller set.

    Returns:
        A dict: `precision`, the share of generated examples in a ball of a real one; `recall`, the share of
        real ones in a ball of a generated one; `density`, the mean over generated examples of the number of
        balls of real ones around it, divided by k, which may exceed 1; `coverage`, the share of balls of real
        ones that hold a generated one; and the counts `num_real` and `num_fake`.

    Raises:
        InputError: when the arrays are not two finite sets of features of one size, or `nearest` is out of
            its range.

    Source: Kynkäänniemi et al. 2019, arXiv 1904.06991 (precision, recall); Naeem et al. 2020, arXiv
    2002.09797 (density, coverage).
    """
    real, fake = feature_pair(real_features, fake_features)
    most = min(len(real), len(fake)) - 1
    if not 1 <= nearest <= most:
        raise InputError(
            f"`nearest` is {nearest}: give 1 to {most}, one less than the rows of the smaller set."
        )
    real_radii, fake_radii = (
        TIE * neighbors(features, nearest=nearest)[1][:, -1] ** 2 for features in (real, fake)
    )
    balls = np.zeros(len(fake), int)
    covered = np.zeros(len(real), bool)
    recalled = np.zeros(len(real), bool)
    for rows, squares in _squares(fake, real):
        in_real = squares < real_radii
        balls[rows] = np.count_nonzero(in_real, axis=1)
        covered |= in_real.any(axis=0)
        recalled |= (squares < fake_radii[rows, np.newaxis]).any(axis=0)
    return {
        "precision": float((balls > 0).mean()),
        "recall": float(recalled.mean()),
        "density": float(balls.mean() / nearest),
        "coverage": float(covered.mean()),
        "num_real": len(real),
        "num_fake": len(fake),
    }


def neighbors(points, queries=None, nearest=1):
    """The nearest points of each query.

    Args:
        points: float64 array (num, dimensions).
        queries: float64 array (num_queries, dimensions), or integer array (num_queries,): rows of `points`,
            none of which is its own neighbor; None stands for all rows.
        nearest: how many.

    Returns:
        The rows of points (num_queries, nearest), nearest first, and the Euclidean distances to these, which
        are 0 for copies.
    """
    own = np.arange(len(points)) if queries is None else queries if queries.ndim == 1 else None
    queries = points if queries is None else queries if own is None else points[own]
    indices = np.zeros((len(queries), nearest), int)
    distances = np.zeros((len(queries), nearest))
    for rows, squares in _squares(queries, points):
        if own is not None:
            squares[np.arange(len(squares)), own[rows]] = np.inf
        indices[rows] = _least(squares, nearest)
        for place in range(nearest):
            # Of differences, so that copies are exactly 0 apart.
            distances[rows, place] = np.linalg.norm(queries[rows] - points[indices[rows, place]], axis=1)
    return indices, distances


def _squares(queries, points):
    """Yields slices of the queries and the squared distances (rows, num) of these to all points."""
    # Products of NumPy: those of TensorFlow take ten times as long in double precision.
    center = points.mean(axis=0)  # near the origin less is lost in the norms
    points = points - center
    norms = _norms(points)
    step = max(1, BLOCK // len(points))
    for start in range(0, len(queries), step):
        rows = slice(start, min(start + step, len(queries)))
        block = queries[rows] - center
        squares = block @ points.T
        squares *= -2.0
        squares += norms
        squares += _norms(block)[:, np.newaxis]
        yield rows, squares


def _norms(rows):
    """The squared length of each row."""
    return np.einsum("nd,nd->n", rows, rows)


def _least(values, count):
    """The columns of the least values of each row, least first."""
    if count == 1:
        return values.argmin(axis=1)[:, np.newaxis]
    found = np.argpartition(values, count - 1, axis=1)[:, :count]
    order = np.take_along_axis(values, found, axis=1).argsort(axis=1)
    return np.take_along_axis(found, order, axis=1)
