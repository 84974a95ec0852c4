"""Objectives against total correlation: what the dimensions of the aggregate posterior q(z) tell of each other."""

import math

import keras
import tensorflow as tf
from keras import layers, ops

from keras_gen import noise
from keras_gen.errors import InputError, unknown
from keras_gen.losses.objectives import ELBO, Objective, weight


def weighted_log_weights(batch_size, num_examples):
    """log(1 / (N B)) for every pair: minibatch-weighted sampling (Chen et al. 2018, equation 5)."""
    weight = 1.0 / (num_examples * ops.cast(batch_size, "float32"))
    return ops.log(weight) + ops.zeros((batch_size, batch_size), "float32")


def stratified_log_weights(batch_size, num_examples):
    """Log weights of minibatch-stratified sampling, which is unbiased for q(z) (Chen et al. 2018, appendix C.2).

    With M = B - 1, row i gives its own example 1/N, one other (N - M)/(N M), and the rest 1/M each; every row sums to 1.

    Args:
        batch_size: int B >= 1, or a scalar tensor.
        num_examples: int N >= B, of the whole data set.

    Returns:
        (B, B) float32.
    """
    n = float(num_examples)
    m = ops.maximum(ops.cast(batch_size, "float32") - 1.0, 1.0)  # a batch of one is its own other
    own = tf.eye(batch_size)
    other = ops.roll(own, 1, axis=1)
    weights = own / n + other * (n - m) / (n * m) + ops.relu(1.0 - own - other) / m
    return ops.log(weights)


MINIBATCH_WEIGHTS = {"weighted": weighted_log_weights, "stratified": stratified_log_weights}


def decompose_kl(posterior, z, log_weights):
    """Splits the KL divergence to a standard normal, at the draw z, into three terms (Chen et al. 2018, equation 2).

    Args:
        posterior: `DiagonalNormal` (batch, dim).
        z: one draw of each, (batch, dim).
        log_weights: (batch, batch), of `weighted_log_weights` or `stratified_log_weights`.

    Returns:
        Mutual information of x and z, total correlation, dimension-wise KL: (batch,) each, in nats; their sum is
        log q(z|x) - log p(z) exactly.
    """
    log_q_given_x = ops.sum(posterior.log_prob(z), axis=-1)
    log_p = -ops.sum(ops.square(z) + math.log(2.0 * math.pi), axis=-1) / 2.0
    pairs = posterior.log_prob(z[:, None, :])  # i, j, dimension: z_i under q(z | x_j)
    log_q = ops.logsumexp(log_weights + ops.sum(pairs, axis=-1), axis=1)
    log_q_of_dimensions = ops.sum(ops.logsumexp(log_weights[..., None] + pairs, axis=1), axis=-1)
    return log_q_given_x - log_q, log_q - log_q_of_dimensions, log_q_of_dimensions - log_p


@keras.saving.register_keras_serializable("keras_gen")
class BetaTCVAE(Objective):
    """alpha mutual information + beta total correlation + gamma dimension-wise KL (Chen et al. 2018, arXiv 1802.04942).

    Args:
        num_examples: int, size of the training set, which the estimate of q(z) from a batch needs.
        beta: float >= 0 or a `Schedule`, of the total correlation.
        alpha: likewise, of the mutual information.
        gamma: likewise, of the dimension-wise KL.
        weights: "stratified" (unbiased for q(z)) or "weighted" (as in the paper's experiments).

    Raises:
        InputError: `weights` is neither, or there are fewer than 2 examples.
    """

    terms = ("mutual_information", "total_correlation", "dimension_kl")
    needs_standard_normal = True

    def __init__(self, num_examples, beta=6.0, alpha=1.0, gamma=1.0, weights="stratified"):
        if weights not in MINIBATCH_WEIGHTS:
            raise unknown("minibatch weights", weights, MINIBATCH_WEIGHTS)
        if num_examples < 2:
            raise InputError(f"num_examples must be the size of the training set, not {num_examples}.")
        self.num_examples, self.weights = num_examples, weights
        self.beta, self.alpha = weight("beta", beta), weight("alpha", alpha)
        self.gamma = weight("gamma", gamma)

    def regularizer(self, draw):
        batch_size = draw.z.shape[0] or tf.shape(draw.z)[0]
        if isinstance(batch_size, int) and batch_size > self.num_examples:
            raise InputError(
                f"num_examples is the size of the training set, but {self.num_examples} is less than the batch of {batch_size}."
            )
        log_weights = MINIBATCH_WEIGHTS[self.weights](batch_size, self.num_examples)
        mutual_information, total_correlation, dimension_kl = decompose_kl(
            draw.posterior, draw.z, log_weights
        )
        return {
            "mutual_information": self.alpha(draw.examples) * mutual_information,
            "total_correlation": self.beta(draw.examples) * total_correlation,
            "dimension_kl": self.gamma(draw.examples) * dimension_kl,
        }

    def get_config(self):
        return {
            "num_examples": self.num_examples,
            "beta": keras.saving.serialize_keras_object(self.beta),
            "alpha": keras.saving.serialize_keras_object(self.alpha),
            "gamma": keras.saving.serialize_keras_object(self.gamma),
            "weights": self.weights,
        }


@keras.saving.register_keras_serializable("keras_gen")
class FactorVAE(ELBO):
    """The ELBO plus gamma times the total correlation, as an adversary estimates it.

    The adversary learns to tell latents of real examples from the same with each dimension shuffled over the batch; its
    logit estimates the log ratio of q(z) to the product of its marginals. It learns from the batch at hand: one half as it
    is, the other shuffled.

    Source: Kim & Mnih 2018, arXiv 1802.05983, algorithm 2; the paper draws a second batch to shuffle.

    Args:
        gamma: float >= 0 or a `Schedule`.
        beta: float >= 0 or a `Schedule`, of the KL divergence.
        width: int >= 1, units in each layer of the adversary; 1000 in the paper.
        depth: int >= 1, its layers; 6 in the paper.
        learning_rate: float > 0, of the adversary's Adam.
    """

    terms = ("regularizer", "total_correlation")

    def __init__(self, gamma=10.0, beta=1.0, width=256, depth=4, learning_rate=1e-4):
        super().__init__(beta)
        if width < 1 or depth < 1:
            raise InputError(f"An adversary has a width and a depth of at least 1, not {width} and {depth}.")
        self.gamma, self.width, self.depth = weight("gamma", gamma), width, depth
        self.learning_rate = learning_rate

    def make_adversary(self, latent_dim):
        z = keras.Input((latent_dim,), dtype="float32", name="latent")
        x = z
        for _ in range(self.depth):
            x = layers.LeakyReLU(0.2)(layers.Dense(self.width, kernel_initializer="he_normal")(x))
        return keras.Model(z, layers.Dense(1, dtype="float32")(x), name="adversary")

    def regularizer(self, draw):
        ratio = ops.squeeze(draw.adversary(draw.z, training=False), axis=-1)
        return {
            **super().regularizer(draw),
            "total_correlation": self.gamma(draw.examples) * ratio,
        }

    def adversary_optimizer(self):
        """A fresh optimizer for the adversary, with the paper's momenta."""
        return keras.optimizers.Adam(self.learning_rate, beta_1=0.5, beta_2=0.9)

    def adversary_loss(self, adversary, z, seed):
        """How badly the adversary tells latents from shuffled ones.

        Args:
            adversary: of `make_adversary`.
            z: (batch, dim); no gradient flows through it.
            seed: two integers, of the shuffle.

        Returns:
            Scalar, 2 log 2 = 1.39 for an adversary that cannot tell them.
        """
        z = tf.stop_gradient(z)
        half = tf.shape(z)[0] // 2
        # Sorting noise of its own shuffles each dimension independently of the others.
        order = tf.argsort(noise.uniform(tf.shape(z[half:]), seed), axis=0)
        shuffled = ops.take_along_axis(z[half:], order, axis=0)
        joint, product = adversary(z[:half], training=True), adversary(shuffled, training=True)
        costs = (ops.softplus(-joint), ops.softplus(product))
        # A batch of one leaves the first half empty, whose mean is not a number.
        return sum(
            tf.math.divide_no_nan(ops.sum(cost), ops.cast(ops.size(cost), cost.dtype)) for cost in costs
        )

    def get_config(self):
        return {
            **super().get_config(),
            "gamma": keras.saving.serialize_keras_object(self.gamma),
            "width": self.width,
            "depth": self.depth,
            "learning_rate": self.learning_rate,
        }
