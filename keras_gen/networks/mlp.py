"""Fully connected encoder and decoder."""

import math

import keras
from keras import layers

from keras_gen.networks.builder import builder
from keras_gen.networks.conditioning import latent_inputs
from keras_gen.networks.latents import encoder_inputs, join_label, posterior_encoder


@builder
def mlp(media, likelihood, num_classes=None, latent_dim=50, width=200, depth=2, activation="tanh"):
    """Builds the fully connected pair of Burda et al. 2016: by default 784-200-200-50 on MNIST, tanh between.

    Source: Burda et al. 2016, arXiv 1509.00519, section 5.

    Args:
        media: what is modeled, of any shape.
        likelihood: `Likelihood` whose parameters the decoder gives.
        num_classes: number of labels, a tuple of n numbers where an example has n labels, or None without labels.
        latent_dim: length of the latent.
        width: units in a hidden layer.
        depth: hidden layers of each network.
        activation: of the hidden layers, a name that Keras knows.

    Returns:
        (encoder, decoder), functional Models: from `example` (*media.model_shape) [and `label`, int32 () or (n,)] to [mean, log variance],
        and from `latent` (latent_dim,) [and `label`] to parameters (*media.model_shape[:-1], likelihood.num_parameters(channels)).
    """
    example, label = encoder_inputs(media.model_shape, num_classes, name="example")
    # From 0 to 1, as pixels in the paper: a black ground of -1 would drive the first layer into saturation.
    x = layers.Rescaling(0.5, offset=0.5)(layers.Flatten()(example))
    x = join_label(x, label, num_classes)
    for _ in range(depth):
        x = layers.Dense(width, activation=activation)(x)
    encoder = posterior_encoder(example, label, x, latent_dim)

    inputs, x = latent_inputs(latent_dim, num_classes)
    for _ in range(depth):
        x = layers.Dense(width, activation=activation)(x)
    *places, channels = media.model_shape
    shape = (*places, likelihood.num_parameters(channels))
    x = layers.Dense(math.prod(shape), dtype="float32")(x)
    parameters = layers.Reshape(shape, dtype="float32", name="parameters")(x)
    return encoder, keras.Model(inputs, parameters, name="decoder")
