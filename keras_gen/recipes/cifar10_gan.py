"""Small colour photographs, 32x32, by class: the 60,000 of CIFAR-10.

Command: keras-gen train cifar10-gan [--data cifar10.zip]
"""

from keras_gen.recipes.gan import GANConfig


def config():
    return GANConfig(data="cifar10", size=32, channels=3, num_classes=10)
