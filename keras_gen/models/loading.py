"""Loading a saved model."""

from pathlib import Path

import keras

from keras_gen import layers, losses, media, schedules  # noqa: F401  registers what a file may name
from keras_gen.errors import InputError


def load_model(path):
    """A model as it was saved: weights, averages, optimizers and clock, so that training goes on exactly.

    Args:
        path: of a `.keras` file.

    Returns:
        A compiled `GenerativeModel`.

    Raises:
        InputError: there is no such file.
    """
    if not Path(path).is_file():
        raise InputError(f"There is no saved model at {path}.")
    return keras.saving.load_model(path)
