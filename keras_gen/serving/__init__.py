"""A server of exported models for trial and small use, with the API of TensorFlow Serving."""

from keras_gen.serving.server import serve
from keras_gen.serving.settings import Settings

__all__ = ["Settings", "serve"]
