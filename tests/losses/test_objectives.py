"""Objectives on a small model whose likelihood is known, against NumPy, Monte Carlo and closed forms."""

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
from scipy.special import logsumexp

from keras_gen.errors import InputError
from keras_gen.losses import (
    DIPVAE1,
    DIPVAE2,
    ELBO,
    IWAE,
    BetaTCVAE,
    Capacity,
    DReG,
    FactorVAE,
    FreeBits,
    GaussianMixture,
    InfoVAE,
    StandardNormal,
    VampPrior,
)
from keras_gen.losses.aggregate import maximum_mean_discrepancy
from keras_gen.losses.normal import DiagonalNormal
from keras_gen.losses.objectives import Draw
from keras_gen.losses.total_correlation import decompose_kl, stratified_log_weights, weighted_log_weights
from keras_gen.training.schedules import Linear

BATCH, DIM = 6, 3


@pytest.fixture
def random():
    return np.random.default_rng(5)


@pytest.fixture
def posterior(random):
    mean = random.normal(size=(BATCH, DIM)).astype("float32")
    return DiagonalNormal(tf.constant(mean), tf.constant(0.3 * mean[::-1] - 0.5))


@pytest.fixture
def draw(posterior, random):
    z = posterior.sample(random.normal(size=(BATCH, DIM)).astype("float32"))
    kl = tf.reduce_sum(posterior.kl_from_standard(), axis=-1)
    return Draw(posterior, z, kl, StandardNormal(), tf.constant(50), tf.constant([1, 2]))


class LinearGaussian:
    """x = w z + noise of unit variance, one latent and one pixel; q(z|x) = N(a x, exp(v)). All is known in
    closed form.
    """

    def __init__(self, slope, log_variance, weight):
        self.slope, self.log_variance, self.weight = map(tf.Variable, (slope, log_variance, weight))
        self.prior, self.examples_seen, self.adversary = StandardNormal(), tf.constant(0), None
        self.encoder_variables = [self.slope, self.log_variance]

    def posterior(self, x, labels, training):
        return DiagonalNormal(self.slope * x, self.log_variance + tf.zeros_like(x))

    def log_likelihood(self, x, z, labels, training):
        return tf.reduce_sum(-((x - self.weight * z) ** 2) / 2 - np.log(2 * np.pi) / 2, axis=-1)

    def exact(self, x):
        return scipy.stats.norm.logpdf(x[:, 0], scale=np.sqrt(1 + self.weight.numpy() ** 2))


@pytest.fixture
def model():
    return LinearGaussian(0.3, -0.2, 1.5)


@pytest.fixture
def x(random):
    return random.normal(size=(4, 1), scale=2).astype("float32")


@pytest.mark.parametrize("shift, narrow", [(0.0, 0.0), (30.0, 0.0), (0.0, 5.0)])
def test_densities_of_pairs_far_from_zero_and_of_narrow_posteriors(posterior, random, shift, narrow):
    far = DiagonalNormal(posterior.mean + shift, posterior.log_variance - narrow)
    z = far.sample(random.normal(size=(BATCH, DIM)).astype("float32"))
    expected = scipy.stats.norm.logpdf(
        z.numpy()[:, None].astype("float64"), far.mean, np.exp(far.log_variance.numpy().astype("float64") / 2)
    )
    np.testing.assert_allclose(far.pairwise_log_prob(z), expected.sum(-1), rtol=1e-4, atol=2e-3)


def test_densities_and_divergence_of_a_normal(posterior, random):
    mean, scale = posterior.mean.numpy(), np.exp(posterior.log_variance.numpy() / 2)
    z = random.normal(size=(7, DIM)).astype("float32")
    expected = scipy.stats.norm.logpdf(z[:, None], mean, scale)
    np.testing.assert_allclose(posterior.log_prob(z[:, None]), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(posterior.pairwise_log_prob(z), expected.sum(-1), rtol=1e-4, atol=1e-4)
    # KL against numerical integration.
    grid = np.linspace(-12, 12, 20_001)[:, None, None]
    density = scipy.stats.norm.pdf(grid, mean, scale)
    log_ratio = scipy.stats.norm.logpdf(grid, mean, scale) - scipy.stats.norm.logpdf(grid)
    expected = np.trapezoid(density * log_ratio, grid[:, 0, 0], axis=0)
    np.testing.assert_allclose(posterior.kl_from_standard(), expected, rtol=1e-4, atol=1e-5)


def losses_of(objective, model, x, num):
    """The losses of one batch under so many seeds."""
    loss = tf.function(lambda seed: objective(model, x, None, seed).loss)
    return [float(loss(tf.constant([seed, 0]))) for seed in range(num)]


def test_with_the_exact_posterior_the_elbo_is_the_likelihood(x):
    exact = LinearGaussian(1.5 / (1 + 1.5**2), float(-np.log(1 + 1.5**2)), 1.5)
    for objective in (ELBO(), IWAE(1), IWAE(7)):
        # The reconstruction is a draw, and so is the ELBO; log p(x, z) - log q(z|x) is the same for every z.
        losses = losses_of(objective, exact, x, 300)
        tolerance = 1e-5 if isinstance(objective, IWAE) else 4 * np.std(losses) / np.sqrt(300)
        np.testing.assert_allclose(np.mean(losses), -exact.exact(x).mean(), atol=tolerance)


def test_importance_weighted_bounds_rise_to_the_likelihood(model, x):
    bounds = [-np.mean(losses_of(IWAE(samples), model, x, 200)) for samples in (1, 5, 200)]
    exact = model.exact(x).mean()
    assert bounds[0] < bounds[1] < bounds[2] < exact + 0.01
    assert exact - bounds[0] > 0.1 and exact - bounds[2] < 0.01


def test_an_importance_weighted_bound_against_numpy(model, x):
    outcome = IWAE(4)(model, x, None, (3, 4))
    noise = tf.random.stateless_normal((4, *x.shape), (3, 4)).numpy()
    scale = np.exp(-0.1)
    z = 0.3 * x + scale * noise
    log_weights = (
        scipy.stats.norm.logpdf(x, 1.5 * z)
        + scipy.stats.norm.logpdf(z)
        - scipy.stats.norm.logpdf(z, 0.3 * x, scale)
    )[..., 0]
    np.testing.assert_allclose(outcome.loss, -np.mean(logsumexp(log_weights, axis=0) - np.log(4)), rtol=1e-5)
    np.testing.assert_allclose(
        -(outcome.reconstruction + outcome.kl), log_weights.mean(axis=0), rtol=1e-4, atol=1e-5
    )


def gradients(objective, model, x, num):
    variables = [*model.encoder_variables, model.weight]

    @tf.function
    def gradient(seed):
        with tf.GradientTape() as tape:
            loss = objective(model, x, None, seed).loss
        return tf.stack(tape.gradient(loss, variables))

    return np.array([gradient(tf.constant([seed, 0])) for seed in range(num)])


@pytest.mark.slow
def test_doubly_reparameterized_gradients_agree_in_expectation_and_vary_less(x):
    model = LinearGaussian(0.35, -1.6, 1.5)
    plain, double = (gradients(kind(16), model, x, 4000) for kind in (IWAE, DReG))
    error = np.sqrt((plain.var(axis=0) + double.var(axis=0)) / 4000)
    assert np.all(np.abs(plain.mean(axis=0) - double.mean(axis=0)) < 4 * error)
    assert np.all(np.abs(plain.mean(axis=0)) > 8 * error)  # the comparison is of something
    assert np.all(double.var(axis=0)[:2] < plain.var(axis=0)[:2] / 2)
    np.testing.assert_allclose(double[:, 2], plain[:, 2], rtol=1e-4, atol=1e-5)  # the decoder's is the same


def test_terms_of_the_kl_against_a_loop_and_their_sum(draw):
    q, z = draw.posterior, draw.z.numpy()
    mean, scale = q.mean.numpy(), np.exp(q.log_variance.numpy() / 2)
    for log_weights in (weighted_log_weights(BATCH, 100), stratified_log_weights(BATCH, 100)):
        w = np.array(log_weights)
        pairs = scipy.stats.norm.logpdf(z[:, None], mean[None], scale[None])
        own = scipy.stats.norm.logpdf(z, mean, scale).sum(-1)
        joint = np.array([logsumexp(w[i] + pairs[i].sum(-1)) for i in range(BATCH)])
        product = np.array([sum(logsumexp(w[i] + pairs[i, :, d]) for d in range(DIM)) for i in range(BATCH)])
        prior = scipy.stats.norm.logpdf(z).sum(-1)
        terms = decompose_kl(q, draw.z, log_weights)
        for term, expected in zip(terms, (own - joint, joint - product, product - prior), strict=True):
            np.testing.assert_allclose(term, expected, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(sum(terms), own - prior, rtol=1e-4, atol=1e-4)


def test_minibatch_weights():
    n, b = 50, 5
    stratified = np.exp(stratified_log_weights(b, n))
    np.testing.assert_allclose(stratified.sum(axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(
        np.diag(stratified), 1 / n, rtol=1e-5
    )  # the own example stands for itself alone
    np.testing.assert_allclose(np.exp(weighted_log_weights(b, n)), 1 / (n * b), rtol=1e-5)


def test_stratified_weights_estimate_the_density_of_the_aggregate_without_bias(random):
    n, b = 12, 4
    means = random.normal(size=n)
    z = 0.3
    density = scipy.stats.norm.pdf(z, means)
    weights = np.exp(stratified_log_weights(b, n))[0]
    # Over all orders of the others behind the example that z came from, the estimate averages to q(z).
    estimates = [
        weights @ density[np.concatenate([[0], 1 + random.permutation(n - 1)[: b - 1]])]
        for _ in range(20_000)
    ]
    np.testing.assert_allclose(np.mean(estimates), density.mean(), rtol=0.01)


def test_free_bits_in_three_forms(draw):
    kl = draw.posterior.kl_from_standard().numpy()
    mean, nats = kl.mean(axis=0), np.median(kl.mean(axis=0))
    assert (mean < nats).any() and (mean > nats).any()
    by_form = {
        form: FreeBits(nats, form).regularizer(draw)["regularizer"].numpy()
        for form in ("kingma", "total", "li")
    }
    np.testing.assert_allclose(by_form["kingma"], np.maximum(mean, nats).sum(), rtol=1e-5)
    np.testing.assert_allclose(by_form["total"], np.maximum(kl.sum(axis=1) - nats, 0), rtol=1e-5)
    np.testing.assert_allclose(by_form["li"], np.where(kl > nats, kl, 0).sum(axis=1), rtol=1e-5)
    for form in by_form:  # nothing free is the ELBO
        np.testing.assert_allclose(
            np.mean(FreeBits(0.0, form).regularizer(draw)["regularizer"]), kl.sum(1).mean(), rtol=1e-5
        )


def test_covariance_penalties_against_numpy(draw):
    mean, log_variance = (part.numpy() for part in draw.posterior)
    first = np.cov(mean.T, bias=True)
    for objective, matrix in (
        (DIPVAE1(3.0, 5.0), first),
        (DIPVAE2(3.0, 5.0), first + np.diag(np.exp(log_variance).mean(0))),
    ):
        terms = objective.regularizer(draw)
        off = matrix - np.diag(np.diag(matrix))
        np.testing.assert_allclose(terms["off_diagonal"], 3.0 * np.sum(off**2), rtol=1e-4)
        np.testing.assert_allclose(terms["diagonal"], 5.0 * np.sum((np.diag(matrix) - 1) ** 2), rtol=1e-4)


def test_discrepancy_against_a_loop_and_its_expectation(random):
    x, y = (random.normal(size=(5, 2)).astype("float32") for _ in range(2))

    def k(a, b):
        return 4 / (4 + np.sum((a - b) ** 2))

    within = [np.mean([k(s[i], s[j]) for i in range(5) for j in range(5) if i != j]) for s in (x, y)]
    between = np.mean([k(a, b) for a in x for b in y])
    np.testing.assert_allclose(
        maximum_mean_discrepancy(x, y), sum(within) - 2 * between, rtol=1e-4, atol=1e-6
    )
    same = [
        float(maximum_mean_discrepancy(*random.normal(size=(2, 50, 2)).astype("float32"))) for _ in range(200)
    ]
    assert abs(np.mean(same)) < 4 * np.std(same) / np.sqrt(200)
    apart = random.normal(size=(2, 200, 2)).astype("float32") + [[[0.0]], [[1.0]]]
    assert maximum_mean_discrepancy(*apart.astype("float32")) > 0.05


def test_an_adversary_learns_the_total_correlation_of_a_correlated_normal(random):
    """For two unit normals of correlation r the total correlation is -log(1 - r^2)/2."""
    keras.utils.set_random_seed(0)
    objective = FactorVAE(gamma=2.0, width=32, depth=2, learning_rate=3e-3)
    adversary = objective.make_adversary(2)
    optimizer = objective.adversary_optimizer()
    optimizer.build(adversary.trainable_variables)
    covariance = [[1.0, 0.8], [0.8, 1.0]]
    z = tf.constant(random.multivariate_normal([0, 0], covariance, 100_000).astype("float32"))

    @tf.function
    def step(index):
        rows = tf.random.stateless_uniform((1000,), (index, 0), 0, len(z), tf.int32)
        with tf.GradientTape() as tape:
            loss = objective.adversary_loss(adversary, tf.gather(z, rows), (index, 1))
        variables = adversary.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    first = float(step(tf.constant(0)))
    for index in range(1, 400):
        last = step(tf.constant(index))
    assert last < first - 0.2
    posterior = DiagonalNormal(z, tf.zeros_like(z))
    kl = tf.zeros(len(z))
    draw = Draw(posterior, z, kl, StandardNormal(), tf.constant(0), (0, 0), adversary)
    estimate = float(tf.reduce_mean(objective.regularizer(draw)["total_correlation"])) / 2.0
    np.testing.assert_allclose(estimate, -np.log(1 - 0.8**2) / 2, rtol=0.15)


CHANGES = {
    "beta": (ELBO(1.0), ELBO(3.0), "regularizer", 3.0),
    "a schedule of beta": (ELBO(1.0), ELBO(Linear(0.0, 1.0, examples=100)), "regularizer", 0.5),
    "beta of FreeBits": (FreeBits(0.1), FreeBits(0.1, beta=2.0), "regularizer", 2.0),
    "gamma of Capacity": (Capacity(1.0, gamma=10.0), Capacity(1.0, gamma=30.0), "regularizer", 3.0),
    "alpha of BetaTCVAE": (BetaTCVAE(100), BetaTCVAE(100, alpha=2.0), "mutual_information", 2.0),
    "beta of BetaTCVAE": (BetaTCVAE(100, beta=2.0), BetaTCVAE(100, beta=5.0), "total_correlation", 2.5),
    "gamma of BetaTCVAE": (BetaTCVAE(100), BetaTCVAE(100, gamma=3.0), "dimension_kl", 3.0),
    "scale of InfoVAE": (InfoVAE(0.0, 11.0), InfoVAE(0.0, 21.0), "discrepancy", 2.0),
    "alpha of InfoVAE": (InfoVAE(alpha=0.0), InfoVAE(alpha=0.75), "regularizer", 0.25),
    "beta of DIPVAE2": (DIPVAE2(), DIPVAE2(beta=2.0), "regularizer", 2.0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_hyperparameter_scales_the_term_it_is_named_for(draw, change):
    plain, changed, term, factor = CHANGES[change]
    before, after = (np.mean(objective.regularizer(draw)[term]) for objective in (plain, changed))
    assert abs(before) > 1e-3
    np.testing.assert_allclose(after / before, factor, rtol=1e-4)


def test_other_hyperparameters_change_the_cost(draw):
    def cost(objective):
        return float(sum(tf.reduce_mean(term) for term in objective.regularizer(draw).values()))

    assert cost(Capacity(1.0)) != cost(Capacity(2.0))
    capacity = Capacity(Linear(0.0, 4.0, examples=100), gamma=1.0)  # half of 4 nats at 50 examples
    kl = draw.kl.numpy()
    assert kl.min() < 2.0 < kl.max()  # so that the batch's mean is nearer to the capacity than its examples
    np.testing.assert_allclose(cost(capacity), np.abs(kl.mean() - 2.0), rtol=1e-5)
    assert cost(BetaTCVAE(100, weights="weighted")) != cost(BetaTCVAE(100)) != cost(BetaTCVAE(200))


@pytest.mark.parametrize(
    "objective",
    [
        ELBO(Linear(0.0, 1.0, examples=9)),
        FreeBits(0.3, "li"),
        Capacity(2.0),
        IWAE(3),
        DReG(4),
        BetaTCVAE(77, weights="weighted"),
        FactorVAE(3.0, width=9, depth=2),
        DIPVAE1(),
        DIPVAE2(2.0),
        InfoVAE(0.1, 5.0),
    ],
    ids=lambda objective: type(objective).__name__,
)
def test_config_round_trip(objective):
    restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(objective))
    assert restored.get_config() == objective.get_config()


def test_settings_that_make_no_objective_are_refused():
    mistakes = {
        "Unknown form of free bits 'Kingma': did you mean 'kingma'": lambda: FreeBits(0.1, "Kingma"),
        "nats must be at least 0": lambda: FreeBits(-1.0),
        "samples must be a whole number from 1": lambda: IWAE(0),
        "beta must be at least 0": lambda: ELBO(-1.0),
        "capacity must be at least 0": lambda: Capacity(-1.0),
        "alpha must be at most 1": lambda: InfoVAE(alpha=2.0),
        "width and a depth of at least 1": lambda: FactorVAE(width=0),
        "Unknown minibatch weights": lambda: BetaTCVAE(10, weights="even"),
        "size of the training set": lambda: BetaTCVAE(1),
        "components must be a whole number from 1, not 0": lambda: VampPrior(0),
        "components must be a whole number from 1, not 2.5": lambda: GaussianMixture(2.5),
    }
    for message, mistake in mistakes.items():
        with pytest.raises(InputError, match=message):
            mistake()
