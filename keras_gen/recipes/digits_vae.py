"""Handwritten digits, 8x8 grey, by class: scikit-learn's 1,797 real ones, which need no download.

Command: keras-gen train digits-vae
Time: TODO 1
Score: TODO 1
"""

from keras_gen.recipes.vae import VAEConfig


def config():
    return VAEConfig(
        data="digits",
        size=8,
        channels=1,
        num_classes=10,
        network="conv",
        width=32,
        latent_dim=8,
        warm_up=100_000,
        epochs=20,
        steps_per_epoch=400,
        steps_per_execution=50,
    )
