"""Handwritten digits, 28x28 grey, by class: the 70,000 of MNIST.

Command: keras-gen train mnist-gan [--data mnist.npz]
"""

from keras_gen.recipes.gan import GANConfig


def config():
    return GANConfig(data="mnist", size=28, channels=1, num_classes=10)
