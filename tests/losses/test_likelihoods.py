"""Every likelihood against SciPy, its mean and samples against each other, and its support."""

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
from scipy.special import expit, softmax

from keras_gen.errors import InputError
from keras_gen.losses import Bernoulli, Categorical, DiscretizedLogisticMixture, Gaussian, Laplace

SHAPE = (3, 2, 2)  # examples of 2 x 2 places, the channel apart


@pytest.fixture
def random():
    return np.random.default_rng(3)


def learned(kind, scale):
    likelihood = kind("learned")
    likelihood.trainable_variables[0].assign(np.log(scale) / 10)
    return likelihood


CONTINUOUS = {
    "fixed normal": (Gaussian(0.3), scipy.stats.norm, 0.3),
    "learned normal": (learned(Gaussian, 0.7), scipy.stats.norm, 0.7),
    "whole number": (Gaussian(2), scipy.stats.norm, 2.0),
    "fixed laplace": (Laplace(0.2), scipy.stats.laplace, 0.2),
    "learned laplace": (learned(Laplace, 0.5), scipy.stats.laplace, 0.5),
}


@pytest.mark.parametrize("name", CONTINUOUS)
def test_densities_about_a_location(random, name):
    likelihood, reference, scale = CONTINUOUS[name]
    x = random.uniform(-1, 1, (*SHAPE, 1)).astype("float32")
    location = random.normal(size=(*SHAPE, 1)).astype("float32")
    expected = reference.logpdf(x, location, scale).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(likelihood.log_prob(x, location), expected, rtol=1e-5)
    np.testing.assert_array_equal(likelihood.mean(location), location)
    draws = likelihood.sample(tf.fill((40_000,), 0.5), (1, 2)).numpy()
    assert scipy.stats.kstest(draws, reference(0.5, scale).cdf).pvalue > 0.01


def test_a_learned_scale_learns_and_a_fixed_one_does_not(random):
    x, location = (random.normal(size=(*SHAPE, 1)).astype("float32") for _ in range(2))
    for kind in (Gaussian, Laplace):
        assert not kind(0.5).trainable_variables
        likelihood = kind("learned")
        with tf.GradientTape() as tape:
            log_prob = tf.reduce_sum(likelihood.log_prob(x, location))
        # d/d(log scale): of a normal sum (r^2 - 1), of a Laplace sum (|r| - 1), at scale 1, with the
        # logarithm ten times what is learned.
        residual = np.abs(x - location)
        expected = 10 * np.sum((residual**2 if kind is Gaussian else residual) - 1)
        np.testing.assert_allclose(
            tape.gradient(log_prob, likelihood.trainable_variables[0]), expected, rtol=1e-4
        )


def test_bernoulli(random):
    likelihood = Bernoulli()
    logits = random.normal(size=(*SHAPE, 1), scale=5).astype("float32")
    x = np.where(random.random(logits.shape) < 0.5, 1.0, -1.0).astype("float32")
    expected = scipy.stats.bernoulli.logpmf((x + 1) / 2, expit(logits.astype("float64"))).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(likelihood.log_prob(x, logits), expected, rtol=1e-4)
    np.testing.assert_allclose(likelihood.mean(logits), 2 * expit(logits) - 1, atol=1e-6)
    draws = likelihood.sample(tf.fill((40_000,), 0.8), (1, 2)).numpy()
    assert set(np.unique(draws)) == {-1.0, 1.0}
    np.testing.assert_allclose(draws.mean(), 2 * expit(0.8) - 1, atol=0.015)
    extreme = np.array([[[[200.0]]]], "float32")
    np.testing.assert_allclose(likelihood.log_prob(-np.ones_like(extreme), extreme), [-200.0])


def test_binarization_draws_white_as_often_as_a_pixel_is_bright():
    gray = tf.fill((40_000, 1, 1, 1), 0.4)
    dynamic = Bernoulli("dynamic")
    drawn = dynamic.observe(gray, (5, 6)).numpy()
    assert set(np.unique(drawn)) == {-1.0, 1.0}
    np.testing.assert_allclose(drawn.mean(), 0.4, atol=0.015)
    assert np.any(drawn != dynamic.observe(gray, (5, 7)))
    np.testing.assert_array_equal(dynamic.observe(gray), gray)
    np.testing.assert_array_equal(Bernoulli("threshold").observe(gray, (5, 6)), tf.ones_like(gray))


@pytest.mark.parametrize("channels", [1, 3])
def test_categorical(random, channels):
    likelihood = Categorical(levels=5)
    logits = random.normal(size=(*SHAPE, channels, 5)).astype("float32")
    level = random.integers(0, 5, (*SHAPE, channels))
    x, parameters = (level / 2 - 1).astype("float32"), logits.reshape(*SHAPE, channels * 5)
    assert parameters.shape[-1] == likelihood.num_parameters(channels)
    chances = softmax(logits, axis=-1)
    expected = np.log(np.take_along_axis(chances, level[..., None], -1)).sum(axis=(1, 2, 3, 4))
    np.testing.assert_allclose(likelihood.log_prob(x, parameters), expected, rtol=1e-5)
    np.testing.assert_allclose(likelihood.mean(parameters), chances @ (np.arange(5) / 2 - 1), atol=1e-6)
    draws = likelihood.sample(tf.tile(parameters[:1, :1, :1], (1, 20_000, 1, 1)), (1, 2)).numpy()
    np.testing.assert_allclose(
        [np.mean(draws[..., -1] == value / 2 - 1) for value in range(5)], chances[0, 0, 0, -1], atol=0.015
    )
    grays = tf.constant([[[[0.1]], [[-0.6]]]])
    np.testing.assert_allclose(
        tf.squeeze(Categorical(levels=5, quantize=True).observe(grays)), [0.0, -0.5], atol=1e-6
    )


def mixture_probabilities(parts, level, components, channels):
    """A logistic mixture written out with SciPy: log-probability of the levels of one place."""
    logits, rest = parts[:, 0], parts[:, 1:]
    x = level / 127.5 - 1
    log_probs = []
    for k in range(components):
        mean, log_scale = rest[k, :channels].copy(), rest[k, channels : 2 * channels]
        if channels >= 3:  # alpha leans on nothing
            a, b, c = np.tanh(rest[k, 2 * channels :])
            mean[:3] += [0, a * x[0], b * x[0] + c * x[1]]
        total = np.log(softmax(logits))[k]
        for channel in range(channels):
            component = scipy.stats.logistic(mean[channel], np.exp(log_scale[channel]))
            low = -np.inf if level[channel] == 0 else x[channel] - 1 / 255
            high = np.inf if level[channel] == 255 else x[channel] + 1 / 255
            total += np.log(component.cdf(high) - component.cdf(low))
        log_probs.append(total)
    return np.logaddexp.reduce(log_probs)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_logistic_mixture(random, channels):
    likelihood = DiscretizedLogisticMixture(components=4)
    size = likelihood.num_parameters(channels)
    parts = random.normal(size=(*SHAPE, 4, size // 4)) * 0.7 - 0.5
    level = random.integers(0, 256, (*SHAPE, channels))
    level[0, 0, 0], level[0, 0, 1] = 0, 255
    expected = [
        sum(
            mixture_probabilities(parts[i, r, c], level[i, r, c], 4, channels)
            for r in range(2)
            for c in range(2)
        )
        for i in range(3)
    ]
    parameters = parts.reshape(*SHAPE, size).astype("float32")
    x = (level / 127.5 - 1).astype("float32")
    np.testing.assert_allclose(likelihood.log_prob(x, parameters), expected, rtol=1e-4)

    place = tf.constant(parameters[:1, :1, :1])
    draws = likelihood.sample(tf.tile(place, (1, 40_000, 1, 1)), (1, 2)).numpy().reshape(-1, channels)
    likelihood.check(draws[None])
    if channels == 1:
        chances = np.exp(
            [mixture_probabilities(parts[0, 0, 0], np.array([value]), 4, 1) for value in range(256)]
        )
        np.testing.assert_allclose(chances.sum(), 1.0, rtol=1e-6)
        seen = np.bincount(np.rint((draws[:, 0] + 1) * 127.5).astype(int), minlength=256) / len(draws)
        np.testing.assert_allclose(np.cumsum(seen), np.cumsum(chances), atol=0.01)


def test_the_mean_of_a_logistic_mixture_leans_on_the_colors_before():
    # One narrow component: red 0.2, green 0.1 + tanh(0.5) red, blue -0.1 + tanh(-0.3) red + tanh(0.4) green.
    parts = np.array([0.0, 0.2, 0.1, -0.1, -6, -6, -6, 0.5, -0.3, 0.4], "float32")[None, None, None]
    red = 0.2
    green = 0.1 + np.tanh(0.5) * red
    blue = -0.1 + np.tanh(-0.3) * red + np.tanh(0.4) * green
    likelihood = DiscretizedLogisticMixture(components=1)
    np.testing.assert_allclose(tf.squeeze(likelihood.mean(parts)), [red, green, blue], atol=1e-6)
    draws = likelihood.sample(np.tile(parts, (2000, 1, 1, 1)), (1, 2)).numpy().reshape(-1, 3)
    np.testing.assert_allclose(draws.mean(axis=0), [red, green, blue], atol=0.005)


@pytest.mark.parametrize("log_scale", [-5.0, -1.0, 1.0])
def test_the_mean_of_a_logistic_mixture_is_that_of_its_levels(log_scale):
    """Also where much of it lies beyond black and white."""
    likelihood, levels = DiscretizedLogisticMixture(components=1), np.arange(256) / 127.5 - 1
    for center in (-1.3, -0.4, 0.0, 0.9):
        parameters = np.array([0.0, center, log_scale], "float32")[None, None, None]
        every = levels.astype("float32")[:, None, None, None]
        chances = np.exp(likelihood.log_prob(every, np.tile(parameters, (256, 1, 1, 1))))
        np.testing.assert_allclose(likelihood.mean(parameters), chances @ levels, atol=1e-3)


def test_the_mean_of_colors_is_near_that_of_draws():
    # Wide components: the mean of red that green leans on is the mean of what red is cut to.
    parts = np.array([0.0, 0.8, 0.3, -0.6, -0.5, -1.0, -0.5, 0.5, -0.3, 0.4], "float32")[None, None, None]
    likelihood = DiscretizedLogisticMixture(components=1)
    draws = likelihood.sample(np.tile(parts, (40_000, 1, 1, 1)), (1, 2)).numpy().reshape(-1, 3)
    np.testing.assert_allclose(draws.mean(axis=0), np.squeeze(likelihood.mean(parts)), atol=0.04)


def test_tails_of_a_logistic_mixture_keep_their_gradient():
    likelihood = DiscretizedLogisticMixture(components=1)
    parameters = tf.Variable([[[[0.0, -0.9, -6.5]]]])
    with tf.GradientTape() as tape:
        log_prob = likelihood.log_prob(tf.fill((1, 1, 1, 1), 0.5 / 127.5), parameters)
    gradient = tape.gradient(log_prob, parameters)
    assert np.isfinite(log_prob).all() and np.isfinite(gradient).all() and gradient[0, 0, 0, 1] > 100


def test_several_samples_broadcast_over_the_examples(random):
    x = np.where(random.random((*SHAPE, 1)) < 0.5, 1.0, -1.0).astype("float32")
    parameters = random.normal(size=(5, *SHAPE, 1)).astype("float32")
    each = [Bernoulli().log_prob(x, one) for one in parameters]
    np.testing.assert_allclose(Bernoulli().log_prob(x, parameters), each, rtol=1e-5)


@pytest.mark.parametrize(
    "likelihood, outside, message",
    [
        (Bernoulli(), 0.5, 'hold 0.5: give Bernoulli\\(binarize="dynamic"\\)'),
        (Bernoulli("dynamic"), 1.5, "hold 1.5"),
        (Gaussian(), np.nan, "NaN or infinity"),
        (Laplace(), np.inf, "NaN or infinity"),
        (Categorical(levels=3), 0.5, "3 levels from -1 to 1, but the data hold 0.5"),
        (Categorical(levels=3, quantize=True), 1.2, "hold 1.2"),
        (DiscretizedLogisticMixture(), 0.001, "256 levels"),
        (DiscretizedLogisticMixture(), 1 + 2 / 255, "256 levels"),
    ],
)
def test_data_outside_the_support_are_refused(likelihood, outside, message):
    x = np.full((2, 2, 2, 1), 1.0)
    likelihood.check(x)
    x[1, 0, 1] = outside
    with pytest.raises(InputError, match=message):
        likelihood.check(x)


@pytest.mark.parametrize(
    "likelihood",
    [
        Bernoulli("threshold"),
        Gaussian(0.3),
        Laplace("learned"),
        Categorical(7, quantize=True),
        DiscretizedLogisticMixture(3),
    ],
    ids=lambda likelihood: type(likelihood).__name__,
)
def test_config_round_trip(likelihood):
    config = keras.saving.serialize_keras_object(likelihood)
    restored = keras.saving.deserialize_keras_object(config)
    assert restored.get_config() == likelihood.get_config()


def test_settings_that_make_no_likelihood_are_refused():
    mistakes = {
        "binarize must be": lambda: Bernoulli("static"),
        "scale must be a positive": lambda: Gaussian(0.0),
        "not True": lambda: Laplace(True),
        "levels must be from 2 to 256": lambda: Categorical(1),
        "components must be at least 1": lambda: DiscretizedLogisticMixture(0),
    }
    for message, mistake in mistakes.items():
        with pytest.raises(InputError, match=message):
            mistake()
