"""What the steps of a model report: running means, which tell of values that were not finite."""

import math
import warnings

import keras
import tensorflow as tf


class RunningMean(keras.metrics.Mean):
    """A mean of the values that are finite. It is NaN where there were values and none of them was.

    A mean of nothing is 0 to Keras, which its callbacks would take for the best loss of all.

    Args:
        name: of what is averaged.
    """

    def __init__(self, name):
        super().__init__(name=name, dtype="float32")
        self.left_out = self.add_variable((), "zeros", name="left_out")

    def update_state(self, values, sample_weight=1.0):
        """Adds values.

        Args:
            values: float tensor of any shape.
            sample_weight: float scalar, how much each of them counts.
        """
        finite = tf.math.is_finite(values)
        weights = sample_weight * tf.cast(finite, tf.float32)
        super().update_state(tf.where(finite, values, 0.0), sample_weight=weights)
        self.left_out.assign_add(tf.reduce_sum(sample_weight * tf.cast(~finite, tf.float32)))

    def result(self):
        never_finite = (self.count == 0.0) & (self.left_out > 0.0)
        return tf.where(never_finite, float("nan"), super().result())

    # Methods, since saving reads every property, and on several machines one alone saves.

    def share_left_out(self):
        """The share of the values that were not finite, a float in [0, 1]; 0 where there were none."""
        left_out = float(self.left_out.numpy())
        return left_out and left_out / (left_out + float(self.count.numpy()))

    def is_empty(self):
        """Whether no value has been given since the last reset."""
        return not (self.count.numpy() or self.left_out.numpy())

    def load_own_variables(self, store):
        # Files that were saved before values were counted that are left out hold the first two variables
        # alone.
        for place, variable in enumerate(self.variables[: len(store.keys())]):
            variable.assign(store[str(place)])


class Reports:
    """The running means of a model by their names.

    Args:
        names: of what the steps report.
    """

    def __init__(self, names=()):
        self.means = {name: RunningMean(name) for name in names}

    def add(self, weight=1.0, **values):
        """Adds values, name -> float tensor, as often as `weight` says; 0 leaves the means alone."""
        for name, value in values.items():
            self.means[name].update_state(value, sample_weight=weight)

    def count(self, name):
        """How many values a mean is of, an int64 scalar in the graph."""
        return tf.cast(self.means[name].count, tf.int64)

    def logs(self, names=None):
        """The means of these names, or of all, as a step returns them: name -> scalar tensor."""
        return {name: self.means[name].result() for name in names or self.means}

    def finite_logs(self):
        """The means of what was reported since they were reset: name -> float.

        What was never finite is NaN. A mean that leaves some values out says so in a warning.
        """
        reported = {name: mean for name, mean in self.means.items() if not mean.is_empty()}
        results = {name: float(mean.result().numpy()) for name, mean in reported.items()}
        left_out = [
            f"{name} ({mean.share_left_out():.1%})"
            for name, mean in reported.items()
            if mean.share_left_out() and not math.isnan(results[name])
        ]
        if left_out:
            warnings.warn(
                f"Values that are not finite are left out of the means of {', '.join(left_out)}.",
                stacklevel=5,
            )
        return results
