"""Handwritten digits, 28x28, binarized: the best likelihood found within an hour on two cores.

Command: keras-gen train mnist-vae-best [--data mnist.npz]
Time: 59 minutes of training on two cores by its first steps (117 mostly on one, beside other work),
    164 passes over the data.
Score: NLL 82.88 nats with 1,000 draws, 17 active units of 40.
"""

from keras_gen.recipes.media import Image
from keras_gen.recipes.recipe import Adam
from keras_gen.recipes.space import Choice
from keras_gen.recipes.vae import MLP, SPACE, DReG, ImageVAERecipe, VampPrior

recipe = ImageVAERecipe(
    data="mnist",
    image=Image(size=28, channels=1),
    network=MLP(width=300, latent_dim=40, activation="glu"),
    objective=DReG(samples=5),
    prior=VampPrior(components=500),
    optimizer=Adam(learning_rate=2e-3),
    batch_size=100,
    epochs=18,
    steps_per_epoch=5000,
    steps_per_execution=50,
)
space = {**SPACE, "samples": Choice(3, 5, 10), "components": Choice(100, 200, 500)}
