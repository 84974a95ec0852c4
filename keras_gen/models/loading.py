"""Loading a saved model."""

from pathlib import Path

import keras

from keras_gen import layers, losses, media, networks, training  # noqa: F401  registers what a file may name
from keras_gen.errors import InputError
from keras_gen.models.generative_model import GenerativeModel

LONGEST_CAUSE = 300  # characters


def load_model(path):
    """A model as it was saved: weights, averages, optimizers and clock, so that training goes on exactly.

    Args:
        path: of a `.keras` file.

    Returns:
        A compiled `GenerativeModel`.

    Raises:
        InputError: there is no such file, or it holds no model of this kit.
    """
    if not Path(path).is_file():
        raise InputError(f"There is no saved model at {path}.")
    try:
        model = keras.saving.load_model(path)
    except Exception as error:  # a damaged archive fails in as many ways as it has layers
        # Keras tells the whole config before the cause.
        cause = str(error).rpartition("Exception encountered: ")[2].partition("\n")[0]
        raise InputError(f"{path} cannot be read as a saved model: {cause[:LONGEST_CAUSE]}") from error
    if not isinstance(model, GenerativeModel):
        raise InputError(f"{path} holds a {type(model).__name__}, not a model of this kit.")
    return model
