"""Shapes of known factors, 16x16 in colour: a beta-TCVAE whose latents come apart into the factors.

Command: keras-gen train shapes-tcvae
Time: TODO 1
Score: TODO 1
"""

from keras_gen.recipes.vae import VAEConfig


def config():
    return VAEConfig(
        data="shapes",
        size=16,
        channels=3,
        network="conv",
        width=16,
        latent_dim=10,
        objective="tc",
        beta=6.0,
        warm_up=200_000,
        num_examples=18_000,
        learning_rate=2e-3,
        batch_size=64,
        epochs=20,
        steps_per_epoch=600,
        steps_per_execution=50,
        nll_samples=100,
    )
