"""The residual pair whose discriminator is Lipschitz by spectral normalization."""

import keras
from keras import layers, ops

from keras_gen.layers.spectral_norm import SpectralNorm
from keras_gen.networks.builder import builder
from keras_gen.networks.conditioning import latent_inputs, projection_discriminator
from keras_gen.networks.sizes import channels, start_and_doublings


@builder
def sngan(media, num_classes=None, latent_dim=128, width=32):
    """Builds a residual generator and a residual discriminator with spectral norm on every layer.

    Each training step must call `power_iteration()` once on every `SpectralNorm` layer of the discriminator.

    Source: Miyato et al. 2018, "Spectral Normalization for Generative Adversarial Networks", appendix B.4;
    the widths halve toward the image instead of being constant.

    Args:
        media: what is generated, of shape (H, W, C): sides of 8..256 pixels, the shorter start * 2^k with
            start in 4..7, the longer a multiple of 2^k.
        num_classes: number of labels, or None for a model without labels.
        latent_dim: length of the latent, 128 as in the paper.
        width: feature maps at the size of the image; doubled at each halving, up to 8 * width.

    Returns:
        (generator, discriminator), functional Models: from `latent` (latent_dim,) [and `label` int32 ()] to
        (H, W, C) in (-1, 1), and from `image` (H, W, C) [and `label` int32 ()] to logits (batch, 1).

    Raises:
        InputError: if the network cannot make images of this size.
    """
    generator = _generator(media.model_shape, num_classes, latent_dim, width)
    return generator, _discriminator(media.model_shape, num_classes, width)


def _generator(shape, num_classes, latent_dim, width):
    (rows, columns), doublings = start_and_doublings(shape)
    inputs, z = latent_inputs(latent_dim, num_classes)
    deepest = channels(width, doublings)
    x = layers.Dense(rows * columns * deepest)(z)
    x = layers.Reshape((rows, columns, deepest))(x)
    for level in reversed(range(doublings)):
        x = _up_block(x, channels(width, level))
    x = layers.Conv2D(shape[-1], 3, padding="same")(_normalized_relu(x))
    image = layers.Activation("tanh", dtype="float32", name="image")(x)
    return keras.Model(inputs, image, name="generator")


def _discriminator(shape, num_classes, width):
    _, doublings = start_and_doublings(shape)
    image = keras.Input(shape, name="image")
    # The first block must not start with a ReLU: it would cut the image's negative half away.
    x = _down_block(image, channels(width, 0), channels(width, 1), first=True)
    for level in range(1, doublings):
        x = _down_block(x, channels(width, level), channels(width, level + 1))
    x = layers.Add()([x, _convolutions(x, x.shape[-1], x.shape[-1])])
    features = ops.sum(layers.ReLU()(x), axis=(1, 2))
    return projection_discriminator(image, features, num_classes, normalize=SpectralNorm)


def _up_block(x, filters):
    y = layers.UpSampling2D()(_normalized_relu(x))
    y = layers.Conv2D(filters, 3, padding="same")(y)
    y = layers.Conv2D(filters, 3, padding="same")(_normalized_relu(y))
    # A 1x1 convolution commutes with repeating pixels, and costs a quarter before it.
    shortcut = layers.UpSampling2D()(layers.Conv2D(filters, 1)(x))
    return layers.Add()([shortcut, y])


def _down_block(x, hidden, filters, first=False):
    y = layers.AveragePooling2D(2)(_convolutions(x, hidden, filters, first))
    # Likewise with averaging them.
    shortcut = SpectralNorm(layers.Conv2D(filters, 1))(layers.AveragePooling2D(2)(x))
    return layers.Add()([shortcut, y])


def _convolutions(x, hidden, filters, first=False):
    x = x if first else layers.ReLU()(x)
    x = SpectralNorm(layers.Conv2D(hidden, 3, padding="same"))(x)
    return SpectralNorm(layers.Conv2D(filters, 3, padding="same"))(layers.ReLU()(x))


def _normalized_relu(x):
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x))
