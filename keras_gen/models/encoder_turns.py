"""When an encoder learns alone."""

import keras
import tensorflow as tf

WINDOW = 15  # steps whose mean losses are compared, as in the authors' code


class EncoderTurns(keras.layers.Layer):
    """Whose step it is: the encoder's, as long as its loss falls and up to a number of steps in a row, then everybody's.

    Source: He et al. 2019, arXiv 1901.05534, algorithm 1.
    """

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.steps = self.add_weight(name="steps", dtype="int64", initializer="zeros", trainable=False)
        self.total = self.add_weight(name="total", initializer="zeros", trainable=False)
        self.last = self.add_weight(name="last", initializer="zeros", trainable=False)
        self.falls = self.add_weight(name="falls", dtype="bool", initializer="ones", trainable=False)
        self.built = True

    def is_encoders(self, most):
        """Whether the next step is the encoder's, of `most` in a row: bool scalar."""
        return tf.convert_to_tensor(self.falls) & (tf.convert_to_tensor(self.steps) < most)

    def count(self, loss):
        """Counts a step of the encoder alone and its loss, a scalar."""
        self.steps.assign_add(1)
        self.total.assign_add(loss)
        ends = self.steps % WINDOW == 0
        mean = self.total / WINDOW
        is_first = self.steps <= WINDOW
        self.falls.assign(tf.where(ends, is_first | (mean < self.last), self.falls))
        self.last.assign(tf.where(ends, mean, self.last))
        self.total.assign(tf.where(ends, 0.0, self.total))

    def begin(self):
        """The encoder's turns begin anew."""
        self.steps.assign(0)
        self.total.assign(0.0)
        self.falls.assign(True)
