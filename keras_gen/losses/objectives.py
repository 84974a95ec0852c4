"""Objectives of a VAE: the evidence lower bound and variants of its KL divergence.

An objective is called with a model, a batch and a seed. It asks the model for the posterior and the
log-likelihood, and returns the loss with everything that was computed on the way. Most objectives override
one method, the regularizer. All costs are in nats: summed over dimensions, then averaged over the batch.
"""

from typing import NamedTuple

import keras
import tensorflow as tf
from keras import ops

from keras_gen.errors import InputError, unknown
from keras_gen.losses.normal import DiagonalNormal
from keras_gen.losses.priors import Prior
from keras_gen.training import noise, schedules


class Draw(NamedTuple):
    """One batch and one draw of its latents: what a regularizer looks at.

    Args:
        posterior: q(z|x), a `DiagonalNormal` (batch, dim).
        z: the draw, (batch, dim).
        kl: KL(q(z|x) || p(z)) of each example, (batch,).
        prior: the model's `Prior`.
        examples: examples seen so far, the clock of schedules.
        seed: two integers, for regularizers that draw.
        adversary: the network that the objective made for this model, if it makes one.
    """

    posterior: DiagonalNormal
    z: tf.Tensor
    kl: tf.Tensor
    prior: Prior
    examples: tf.Tensor
    seed: tf.Tensor
    adversary: keras.Model | None = None

    @property
    def kl_of_dimensions(self):
        """The same for each dimension, (batch, dim), under a standard normal prior."""
        return self.posterior.kl_from_standard()


class Outcome(NamedTuple):
    """What an objective computed.

    Args:
        loss: scalar, to be made small.
        reconstruction: -log p(x|z), (batch,).
        kl: KL(q(z|x) || p(z)), (batch,).
        terms: name -> scalar, what entered the loss beside the reconstruction.
        z: the draw, (batch, dim).
    """

    loss: tf.Tensor
    reconstruction: tf.Tensor
    kl: tf.Tensor
    terms: dict
    z: tf.Tensor


class Objective:
    """Base of the objectives: reconstruction plus a regularizer.

    An objective whose `make_adversary` makes a network, which learns beside the model, also has
    `adversary_optimizer()` and `adversary_loss(adversary, z, seed)`.
    """

    terms = ("regularizer",)  # names of what `regularizer` returns
    needs_standard_normal = False

    def make_adversary(self, latent_dim):
        """A network that the regularizer needs, one for each model; by default none."""

    def regularizer(self, draw):
        """The cost of latents: name -> (batch,) or scalar, in nats; the loss takes the sum."""
        raise NotImplementedError

    def __call__(self, model, x, labels, seed, seen=None):
        """The loss of a batch.

        Args:
            model: has `posterior(x, labels)`, `log_likelihood(x, z, labels)`, `prior`, `examples_seen` and
                `adversary`.
            x: what is modeled, (batch, ...).
            labels: int32 (batch,) or None.
            seed: two integers.
            seen: what the encoder sees instead of `x`, (batch, ...), or None.

        Returns:
            An `Outcome`.
        """
        noise_seed, own_seed = tf.unstack(noise.split(seed, 2))
        posterior = model.posterior(x if seen is None else seen, labels, training=True)
        z = posterior.sample(noise.normal(tf.shape(posterior.mean), noise_seed))
        kl = model.prior.kl(posterior, z)
        draw = Draw(posterior, z, kl, model.prior, model.examples_seen, own_seed, model.adversary)
        reconstruction = -model.log_likelihood(x, z, labels, training=True)
        terms = {name: ops.mean(cost) for name, cost in self.regularizer(draw).items()}
        loss = ops.mean(reconstruction) + sum(terms.values())
        return Outcome(loss, reconstruction, kl, terms, z)

    @property
    def without_noise(self):
        """The objective of an autoencoder in its place, which reports the same terms."""
        return Reconstruction(self.terms)

    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls(**{name: _deserialize(value) for name, value in config.items()})


class Reconstruction(Objective):
    """Reconstruction from the posterior's mean, and nothing else: an autoencoder.

    Args:
        terms: names of costs that are reported, which are nothing here.
    """

    def __init__(self, terms=()):
        self.terms = terms

    def __call__(self, model, x, labels, seed, seen=None):
        posterior = model.posterior(x if seen is None else seen, labels, training=True)
        z = posterior.mean
        reconstruction = -model.log_likelihood(x, z, labels, training=True)
        nothing = dict.fromkeys(self.terms, tf.zeros(()))
        return Outcome(ops.mean(reconstruction), reconstruction, model.prior.kl(posterior, z), nothing, z)


def weight(name, value):
    """The schedule of a weight, which must not be negative.

    Args:
        name: of the argument.
        value: float >= 0 or a `Schedule`.

    Raises:
        InputError: it is neither.
    """
    if isinstance(value, (int, float)) and value < 0:
        raise InputError(f"{name} must be at least 0, not {value}.")
    return schedules.get(value)


def _deserialize(value):
    return keras.saving.deserialize_keras_object(value) if isinstance(value, dict) else value


@keras.saving.register_keras_serializable("keras_gen")
class ELBO(Objective):
    """The negative evidence lower bound, with the KL divergence beta times as strong.

    Source: Kingma & Welling 2014 (beta = 1); Higgins et al. 2017, beta-VAE (beta > 1).

    Args:
        beta: float >= 0 or a `Schedule`, such as `WarmUp(1.0, examples)` or `Cyclical(1.0, examples)`.
    """

    def __init__(self, beta=1.0):
        self.beta = weight("beta", beta)

    def regularizer(self, draw):
        return {"regularizer": self.beta(draw.examples) * draw.kl}

    def get_config(self):
        return {"beta": keras.saving.serialize_keras_object(self.beta)}


def kingma(kl, nats):
    """sum_j max(nats, batch mean of KL_j): `nats` of each dimension are free (Kingma et al. 2016, eq. 15)."""
    return ops.sum(ops.maximum(ops.mean(kl, axis=0), nats))


def total(kl, nats):
    """max(KL - nats, 0): `nats` of each example are free, over all dimensions."""
    return ops.relu(ops.sum(kl, axis=-1) - nats)


def li(kl, nats):
    """sum_j KL_j [KL_j > nats] of each example: nothing below `nats` counts (Li et al. 2019, section 3.3)."""
    return ops.sum(ops.where(kl > nats, kl, 0.0), axis=-1)


FREE_BITS = {"kingma": kingma, "total": total, "li": li}


@keras.saving.register_keras_serializable("keras_gen")
class FreeBits(ELBO):
    """The ELBO in which some information in the latents costs nothing, against posterior collapse.

    Args:
        nats: float >= 0, what is free: for each dimension ("kingma", "li") or in all ("total").
        form: "kingma", "total" or "li": see the functions of these names in `keras_gen.losses.objectives`.
        beta: float >= 0 or a `Schedule`.

    Raises:
        InputError: `form` is none of these, or `nats` is negative.
    """

    needs_standard_normal = True

    def __init__(self, nats=0.5, form="kingma", beta=1.0):
        if form not in FREE_BITS:
            raise unknown("form of free bits", form, FREE_BITS)
        if nats < 0:
            raise InputError(f"nats must be at least 0, not {nats}.")
        super().__init__(beta)
        self.nats, self.form = nats, form

    def regularizer(self, draw):
        cost = FREE_BITS[self.form](draw.kl_of_dimensions, self.nats)
        return {"regularizer": self.beta(draw.examples) * cost}

    def get_config(self):
        return {**super().get_config(), "nats": self.nats, "form": self.form}


@keras.saving.register_keras_serializable("keras_gen")
class Capacity(Objective):
    """gamma |KL - C| with a rising capacity C (Burgess et al. 2018, arXiv 1804.03599, equation 8).

    KL is the mean over the batch.

    Args:
        capacity: float >= 0 or a `Schedule`, C in nats, such as `Linear(0, 25, examples)`.
        gamma: float >= 0 or a `Schedule`; 1000 in the paper.
    """

    def __init__(self, capacity, gamma=1000.0):
        self.capacity, self.gamma = weight("capacity", capacity), weight("gamma", gamma)

    def regularizer(self, draw):
        missed = ops.abs(ops.mean(draw.kl) - self.capacity(draw.examples))
        return {"regularizer": self.gamma(draw.examples) * missed}

    def get_config(self):
        return {
            "capacity": keras.saving.serialize_keras_object(self.capacity),
            "gamma": keras.saving.serialize_keras_object(self.gamma),
        }
