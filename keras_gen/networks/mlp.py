"""Fully connected encoder and decoder."""

import math

import keras
from keras import layers

from keras_gen.networks.builder import builder
from keras_gen.networks.conditioning import latent_inputs
from keras_gen.networks.latents import encoder_inputs, join_label, posterior_encoder


@builder
def mlp(media, likelihood, num_classes=None, latent_dim=50, width=200, depth=2, activation="tanh"):
    """Builds the fully connected pair of Burda et al. 2016, by default 784-200-200-50 on MNIST with tanh.

    Source: Burda et al. 2016, arXiv 1509.00519, section 5.

    Args:
        media: what is modeled, of any shape.
        likelihood: `Likelihood` whose parameters the decoder gives.
        num_classes: number of classes; a tuple of n numbers for n labels an example; None without labels.
        latent_dim: length of the latent.
        width: units in a hidden layer.
        depth: hidden layers of each network.
        activation: of the hidden layers, a name that Keras knows; "glu" for gated linear units, (W x + b)
            sigmoid(V x + c), as in Tomczak & Welling 2018, arXiv 1705.07120, equation 14.

    Returns:
        (encoder, decoder), functional Models: from `example` (*media.model_shape) [and `label`, int32 () or
        (n,)] to [mean, log variance], and from `latent` (latent_dim,) [and `label`] to parameters
        (*media.model_shape[:-1], likelihood.num_parameters(channels)).
    """
    example, label = encoder_inputs(media.model_shape, num_classes, name="example")
    # From 0 to 1 as in the paper: a black background of -1 would saturate the first layer.
    x = layers.Rescaling(0.5, offset=0.5)(layers.Flatten()(example))
    x = join_label(x, label, num_classes)
    for _ in range(depth):
        x = _hidden(x, width, activation)
    encoder = posterior_encoder(example, label, x, latent_dim)

    inputs, x = latent_inputs(latent_dim, num_classes)
    for _ in range(depth):
        x = _hidden(x, width, activation)
    *places, channels = media.model_shape
    shape = (*places, likelihood.num_parameters(channels))
    x = layers.Dense(math.prod(shape), dtype="float32")(x)
    parameters = layers.Reshape(shape, dtype="float32", name="parameters")(x)
    return encoder, keras.Model(inputs, parameters, name="decoder")


def _hidden(x, width, activation):
    if activation == "glu":
        return layers.Multiply()([layers.Dense(width)(x), layers.Dense(width, activation="sigmoid")(x)])
    return layers.Dense(width, activation=activation)(x)
