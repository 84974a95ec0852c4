"""The flow: its loss and its path in closed form, and that what is drawn has the distribution."""

import math

import numpy as np
import pytest
import sklearn.datasets
import tensorflow as tf
from scipy.spatial.distance import cdist

from keras_gen.errors import InputError
from keras_gen.losses import RectifiedFlow
from keras_gen.losses.normal import DiagonalNormal
from keras_gen.sampling.requests import for_any_batch


def bound(num_classes=None, dim=2, **settings):
    flow = RectifiedFlow(**settings)
    flow.bind(None, None, dim, num_classes)
    return flow


def point(latents):
    """A posterior that gives these latents, but for a thousandth."""
    return DiagonalNormal(latents, np.full_like(latents, 2 * np.log(1e-3)))


def moons(seed, num=1000):
    """Two half circles, one of each class, that are stretched and far from the origin."""
    x, labels = sklearn.datasets.make_moons(num, noise=0.05, random_state=seed)
    return (x @ [[3.0, 1.0], [0.0, 2.0]] + [5.0, -40.0]).astype("float32"), labels.astype("int32")


def energy_distance(x, y):
    return 2 * cdist(x, y).mean() - cdist(x, x).mean() - cdist(y, y).mean()


def noise_of(num, dim=2, seed=1):
    return np.random.default_rng(seed).normal(size=(num, dim)).astype("float32")


def best_velocity(deviation):
    """E[x_1 - x_0 | x_t = x] from N(0, 1) to N(0, deviation^2)."""

    def velocity(inputs):
        x, t = inputs
        return (deviation**2 * t - (1 - t)) / ((deviation * t) ** 2 + (1 - t) ** 2) * x

    return velocity


@pytest.fixture(scope="module")
def flow():
    """A flow of two moons, by class."""
    flow = bound(num_classes=2, units=32, blocks=2, training_steps=500)
    x, labels = moons(seed=0)
    flow.fit(point(x), labels)
    return flow


def test_draws_have_the_distribution_of_the_latents_by_label(flow):
    x, labels = moons(seed=1)
    drawn = np.asarray(flow.draw(noise_of(len(x)), None, labels))
    assert energy_distance(drawn, x) < 0.01 and cdist(drawn, x).min(axis=1).mean() < 0.18
    for label in (0, 1):
        assert energy_distance(drawn[labels == label], x[labels == label]) < 0.03
        assert energy_distance(drawn[labels == label], x[labels != label]) > 1.0
    # What else one might draw is farther: a normal of the same moments, or each dimension by itself.
    random = np.random.default_rng(0)
    normal = random.multivariate_normal(x.mean(0), np.cov(x.T), len(x))
    for other in (normal, np.stack([x[:, 0], random.permutation(x[:, 1])], axis=1)):
        assert energy_distance(other, x) > 0.02 and cdist(other, x).min(axis=1).mean() > 0.25


def test_draws_of_sequences_go_on_from_place_to_place():
    """Points that go around a circle in equal steps, beginning anywhere."""
    angles = np.linspace(0, 2 * np.pi, 400)[:, np.newaxis] + 0.7 * np.arange(8)
    x = np.stack([np.cos(angles), np.sin(angles)], axis=-1).reshape(400, 16).astype("float32")
    flow = bound(dim=16, places=8, units=32, training_steps=800)
    flow.fit(point(x))
    drawn = np.asarray(flow.draw(noise_of(200, dim=16), None)).reshape(200, 8, 2)
    (kernel,) = {w.shape[0] for w in flow.velocity.weights if len(w.shape) == 3}
    assert kernel == 5
    turn = np.array([[np.cos(0.7), np.sin(0.7)], [-np.sin(0.7), np.cos(0.7)]])
    radii = np.linalg.norm(drawn, axis=-1)
    assert abs(radii.mean() - 1) < 0.05 and radii.std() < 0.15
    steps = np.linalg.norm(drawn[:, :-1] @ turn - drawn[:, 1:], axis=-1)
    assert steps.mean() < 0.2 < 1 < np.linalg.norm(drawn[:-1, 0] - drawn[1:, 0], axis=-1).mean()
    with pytest.raises(InputError, match="latent of 15 numbers is no sequence of 8 places"):
        bound(dim=15, places=8)


def test_a_draw_is_where_the_velocity_leads():
    """From N(0, 1) to N(0, 3^2) the path is x_t = sqrt((1 - t)^2 + (3 t)^2) x_0, so that noise is tripled.

    The midpoint rule's error falls by four at least where steps are halved, Euler's by two.
    """
    noise, errors = noise_of(8), []
    for sampling_steps in (8, 16, 32):
        flow = bound(sampling_steps=sampling_steps)
        flow.velocity = lambda inputs: best_velocity(3.0)(inputs) - best_velocity(1.0)(inputs)
        flow.center.assign([7.0, -7.0])
        flow.scale.assign([1.0, 0.1])
        drawn = (flow.draw(noise, None) - flow.center) / flow.scale
        errors.append(np.abs(drawn - 3.0 * noise).mean())
    assert errors[0] < 0.01 and errors[1] < 0.26 * errors[0] and errors[2] < 0.26 * errors[1]


def test_rows_are_equal_in_any_batch(flow):
    draw = for_any_batch(lambda noise, labels: flow.draw(noise, None, labels))
    noise, labels = noise_of(600), np.arange(600, dtype="int32") % 2
    whole = draw(noise, labels).numpy()
    for rows in (1, 7, 16, 33, 257):
        np.testing.assert_array_equal(draw(noise[:rows], labels[:rows]), whole[:rows])


def test_the_loss_of_the_best_velocity_is_known():
    """From N(0, 1) to N(0, 1), v = (2t - 1) / (t^2 + (1 - t)^2) x, with which the flow begins.

    Its loss is pi / 2 for single draws, and 2 that of v = 0. What examples tell of a draw takes sqrt(s) pi / 2 off
    both, where s is the share of the posteriors' variance. Here latents N(3, 2^2) are half of examples, half of
    posteriors: means with a variance of 2, and draws with 2.
    """
    flow = bound(dim=8)
    mean = math.sqrt(2) * noise_of(20_000, dim=8) + 3.0
    posterior = DiagonalNormal(mean, np.full_like(mean, math.log(2.0)))
    flow.standardize(posterior)
    np.testing.assert_allclose(flow.center, 3.0, atol=0.05)
    np.testing.assert_allclose(flow.scale, 2.0, atol=0.05)

    untrained, none = flow.velocity, lambda inputs: -best_velocity(1.0)(inputs)
    for flow.velocity, of_draws in ((untrained, math.pi / 2), (none, 2.0)):
        losses = [flow.loss(posterior, None, (0, number)) for number in range(60)]
        assert np.mean(losses) == pytest.approx(of_draws - math.sqrt(0.5) * math.pi / 2, abs=0.01)


def test_seeds_and_settings_do_what_they_are_named_for():
    x, noise = moons(seed=0)[0], noise_of(5)

    def drawn(seed=0, **settings):
        flow = bound(**{"units": 8, "blocks": 1, "training_steps": 3} | settings)
        flow.fit(point(x), seed=seed)
        return np.asarray(flow.draw(noise, None))

    first = drawn()
    np.testing.assert_array_equal(drawn(), first)
    for change in ({"seed": 1}, {"training_steps": 4}):
        assert np.any(drawn(**change) != first), change
    small, large = bound(units=8, blocks=1).velocity, bound(units=9, blocks=3).velocity
    kernels = [[w.shape for w in network.weights if "kernel" in w.name] for network in (small, large)]
    assert len(kernels[1]) - len(kernels[0]) == 2 * 2  # two layers a block
    assert {shape[-1] for shape in kernels[0]} == {8, 2} and {shape[-1] for shape in kernels[1]} == {9, 2}
    flow, calls = bound(sampling_steps=5), []
    flow.velocity = lambda inputs: calls.append(float(inputs[1][0, 0])) or tf.zeros_like(inputs[0])
    flow.draw(noise, None)
    np.testing.assert_allclose(calls, np.arange(10) / 10, atol=1e-6)


def test_settings_that_make_no_flow_are_refused():
    for name in ("units", "blocks", "training_steps", "sampling_steps", "places"):
        for value in (0, 2.5):
            with pytest.raises(InputError, match=f"{name} must be a whole number from 1, not {value}"):
                RectifiedFlow(**{name: value})
