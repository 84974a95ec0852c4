"""Convolutional encoder and decoder of a vector."""

import math

import keras
from keras import layers

from keras_gen.networks.builder import builder
from keras_gen.networks.conditioning import latent_inputs
from keras_gen.networks.latents import encoder_inputs, join_label, posterior_encoder
from keras_gen.networks.sizes import channels, halved_sizes


@builder
def conv(media, likelihood, num_classes=None, latent_dim=32, width=32, hidden=256, activation="silu"):
    """Builds a strided convolutional encoder and a transposed decoder, for sides from 8 to 256.

    Args:
        media: what is modeled, of shape (H, W, C), sides of 8 to 256 pixels.
        likelihood: `Likelihood` whose parameters the decoder gives.
        num_classes: number of labels, or None for a model without labels.
        latent_dim: length of the latent.
        width: feature maps at half the size of the image; doubled at each halving, up to 8 * width.
        hidden: units of the fully connected layer between the smallest feature maps and the latent.
        activation: of the hidden layers, a name that Keras knows.

    Returns:
        (encoder, decoder), functional Models: from `image` (H, W, C) [and `label` int32 ()] to [mean, log
        variance], and from `latent` (latent_dim,) [and `label`] to parameters (H, W,
        likelihood.num_parameters(C)).

    Raises:
        InputError: a side of the image is not of 8 to 256 pixels.
    """
    sizes = halved_sizes(media.model_shape)
    widths = [channels(width, level) for level in range(len(sizes) - 1)]
    image, label = encoder_inputs(media.model_shape, num_classes)
    x = image
    for filters in widths:
        x = layers.Conv2D(filters, 4, strides=2, padding="same", activation=activation)(x)
    x = join_label(layers.Flatten()(x), label, num_classes)
    x = layers.Dense(hidden, activation=activation)(x)
    encoder = posterior_encoder(image, label, x, latent_dim)

    inputs, x = latent_inputs(latent_dim, num_classes)
    x = layers.Dense(hidden, activation=activation)(x)
    x = layers.Dense(math.prod(sizes[-1]) * widths[-1], activation=activation)(x)
    x = layers.Reshape((*sizes[-1], widths[-1]))(x)
    for size, filters in zip(sizes[-2:0:-1], widths[-2::-1], strict=True):
        x = crop(
            layers.Conv2DTranspose(filters, 4, strides=2, padding="same", activation=activation)(x), size
        )
    parameters = likelihood.num_parameters(media.model_shape[-1])
    x = layers.Conv2DTranspose(parameters, 4, strides=2, padding="same", dtype="float32")(x)
    return encoder, keras.Model(inputs, crop(x, sizes[0]), name="decoder")


def crop(x, size):
    """The first (rows, columns): halving an odd side and doubling it gives one too many."""
    excess = [(0, side - wanted) for side, wanted in zip(x.shape[1:3], size, strict=True)]
    return x if excess == [(0, 0)] * 2 else layers.Cropping2D(excess, dtype=x.dtype)(x)
