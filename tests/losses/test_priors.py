"""Priors: their densities, and that what is drawn from them has them."""

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.losses import GaussianMixture, StandardNormal, VampPrior
from keras_gen.losses.normal import DiagonalNormal

SHAPE, DIM, COMPONENTS = (2, 2, 1), 2, 5


@pytest.fixture
def random():
    return np.random.default_rng(2)


def encode(x):
    """An encoder whose mean and variance are easy to follow."""
    flat = tf.reshape(x, (-1, 4))
    return DiagonalNormal(3.0 * flat[:, :2], flat[:, 2:] - 1.0)


def point(latents):
    """A posterior that gives these latents."""
    return DiagonalNormal(latents, np.full_like(latents, -30.0))


def bound(prior):
    prior.bind(encode, SHAPE, DIM)
    return prior


@pytest.fixture
def vamp(random):
    prior = bound(VampPrior(COMPONENTS))
    prior.pseudo_inputs.assign(random.uniform(-1.3, 1.3, (COMPONENTS, *SHAPE)))
    return prior


def mixture_log_prob(prior, z):
    u = np.clip(prior.pseudo_inputs.numpy(), -1, 1).reshape(COMPONENTS, 4)
    components = scipy.stats.norm.logpdf(z[..., None, :], 3 * u[:, :2], np.exp((u[:, 2:] - 1) / 2)).sum(-1)
    return np.logaddexp.reduce(components, axis=-1) - np.log(COMPONENTS)


def test_log_densities(vamp, random):
    z = random.normal(size=(3, 7, DIM)).astype("float32")
    standard = bound(StandardNormal())
    np.testing.assert_allclose(standard.log_prob(z), scipy.stats.norm.logpdf(z).sum(-1), rtol=1e-5)
    np.testing.assert_allclose(vamp.log_prob(z), mixture_log_prob(vamp, z), rtol=1e-4, atol=1e-4)


def test_divergences_against_monte_carlo(vamp, random):
    posterior = DiagonalNormal(tf.constant([[0.4, -0.3]]), tf.constant([[-1.0, 0.2]]))
    noise = random.normal(size=(200_000, DIM)).astype("float32")
    z = posterior.sample(noise)
    for prior in (bound(StandardNormal()), vamp):
        log_ratio = tf.reduce_sum(posterior.log_prob(z), -1) - prior.log_prob(z)
        at_draws = prior.kl(
            posterior, z
        )  # of a mixture an estimate for each draw, of a normal the divergence itself
        np.testing.assert_allclose(np.mean(at_draws), np.mean(log_ratio), atol=0.02)


@pytest.mark.parametrize("kind", ["standard", "vamp", "fitted"])
def test_draws_have_the_density(kind, vamp, random):
    noise = random.normal(size=(20_000, DIM)).astype("float32")
    choice = random.random(20_000).astype("float32")
    if kind == "fitted":
        prior = bound(GaussianMixture(3))
        centers = np.array([[0, 0], [4, 1], [-3, 2]])[random.choice(3, 3000, p=[0.5, 0.3, 0.2])]
        latents = centers + random.normal(size=(3000, DIM)) @ [[0.5, 0.3], [0.0, 0.4]]
        prior.fit(point(latents), seed=0)
        expected = latents
    else:
        prior = bound(StandardNormal()) if kind == "standard" else vamp
        # Draws by rejection from a wide box, by the density that was tested above.
        box = random.uniform(-6, 6, (200_000, DIM)).astype("float32")
        density = np.exp(prior.log_prob(box))
        expected = box[random.random(len(box)) < density / density.max()]
    drawn = np.asarray(prior.draw(noise, choice))
    np.testing.assert_allclose(drawn.mean(0), expected.mean(0), atol=0.12)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(expected.T), atol=0.15)
    for dimension in range(DIM):
        assert scipy.stats.ks_2samp(drawn[:, dimension], expected[:, dimension]).statistic < 0.03
    # The ends of the choice stay within the components.
    assert np.isfinite(prior.draw(noise[:2], np.array([0.0, np.nextafter(1, 0)], "float32"))).all()


def test_the_pseudo_inputs_learn(vamp):
    with tf.GradientTape() as tape:
        log_prob = tf.reduce_sum(vamp.log_prob(tf.ones((4, DIM))))
    gradient = tape.gradient(log_prob, vamp.pseudo_inputs).numpy()
    inside = np.abs(vamp.pseudo_inputs.numpy()) < 1
    assert np.any(gradient[inside] != 0) and not np.any(gradient[~inside])


def test_weights_and_settings_come_back(vamp, tmp_path):
    fitted = bound(GaussianMixture(2))
    fitted.fit(point(np.random.default_rng(0).normal(size=(50, DIM))))
    for prior in (vamp, fitted):
        restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(prior))
        bound(restored).set_weights(prior.get_weights())
        noise, choice = np.ones((3, DIM), "float32"), np.array([0.1, 0.5, 0.9], "float32")
        np.testing.assert_array_equal(restored.draw(noise, choice), prior.draw(noise, choice))


def test_more_components_than_latents_are_refused():
    with pytest.raises(InputError, match="5 components need as many examples, not 4"):
        bound(GaussianMixture(5)).fit(point(np.zeros((4, DIM))))


def test_a_mixture_is_fitted_to_a_handful_of_examples_of_many_dimensions():
    prior = GaussianMixture(4)
    prior.bind(encode, SHAPE, 64)
    prior.fit(point(np.random.default_rng(0).normal(size=(5, 64)).astype("float32")))
    assert np.isfinite(prior.factors.numpy()).all()
