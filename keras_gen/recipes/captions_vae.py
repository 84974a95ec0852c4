"""Captions of photographs, such as the 29,000 English ones of Multi30k: a sentence a line, in files that end in train, val and test.

Command: keras-gen train captions-vae --data FOLDER
Time: 17 minutes on one of two cores, the other busy.
Score: NLL 43.07 nats on the test captions of Multi30k (language model of the same decoder 42.83), KL 5.3, 8 active units of 8.
"""

from keras_gen.recipes.text_vae import SPACE, TextVAEConfig


def config():
    return TextVAEConfig(
        data="",
        length=24,
        most_words=5000,
        width=192,
        latent_dim=8,
        dropout=0.25,
        free_bits=5.2,
        sampling_components=10,
        learning_rate=2e-3,
        final_learning_rate_share=0.05,
        clip_norm=5.0,
        batch_size=128,
        epochs=15,
        steps_per_epoch=226,
    )


def space():
    return SPACE
