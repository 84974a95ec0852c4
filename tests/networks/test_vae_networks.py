"""Encoders and decoders of VAEs: sizes, labels, and that everything they see and make is connected."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.losses import Bernoulli, DiscretizedLogisticMixture
from keras_gen.media import Audio, Image
from keras_gen.networks import conv, mlp, resnet
from keras_gen.networks.sizes import halved_sizes

BUILDERS = {"conv": conv, "mlp": mlp, "resnet": resnet}


SHAPES = [
    *((side, side, 3) for side in (8, 9, 15, 28, 33, 50, 101, 256)),
    *((9, 28, 4), (101, 50, 3), (256, 8, 4)),
]


@pytest.mark.parametrize(
    "name, shape", [*itertools.product(["conv", "resnet"], SHAPES), ("mlp", (9, 28, 4)), ("mlp", (28, 9, 1))]
)
def test_any_size(name, shape):
    likelihood = DiscretizedLogisticMixture(2)
    encoder, decoder = BUILDERS[name](Image(*shape), likelihood, latent_dim=5, width=2)
    mean, log_variance = encoder(tf.zeros((2, *shape)))
    assert mean.shape == log_variance.shape == (2, 5)
    assert decoder(mean).shape == (2, *shape[:2], likelihood.num_parameters(shape[2]))


def test_sizes_halve_and_round_up():
    assert halved_sizes((33, 20, 1)) == [(33, 20), (17, 10), (9, 5)]
    for size in range(8, 257):
        sizes = halved_sizes((256, size, 1))
        assert 4 <= sizes[-1][1] <= 7
        for larger, smaller in itertools.pairwise(sizes):
            assert larger == tuple(2 * s - side % 2 for s, side in zip(smaller, larger, strict=True))


def test_gated_units_are_those_of_the_paper():
    """h = (W x + b) * sigmoid(V x + c) in each hidden layer, calculated by hand."""
    _, decoder = mlp(Image(8, 8, 1), Bernoulli(), latent_dim=5, width=7, depth=2, activation="glu")
    h = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")
    expected = decoder(h).numpy().reshape(3, 64)
    *hidden, (w, b) = [layer.get_weights() for layer in decoder.layers if layer.weights]
    for (value, of_value), (gate, of_gate) in zip(hidden[::2], hidden[1::2], strict=True):
        h = (h @ value + of_value) / (1 + np.exp(-(h @ gate + of_gate)))
    np.testing.assert_allclose(h @ w + b, expected, atol=1e-5)
    assert len(hidden) == 4


def test_the_mlp_of_the_paper_has_its_weights():
    encoder, decoder = mlp(Image(28, 28, 1), Bernoulli())
    assert encoder.count_params() == 784 * 200 + 200 + 200 * 200 + 200 + 2 * (200 * 50 + 50)
    assert decoder.count_params() == 50 * 200 + 200 + 200 * 200 + 200 + 200 * 784 + 784
    activations = {layer.activation.__name__ for layer in encoder.layers if hasattr(layer, "activation")}
    assert activations == {"tanh", "linear"}


@pytest.mark.parametrize("name", BUILDERS)
def test_every_pixel_and_label_is_seen_and_made(name):
    keras.utils.set_random_seed(0)
    media, likelihood = Image(13, 13, 1), Bernoulli()
    encoder, decoder = BUILDERS[name](media, likelihood, num_classes=3, latent_dim=4, width=8)
    for network in (encoder, decoder):  # blocks that start as the identity would hide what they see
        for weight in network.trainable_variables:
            weight.assign_add(0.05 * np.random.default_rng(1).normal(size=weight.shape))
    image = tf.constant(np.random.default_rng(0).normal(size=(1, 13, 13, 1)).astype("float32"))
    latent = tf.constant(np.random.default_rng(2).normal(size=(1, 4)).astype("float32"))
    label = tf.constant([1])
    with tf.GradientTape() as tape:
        tape.watch(image)
        mean, log_variance = encoder([image, label])
        total = tf.reduce_sum(mean) + tf.reduce_sum(log_variance)
    assert np.all(tape.gradient(total, image).numpy() != 0)
    with tf.GradientTape() as tape:
        tape.watch(latent)
        parameters = decoder([latent, label])
    assert np.all(tape.batch_jacobian(parameters, latent).numpy().reshape(13, 13, 4) != 0)
    assert np.any(encoder([image, tf.constant([2])])[0] != mean)
    assert np.all(decoder([latent, tf.constant([2])]) != parameters)


@pytest.mark.parametrize("name", BUILDERS)
def test_hyperparameters_change_the_networks(name):
    media, likelihood = Image(8, 8, 1), Bernoulli()

    def sizes(**arguments):
        return [network.count_params() for network in BUILDERS[name](media, likelihood, **arguments)]

    plain = sizes(width=8, latent_dim=4)
    activations = BUILDERS[name](media, likelihood, width=8, activation="elu")[1].get_config()
    assert "elu" in str(activations)
    own = {"conv": {"hidden": 32}, "mlp": {"depth": 3}, "resnet": {"blocks": 2}}[name]
    for change in ({"width": 16}, {"latent_dim": 9}, {"num_classes": 3}, own):
        assert all(
            a != b for a, b in zip(sizes(**{"width": 8, "latent_dim": 4, **change}), plain, strict=True)
        )


@pytest.mark.parametrize("name", BUILDERS)
def test_heads_stay_in_single_precision(name):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        encoder, decoder = BUILDERS[name](Image(9, 9, 1), Bernoulli(), width=8)
    finally:
        keras.config.set_dtype_policy("float32")
    outputs = [*encoder(tf.zeros((1, 9, 9, 1))), decoder(tf.zeros((1, encoder.outputs[0].shape[1])))]
    assert all(output.dtype == tf.float32 for output in outputs)


@pytest.mark.parametrize("media", [Image(7, 7, 1), Image(257, 257, 1), Image(7, 16, 1)])
def test_other_sizes_are_refused(media):
    for builder in (conv, resnet):
        with pytest.raises(InputError, match="sides of 8 to 256 pixels"):
            builder(media, Bernoulli())
        with pytest.raises(InputError, match="takes images, not .*conv1d"):
            builder(Audio(), Bernoulli())
