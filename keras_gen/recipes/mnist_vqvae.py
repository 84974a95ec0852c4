"""Handwritten digits, 28x28, binarised, as grids of 4x4 codes, by class.

Command: keras-gen train mnist-vqvae [--data mnist.npz]
Time: TODO 1
Score: TODO 1
"""

from keras_gen.recipes.vqvae import VQVAEConfig


def config():
    return VQVAEConfig(
        data="mnist",
        size=28,
        channels=1,
        num_classes=10,
        halvings=3,
        num_codes=256,
        learning_rate=2e-3,
        epochs=12,
        steps_per_epoch=400,
    )
