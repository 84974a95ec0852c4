"""Handwritten digits, 28x28, binarised, as grids of 7x7 codes, by class.

Command: keras-gen train mnist-vqvae [--data mnist.npz]
Time: TODO 1
Score: TODO 1
"""

from keras_gen.recipes.vqvae import VQVAEConfig


def config():
    return VQVAEConfig(data="mnist", size=28, channels=1, num_classes=10, epochs=12, steps_per_epoch=400)
