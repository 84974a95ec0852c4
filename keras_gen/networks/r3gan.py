"""The modern baseline: residual blocks without any normalization."""

import math

import keras
from keras import layers

from keras_gen.errors import InputError
from keras_gen.layers.basis import LearnedBasis
from keras_gen.layers.grouped_conv import GroupedConv2D
from keras_gen.layers.resampling import FilteredDownSampling2D, FilteredUpSampling2D
from keras_gen.networks.builder import builder
from keras_gen.networks.conditioning import latent_inputs, projection_discriminator
from keras_gen.networks.sizes import channels, start_and_doublings

EXPANSION = 2
GROUP_SIZE = 16
SLOPE = 0.2


@builder
def r3gan(media, num_classes=None, latent_dim=64, width=32, blocks=1):
    """Builds the mirrored residual pair of R3GAN, with neither normalization nor tanh.

    A block adds to its input a 1x1 convolution to twice the channels, a 3x3 one in groups of 16 channels and
    a 1x1 one back, with LeakyReLU(0.2) between. The last convolution starts at zero, the two before it at
    gain sqrt(2 / 1.04) * L^(-1/4), where L counts the blocks of the network; every other layer starts at gain
    1.

    Source: Huang et al. 2025, "The GAN is dead; long live the GAN! A Modern Baseline GAN"
    (arXiv 2501.05441), configuration E; fewer blocks and feature maps by default than there.

    Args:
        media: what is generated, of shape (H, W, C): sides of 8..256 pixels, the shorter start * 2^k with
            start in 4..7, the longer a multiple of 2^k.
        num_classes: number of labels, or None for a model without labels.
        latent_dim: length of the latent, 64 as in the paper.
        width: feature maps at the size of the image, a multiple of 8; doubled at each halving, up to
            8 * width.
        blocks: residual blocks at each size; 2 in the paper.

    Returns:
        (generator, discriminator), functional Models: from `latent` (latent_dim,) [and `label` int32 ()] to
        (H, W, C), about in [-1, 1] but not bounded, and from `image` (H, W, C) [and `label` int32 ()] to
        logits (batch, 1).

    Raises:
        InputError: if the network cannot make images of this size, or `width` cannot be grouped.
    """
    if width % (GROUP_SIZE // EXPANSION):
        raise InputError(f"width must be a multiple of {GROUP_SIZE // EXPANSION} for r3gan, not {width}.")
    generator = _generator(media.model_shape, num_classes, latent_dim, width, blocks)
    return generator, _discriminator(media.model_shape, num_classes, width, blocks)


def _generator(shape, num_classes, latent_dim, width, blocks):
    start, doublings = start_and_doublings(shape)
    total = blocks * (doublings + 1)
    inputs, z = latent_inputs(latent_dim, num_classes)
    x = layers.Dense(channels(width, doublings), use_bias=False, kernel_initializer=_gain(1.0))(z)
    x = _stage(LearnedBasis(start)(x), blocks, total)
    for level in reversed(range(doublings)):
        x = FilteredUpSampling2D()(_pointwise(x, channels(width, level)))
        x = _stage(x, blocks, total)
    image = layers.Conv2D(
        shape[-1], 1, use_bias=False, kernel_initializer=_gain(1.0), dtype="float32", name="image"
    )(x)
    return keras.Model(inputs, image, name="generator")


def _discriminator(shape, num_classes, width, blocks):
    start, doublings = start_and_doublings(shape)
    total = blocks * (doublings + 1)
    image = keras.Input(shape, name="image")
    x = _stage(_pointwise(image, channels(width, 0)), blocks, total)
    for level in range(1, doublings + 1):
        x = _pointwise(FilteredDownSampling2D()(x), channels(width, level))
        x = _stage(x, blocks, total)
    weighted_mean = layers.DepthwiseConv2D(
        start,
        use_bias=False,
        depthwise_initializer=keras.initializers.RandomNormal(stddev=1 / math.sqrt(math.prod(start))),
    )
    return projection_discriminator(image, layers.Flatten()(weighted_mean(x)), num_classes)


def _stage(x, blocks, total):
    for _ in range(blocks):
        x = layers.Add()([x, _residual(x, total)])
    return x


def _residual(x, total):
    filters = x.shape[-1]
    expanded = EXPANSION * filters
    gain = _gain((2 / (1 + SLOPE**2)) ** 0.5 * total**-0.25)
    y = layers.Conv2D(expanded, 1, kernel_initializer=gain)(x)
    y = layers.LeakyReLU(SLOPE)(y)
    y = GroupedConv2D(expanded, 3, padding="same", groups=expanded // GROUP_SIZE, kernel_initializer=gain)(y)
    y = layers.LeakyReLU(SLOPE)(y)
    return layers.Conv2D(filters, 1, use_bias=False, kernel_initializer="zeros")(y)


def _pointwise(x, filters):
    """Changes the number of channels. It commutes with resampling, so it runs at the smaller size."""
    if x.shape[-1] == filters:
        return x
    return layers.Conv2D(filters, 1, use_bias=False, kernel_initializer=_gain(1.0))(x)


def _gain(gain):
    return keras.initializers.VarianceScaling(gain**2, mode="fan_in", distribution="untruncated_normal")
