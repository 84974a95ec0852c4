"""The plain convolutional pair: quick, and good enough for small images."""

import keras
from keras import layers

from keras_gen.networks.builder import builder
from keras_gen.networks.conditioning import latent_inputs, projection_discriminator
from keras_gen.networks.sizes import channels, start_and_doublings


@builder
def dcgan(media, num_classes=None, latent_dim=100, width=64):
    """Builds a generator of transposed convolutions and a discriminator of strided ones.

    The discriminator has no batch normalization, so that each logit depends on one image, as gradient
    penalties need. Without it the paper's initial weights N(0, 0.02^2) would lose the signal, so the
    discriminator starts from He et al. 2015.

    Source: Radford et al. 2016, "Unsupervised Representation Learning with Deep Convolutional Generative
    Adversarial Networks".

    Args:
        media: what is generated, of shape (H, W, C): sides of 8..256 pixels, the shorter start * 2^k with
            start in 4..7, the longer a multiple of 2^k.
        num_classes: number of labels, or None for a model without labels.
        latent_dim: length of the latent, 100 as in the paper.
        width: feature maps at half the size of the image; doubled at each halving, up to 8 * width.

    Returns:
        (generator, discriminator), functional Models: from `latent` (latent_dim,) [and `label` int32 ()] to
        (H, W, C) in (-1, 1), and from `image` (H, W, C) [and `label` int32 ()] to logits (batch, 1).

    Raises:
        InputError: if the network cannot make images of this size.
    """
    start, doublings = start_and_doublings(media.model_shape)
    widths = [channels(width, level) for level in range(doublings)]
    generator = _generator(start, widths[::-1], media.model_shape[-1], latent_dim, num_classes)
    return generator, _discriminator(media.model_shape, widths, num_classes)


def _generator(start, widths, colors, latent_dim, num_classes):
    initial = keras.initializers.RandomNormal(stddev=0.02)
    inputs, z = latent_inputs(latent_dim, num_classes)
    rows, columns = start
    x = layers.Dense(rows * columns * widths[0], use_bias=False, kernel_initializer=initial)(z)
    x = layers.Reshape((rows, columns, widths[0]))(x)
    for filters in [*widths[1:], None]:
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x))
        # The stride divides the kernel, so every pixel is reached equally often: no checkerboard.
        x = layers.Conv2DTranspose(
            filters or colors,
            4,
            strides=2,
            padding="same",
            use_bias=filters is None,
            kernel_initializer=initial,
        )(x)
    image = layers.Activation("tanh", dtype="float32", name="image")(x)
    return keras.Model(inputs, image, name="generator")


def _discriminator(shape, widths, num_classes):
    image = keras.Input(shape, name="image")
    x = image
    for filters in widths:
        x = layers.Conv2D(filters, 4, strides=2, padding="same", kernel_initializer="he_normal")(x)
        x = layers.LeakyReLU(0.2)(x)
    return projection_discriminator(image, layers.Flatten()(x), num_classes)
