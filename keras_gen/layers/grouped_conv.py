"""Grouped convolution that can be trained on a CPU."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_gen")
class GroupedConv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D(groups=...)`, computed as one convolution a group.

    Weights, arguments and results are those of Conv2D. TensorFlow's own grouped kernel has a gradient on
    CPU that is tens of times slower than that of the same convolutions written side by side.
    """

    def convolution_op(self, inputs, kernel):
        convolve = super().convolution_op
        inputs = ops.split(inputs, self.groups, axis=-1)
        kernels = ops.split(kernel, self.groups, axis=-1)
        outputs = [convolve(*pair) for pair in zip(inputs, kernels, strict=True)]
        return ops.concatenate(outputs, axis=-1)
