"""Encoder and decoder over time: lengths, labels, and that everything they see and make is connected."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.losses import Gaussian
from keras_gen.media import Audio, Image
from keras_gen.models.labels import label_shape
from keras_gen.networks import conv1d


def audio(frames, mels=12):
    return Audio(frames * 16, 8000, mels, window=64, hop=16, fft_length=256)


def sizes(**arguments):
    settings = {"width": 8, "latent_dim": 4, "hidden": 16, **arguments}
    return [network.count_params() for network in conv1d(audio(20), Gaussian(), **settings)]


@pytest.mark.parametrize("frames", [8, 9, 15, 33, 64, 101])
def test_any_length(frames):
    media = audio(frames)
    encoder, decoder = conv1d(media, Gaussian(), latent_dim=5, width=4)
    mean, log_variance = encoder(tf.zeros((2, *media.model_shape)))
    assert mean.shape == log_variance.shape == (2, 5)
    assert decoder(mean).shape == (2, *media.model_shape)


@pytest.mark.parametrize("num_classes", [None, 3, (3, 2)], ids=str)
def test_every_frame_band_and_label_is_seen_and_made(num_classes):
    keras.utils.set_random_seed(0)
    media = audio(21, mels=5)
    networks = conv1d(media, Gaussian(), num_classes=num_classes, latent_dim=4, width=8, hidden=16)
    for network in networks:  # blocks that start as the identity would hide what they see
        for weight in network.trainable_variables:
            weight.assign_add(0.05 * np.random.default_rng(1).normal(size=weight.shape))
    encoder, decoder = networks
    random = np.random.default_rng(0)
    spectrogram, latent = (
        tf.constant(random.normal(size=(1, *shape)), tf.float32) for shape in (media.model_shape, (4,))
    )
    ones = np.ones((1, *label_shape(num_classes)), np.int32)

    def run(network, x, label=ones):
        return network(x if num_classes is None else [x, tf.constant(label)])

    with tf.GradientTape() as tape:
        tape.watch(spectrogram)
        total = tf.add_n([tf.reduce_sum(output) for output in run(encoder, spectrogram)])
    assert np.all(tape.gradient(total, spectrogram).numpy() != 0)
    with tf.GradientTape() as tape:
        tape.watch(latent)
        parameters = run(decoder, latent)
    assert np.all(tape.batch_jacobian(parameters, latent).numpy().reshape(-1, 4) != 0)
    for place in range(0 if num_classes is None else ones.size):
        other = ones.copy()
        other.flat[place] = 0
        assert np.all(run(decoder, latent, other) != parameters)
        assert np.any(run(encoder, spectrogram, other)[0] != run(encoder, spectrogram)[0])


def test_hyperparameters_change_the_networks():
    plain = sizes()
    changes = ({"width": 16}, {"latent_dim": 9}, {"num_classes": 3}, {"hidden": 32}, {"blocks": 2})
    for change in changes:
        assert all(a != b for a, b in zip(sizes(**change), plain, strict=True)), change
    _, decoder = conv1d(audio(20), Gaussian(), width=4, activation="elu")
    assert "elu" in str(decoder.get_config())


@pytest.mark.parametrize("media", [Image(8, 8, 1), audio(7)], ids=["an image", "7 frames"])
def test_other_media_are_refused(media):
    with pytest.raises(InputError, match="more than 7 frames"):
        conv1d(media, Gaussian())
