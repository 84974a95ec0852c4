"""Distances of features as Keras metrics, to which batches are added one after the other, also in graph."""

import keras
from keras import ops

from keras_gen.errors import InputError


class FrechetDistance(keras.metrics.Metric):
    """`frechet_distance` of all features seen, from sums in double precision.

    Example:

    >>> import numpy as np
    >>> metric, features = FrechetDistance(dimensions=2), np.random.default_rng(0).normal(size=(100, 2))
    >>> for batch in np.split(features, 10):
    ...     metric.update_state(batch, batch + 1.0)
    >>> round(float(metric.result()), 6)
    2.0

    Args:
        dimensions: of the features, at least 1.
        name: of the metric.

    Raises:
        InputError: `dimensions` is less than 1.
    """

    def __init__(self, dimensions, name="frechet"):
        super().__init__(name=name, dtype="float64")
        if dimensions < 1:
            raise InputError(f"`dimensions` is {dimensions}: give the number of features, at least 1.")
        self.dimensions = dimensions
        self._sums = [
            [
                self.add_variable(shape, "zeros", "float64", name=f"{whose}_{order}")
                for order, shape in enumerate(shapes)
            ]
            for whose, shapes in dict.fromkeys(
                ("real", "generated"), ((), (dimensions,), (dimensions,) * 2)
            ).items()
        ]

    def update_state(self, real_features, generated_features):
        """Adds features of real and of generated examples, (batch, dimensions) each, any number of either."""
        for sums, features in zip(self._sums, (real_features, generated_features), strict=True):
            features = ops.cast(features, "float64")
            num, total, products = sums
            num.assign_add(ops.cast(ops.shape(features)[0], "float64"))
            total.assign_add(ops.sum(features, axis=0))
            products.assign_add(ops.matmul(ops.transpose(features), features))

    def result(self):
        """The distance, a float64 scalar; NaN while either set has fewer than two examples."""
        (real_mean, real), (mean, generated) = map(_moments, self._sums)
        # As in `frechet_distance`.
        values, vectors = ops.eigh(real)
        root = vectors * ops.sqrt(ops.maximum(values, 0.0))
        eigenvalues, _ = ops.eigh(ops.matmul(ops.matmul(ops.transpose(root), generated), root))
        distance = (
            ops.sum(ops.square(real_mean - mean))
            + ops.trace(real)
            + ops.trace(generated)
            - 2.0 * ops.sum(ops.sqrt(ops.maximum(eigenvalues, 0.0)))
        )
        fewest = ops.minimum(*(num for num, _, _ in self._sums))
        return ops.where(fewest < 2.0, float("nan"), ops.maximum(distance, 0.0))

    def get_config(self):
        return {"dimensions": self.dimensions, "name": self.name}


class KernelDistance(keras.metrics.Mean):
    """The mean over batches of the KID of each, which is unbiased as that of all examples is.

    It varies more than `kid` of all examples, whose pairs it has only within batches.

    Args:
        name: of the metric.

    Source: Zaremba et al. 2013 (block tests); Binkowski et al. 2018, arXiv 1801.01401.
    """

    def __init__(self, name="kid"):
        super().__init__(name=name, dtype="float64")

    def update_state(self, real_features, generated_features):
        """Adds a batch: features of real and of generated examples, (batch, dimensions), two or more."""
        real, generated = (ops.cast(features, "float64") for features in (real_features, generated_features))
        between = ops.mean(_kernel(real, generated))
        super().update_state(_mean_of_others(real) + _mean_of_others(generated) - 2.0 * between)

    def get_config(self):
        return {"name": self.name}


def _moments(sums):
    """Mean and unbiased covariance."""
    num, total, products = sums
    mean = total / ops.maximum(num, 1.0)
    return mean, (products - num * ops.outer(mean, mean)) / ops.maximum(num - 1.0, 1.0)


def _kernel(x, y):
    return (ops.matmul(x, ops.transpose(y)) / x.shape[1] + 1.0) ** 3


def _mean_of_others(features):
    """Mean kernel of each with all others."""
    kernel, num = _kernel(features, features), ops.cast(ops.shape(features)[0], "float64")
    return (ops.sum(kernel) - ops.trace(kernel)) / (num * (num - 1.0))
