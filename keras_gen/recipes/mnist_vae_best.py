"""Handwritten digits, 28x28, binarised: the best likelihood found within an hour on two cores.

Command: keras-gen train mnist-vae-best [--data mnist.npz]
Time: TODO 1
Score: TODO 1
"""

from keras_gen.recipes.vae import VAEConfig


def config():
    return VAEConfig(
        data="mnist",
        size=28,
        channels=1,
        network="mlp",
        width=200,
        latent_dim=40,
        objective="dreg",
        samples=5,
        prior="vamp",
        prior_components=100,
        learning_rate=3e-3,
        batch_size=100,
        epochs=27,
        steps_per_epoch=5000,
        steps_per_execution=50,
    )
