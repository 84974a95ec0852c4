"""Penalties on the input gradient of the discriminator: the gradient of its logit with respect to the image.

A penalty says where the input gradient is taken (`at`) and what it costs. The model takes the input gradient once for all penalties that
look at the same images, always with respect to the image before augmentation, through the augmentation.
"""

import keras
from keras import ops

from keras_gen import schedules


class InputGradientPenalty:
    """Base of the penalties: `penalty(input_gradient, examples)` is its cost for each example.

    Args:
        weight: float >= 0 or a `Schedule`.
    """

    at = None  # "real", "fake" or "interpolated"

    def __init__(self, weight):
        self.weight = schedules.get(weight)

    def cost(self, input_gradient):
        raise NotImplementedError

    def __call__(self, input_gradient, examples):
        """The weighted penalty.

        Args:
            input_gradient: (batch, ...) gradient of each example's logit with respect to the example.
            examples: examples seen so far, the clock of the weight.

        Returns:
            (batch,) float.
        """
        return self.weight(examples) * self.cost(
            ops.reshape(input_gradient, (ops.shape(input_gradient)[0], -1))
        )

    def get_config(self):
        return {"weight": keras.saving.serialize_keras_object(self.weight)}

    @classmethod
    def from_config(cls, config):
        return cls(keras.saving.deserialize_keras_object(config["weight"]))


@keras.saving.register_keras_serializable("keras_gen")
class R1(InputGradientPenalty):
    """weight/2 ||grad_x D(x)||^2 at real images, summed over all dimensions (Mescheder et al. 2018).

    Args:
        weight: float >= 0 or a `Schedule`, the paper's gamma.
    """

    at = "real"

    def cost(self, input_gradient):
        return ops.sum(ops.square(input_gradient), axis=-1) / 2.0


@keras.saving.register_keras_serializable("keras_gen")
class R2(R1):
    """weight/2 ||grad_x D(x)||^2 at generated images, summed over all dimensions (Mescheder et al. 2018).

    Args:
        weight: float >= 0 or a `Schedule`, the paper's gamma.
    """

    at = "fake"


@keras.saving.register_keras_serializable("keras_gen")
class GradientPenalty(InputGradientPenalty):
    """weight (||grad_x D(x)|| - 1)^2 on lines between real and generated images (Gulrajani et al. 2017).

    Args:
        weight: float >= 0 or a `Schedule`, the paper's lambda.
    """

    at = "interpolated"

    def __init__(self, weight=10.0):
        super().__init__(weight)

    def cost(self, input_gradient):
        squared = ops.sum(ops.square(input_gradient), axis=-1)
        # The square root has no gradient at 0, where a flat discriminator would poison the weights.
        norm = ops.sqrt(ops.maximum(squared, keras.config.epsilon() ** 2))
        return ops.square(norm - 1.0)
