"""The small learned image from which a generator grows."""

import keras


@keras.saving.register_keras_serializable("keras_gen")
class LearnedBasis(keras.layers.Layer):
    """A learned feature map, each channel multiplied by one number of the input.

    Inputs (batch, C), outputs (batch, rows, columns, C).

    Source: Huang et al. 2025, "The GAN is dead; long live the GAN!" (arXiv 2501.05441).

    Args:
        size: (rows, columns) of the map, or one number for both.
        **kwargs: of `keras.layers.Layer`, such as `name`.
    """

    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size = (size, size) if isinstance(size, int) else tuple(size)

    def build(self, input_shape):
        shape = (*self.size, input_shape[-1])
        self.basis = self.add_weight(
            shape=shape, initializer=keras.initializers.RandomNormal(stddev=1.0), name="basis"
        )

    def call(self, inputs):
        return inputs[:, None, None, :] * self.basis

    def get_config(self):
        return {**super().get_config(), "size": self.size}
