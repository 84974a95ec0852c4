"""Tighter bounds on the likelihood, from several draws of the latents."""

import keras
import tensorflow as tf
from keras import ops

from keras_gen import noise
from keras_gen.errors import InputError
from keras_gen.losses.normal import log_mean_exp
from keras_gen.losses.objectives import Objective, Outcome


@keras.saving.register_keras_serializable("keras_gen")
class IWAE(Objective):
    """log 1/K sum_k p(x, z_k) / q(z_k|x), a bound that rises with K and is the ELBO at K = 1.

    Source: Burda et al. 2016, arXiv 1509.00519, equation 8.

    Args:
        samples: int K >= 1; each costs a decoder pass.

    Raises:
        InputError: there is no sample.
    """

    terms = ()

    def __init__(self, samples=5):
        if not isinstance(samples, int) or samples < 1:
            raise InputError(f"samples must be a whole number from 1, not {samples!r}.")
        self.samples = samples

    def __call__(self, model, x, labels, seed, seen=None):
        posterior = model.posterior(x if seen is None else seen, labels, training=True)
        shape = tf.concat([[self.samples], tf.shape(posterior.mean)], axis=0)
        draws = tf.ensure_shape(noise.normal(shape, seed), (self.samples, *posterior.mean.shape))
        weights = []
        posterior, z = self.paths(posterior, posterior.sample(draws), weights)
        log_likelihood = model.log_likelihood(x, z, labels, training=True)
        log_ratio = model.prior.log_prob(z) - ops.sum(posterior.log_prob(z), axis=-1)
        log_weights = log_likelihood + log_ratio
        weights.append(tf.stop_gradient(tf.nn.softmax(log_weights, axis=0)))
        loss = -ops.mean(log_mean_exp(log_weights))
        return Outcome(loss, -ops.mean(log_likelihood, axis=0), -ops.mean(log_ratio, axis=0), {}, z[0])

    def paths(self, posterior, z, weights):
        """What gradients flow through: the posterior that weighs and its draws (K, batch, dim).

        `weights` holds the normalized weights (K, batch) by the time that gradients are taken.
        """
        return posterior, z

    def get_config(self):
        return {"samples": self.samples}


@keras.saving.register_keras_serializable("keras_gen")
class DReG(IWAE):
    """The IWAE bound with the doubly-reparameterized gradient of the encoder, whose variance does not grow with K.

    With normalized weights w_k, the encoder learns from sum_k w_k^2 d log(p(x, z_k)/q(z_k|x))/dz_k dz_k/dphi, everything
    else from sum_k w_k d log p(x, z_k). Both come from one backward pass: the gradient is multiplied by w_k once more where
    it passes from the decoder through z_k to the encoder.

    Source: Tucker et al. 2019, arXiv 1810.04152, equation 8.

    Args:
        samples: int K >= 1.

    Raises:
        InputError: there is no sample.
    """

    def paths(self, posterior, z, weights):
        @tf.custom_gradient
        def weighted(z):
            return tf.identity(z), lambda upstream: upstream * weights[0][..., None]

        return posterior.stopped(), weighted(z)
