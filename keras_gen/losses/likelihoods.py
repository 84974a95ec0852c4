"""Likelihoods: how probable media are given a decoder's output.

A likelihood turns a decoder's parameters (..., *places, numbers) into log-probability, mean and samples of
media in their model form (batch, *places, channels), for images in [-1, 1]. Log-probabilities are in nats,
summed over places and channels. `Gaussian` and `Laplace` give log densities on [-1, 1], the others
log-probabilities.
"""

import math

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_gen.errors import InputError
from keras_gen.training import noise
from keras_gen.training.precision import run

MAX_LEVELS = 256
# The learning rate of the logarithm of a learned scale, in learning rates of the networks. The logarithm is
# so many times what Adam moves, whose steps do not depend on the size of a gradient. The scale starts far
# above its final value, and until it falls the KL divergence weighs too much.
SCALE_SPEED = 10.0


class Likelihood(keras.layers.Layer):
    """Base of the likelihoods. All is computed in float32.

    `takes` names the kind of parameters, so that unfit decoders are refused: "media" for numbers in the range
    of media; "logits" for numbers of either sign; "levels" for logits of which only the differences count;
    None for anything.
    """

    takes = None

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.built = True

    def num_parameters(self, channels):
        """How many numbers the decoder gives at each place for media of so many channels."""
        return channels

    def decoded_size(self, shape):
        """How many numbers a decoder gives for one example of this shape."""
        return math.prod(shape[:-1]) * self.num_parameters(shape[-1])

    def check(self, x):
        """Refuses media outside the support.

        Args:
            x: array (num, *places, channels), in model form.

        Raises:
            InputError: a value has no probability.
        """
        if not np.isfinite(x).all():
            raise InputError(f"{type(self).__name__} takes finite values, but the data hold NaN or infinity.")

    def observe(self, x, seed=None):
        """What is modeled of media in their model form; by default the media themselves.

        Args:
            x: (batch, *places, channels).
            seed: two integers for likelihoods that draw their observation; None for its mean.

        Returns:
            A tensor of the same shape.
        """
        return x

    def log_prob(self, x, parameters):
        """Log-probability of each example.

        Args:
            x: (batch, *places, channels).
            parameters: (..., batch, *places, numbers).

        Returns:
            (..., batch), in nats.
        """
        return ops.sum(self._log_prob(x, parameters), axis=tuple(range(1 - len(x.shape), 0)))

    def log_prob_of_decoder(self, decoder, x, z, labels=None, training=False):
        """log p(x|z) of each example, where a decoder says what it is.

        Args:
            decoder: keras Model, latents [and labels] -> parameters.
            x: (batch, *places, channels).
            z: (..., batch, latent_dim).
            labels: int32 (batch,), or None.
            training: bool, for layers that do otherwise in training.

        Returns:
            (..., batch), in nats.
        """
        flat = tf.reshape(z, (-1, z.shape[-1]))
        if labels is not None:
            copies = tf.shape(flat)[0] // tf.shape(labels)[0]
            labels = tf.tile(labels, [copies, *[1] * (len(labels.shape) - 1)])
        parameters = run(decoder, flat, labels, training)
        shape = tf.concat([tf.shape(z)[:-1], tf.shape(parameters)[1:]], axis=0)
        parameters = tf.ensure_shape(tf.reshape(parameters, shape), (*z.shape[:-1], *parameters.shape[1:]))
        return self.log_prob(x, parameters)

    def decode(self, decoder, latents, labels=None):
        """The expected media (batch, *places, channels) of latents (batch, latent_dim)."""
        return self.mean(run(decoder, latents, labels))

    def parameters_of(self, decoder, latents, labels=None, x=None, training=False):
        """What a decoder says of latents, for `log_prob` and `mean`; one of text reads `x` as it writes."""
        return run(decoder, latents, labels, training)

    def _log_prob(self, x, parameters):
        """The log-probability of each value, (..., batch, *places, any)."""
        raise NotImplementedError

    def mean(self, parameters):
        """Expected media, (..., *places, channels)."""
        raise NotImplementedError

    def sample(self, parameters, seed):
        """Media drawn with a seed of two integers, (..., *places, channels)."""
        raise NotImplementedError


@keras.saving.register_keras_serializable("keras_gen")
class Bernoulli(Likelihood):
    """Black or white, -1 or 1; the parameters are logits of white.

    Args:
        binarize: what becomes of grays: "dynamic" draws black or white anew at each step, with the gray value
            as the probability of white (Salakhutdinov & Murray 2008; the protocol of Burda et al. 2016);
            "threshold" cuts in the middle; None refuses them.
        **kwargs: of `keras.layers.Layer`, such as `name`.

    Raises:
        InputError: `binarize` is none of these.
    """

    takes = "logits"

    def __init__(self, binarize=None, **kwargs):
        if binarize not in (None, "dynamic", "threshold"):
            raise InputError(f'binarize must be "dynamic", "threshold" or None, not {binarize!r}.')
        super().__init__(**kwargs)
        self.binarize = binarize

    def check(self, x):
        inside = np.abs(x) == 1 if self.binarize is None else np.abs(x) <= 1
        if not inside.all():
            raise InputError(
                "Bernoulli takes black (-1) and white (1), but the data hold "
                f"{np.asarray(x)[~inside][0]:.3g}: give "
                'Bernoulli(binarize="dynamic") or Bernoulli(binarize="threshold"), and media in [-1, 1].'
            )

    def observe(self, x, seed=None):
        if self.binarize == "threshold":
            return tf.where(x >= 0, 1.0, -1.0)
        if self.binarize is None or seed is None:
            return x
        return self._draw(x, seed)

    def _log_prob(self, x, parameters):
        return -ops.softplus(-x * parameters)

    def mean(self, parameters):
        return ops.tanh(parameters / 2.0)

    def sample(self, parameters, seed):
        return self._draw(self.mean(parameters), seed)

    def _draw(self, mean, seed):
        return tf.where(noise.uniform(tf.shape(mean), seed, -1.0, 1.0) < mean, 1.0, -1.0)

    def get_config(self):
        return {**super().get_config(), "binarize": self.binarize}


class LocationScale(Likelihood):
    """Base of the location-scale densities: the decoder gives the location; one scale holds for all values.

    Args:
        scale: float > 0 in units of the model form, or "learned" for one learned number (the sigma-VAE of
            Rybkin et al. 2021), which balances reconstruction and prior.
        **kwargs: of `keras.layers.Layer`, such as `name`.

    Raises:
        InputError: `scale` is not positive.
    """

    takes = "media"

    def __init__(self, scale="learned", **kwargs):
        number = isinstance(scale, (int, float)) and not isinstance(scale, bool)
        if scale != "learned" and not (number and 0 < scale < math.inf):
            raise InputError(f'scale must be a positive number or "learned", not {scale!r}.')
        super().__init__(**kwargs)
        self._scale = float(scale) if number else scale
        self._slow_log_scale = None
        if scale == "learned":
            self._slow_log_scale = self.add_weight(name="slow_log_scale", shape=(), initializer="zeros")

    @property
    def scale(self):
        """The current scale."""
        return (
            ops.convert_to_tensor(self._scale, "float32")
            if self._slow_log_scale is None
            else ops.exp(self.log_scale)
        )

    @property
    def log_scale(self):
        return (
            ops.log(self.scale)
            if self._slow_log_scale is None
            else SCALE_SPEED * ops.convert_to_tensor(self._slow_log_scale)
        )

    def mean(self, parameters):
        return parameters

    def get_config(self):
        return {**super().get_config(), "scale": self._scale}


@keras.saving.register_keras_serializable("keras_gen")
class Gaussian(LocationScale):
    """Normal about the decoder's output; `scale` is the standard deviation.

    Args:
        scale: float > 0, or "learned".

    Raises:
        InputError: `scale` is not positive.
    """

    def _log_prob(self, x, parameters):
        squared = ops.square((x - parameters) / self.scale)
        return -squared / 2.0 - self.log_scale - math.log(2.0 * math.pi) / 2.0

    def sample(self, parameters, seed):
        return parameters + self.scale * noise.normal(tf.shape(parameters), seed)


@keras.saving.register_keras_serializable("keras_gen")
class Laplace(LocationScale):
    """Laplace about the decoder's output; `scale` is the mean absolute deviation.

    Args:
        scale: float > 0, or "learned".

    Raises:
        InputError: `scale` is not positive.
    """

    def _log_prob(self, x, parameters):
        return -ops.abs(x - parameters) / self.scale - self.log_scale - math.log(2.0)

    def sample(self, parameters, seed):
        # The smallest uniform keeps the logarithm finite.
        sides = noise.uniform(tf.shape(parameters), seed, -1.0 + 1e-7, 1.0)
        return parameters - self.scale * ops.sign(sides) * ops.log1p(-ops.abs(sides))


@keras.saving.register_keras_serializable("keras_gen")
class Categorical(Likelihood):
    """Any distribution over a few gray levels; the parameters are logits of each level of each channel.

    Args:
        levels: int from 2 to 256, evenly spaced from -1 to 1. Other values are refused, or with
            `quantize=True` rounded to the nearest level.
        quantize: bool.
        **kwargs: of `keras.layers.Layer`, such as `name`.

    Raises:
        InputError: there are fewer than 2 levels or more than 256.
    """

    takes = "levels"

    def __init__(self, levels=256, quantize=False, **kwargs):
        if not isinstance(levels, int) or not 2 <= levels <= MAX_LEVELS:
            raise InputError(f"levels must be from 2 to {MAX_LEVELS}, not {levels!r}.")
        super().__init__(**kwargs)
        self.levels, self.quantize = levels, quantize

    def num_parameters(self, channels):
        return channels * self.levels

    def check(self, x):
        super().check(x)
        level = (np.asarray(x, np.float64) + 1) / 2 * (self.levels - 1)
        inside = np.abs(x) <= 1
        if not self.quantize:
            inside &= np.abs(level - np.rint(level)) < 1e-3
        if not inside.all():
            raise InputError(
                f"Categorical takes {self.levels} levels from -1 to 1, but the data hold "
                f"{np.asarray(x)[~inside][0]:.3g}: give Categorical(quantize=True), or other levels."
            )

    def observe(self, x, seed=None):
        return self._value(self._level(x)) if self.quantize else x

    def _level(self, x):
        return ops.cast(ops.round((x + 1.0) / 2.0 * (self.levels - 1)), "int32")

    def _value(self, level):
        return ops.cast(level, "float32") * (2.0 / (self.levels - 1)) - 1.0

    def _log_levels(self, parameters):
        """Log-probability of each level, (..., channels, levels)."""
        shape = ops.shape(parameters)
        return ops.log_softmax(
            ops.reshape(parameters, (*shape[:-1], parameters.shape[-1] // self.levels, self.levels))
        )

    def _log_prob(self, x, parameters):
        chosen = ops.one_hot(self._level(x), self.levels, dtype="float32")
        return ops.sum(chosen * self._log_levels(parameters), axis=-1)

    def mean(self, parameters):
        return ops.sum(
            ops.exp(self._log_levels(parameters)) * self._value(ops.arange(self.levels, dtype="int32")),
            axis=-1,
        )

    def sample(self, parameters, seed):
        logits = self._log_levels(parameters)
        # The argmax of logits plus Gumbel noise is a draw from the softmax.
        uniform = noise.uniform(tf.shape(logits), seed, 1e-7, 1.0)
        return self._value(ops.argmax(logits - ops.log(-ops.log(uniform)), axis=-1))

    def get_config(self):
        return {**super().get_config(), "levels": self.levels, "quantize": self.quantize}
