"""Handwritten digits, 28x28, binarized: the one-layer VAE of Burda et al. 2016, by their protocol.

784-200-200-50 and back, tanh, batches of 20, Adam with epsilon 1e-4 and a learning rate that falls from 1e-3
to 1e-4; dynamic binarization. The paper trains for 3,280 epochs and reaches an NLL of 86.76 nats.

Command: keras-gen train mnist-vae [--data mnist.npz]
Time: 38 minutes of training on one of two busy cores, 300 passes over the data; 3 of scoring.
Score: NLL 88.74 nats with 1,000 draws, 15 active units of 50.
"""

from keras_gen.recipes.media import Image
from keras_gen.recipes.recipe import Adam
from keras_gen.recipes.vae import MLP, SPACE, ImageVAERecipe

recipe = ImageVAERecipe(
    data="mnist",
    image=Image(size=28, channels=1),
    network=MLP(width=200, latent_dim=50, activation="tanh"),
    optimizer=Adam(epsilon=1e-4, final_learning_rate_share=0.1),
    batch_size=20,
    epochs=30,
    steps_per_epoch=27_500,
    steps_per_execution=100,
)
space = SPACE
