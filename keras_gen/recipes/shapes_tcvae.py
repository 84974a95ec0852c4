"""Shapes of known factors, 32x32 in colour: a beta-TCVAE whose latents come apart into the factors.

Command: keras-gen train shapes-tcvae
Time: TODO 1
Score: TODO 1
"""

from keras_gen.recipes.vae import VAEConfig


def config():
    return VAEConfig(
        data="shapes",
        size=32,
        channels=3,
        network="conv",
        width=16,
        latent_dim=10,
        objective="tc",
        beta=6.0,
        num_examples=18_000,
        epochs=10,
        steps_per_epoch=400,
        nll_samples=100,
    )
