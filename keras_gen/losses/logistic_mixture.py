"""The discretized mixture of logistics, a likelihood of 8-bit images."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_gen.errors import InputError
from keras_gen.losses.likelihoods import Likelihood
from keras_gen.training import noise

HALF_BIN = 1.0 / 255.0
COLORED = (3, 4)  # channels of color, without and with alpha
LEAST_LOG_SCALE = -7.0


@keras.saving.register_keras_serializable("keras_gen")
class DiscretizedLogisticMixture(Likelihood):
    """Probability of the 256 levels of a pixel under a mixture of logistics, cut into bins.

    The colors of a pixel come from one component. The mean of green depends linearly on red, that of blue on
    both; alpha on none. At each place the decoder gives for each component a logit, a mean and a log scale
    for each channel, and for color three coefficients.

    Source: Salimans et al. 2017, "PixelCNN++", section 2.1 and 2.2.

    Args:
        components: int >= 1.
        **kwargs: of `keras.layers.Layer`, such as `name`.

    Raises:
        InputError: there is no component.
    """

    takes = "logits"  # and means and log scales, which are of either sign too

    def __init__(self, components=10, **kwargs):
        if not isinstance(components, int) or components < 1:
            raise InputError(f"components must be at least 1, not {components!r}.")
        super().__init__(**kwargs)
        self.components = components

    def num_parameters(self, channels):
        return self.components * (1 + 2 * channels + (3 if channels in COLORED else 0))

    def check(self, x):
        super().check(x)
        level = (np.asarray(x, np.float64) + 1) / (2 * HALF_BIN)
        inside = (np.abs(x) <= 1) & (np.abs(level - np.rint(level)) < 1e-2)
        if not inside.all():
            raise InputError(
                "DiscretizedLogisticMixture takes the 256 levels of 8-bit images from -1 to 1, but the data "
                f"hold {np.asarray(x)[~inside][0]:.4g}: give 8-bit images, or another likelihood."
            )

    def _log_prob(self, x, parameters):
        logits, means, log_scales, coefficients = self._split(parameters)
        x = x[..., None, :]
        means = means + self._lean(x, coefficients)
        centered, inverse = x - means, ops.exp(-log_scales)
        upper, lower = inverse * (centered + HALF_BIN), inverse * (centered - HALF_BIN)
        # log(sigmoid(b) - sigmoid(a)) = log sigmoid(b) + log sigmoid(-a) + log(1 - exp(a - b)) is exact in
        # the tails too.
        inner = -ops.softplus(-upper) - ops.softplus(lower) + ops.log(-ops.expm1(-2.0 * HALF_BIN * inverse))
        # The bins of black and white extend to infinity.
        log_bins = ops.where(
            x < HALF_BIN - 1.0,
            -ops.softplus(-upper),
            ops.where(x > 1.0 - HALF_BIN, -ops.softplus(lower), inner),
        )
        log_components = ops.log_softmax(logits) + ops.sum(log_bins, axis=-1)
        return ops.logsumexp(log_components, axis=-1, keepdims=True)

    def mean(self, parameters):
        logits, means, log_scales, coefficients = self._split(parameters)
        colors = []
        for channel in range(means.shape[-1]):
            so_far = ops.stack(colors + [means[..., 0]] * (means.shape[-1] - channel), axis=-1)
            center = means[..., channel] + self._lean(so_far, coefficients)[..., channel]
            colors.append(_mean_within_range(center, ops.exp(log_scales[..., channel])))
        values = ops.stack(colors, axis=-1)
        return ops.sum(tf.nn.softmax(logits)[..., None] * values, axis=-2)

    def sample(self, parameters, seed):
        logits, means, log_scales, coefficients = self._split(parameters)
        which, where = tf.unstack(noise.split(seed, 2))
        uniform = noise.uniform(tf.shape(logits), which, 1e-7, 1.0)
        component = ops.argmax(logits - ops.log(-ops.log(uniform)), axis=-1)
        chosen = ops.one_hot(component, self.components, dtype="float32")

        def pick(values):
            return ops.sum(chosen[..., None] * values, axis=-2)

        means, log_scales, coefficients = pick(means), pick(log_scales), pick(coefficients)
        uniform = noise.uniform(tf.shape(means), where, 1e-5, 1.0 - 1e-5)
        spread = ops.exp(log_scales) * (ops.log(uniform) - ops.log1p(-uniform))
        colors = []
        for channel in range(means.shape[-1]):
            so_far = ops.stack(colors + [means[..., 0]] * (means.shape[-1] - channel), axis=-1)
            lean = self._lean(so_far, coefficients)[..., channel]
            colors.append(ops.clip(means[..., channel] + lean + spread[..., channel], -1.0, 1.0))
        values = ops.stack(colors, axis=-1)
        return ops.round((values + 1.0) / (2.0 * HALF_BIN)) * (2.0 * HALF_BIN) - 1.0

    def _split(self, parameters):
        """Logits (..., K), means, log scales (..., K, channels) and coefficients (..., K, 3)."""
        each = parameters.shape[-1] // self.components
        # The three coefficients of colors make the number even.
        channels = (each - 1) // 2 if each % 2 else (each - 4) // 2
        shape = ops.shape(parameters)
        parts = ops.reshape(parameters, (*shape[:-1], self.components, each))
        means, log_scales = parts[..., 1 : 1 + channels], parts[..., 1 + channels : 1 + 2 * channels]
        return (
            parts[..., 0],
            means,
            ops.maximum(log_scales, LEAST_LOG_SCALE),
            ops.tanh(parts[..., 1 + 2 * channels :]),
        )

    @staticmethod
    def _lean(x, coefficients):
        """The shift of the channels' means by the values of the channels before them."""
        if x.shape[-1] not in COLORED:
            return ops.zeros_like(x)
        red, green = x[..., 0], x[..., 1]
        on_red, blue_on_red, blue_on_green = (coefficients[..., i] for i in range(3))
        none = ops.zeros_like(red * on_red)
        leaning = [none, on_red * red, blue_on_red * red + blue_on_green * green]
        return ops.stack(leaning + [none] * (x.shape[-1] - 3), axis=-1)

    def get_config(self):
        return {**super().get_config(), "components": self.components}


def _mean_within_range(center, scale):
    """E[min(max(X, -1), 1)] of a logistic X, which is -1 + the integral of P(X > t) from -1 to 1."""
    return scale * (ops.softplus((center + 1.0) / scale) - ops.softplus((center - 1.0) / scale)) - 1.0
