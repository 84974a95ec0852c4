"""What a model speaks: one serialisable object for each kind of media."""

from keras_gen.media.image import Image

__all__ = ["Image"]
