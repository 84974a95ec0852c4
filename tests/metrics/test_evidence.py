"""Scores of a VAE against a linear-Gaussian model, of which everything is known in closed form."""

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from keras_gen.losses import Bernoulli, Gaussian
from keras_gen.losses.normal import DiagonalNormal
from keras_gen.media import Image
from keras_gen.metrics.evidence import active_units, aggregate_log_prob, scores_and_parts
from keras_gen.models import VAE

SIZE, DIM, NOISE = 8, 3, 0.3
PIXELS = SIZE * SIZE


def linear_vae(exact, seed=0):
    """x = W z + b + noise; the encoder is the exact posterior, or one that is shifted and too narrow.

    Returns the model and the normal distribution of x under it.
    """
    random = np.random.default_rng(seed)
    w = random.normal(size=(DIM, PIXELS)) * 0.15
    b = random.normal(size=PIXELS) * 0.1
    covariance = np.linalg.inv(np.eye(DIM) + w @ w.T / NOISE**2)
    # A rotation of the latents makes the posterior's covariance diagonal and changes nothing else.
    values, rotation = np.linalg.eigh(covariance)
    w = rotation.T @ w
    to_mean = (w.T / NOISE**2) * values

    image = keras.Input((SIZE, SIZE, 1))
    flat = keras.layers.Flatten()(image)
    mean = keras.layers.Dense(DIM, name="mean")(flat)
    log_variance = keras.layers.Dense(DIM, kernel_initializer="zeros", name="log_variance")(flat)
    encoder = keras.Model(image, [mean, log_variance])
    encoder.get_layer("mean").set_weights([to_mean, -b @ to_mean + (0 if exact else 0.1)])
    log_variances = np.log(values) - (0 if exact else 0.7)
    encoder.get_layer("log_variance").set_weights([np.zeros((PIXELS, DIM)), log_variances])
    latent = keras.Input((DIM,))
    x = keras.layers.Reshape((SIZE, SIZE, 1))(keras.layers.Dense(PIXELS, name="linear")(latent))
    decoder = keras.Model(latent, x)
    decoder.get_layer("linear").set_weights([w, b])
    model = VAE(encoder, decoder, Image(SIZE, SIZE, 1), Gaussian(NOISE))
    model.compile()
    return model, scipy.stats.multivariate_normal(b, w.T @ w + NOISE**2 * np.eye(PIXELS))


@pytest.fixture(scope="module")
def real():
    """Images as the model draws them, rounded to 8 bits."""
    model, marginal = linear_vae(exact=True)
    x = marginal.rvs(1500, random_state=1).reshape(-1, SIZE, SIZE, 1).astype("float32")
    return np.asarray(model.media.to_raw(x))


def exact_nll(marginal, real):
    return -np.mean(marginal.logpdf(real.reshape(len(real), -1) / 127.5 - 1))


def test_the_score_is_the_likelihood_and_so_is_the_elbo_of_the_exact_posterior(real):
    model, marginal = linear_vae(exact=True)
    scores = model.score(real, samples=7)
    np.testing.assert_allclose(scores["nll"], exact_nll(marginal, real), atol=0.01)
    np.testing.assert_allclose(-scores["elbo"], exact_nll(marginal, real), atol=0.01)
    np.testing.assert_allclose(scores["reconstruction"] + scores["kl"], -scores["elbo"], rtol=1e-6)
    report = model.evaluate(real, verbose=0, return_dict=True)
    np.testing.assert_allclose(report["loss"], exact_nll(marginal, real), atol=0.5)  # one draw an example


def test_many_samples_make_up_for_a_poor_posterior(real):
    model, marginal = linear_vae(exact=False)
    exact = exact_nll(marginal, real)
    by_samples = {samples: model.score(real, samples)["nll"] for samples in (1, 10, 1000)}
    assert by_samples[1] > by_samples[10] + 0.1 > by_samples[1000] + 0.2
    np.testing.assert_allclose(by_samples[1000], exact, atol=0.05)
    scores = model.score(real, samples=1000)
    # The gap of the ELBO is KL(q || exact posterior), known for normals.
    q = model.posteriors(real)
    p = linear_vae(exact=True)[0].posteriors(real)
    variances = np.exp(q.log_variance), np.exp(p.log_variance)
    gap = (variances[0] + (q.mean - p.mean) ** 2) / variances[1] - 1 + p.log_variance - q.log_variance
    np.testing.assert_allclose(-scores["elbo"] - exact, np.mean(np.sum(gap / 2, axis=1)), atol=0.05)


def test_the_parts_that_examples_have_in_a_score_are_their_own(real):
    model, marginal = linear_vae(exact=True)
    scores, parts = scores_and_parts(model, real[:300], samples=7)
    for name, values in parts.items():
        assert values.shape == (300,) and values.mean() == pytest.approx(scores[name], rel=1e-5)
    exact = -marginal.logpdf(real[:300].reshape(300, -1) / 127.5 - 1)
    np.testing.assert_allclose(parts["nll"], exact, atol=0.02)


def test_scores_depend_on_neither_parts_nor_the_objective(real, monkeypatch):
    from keras_gen.losses import ELBO
    from keras_gen.metrics import evidence as module

    model, _ = linear_vae(exact=False)
    plain = model.score(real, samples=60, seed=3)
    assert model.score(real, samples=60, seed=3) == plain != model.score(real, samples=60, seed=4)
    model.objective = ELBO(beta=50.0)
    assert model.score(real, samples=60, seed=3) == plain
    monkeypatch.setattr(module, "MOST_DECODED", 700)  # other draws, in more parts
    np.testing.assert_allclose(model.score(real, samples=60, seed=3)["nll"], plain["nll"], atol=0.1)


def test_information_of_the_latents_against_a_loop(real):
    model, _ = linear_vae(exact=True)
    q = model.posteriors(real)
    z = np.random.default_rng(0).normal(size=(5, DIM)).astype("float32")
    pairs = scipy.stats.norm.logpdf(z[:, None], q.mean, np.exp(q.log_variance / 2)).sum(-1)
    expected = np.logaddexp.reduce(pairs, axis=1) - np.log(len(real))
    np.testing.assert_allclose(aggregate_log_prob(q, z), expected, rtol=1e-4)
    scores = model.score(real, samples=200)
    np.testing.assert_allclose(scores["mutual_information"] + scores["marginal_kl"], scores["kl"], atol=0.3)
    # The channel is Gaussian: I(x; z) = -1/2 sum log of the posterior variances.
    np.testing.assert_allclose(scores["mutual_information"], -np.sum(q.log_variance[0]) / 2, atol=0.4)
    assert scores["active_units"] == DIM


def test_active_units_count_means_that_vary():
    random = np.random.default_rng(0)
    means = random.normal(size=(2000, 4)) * [1.0, 0.2, 0.05, 0.0] + [0, 5, 5, 5]
    assert active_units(means) == 2


def test_binarized_images_are_drawn_once_for_all_samples():
    """Of gray pixels that the decoder knows to be fair coins, each observation costs log 2, whatever is
    drawn.
    """
    encoder_input = keras.Input((SIZE, SIZE, 1))
    flat = keras.layers.Flatten()(encoder_input)
    zeros = [keras.layers.Dense(2, kernel_initializer="zeros")(flat) for _ in range(2)]
    latent = keras.Input((2,))
    logits = keras.layers.Dense(PIXELS, kernel_initializer="zeros")(latent)
    decoder = keras.Model(latent, keras.layers.Reshape((SIZE, SIZE, 1))(logits))
    model = VAE(keras.Model(encoder_input, zeros), decoder, Image(SIZE, SIZE, 1), Bernoulli("dynamic"))
    scores = model.score(np.full((3, SIZE, SIZE, 1), 128, np.uint8), samples=50)
    np.testing.assert_allclose(scores["nll"], PIXELS * np.log(2), rtol=1e-5)
    np.testing.assert_allclose(scores["kl"], 0.0, atol=1e-4)


def test_posteriors_are_of_each_example(real):
    model, _ = linear_vae(exact=True)
    q = model.posteriors(real)
    assert isinstance(q, DiagonalNormal)
    x = tf.constant(real[200:201] / np.float32(127.5) - 1)
    np.testing.assert_allclose(q.mean[200:201], model.encoder(x)[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(q.mean, model.encode(real), rtol=1e-6)
