"""The clock of a `GenerativeModel` and the seeds of its steps. The functions are methods of the class."""

import tensorflow as tf

from keras_gen.training import distribution, noise


def step_seeds(self, num, shared=False):
    """`num` seeds for this training step, functions of the model's seed, its clock and the replica alone.

    With `shared`, they are the same on all replicas.
    """
    now = tf.stack([tf.constant(self.seed, tf.int64), tf.convert_to_tensor(self.examples_seen)])
    now = now if shared else distribution.own_seed(now)
    return tf.unstack(noise.split(now, num))


def test_seed(self, index):
    """The seed of the noise at an evaluation's batch, a function of the model's seed and its number."""
    seed = tf.constant([self.seed, -1], tf.int64)
    return distribution.own_seed(noise.fold_in(seed, index))


def count_examples(self, batch):
    """Moves the clock on by the examples that all replicas saw, each a batch of this size."""
    self.examples_seen.assign_add(tf.cast(batch * distribution.num_replicas(), tf.int64))
