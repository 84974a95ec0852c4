"""Sentences such as programmers write: the docstrings of the Python that is installed, which need no download.

Command: keras-gen train docstrings-vae
Time: 2 minutes on two cores, from the command to its end.
Score: NLL 51.3 nats, KL 4.9, 8 active units of 8, distinct bigrams 0.71 (real 0.66).
"""

from keras_gen.recipes.text_vae import SPACE, TextVAEConfig


def config():
    return TextVAEConfig(
        data="docstrings",
        length=28,
        most_words=3000,
        width=128,
        latent_dim=8,
        free_bits=5.0,
        sampling_components=10,
        learning_rate=3e-3,
        clip_norm=5.0,
        batch_size=64,
        epochs=16,
        steps_per_epoch=91,
    )


def space():
    return SPACE
