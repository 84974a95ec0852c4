"""The mean that a model reports of a value, which tells of values that were not finite."""

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
        # Files that were saved before values were counted that are left out hold the first two variables alone.
        for place, variable in enumerate(self.variables[: len(store.keys())]):
            variable.assign(store[str(place)])
