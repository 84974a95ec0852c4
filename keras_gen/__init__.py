"""A training kit for generative models on Keras 3 and TensorFlow: from raw files to a served model.

Importing the package is quick: TensorFlow is imported when a name that needs it is first used.
"""

import importlib
import os

from keras_gen.errors import InputError
from keras_gen.registration import register_with_keras

__version__ = "0.1.0"

_HOMES = {  # names at the front door -> the room they live in
    "Audio": "media",
    "GAN": "models",
    "GenerativeModel": "models",
    "Image": "media",
    "LanguageModel": "models",
    "Text": "media",
    "TextVAE": "models",
    "VAE": "models",
    "VQVAE": "models",
    "load_model": "models",
}
_WITHOUT_TENSORFLOW = ("errors", "recipes")

__all__ = [
    "Audio",
    "GAN",
    "GenerativeModel",
    "Image",
    "InputError",
    "LanguageModel",
    "Text",
    "TextVAE",
    "VAE",
    "VQVAE",
    "callbacks",
    "datasets",
    "distribution",
    "errors",
    "evaluation",
    "export",
    "layers",
    "load_model",
    "losses",
    "media",
    "metrics",
    "models",
    "networks",
    "recipes",
    "schedules",
    "tuners",
]


def require_tensorflow_backend():
    """Raises `InputError` where Keras runs on another backend."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if backend == "tensorflow":
        import keras

        backend = keras.config.backend()
    if backend != "tensorflow":
        raise InputError(
            f"keras_gen trains on TensorFlow, but the Keras backend is {backend!r}: set KERAS_BACKEND=tensorflow before "
            "keras is imported."
        )


def __getattr__(name):
    if name not in __all__:
        raise AttributeError(f"module 'keras_gen' has no attribute {name!r}")
    room = _HOMES.get(name, name)
    if room not in _WITHOUT_TENSORFLOW:
        require_tensorflow_backend()
    module = importlib.import_module(f"keras_gen.{room}")
    return getattr(module, name) if name in _HOMES else module


def __dir__():
    return __all__


register_with_keras()
