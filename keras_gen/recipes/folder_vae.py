"""Any folder or zip of your own images, in color, with latents to explore.

Command: keras-gen train folder-vae --data FOLDER [--set size=32] [--set num_classes=3]
Time: 102 seconds on two busy cores with --preset quick.
Score: with --preset quick on 300 drawn faces a Frechet distance of 5.1, real images 5.1, of 25 each.
"""

from keras_gen.recipes.media import Image
from keras_gen.recipes.priors import GaussianMixture
from keras_gen.recipes.recipe import Adam
from keras_gen.recipes.vae import SPACE, Conv, ImageVAERecipe

recipe = ImageVAERecipe(
    data="",
    image=Image(size=64),
    network=Conv(width=32, latent_dim=64),
    likelihood="gaussian",
    optimizer=Adam(learning_rate=2e-3),
    batch_size=64,
    epochs=40,
    steps_per_epoch=250,
    restore_best=True,
    sampling_prior=GaussianMixture(),
    nll_samples=100,
)
space = SPACE
presets = {
    "quick": {
        "size": 32,
        "epochs": 10,
        "steps_per_epoch": 100,
        "nll_samples": 20,
        "num_scored": 500,
    },
    "best": {
        "epochs": 120,
    },
}
