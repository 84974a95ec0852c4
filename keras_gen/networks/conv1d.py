"""Encoder and decoder of spectrograms: convolutions over time, in which the bands are channels."""

import keras
from keras import layers

from keras_gen.errors import InputError
from keras_gen.networks.builder import builder
from keras_gen.networks.conditioning import latent_inputs
from keras_gen.networks.latents import encoder_inputs, join_label, posterior_encoder

SHORTEST = 7  # frames, below which the length is not halved again


@builder
def conv1d(
    media,
    likelihood,
    num_classes=None,
    latent_dim=32,
    width=128,
    hidden=256,
    blocks=1,
    activation="silu",
):
    """Builds a residual pair over time, whose length is halved and doubled by strided convolutions.

    A block adds to its input two convolutions over three frames, an activation before each (He et al. 2016, arXiv
    1603.05027); the second starts at zero, so that no normalization is needed (Zhang et al. 2019, arXiv 1901.09321).

    Args:
        media: what is modeled, of model shape (frames, bands), such as `Audio`.
        likelihood: `Likelihood` whose parameters the decoder gives.
        num_classes: number of labels, a tuple of n numbers where an example has n labels, or None without labels.
        latent_dim: length of the latent.
        width: channels at half the frames; doubled once when there are fewer.
        hidden: units of the fully connected layer between the fewest frames and the latent.
        blocks: residual blocks at each length.
        activation: a name that Keras knows.

    Returns:
        (encoder, decoder), functional Models: from `spectrogram` (frames, bands) [and `label`, int32 () or (n,)] to [mean,
        log variance], and from `latent` (latent_dim,) [and `label`] to parameters (frames,
        likelihood.num_parameters(bands)).

    Raises:
        InputError: the model form of the media has other axes, or fewer than 8 frames.
    """
    lengths = _halved(media)
    widths = [width] + [2 * width] * (len(lengths) - 2)
    spectrogram, label = encoder_inputs(media.model_shape, num_classes, name="spectrogram")
    x = spectrogram
    for channels in widths:
        x = layers.Conv1D(channels, 4, strides=2, padding="same")(x)
        x = _stage(x, blocks, activation)
    x = layers.Flatten()(layers.Activation(activation)(x))
    x = layers.Dense(hidden, activation=activation)(join_label(x, label, num_classes))
    encoder = posterior_encoder(spectrogram, label, x, latent_dim)

    inputs, x = latent_inputs(latent_dim, num_classes)
    x = layers.Dense(hidden, activation=activation)(x)
    x = layers.Dense(lengths[-1] * widths[-1])(x)
    x = _stage(layers.Reshape((lengths[-1], widths[-1]))(x), blocks, activation)
    for length, channels in zip(lengths[-2::-1], [*widths[-2::-1], width], strict=True):
        x = layers.Conv1DTranspose(channels, 4, strides=2, padding="same")(x)
        x = _stage(_cropped(x, length), blocks, activation)
    x = layers.Activation(activation)(x)
    parameters = likelihood.num_parameters(media.model_shape[-1])
    x = layers.Conv1D(parameters, 3, padding="same", dtype="float32")(x)
    return encoder, keras.Model(inputs, x, name="decoder")


def _halved(media):
    """The lengths from all frames to the fewest, halved and rounded up."""
    if len(media.model_shape) != 2 or media.model_shape[0] <= SHORTEST:
        raise InputError(
            f"media must have a model form (frames, bands) of more than {SHORTEST} frames for this network, such as Audio, not "
            f"{media.model_shape}."
        )
    lengths = [media.model_shape[0]]
    while lengths[-1] > SHORTEST:
        lengths.append(-(-lengths[-1] // 2))
    return lengths


def _cropped(x, length):
    """The first frames: doubling an odd length that was halved makes one too many."""
    excess = x.shape[1] - length
    return layers.Cropping1D((0, excess))(x) if excess else x


def _stage(x, blocks, activation):
    for _ in range(blocks):
        y = layers.Conv1D(x.shape[-1], 3, padding="same")(layers.Activation(activation)(x))
        y = layers.Conv1D(x.shape[-1], 3, padding="same", kernel_initializer="zeros")(
            layers.Activation(activation)(y)
        )
        x = layers.Add()([x, y])
    return x
