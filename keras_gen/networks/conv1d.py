"""Encoders and decoders of spectrograms: convolutions over time, with bands as channels."""

import keras
from keras import layers

from keras_gen.errors import InputError
from keras_gen.layers.label_embedding import embedding_of_labels
from keras_gen.networks.builder import builder
from keras_gen.networks.conditioning import label_input, latent_inputs
from keras_gen.networks.latents import (
    EMBEDDING,
    encoder_inputs,
    join_label,
    posterior_encoder,
    small_start,
)

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
    """Builds a residual pair over time with strided convolutions that halve and double the length.

    A block adds to its input two convolutions over three frames, each after an activation (He et al. 2016,
    arXiv 1603.05027). The second starts at zero, so that no normalization is needed (Zhang et al. 2019, arXiv
    1901.09321).

    Args:
        media: what is modeled, of model shape (frames, bands), such as `Audio`.
        likelihood: `Likelihood` whose parameters the decoder gives.
        num_classes: number of classes; a tuple of n numbers for n labels an example; None without labels.
        latent_dim: length of the latent.
        width: channels at half the frames; twice as many at fewer.
        hidden: units of the fully connected layer between the fewest frames and the latent.
        blocks: residual blocks at each length.
        activation: a name that Keras knows.

    Returns:
        (encoder, decoder), functional Models: from `spectrogram` (frames, bands) [and `label`, int32 () or
        (n,)] to [mean, log variance], and from `latent` (latent_dim,) [and `label`] to parameters (frames,
        likelihood.num_parameters(bands)).

    Raises:
        InputError: the model form of the media has other axes, or fewer than 8 frames.
    """
    frames = _frames(media)
    lengths = _lengths(frames, halvings=((frames - 1) // SHORTEST).bit_length())
    widths = [width] + [2 * width] * (len(lengths) - 2)
    spectrogram, label = encoder_inputs(media.model_shape, num_classes, name="spectrogram")
    x = layers.Flatten()(_halved(spectrogram, widths, blocks, activation))
    x = layers.Dense(hidden, activation=activation)(join_label(x, label, num_classes))
    encoder = posterior_encoder(spectrogram, label, x, latent_dim)

    inputs, x = latent_inputs(latent_dim, num_classes)
    x = layers.Dense(hidden, activation=activation)(x)
    x = layers.Dense(lengths[-1] * widths[-1])(x)
    x = _stage(layers.Reshape((lengths[-1], widths[-1]))(x), blocks, activation)
    x = _doubled(x, lengths, widths, blocks, activation)
    return encoder, keras.Model(inputs, _parameters(x, media, likelihood), name="decoder")


@builder
def conv1d_sequence(
    media,
    likelihood,
    num_classes=None,
    latent_dim=32,
    width=96,
    halvings=1,
    blocks=2,
    activation="silu",
):
    """Builds a pair like `conv1d` whose latent is a sequence: some numbers for every few frames.

    Each of them tells of the sound around its time alone. So a latent holds more of a recording than one
    vector for all of it, and what was learned of a moment serves every moment, also of other recordings.

    Args:
        media: what is modeled, of model shape (frames, bands), such as `Audio`.
        likelihood: `Likelihood` whose parameters the decoder gives.
        num_classes: number of classes; a tuple of n numbers for n labels an example; None without labels.
        latent_dim: numbers in the latent at each time.
        width: channels at half the frames; twice as many at fewer.
        halvings: int >= 1, how often the frames are halved, rounding up, to the times of the latent.
        blocks: residual blocks at each length.
        activation: a name that Keras knows.

    Returns:
        (encoder, decoder), functional Models: from `spectrogram` (frames, bands) [and `label`, int32 () or
        (n,)] to [mean, log variance], and from `latent` (times * latent_dim,), the first time's numbers
        first, [and `label`] to parameters (frames, likelihood.num_parameters(bands)).

    Raises:
        InputError: the model form of the media has other axes, fewer than 8 frames, or too few to be halved
            that often.
    """
    frames = _frames(media)
    most = (frames - 1).bit_length()
    if not 1 <= halvings <= most:
        raise InputError(f"halvings must be from 1 to {most} for {frames} frames, not {halvings}.")
    lengths = _lengths(frames, halvings)
    widths = [width] + [2 * width] * (halvings - 1)
    spectrogram, label = encoder_inputs(media.model_shape, num_classes, name="spectrogram")
    x = _join_label_at_each_time(_halved(spectrogram, widths, blocks, activation), label, num_classes)
    outputs = []
    for name in ("mean", "log_variance"):
        at_each_time = layers.Conv1D(latent_dim, 1, kernel_initializer=small_start(), dtype="float32")(x)
        outputs.append(layers.Flatten(dtype="float32", name=name)(at_each_time))
    encoder = keras.Model(spectrogram if label is None else [spectrogram, label], outputs, name="encoder")

    latent = keras.Input((lengths[-1] * latent_dim,), name="latent")
    label = None if num_classes is None else label_input(num_classes)
    x = layers.Reshape((lengths[-1], latent_dim))(latent)
    x = layers.Conv1D(widths[-1], 3, padding="same")(_join_label_at_each_time(x, label, num_classes))
    x = _doubled(_stage(x, blocks, activation), lengths, widths, blocks, activation)
    inputs = latent if label is None else [latent, label]
    return encoder, keras.Model(inputs, _parameters(x, media, likelihood), name="decoder")


def _frames(media):
    if len(media.model_shape) != 2 or media.model_shape[0] <= SHORTEST:
        raise InputError(
            f"media must have a model form (frames, bands) of more than {SHORTEST} frames for this network, "
            f"such as Audio, not {media.model_shape}."
        )
    return media.model_shape[0]


def _lengths(frames, halvings):
    """The lengths from all frames to the fewest: halved, rounding up."""
    lengths = [frames]
    for _ in range(halvings):
        lengths.append(-(-lengths[-1] // 2))
    return lengths


def _halved(x, widths, blocks, activation):
    for channels in widths:
        x = layers.Conv1D(channels, 4, strides=2, padding="same")(x)
        x = _stage(x, blocks, activation)
    return layers.Activation(activation)(x)


def _doubled(x, lengths, widths, blocks, activation):
    for length, channels in zip(lengths[-2::-1], [*widths[-2::-1], widths[0]], strict=True):
        x = layers.Conv1DTranspose(channels, 4, strides=2, padding="same")(x)
        x = _stage(_cropped(x, length), blocks, activation)
    return layers.Activation(activation)(x)


def _parameters(x, media, likelihood):
    numbers = likelihood.num_parameters(media.model_shape[-1])
    return layers.Conv1D(numbers, 3, padding="same", dtype="float32")(x)


def _join_label_at_each_time(x, label, num_classes):
    """A sequence (batch, times, n), each time followed by an embedding of each label."""
    if label is None:
        return x
    embedding = embedding_of_labels(num_classes, EMBEDDING)(label)
    return layers.Concatenate()([x, layers.RepeatVector(x.shape[1])(embedding)])


def _cropped(x, length):
    """The first frames: halving an odd length and doubling it gives one too many."""
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
