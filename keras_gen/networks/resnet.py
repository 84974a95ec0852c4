"""Residual encoder and decoder of a vector."""

import math

import keras
from keras import layers

from keras_gen.networks.builder import builder
from keras_gen.networks.conditioning import latent_inputs
from keras_gen.networks.conv import crop
from keras_gen.networks.latents import encoder_inputs, join_label, posterior_encoder
from keras_gen.networks.sizes import channels, halved_sizes


@builder
def resnet(media, likelihood, num_classes=None, latent_dim=64, width=32, blocks=1, activation="silu"):
    """Builds a residual pair without normalization, for any sides from 8 to 256.

    A block adds to its input two 3x3 convolutions, an activation before each (He et al. 2016, arXiv
    1603.05027). The second starts at zero, so that a block starts as the identity and no normalization is
    needed (Zhang et al. 2019, arXiv 1901.09321).

    Args:
        media: what is modeled, of shape (H, W, C), sides of 8 to 256 pixels.
        likelihood: `Likelihood` whose parameters the decoder gives.
        num_classes: number of labels, or None for a model without labels.
        latent_dim: length of the latent.
        width: feature maps at half the size of the image; doubled at each halving, up to 8 * width.
        blocks: residual blocks at each size below the image's.
        activation: a name that Keras knows.

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
        x = _stage(layers.Conv2D(filters, 4, strides=2, padding="same")(x), blocks, activation)
    x = join_label(layers.Flatten()(layers.Activation(activation)(x)), label, num_classes)
    encoder = posterior_encoder(image, label, x, latent_dim)

    inputs, x = latent_inputs(latent_dim, num_classes)
    x = layers.Reshape((*sizes[-1], widths[-1]))(layers.Dense(math.prod(sizes[-1]) * widths[-1])(x))
    x = _stage(x, blocks, activation)
    for size, filters in zip(sizes[-2:0:-1], widths[-2::-1], strict=True):
        x = _stage(
            crop(layers.Conv2DTranspose(filters, 4, strides=2, padding="same")(x), size), blocks, activation
        )
    x = layers.Activation(activation)(x)
    parameters = likelihood.num_parameters(media.model_shape[-1])
    x = layers.Conv2DTranspose(parameters, 4, strides=2, padding="same", dtype="float32")(x)
    return encoder, keras.Model(inputs, crop(x, sizes[0]), name="decoder")


def _stage(x, blocks, activation):
    for _ in range(blocks):
        y = layers.Conv2D(x.shape[-1], 3, padding="same")(layers.Activation(activation)(x))
        y = layers.Conv2D(x.shape[-1], 3, padding="same", kernel_initializer="zeros")(
            layers.Activation(activation)(y)
        )
        x = layers.Add()([x, y])
    return x
