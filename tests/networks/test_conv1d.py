"""Encoder and decoder over time: lengths, labels, and that everything they see and make is connected."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.losses import Gaussian
from keras_gen.media import Audio, Image
from keras_gen.networks import conv1d, conv1d_sequence
from keras_gen.sampling.labels import label_shape


def audio(frames, mels=12):
    return Audio(frames * 16, 8000, mels, window=64, hop=16, fft_length=256)


def sizes(build=conv1d, **arguments):
    settings = {"width": 8, "latent_dim": 4, **arguments}
    return [network.count_params() for network in build(audio(20), Gaussian(), **settings)]


@pytest.mark.parametrize("frames", [8, 9, 15, 33, 64, 101])
def test_any_length(frames):
    media = audio(frames)
    encoder, decoder = conv1d(media, Gaussian(), latent_dim=5, width=4)
    mean, log_variance = encoder(tf.zeros((2, *media.model_shape)))
    assert mean.shape == log_variance.shape == (2, 5)
    assert decoder(mean).shape == (2, *media.model_shape)


@pytest.mark.parametrize("frames", [8, 33, 64])
@pytest.mark.parametrize("halvings", [1, 3])
def test_a_sequence_of_any_length(frames, halvings):
    media = audio(frames)
    encoder, decoder = conv1d_sequence(media, Gaussian(), latent_dim=5, width=4, halvings=halvings)
    mean, log_variance = encoder(tf.zeros((2, *media.model_shape)))
    assert mean.shape == log_variance.shape == (2, 5 * -(-frames // 2**halvings))
    assert decoder(mean).shape == (2, *media.model_shape)


def awake(networks):
    """Networks whose blocks are no longer the identity that they start as, which would hide what they see."""
    for network in networks:
        for weight in network.trainable_variables:
            weight.assign_add(0.05 * np.random.default_rng(1).normal(size=weight.shape))
    return networks


def test_a_sequence_tells_of_the_sound_around_each_time():
    media = audio(64, mels=5)
    encoder, decoder = awake(conv1d_sequence(media, Gaussian(), latent_dim=3, width=8, halvings=2, blocks=1))
    x = tf.constant(np.random.default_rng(0).normal(size=(1, *media.model_shape)), tf.float32)
    mean = encoder(x)[0]
    for frame in (4, 31, 60):
        other = encoder(tf.tensor_scatter_nd_add(x, [[0, frame, 2]], [1.0]))[0]
        changed = np.flatnonzero(np.any(np.reshape(other - mean, (16, 3)), axis=1))
        assert abs(changed - frame / 4).max() <= 5 and len(changed) > 1
    made = decoder(mean).numpy()
    for time in (1, 8, 15):
        other = decoder(tf.tensor_scatter_nd_add(mean, [[0, 3 * time + 1]], [1.0])).numpy()
        changed = np.flatnonzero(np.any(other - made, axis=(0, 2)))
        assert abs(changed - 4 * time).max() <= 26 and len(changed) > 4


def test_halvings_of_a_sequence_out_of_range_are_refused():
    for halvings in (0, 5):
        with pytest.raises(InputError, match=f"from 1 to 4 for 16 frames, not {halvings}"):
            conv1d_sequence(audio(16), Gaussian(), halvings=halvings)


@pytest.mark.parametrize("num_classes", [None, 3, (3, 2)], ids=str)
@pytest.mark.parametrize(
    "build", [partial(conv1d, hidden=16), partial(conv1d_sequence, halvings=3)], ids=["vector", "sequence"]
)
def test_every_frame_band_and_label_is_seen_and_made(build, num_classes):
    keras.utils.set_random_seed(0)
    media = audio(21, mels=5)
    encoder, decoder = awake(build(media, Gaussian(), num_classes=num_classes, latent_dim=4, width=8))
    random = np.random.default_rng(0)
    shapes = (media.model_shape, encoder.outputs[0].shape[1:])
    spectrogram, latent = (tf.constant(random.normal(size=(1, *shape)), tf.float32) for shape in shapes)
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
    assert np.all(tape.batch_jacobian(parameters, latent).numpy() != 0)
    for place in range(0 if num_classes is None else ones.size):
        other = ones.copy()
        other.flat[place] = 0
        assert np.all(run(decoder, latent, other) != parameters)
        assert np.any(run(encoder, spectrogram, other)[0] != run(encoder, spectrogram)[0])


def test_hyperparameters_change_the_networks():
    common = ({"width": 16}, {"latent_dim": 9}, {"num_classes": 3}, {"blocks": 3})
    for build, own in ((conv1d, {"hidden": 32}), (conv1d_sequence, {"halvings": 3})):
        for change in (*common, own):
            changed = sizes(build, **change)
            assert all(a != b for a, b in zip(changed, sizes(build), strict=True)), change
        _, decoder = build(audio(20), Gaussian(), width=4, activation="elu")
        assert "elu" in str(decoder.get_config())


@pytest.mark.parametrize("media", [Image(8, 8, 1), audio(7)], ids=["an image", "7 frames"])
def test_other_media_are_refused(media):
    with pytest.raises(InputError, match="more than 7 frames"):
        conv1d(media, Gaussian())
