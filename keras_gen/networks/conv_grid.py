"""Convolutional encoder and decoder of a grid of vectors."""

import keras
from keras import layers

from keras_gen.errors import InputError
from keras_gen.networks.builder import builder
from keras_gen.networks.conditioning import check_one_label
from keras_gen.networks.conv import crop
from keras_gen.networks.sizes import channels, halved, halved_sizes


@builder
def conv_grid(media, likelihood, num_classes=None, code_dim=16, width=32, halvings=2, blocks=2):
    """Builds an encoder to a grid of vectors and a decoder from it, for any sides from 8 to 256.

    Strided 4x4 convolutions, then residual blocks of a 3x3 and a 1x1 convolution, and the same in reverse.

    Source: van den Oord et al. 2017, arXiv 1711.00937, section 4.1, with SiLU for ReLU.

    Args:
        media: what is modeled, of shape (H, W, C), sides of 8 to 256 pixels.
        likelihood: `Likelihood` whose parameters the decoder gives.
        num_classes: number of labels that the decoder takes, or None for a model without labels.
        code_dim: length of each vector.
        width: feature maps at half the size of the image; doubled at each halving, up to 8 * width.
        halvings: int >= 1, how often the size is halved, rounding up, from the image to the grid.
        blocks: residual blocks on each side of the grid.

    Returns:
        (encoder, decoder), functional Models: from `image` (H, W, C) to (h, w, code_dim), and from `codes`
        (h, w, code_dim) [and `label` int32 ()] to parameters (H, W, likelihood.num_parameters(C)).

    Raises:
        InputError: a side of the image is not of 8 to 256 pixels, or cannot be halved that often.
    """
    sizes = _sizes(media.model_shape, halvings)
    widths = [channels(width, level) for level in range(halvings)]
    image = keras.Input(media.model_shape, name="image")
    x = image
    for filters in widths:
        x = layers.Conv2D(filters, 4, strides=2, padding="same", activation="silu")(x)
    x = _residual(x, blocks)
    encoder = keras.Model(image, layers.Conv2D(code_dim, 1, dtype="float32")(x), name="encoder")

    codes = inputs = keras.Input((*sizes[-1], code_dim), name="codes")
    x = layers.Conv2D(widths[-1], 3, padding="same")(codes)
    check_one_label(num_classes)
    if num_classes is not None:
        label = keras.Input((), dtype="int32", name="label")
        inputs = [codes, label]
        embedded = layers.Embedding(num_classes, widths[-1], name="label_embedding")(label)
        x = layers.Add()([x, layers.Reshape((1, 1, widths[-1]))(embedded)])
    x = _residual(x, blocks)
    for size, filters in zip(sizes[-2:0:-1], widths[-2::-1], strict=True):
        x = crop(layers.Conv2DTranspose(filters, 4, strides=2, padding="same", activation="silu")(x), size)
    parameters = likelihood.num_parameters(media.model_shape[-1])
    x = layers.Conv2DTranspose(parameters, 4, strides=2, padding="same", dtype="float32")(x)
    return encoder, keras.Model(inputs, crop(x, sizes[0]), name="decoder")


def _sizes(shape, halvings):
    """The sizes from the image to the grid."""
    sizes = halved_sizes(shape)[:1]
    height, width = sizes[0]
    most = min(height, width).bit_length() - 1
    if not 1 <= halvings <= most:
        raise InputError(
            f"halvings must be from 1 to {most} for images of {height} x {width} pixels, not {halvings}."
        )
    for _ in range(halvings):
        sizes.append(halved(sizes[-1]))
    return sizes


def _residual(x, blocks):
    for _ in range(blocks):
        y = layers.Conv2D(x.shape[-1], 3, padding="same")(layers.Activation("silu")(x))
        x = layers.Add()([x, layers.Conv2D(x.shape[-1], 1)(layers.Activation("silu")(y))])
    return layers.Activation("silu")(x)
