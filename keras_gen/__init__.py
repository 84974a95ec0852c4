"""A training kit for generative models on Keras 3 and TensorFlow: from raw files to a served model.

`__init__.pyi` lists the names. Each is imported at its first use, so that `import keras_gen` is quick.
"""

import os

import lazy_loader

from keras_gen import compiled_programs
from keras_gen.errors import InputError
from keras_gen.registration import register_with_keras

__version__ = "0.1.0"

_lazy_getattr, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
_WITHOUT_TENSORFLOW = ("errors", "recipes")


def require_tensorflow_backend():
    """Raises `InputError` where Keras runs on another backend."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if backend == "tensorflow":
        import keras

        backend = keras.config.backend()
    if backend != "tensorflow":
        raise InputError(
            f"keras_gen trains on TensorFlow, but the Keras backend is {backend!r}: set "
            "KERAS_BACKEND=tensorflow before keras is imported."
        )


def __getattr__(name):
    if name in __all__ and name not in _WITHOUT_TENSORFLOW:
        require_tensorflow_backend()
    return _lazy_getattr(name)


register_with_keras()
compiled_programs.keep()
