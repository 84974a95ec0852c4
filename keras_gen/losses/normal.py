"""The normal distribution with independent dimensions, as encoders give it."""

import math
from typing import NamedTuple

import tensorflow as tf
from keras import ops


class DiagonalNormal(NamedTuple):
    """N(mean, exp(log_variance)), independent in every dimension.

    Args:
        mean: float (batch, dim).
        log_variance: float (batch, dim).
    """

    mean: tf.Tensor
    log_variance: tf.Tensor

    def sample(self, noise):
        """The draw mean + standard deviation * noise, for standard normal noise (..., batch, dim)."""
        return self.mean + ops.exp(self.log_variance / 2.0) * noise

    def log_prob(self, z):
        """Log density of each dimension at z (..., batch, dim), in nats, of the same shape."""
        squared = ops.square(z - self.mean) * ops.exp(-self.log_variance)
        return -(squared + self.log_variance + math.log(2.0 * math.pi)) / 2.0

    def kl_from_standard(self):
        """KL(N(mean, exp(log_variance)) || N(0, 1)) of each dimension, (batch, dim), in nats."""
        return (ops.square(self.mean) + ops.exp(self.log_variance) - 1.0 - self.log_variance) / 2.0

    def stopped(self):
        """The same distribution without gradients."""
        return DiagonalNormal(ops.stop_gradient(self.mean), ops.stop_gradient(self.log_variance))

    def pairwise_log_prob(self, z):
        """Log density of every z under every member of the batch.

        Uses matrix products, so that no tensor (num, batch, dim) is made. In float32, variances below 1e-4
        cost precision.

        Args:
            z: (num, dim).

        Returns:
            (num, batch): row i, column j is log N(z_i; mean_j, exp(log_variance_j)), summed over dimensions.
        """
        precision = ops.exp(-self.log_variance)
        center = ops.mean(self.mean, axis=0)  # centering avoids the cancellation of large numbers
        z, mean = z - center, self.mean - center
        squared = (
            ops.matmul(ops.square(z), ops.transpose(precision))
            - 2.0 * ops.matmul(z, ops.transpose(mean * precision))
            + ops.sum(ops.square(mean) * precision, axis=-1)
        )
        squared = ops.maximum(squared, 0.0)
        constant = ops.sum(self.log_variance + math.log(2.0 * math.pi), axis=-1)
        return -(squared + constant) / 2.0

    def mutual_information(self, z):
        """What latents tell of their examples, a scalar in nats: at most the logarithm of the batch.

        The mean of log q(z|x) - log q(z); q(z) is the batch's mixture of posteriors (Hoffman & Johnson 2016).

        Args:
            z: a draw for each member of the batch, (batch, dim).
        """
        log_aggregate = tf.reduce_logsumexp(self.pairwise_log_prob(z), axis=-1)
        log_aggregate -= tf.math.log(tf.cast(tf.shape(self.mean)[0], tf.float32))
        return tf.reduce_mean(tf.reduce_sum(self.log_prob(z), axis=-1) - log_aggregate)


def log_mean_exp(values, axis=0):
    """log of the mean of exp(values) over one axis."""
    return ops.logsumexp(values, axis=axis) - math.log(values.shape[axis])
