"""Builders of plain Keras models, by architecture."""

from keras_gen.networks.dcgan import dcgan
from keras_gen.networks.r3gan import r3gan
from keras_gen.networks.sngan import sngan

__all__ = ["dcgan", "r3gan", "sngan"]
