"""What every builder of networks does before it builds: it sees to Keras' settings of the process."""

import functools

import keras

from keras_gen.errors import InputError
from keras_gen.networks.precision import weights_in_float32


def builder(build):
    """Marks a function that builds networks: their weights are float32, and their channels come last.

    Args:
        build: function that returns networks.

    Returns:
        A function of the same arguments, which raises `InputError` where Keras' image data format is
        "channels_first".
    """

    @functools.wraps(build)
    def built(*args, **kwargs):
        check_image_data_format()
        with weights_in_float32():
            return build(*args, **kwargs)

    return built


def check_image_data_format():
    """Raises `InputError` where Keras builds layers whose channels come first."""
    if keras.config.image_data_format() == "channels_first":
        raise InputError(
            "keras_gen builds networks whose channels come last, but Keras' image data format is "
            "channels_first: call "
            'keras.config.set_image_data_format("channels_last").'
        )
