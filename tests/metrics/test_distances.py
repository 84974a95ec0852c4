"""The two distances between sets of features, against closed forms and plain implementations."""

import numpy as np
import pytest
import scipy.linalg

from keras_gen.errors import InputError
from keras_gen.metrics import frechet_distance, kid


@pytest.fixture
def random():
    return np.random.default_rng(7)


def gaussian(random, mean, covariance, num):
    """Samples whose mean and unbiased covariance are exactly those asked for."""
    noise = random.normal(size=(num, len(mean)))
    noise -= noise.mean(axis=0)
    whiten = np.linalg.inv(np.linalg.cholesky(np.cov(noise, rowvar=False)))
    return noise @ whiten.T @ np.linalg.cholesky(covariance).T + mean


def test_frechet_of_gaussians_that_commute(random):
    # For diagonal covariances the distance is |m1 - m2|^2 + sum (s1 - s2)^2.
    first = gaussian(random, np.array([1.0, -2.0, 0.5]), np.diag([1.0, 4.0, 9.0]), 50)
    second = gaussian(random, np.array([0.0, 1.0, 0.5]), np.diag([4.0, 4.0, 0.25]), 80)
    assert frechet_distance(first, second) == pytest.approx((1 + 9) + (1 + 0 + 2.5**2), rel=1e-10)


def test_frechet_agrees_with_the_matrix_square_root(random):
    first = random.normal(size=(200, 12)) @ random.normal(size=(12, 12))
    second = random.normal(size=(150, 12)) @ random.normal(size=(12, 12)) + 0.3
    s1, s2 = np.cov(first.T), np.cov(second.T)
    offset = first.mean(0) - second.mean(0)
    expected = offset @ offset + np.trace(s1 + s2 - 2 * scipy.linalg.sqrtm(s1 @ s2).real)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(second, first) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("num", [300, 20])  # 20 examples of 64 dimensions: a singular covariance
def test_frechet_of_a_set_to_itself_is_zero(random, num):
    features = random.normal(size=(num, 64)).astype("float32")
    shuffled = random.permutation(features)
    assert 0 <= frechet_distance(features, shuffled) < 1e-5
    assert frechet_distance(features, features + 1) == pytest.approx(64, abs=1e-4)


def plain_kernel_distance(first, second):
    def k(x, y):
        return (float(np.dot(x, y)) / len(x) + 1) ** 3

    m, n = len(first), len(second)
    within_first = sum(k(first[i], first[j]) for i in range(m) for j in range(m) if i != j)
    within_second = sum(k(second[i], second[j]) for i in range(n) for j in range(n) if i != j)
    between = sum(k(x, y) for x in first for y in second)
    return within_first / (m * (m - 1)) + within_second / (n * (n - 1)) - 2 * between / (m * n)


def test_kernel_agrees_with_a_plain_loop(random):
    first, second = random.normal(size=(14, 5)), random.normal(0.5, 2, size=(14, 5))
    mean, deviation = kid(first, second, subsets=3)
    assert mean == pytest.approx(plain_kernel_distance(first, second), rel=1e-10)
    assert deviation == pytest.approx(0, abs=1e-10)  # each subset is the whole of both sets


def test_kernel_averages_over_subsets_to_the_whole_sets(random):
    # The estimate is unbiased, so that small subsets agree on average with two whole sets of unequal size.
    first, second = random.normal(size=(40, 3)), random.normal(0.5, 1, size=(25, 3))
    mean, deviation = kid(first, second, subsets=4000, subset_size=10)
    assert deviation > 0
    assert abs(mean - plain_kernel_distance(first, second)) < 4 * deviation / np.sqrt(4000)
    assert (mean, deviation) == kid(first, second, subsets=4000, subset_size=10)
    assert mean != kid(first, second, subsets=4000, subset_size=10, seed=1)[0]


def test_kernel_is_unbiased(random):
    draws = np.array(
        [kid(random.normal(size=(30, 8)), random.normal(size=(30, 8)), subsets=1)[0] for _ in range(400)]
    )
    assert (draws < 0).mean() > 0.3
    assert abs(draws.mean()) < 4 * draws.std() / np.sqrt(len(draws))


@pytest.mark.parametrize("distance", [frechet_distance, kid])
@pytest.mark.parametrize(
    "fake, message",
    [
        (np.ones((5, 3)), "dimensions"),
        (np.ones((1, 4)), "two examples"),
        (np.ones(4), "shapes"),
        (np.full((5, 4), np.nan), "NaN"),
    ],
)
def test_unfit_features_are_refused(distance, fake, message):
    with pytest.raises(InputError, match=message):
        distance(np.ones((5, 4)), fake)


def test_unfit_counts_are_refused():
    with pytest.raises(InputError, match="subset_size"):
        kid(np.ones((5, 4)), np.ones((5, 4)), subset_size=1)
    with pytest.raises(InputError, match="subsets"):
        kid(np.ones((5, 4)), np.ones((5, 4)), subsets=0)
