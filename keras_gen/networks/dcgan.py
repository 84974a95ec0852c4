"""The plain convolutional pair: quick, and good enough for small images."""

import keras
from keras import layers

from keras_gen.networks.builder import builder
from keras_gen.networks.conditioning import latent_inputs, projection_discriminator
from keras_gen.networks.sizes import channels, start_and_doublings


@builder
def dcgan(media, num_classes=None, latent_dim=100, width=64):
    """Builds a generator of transposed convolutions and a discriminator of strided ones.

    The discriminator has no batch normalization: its logits then depend on one image each, which
    penalties on its gradient and evaluation in any batch need. Without it the paper's initial weights
    N(0, 0.02^2) would leave almost nothing of the signal, so the discriminator starts from He et al. 2015.

    Source: Radford et al. 2016, "Unsupervised Representation Learning with Deep Convolutional Generative
    Adversarial Networks".

    Args:
        media: what is generated, of square shape (H, H, C) with H = 8..256, start * 2^k, start in 4..7.
        num_classes: number of labels, or None for a model without labels.
        latent_dim: length of the latent, 100 as in the paper.
        width: feature maps at half the size of the image; doubled at each halving, up to 8 * width.

    Returns:
        (generator, discriminator), functional Models: from `latent` (latent_dim,) [and `label` int32 ()] to
        (H, H, C) in (-1, 1), and from `image` (H, H, C) [and `label` int32 ()] to logits (batch, 1).

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
    x = layers.Dense(start * start * widths[0], use_bias=False, kernel_initializer=initial)(z)
    x = layers.Reshape((start, start, widths[0]))(x)
    for filters in [*widths[1:], None]:
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x))
        # A kernel that the stride divides reaches every pixel equally often: no checkerboard.
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
