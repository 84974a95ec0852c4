"""Sentences such as programmers write: the docstrings of the Python that is installed, which need no download.

Command: keras-gen train docstrings-vae
Time: 0 minutes.
Score: 0.
"""

from keras_gen.recipes.text_vae import TextVAEConfig


def config():
    return TextVAEConfig(
        data="docstrings",
        length=28,
        most_words=3000,
        width=128,
        latent_dim=8,
        free_bits=5.0,
        batch_size=64,
        epochs=20,
        steps_per_epoch=90,
    )
