"""A decorator that shields builders of networks from Keras' global settings."""

import functools

import keras

from keras_gen.errors import InputError
from keras_gen.training.precision import weights_in_float32


def builder(build):
    """Decorates a function that builds networks: weights become float32, and channels come last.

    Args:
        build: function that returns networks.

    Returns:
        A function of the same arguments, which raises `InputError` if Keras' image data format is
        "channels_first".
    """

    @functools.wraps(build)
    def built(*args, **kwargs):
        check_image_data_format()
        with weights_in_float32():
            return build(*args, **kwargs)

    return built


def check_image_data_format():
    """Raises `InputError` if Keras builds layers with channels first."""
    if keras.config.image_data_format() == "channels_first":
        raise InputError(
            "keras_gen builds networks whose channels come last, but Keras' image data format is "
            "channels_first: call "
            'keras.config.set_image_data_format("channels_last").'
        )
