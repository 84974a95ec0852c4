"""What the steps of a model report: running means, which tell of values that were not finite."""

import math
import warnings

import keras
import tensorflow as tf

PARTS = ("total", "count", "left_out")  # of a running mean, as checkpoints name them


class RunningMean(keras.metrics.Metric):
    """One of the means of `Reports`, as Keras finds it in `model.metrics`.

    Args:
        name: of what is averaged.
        reports: the `Reports`, whose variable holds the sums of all means.
        place: int, row of this mean.
    """

    def __init__(self, name, reports, place):
        super().__init__(name=name, dtype="float32")
        self.reports, self.place = reports, place

    def update_state(self, values, sample_weight=1.0):
        """Adds values, a float tensor of any shape, each as often as `sample_weight` says."""
        added = added_by(tf.convert_to_tensor(values, tf.float32)[tf.newaxis], sample_weight)
        self.reports.sums.assign_add(tf.scatter_nd([[self.place]], added, self.reports.sums.shape))

    def result(self):
        return mean_of(self.reports.sums[self.place])

    def reset_state(self):
        # Keras resets all means of a model together.
        self.reports.sums.assign(tf.zeros(self.reports.sums.shape))


class Reports:
    """The running means of a model by their names.

    A mean is of the values that are finite. It is NaN where there were values and none of them was: a mean of
    nothing is 0 to Keras, which its callbacks would take for the best loss of all. All means are one
    variable, so that a step adds to them at once.

    Args:
        names: of what the steps report.
    """

    def __init__(self, names=()):
        self.names = list(names)
        # A metric's variable has a value of its own on each replica.
        owner = keras.metrics.Metric(name="reports", dtype="float32")
        self.sums = owner.add_variable((len(self.names), len(PARTS)), "zeros", name="sums")
        self.means = {name: RunningMean(name, self, place) for place, name in enumerate(self.names)}

    def add(self, weight=1.0, **values):
        """Adds values, each as often as `weight` says; 0 leaves the means alone.

        Args:
            weight: float scalar.
            **values: name -> float tensor, all of one shape.
        """
        places = [[self.names.index(name)] for name in values]
        added = added_by(tf.stack([tf.convert_to_tensor(value) for value in values.values()]), weight)
        self.sums.assign_add(tf.scatter_nd(places, added, self.sums.shape))

    def count(self, name):
        """How many values a mean is of, an int64 scalar in the graph."""
        return tf.cast(self.sums[self.names.index(name), 1], tf.int64)

    def logs(self, names=None):
        """The means of these names, or of all, as a step returns them: name -> scalar tensor."""
        means = dict(zip(self.names, tf.unstack(mean_of(self.sums)), strict=True))
        return {name: means[name] for name in names or means}

    def finite_logs(self):
        """The means of what was reported since they were reset: name -> float.

        What was never finite is NaN. A mean that leaves some values out says so in a warning.
        """
        results, left_out = {}, []
        for name, (total, count, missing) in zip(self.names, self.sums.numpy(), strict=True):
            if count or missing:
                results[name] = float(total / count) if count else math.nan
            if count and missing:
                left_out.append(f"{name} ({missing / (missing + count):.1%})")
        if left_out:
            warnings.warn(
                f"Values that are not finite are left out of the means of {', '.join(left_out)}.",
                stacklevel=5,
            )
        return results


def added_by(values, weight):
    """What values (means, ...), each counted `weight` times, add to the sums of their means: (means, 3)."""
    finite = tf.math.is_finite(values)
    counted = weight * tf.cast(finite, tf.float32)
    parts = (tf.where(finite, values, 0.0) * counted, counted, weight - counted)
    return tf.stack([tf.reduce_sum(part, axis=range(1, len(values.shape))) for part in parts], axis=-1)


def mean_of(sums):
    """The means of rows (..., 3) of sums: (...)."""
    total, count, left_out = tf.unstack(tf.convert_to_tensor(sums), axis=-1)
    return tf.where((count == 0.0) & (left_out > 0.0), float("nan"), tf.math.divide_no_nan(total, count))
