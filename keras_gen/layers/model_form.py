"""The conversion of packed media to their model form as a layer."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("keras_gen")
class ModelForm(keras.layers.Layer):
    """Packed media (batch, *media.shape) -> their model form (batch, *media.model_shape).

    Args:
        media: a `Media`.
        **kwargs: of `keras.layers.Layer`, such as `name`.
    """

    def __init__(self, media, **kwargs):
        super().__init__(**kwargs)
        self.media = media
        self.built = True

    def call(self, packed):
        return tf.cast(self.media.to_model(packed), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.media.model_shape)

    def get_config(self):
        return {**super().get_config(), "media": keras.saving.serialize_keras_object(self.media)}

    @classmethod
    def from_config(cls, config):
        return cls(**keras.saving.deserialize_keras_object(config))
