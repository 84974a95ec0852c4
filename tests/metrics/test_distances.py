"""The two distances between sets of features, against closed forms and plain implementations."""

import numpy as np
import pytest
import scipy.linalg

from keras_gen.errors import InputError
from keras_gen.metrics import distances, frechet_distance, frechet_scores, kid


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


def test_both_distances_equal_those_of_torch_fidelity(random):
    """Constants by torch-fidelity 0.4.0 of these features: `fid_statistics_to_metric` of
    `fid_features_to_statistics` of each set, and `kid_features_to_metric(kid_subsets=1, kid_subset_size=400)`,
    one subset of all rows.
    """
    first = random.normal(size=(500, 16)) @ random.normal(size=(16, 16))
    second = random.normal(size=(400, 16)) @ random.normal(size=(16, 16)) + 0.3
    assert frechet_distance(first, second) == pytest.approx(145.40563614407534, rel=1e-6)
    assert kid(first[:400], second).value == pytest.approx(109.40189784009426, rel=1e-6)


@pytest.mark.parametrize("block", [1, 4, 1024])
def test_kid_agrees_with_a_plain_loop_and_its_interval_with_leaving_out_each(random, monkeypatch, block):
    monkeypatch.setattr(distances, "BLOCK", block)
    first, second = random.normal(size=(9, 5)), random.normal(0.5, 2, size=(14, 5))
    value, low, high = kid(first, second)
    assert value == pytest.approx(plain_kernel_distance(first, second), rel=1e-10)
    variance = 0
    for num, without in (
        (9, [plain_kernel_distance(np.delete(first, row, 0), second) for row in range(9)]),
        (14, [plain_kernel_distance(first, np.delete(second, row, 0)) for row in range(14)]),
    ):
        variance += (num - 1) / num * ((without - np.mean(without)) ** 2).sum()
    assert (high - value, value - low) == pytest.approx([1.96 * np.sqrt(variance)] * 2, rel=1e-8)


def test_kid_agrees_with_the_estimator_of_torch_fidelity(random):
    """Its `mmd2` with "unbiased", of one subset, under its polynomial kernel of degree 3 and coefficient 1."""
    first, second = random.normal(size=(50, 6)), random.normal(0.2, 1, size=(50, 6))
    k_xx, k_yy, k_xy = (
        (np.matmul(x, y.T) * (1 / 6) + 1) ** 3 for x, y in ((first, first), (second, second), (first, second))
    )
    m = 50
    kt_xx_sum = (k_xx.sum(axis=1) - np.diagonal(k_xx)).sum()
    kt_yy_sum = (k_yy.sum(axis=1) - np.diagonal(k_yy)).sum()
    mmd2 = (kt_xx_sum + kt_yy_sum) / (m * (m - 1)) - 2 * k_xy.sum(axis=0).sum() / (m * m)
    assert kid(first, second).value == pytest.approx(mmd2, rel=1e-10)


@pytest.mark.parametrize(
    "shift, scale, least, most", [(0, 1, 0.95, 1), (0.2, 1.1, 0.92, 0.98), (0.5, 1.3, 0.92, 0.98)]
)
def test_kid_is_unbiased_and_its_interval_covers(random, shift, scale, least, most):
    """Of draws from two lists of points, whose distance is a sum over both lists."""
    first = random.normal(size=(500, 8))
    second = first * scale + shift
    truth = sum(
        sign * ((x @ y.T / 8 + 1) ** 3).mean()
        for sign, x, y in ((1, first, first), (1, second, second), (-2, first, second))
    )
    draws = [
        kid(first[random.integers(0, 500, 60)], second[random.integers(0, 500, 150)]) for _ in range(400)
    ]
    values, low, high = np.array(draws).T
    assert abs(values.mean() - truth) < 4 * values.std() / 20
    assert least <= ((low <= truth) & (truth <= high)).mean() <= most
    # The standard error is that of the draws; of equal distributions it is too large by up to the root of 2.
    assert 0.9 < np.sqrt(((high - low) ** 2).mean()) / (2 * 1.96 * values.std()) < 1.5


def test_frechet_of_equal_counts_extrapolates_to_the_distance_of_the_distributions(random):
    # Normal distributions: |m1 - m2|^2 + sum (s1 - s2)^2 = 16 * 0.01 + 16 * 0.09; equal ones are 0 apart.
    real = random.normal(size=(3000, 16))
    for truth, fake in ((0, random.normal(size=(6000, 16))), (1.6, random.normal(0.1, 1.3, size=(6000, 16)))):
        few, many = (frechet_scores(real, fake, count) for count in (200, 1000))
        assert few["frechet"] - truth == pytest.approx(5 * (many["frechet"] - truth), rel=0.5)
        assert few["frechet"] - truth > 0.7 and many["frechet"] - truth > 0.1
        assert few["frechet_infinity"] == pytest.approx(truth, abs=0.3)
        assert many["frechet_infinity"] == pytest.approx(truth, abs=0.12)
        assert few["frechet_std"] > 1.5 * many["frechet_std"] > 0
    assert few == frechet_scores(real, fake, 200) != frechet_scores(real, fake, 200, seed=1)
    whole = frechet_scores(real, fake[:3000], 3000, draws=2)
    assert whole["frechet"] == pytest.approx(frechet_distance(real, fake[:3000]), rel=1e-8)
    assert whole["frechet_std"] == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize("distance", [frechet_distance, kid])
@pytest.mark.parametrize(
    "fake, message",
    [
        (np.ones((5, 3)), "dimensions"),
        (np.ones((1, 4)), "at least [24] examples"),
        (np.ones(4), "shapes"),
        (np.full((5, 4), np.nan), "NaN"),
    ],
)
def test_unfit_features_are_refused(distance, fake, message):
    with pytest.raises(InputError, match=message):
        distance(np.ones((5, 4)), fake)


@pytest.mark.parametrize("counts", [(3,), (6,), (4, 1)])
def test_unfit_counts_are_refused(counts):
    with pytest.raises(InputError, match=r"`count` is \d .*: give 4 to 5, .* at least 2"):
        frechet_scores(np.ones((5, 4)), np.ones((7, 4)), *counts)
