"""A page on which a trained model is tried out."""

from keras_gen.demo.server import demo

__all__ = ["demo"]
