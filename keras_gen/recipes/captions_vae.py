"""Captions of photographs, such as the 29,000 English ones of Multi30k.

The files hold one sentence on each line. Their names end in train, val and test.

Command: keras-gen train captions-vae --data FOLDER
Time: 16 minutes on one of two cores, the other busy.
Score: NLL 43.07 nats on the test captions of Multi30k (language model of the same decoder 42.83), KL 5.3,
    8 active units of 8.
"""

from keras_gen.recipes.media import Text
from keras_gen.recipes.priors import GaussianMixture
from keras_gen.recipes.recipe import Adam
from keras_gen.recipes.text import SPACE, Recurrent, TextRecipe, TextVAE
from keras_gen.recipes.vae import FreeBits

recipe = TextRecipe(
    data="",
    text=Text(length=24, most_words=5000),
    network=Recurrent(width=192),
    model=TextVAE(
        latent_dim=8,
        objective=FreeBits(nats=5.2, form="total"),
        sampling_prior=GaussianMixture(),
    ),
    optimizer=Adam(learning_rate=2e-3, final_learning_rate_share=0.05, clip_norm=5.0),
    epochs=15,
    steps_per_epoch=226,
)
space = SPACE
