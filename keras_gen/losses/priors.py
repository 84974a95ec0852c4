"""Priors: the distributions of latents.

A model binds its prior to its encoder once. `draw` turns standard normal noise into latents, so that equal
noise gives comparable latents under every prior.
"""

import math

import keras
import numpy as np
import sklearn.mixture
from keras import ops

from keras_gen.errors import InputError
from keras_gen.losses.normal import DiagonalNormal, log_mean_exp


class Prior(keras.layers.Layer):
    """Base of the priors. All is computed in float32."""

    standard_normal = (
        False  # whether it is N(0, 1) in each dimension, so that each has a KL divergence in closed form
    )
    sampling_only = False  # whether it has no density, and is fitted to the latents of a trained model

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})

    def bind(self, encode, media_shape, latent_dim, num_classes=None):
        """Binds the prior to a model's encoder.

        Args:
            encode: function of media in their model form (num, *media_shape) -> `DiagonalNormal` over
                latents.
            media_shape: tuple of ints.
            latent_dim: int.
            num_classes: int, a tuple of n ints for n labels an example, or None without labels.

        Raises:
            InputError: the prior has weights of its own, and belongs to another model already.
        """
        if self.weights:
            raise InputError(
                f"This {type(self).__name__} belongs to a model already: give each model one of its own."
            )
        self.built = True

    def log_prob(self, z):
        """Log density of latents (..., dim) -> (...), in nats."""
        raise NotImplementedError

    def kl(self, posterior, z):
        """KL(q(z|x) || p(z)) of each example in nats, (batch,), if need be estimated at the draw z."""
        return ops.sum(posterior.log_prob(z), axis=-1) - self.log_prob(z)

    def draw(self, noise, choice, labels=None):
        """Latents.

        Args:
            noise: (num, dim), standard normal.
            choice: (num,) uniform in [0, 1), which chooses the component of a mixture.
            labels: int32 (num,), of n labels (num, n), or None; for priors that depend on them.

        Returns:
            (num, dim).
        """
        raise NotImplementedError


@keras.saving.register_keras_serializable("keras_gen")
class StandardNormal(Prior):
    """N(0, 1) in every dimension (Kingma & Welling 2014)."""

    standard_normal = True

    def log_prob(self, z):
        return -ops.sum(ops.square(z) + math.log(2.0 * math.pi), axis=-1) / 2.0

    def kl(self, posterior, z):
        return ops.sum(posterior.kl_from_standard(), axis=-1)

    def draw(self, noise, choice, labels=None):
        return noise


class Mixture(Prior):
    """Base of the priors of several components.

    Args:
        components: int >= 1.
        **kwargs: of `keras.layers.Layer`, such as `name`.

    Raises:
        InputError: there is no component.
    """

    def __init__(self, components, **kwargs):
        if not isinstance(components, int) or components < 1:
            raise InputError(f"components must be a whole number from 1, not {components!r}.")
        super().__init__(**kwargs)
        self.components = components

    def get_config(self):
        return {**super().get_config(), "components": self.components}


@keras.saving.register_keras_serializable("keras_gen")
class VampPrior(Mixture):
    """The mixture of the posteriors of learned pseudo-inputs: p(z) = 1/K sum_k q(z | u_k).

    Source: Tomczak & Welling 2018, arXiv 1705.07120, equation 9.

    Args:
        components: int K >= 1; 500 on MNIST in the paper. Each costs an encoder pass over one example at
            every step.
        **kwargs: of `keras.layers.Layer`, such as `name`.

    Raises:
        InputError: there is no component.
    """

    def __init__(self, components=500, **kwargs):
        super().__init__(components, **kwargs)

    def bind(self, encode, media_shape, latent_dim, num_classes=None):
        super().bind(encode, media_shape, latent_dim, num_classes)
        self.pseudo_inputs = self.add_weight(
            name="pseudo_inputs",
            shape=(self.components, *media_shape),
            initializer=keras.initializers.RandomNormal(stddev=0.1, seed=0),
        )
        self._encode = encode

    def mixture(self):
        """The components as a `DiagonalNormal` of a batch of K."""
        return self._encode(ops.clip(self.pseudo_inputs, -1.0, 1.0))

    def log_prob(self, z):
        flat = ops.reshape(z, (-1, z.shape[-1]))
        log_probs = log_mean_exp(self.mixture().pairwise_log_prob(flat), axis=-1)
        return ops.reshape(log_probs, ops.shape(z)[:-1])

    def draw(self, noise, choice, labels=None):
        # Rounding may turn a choice near 1 into K.
        chosen = ops.minimum(ops.cast(choice * self.components, "int32"), self.components - 1)
        return DiagonalNormal(*(ops.take(part, chosen, axis=0) for part in self.mixture())).sample(noise)


@keras.saving.register_keras_serializable("keras_gen")
class GaussianMixture(Mixture):
    """A mixture of normals with full covariances, fitted to a trained model's latents: for sampling only.

    The latents of real data rarely fill the prior; samples from a distribution fitted to them are better
    (Ghosh et al. 2020, arXiv 1903.12436, section 4).

    Args:
        components: int >= 1; 10 in the paper.
        **kwargs: of `keras.layers.Layer`, such as `name`.

    Raises:
        InputError: there is no component.
    """

    sampling_only = True

    def __init__(self, components=10, **kwargs):
        super().__init__(components, **kwargs)

    def bind(self, encode, media_shape, latent_dim, num_classes=None):
        super().bind(encode, media_shape, latent_dim, num_classes)

        def weight(name, *shape):
            return self.add_weight(name=name, shape=shape, initializer="zeros", trainable=False)

        self.shares = weight("shares", self.components)
        self.means = weight("means", self.components, latent_dim)
        self.factors = weight("factors", self.components, latent_dim, latent_dim)

    def fit(self, posterior, labels=None, seed=0):
        """Fits the mixture by expectation-maximization to one draw of each latent.

        Args:
            posterior: `DiagonalNormal` of arrays (num, dim), of all examples, with num >= components.
            labels: of no use: the mixture is the same for all.
            seed: int, of the draws and of the initial assignment.

        Raises:
            InputError: there are fewer examples than components.
        """
        num = len(posterior.mean)
        if num < self.components:
            raise InputError(f"{self.components} components need as many examples, not {num}.")
        draws = np.random.default_rng(seed).normal(size=posterior.mean.shape).astype(np.float32)
        # In float32 what keeps the covariance of a component of one example regular is rounded away.
        latents = np.asarray(posterior.sample(draws), np.float64)
        fitted = sklearn.mixture.GaussianMixture(self.components, random_state=seed).fit(latents)
        self.shares.assign(fitted.weights_)
        self.means.assign(fitted.means_)
        self.factors.assign(np.linalg.cholesky(fitted.covariances_))

    def draw(self, noise, choice, labels=None):
        # Rounding may leave the last sum a little below 1.
        passed = ops.cumsum(self.shares)[:-1]
        chosen = ops.sum(ops.cast(choice[:, None] >= passed, "int32"), axis=-1)
        mean, factor = (ops.take(part, chosen, axis=0) for part in (self.means, self.factors))
        return mean + ops.squeeze(ops.matmul(factor, noise[..., None]), axis=-1)
