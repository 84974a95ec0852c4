"""Doubling and halving images through the low-pass filter [1, 3, 3, 1]."""

import keras
import numpy as np
import tensorflow as tf


@keras.saving.register_keras_serializable("keras_gen")
class FilteredUpSampling2D(keras.layers.Layer):
    """Doubles height and width, smoothed by the separable filter [1, 3, 3, 1] / 4.

    Beyond the borders the image counts as zero. Inputs (batch, H, W, C), outputs (batch, 2H, 2W, C).

    Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", section 4.
    """

    def call(self, inputs):
        # [1, 3, 3, 1] = [1, 1] * [1, 2, 1]: repeat each pixel, then blur. The repetition is written as a
        # depth-to-space because the gradient of nearest-neighbor resizing has no gradient itself.
        repeated = tf.nn.depth_to_space(tf.concat([inputs] * 4, axis=-1), 2)
        return _depthwise(repeated, [1, 2, 1], stride=1)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return batch, 2 * height, 2 * width, channels


@keras.saving.register_keras_serializable("keras_gen")
class FilteredDownSampling2D(keras.layers.Layer):
    """Halves height and width, both even, after smoothing by the separable filter [1, 3, 3, 1] / 8.

    Beyond the borders the image counts as zero. Inputs (batch, H, W, C), outputs (batch, H/2, W/2, C).

    Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", section 4.
    """

    def call(self, inputs):
        return _depthwise(inputs, [1, 3, 3, 1], stride=2)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return batch, height // 2, width // 2, channels


def _depthwise(x, taps, stride):
    taps = np.array(taps) / np.sum(taps)
    kernel = np.tile(np.outer(taps, taps)[:, :, None, None], (1, 1, x.shape[-1], 1))
    return tf.nn.depthwise_conv2d(x, tf.constant(kernel, x.dtype), (1, stride, stride, 1), "SAME")
