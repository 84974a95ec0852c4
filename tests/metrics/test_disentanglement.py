"""The three measures of disentanglement, on representations whose scores are known by construction."""

import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.metrics import (
    dci,
    disentanglement_scores,
    mutual_information_gap,
    separated_attribute_predictability,
)

VALUES = (3, 4, 5)


@pytest.fixture
def random():
    return np.random.default_rng(7)


@pytest.fixture
def factors():
    """Every combination of three factors' values equally often, so that they are exactly independent."""
    return np.tile(np.indices(VALUES).reshape(3, -1).T, (25, 1))


@pytest.fixture
def perfect(random, factors):
    """A latent for each factor, among one that is dead and two of noise."""
    return np.column_stack([np.zeros(len(factors)), random.normal(size=(len(factors), 2)), factors])


def entropy(*probabilities):
    return -sum(p * np.log(p) for p in probabilities)


def test_information_gap_of_a_worked_example():
    latents = np.array([[0, 0], [0, 1], [0, 0], [9, 1], [9, 0], [9, 1], [9, 0], [9, 1]])
    factors = np.array([[0, 0], [0, 1], [0, 0], [0, 1], [1, 0], [1, 1], [1, 0], [1, 1]])
    # The first latent is 0 in three examples, all with the first factor at 0, and 9 in five, one of them so.
    first = np.log(2) - 5 / 8 * entropy(1 / 5, 4 / 5)
    # The second latent is the second factor, and knows nothing of the first factor.
    beside = np.log(2) - 3 / 8 * entropy(1 / 3, 2 / 3) - 5 / 8 * entropy(2 / 5, 3 / 5)
    expected = (first + np.log(2) - beside) / np.log(2) / 2
    assert mutual_information_gap(latents, factors) == pytest.approx(expected, rel=1e-12)


def test_information_gap_agrees_with_plain_histograms(random, factors):
    latents = factors @ random.normal(size=(3, 6)) + random.normal(size=(len(factors), 6))
    gaps = []
    for factor, values in zip(factors.T, VALUES, strict=True):
        information = []
        for latent in latents.T:
            joint = np.histogram2d(latent, factor, bins=(7, values))[0] / len(factor)
            apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
            seen = joint > 0
            information.append((joint[seen] * np.log(joint[seen] / apart[seen])).sum())
        best, second = sorted(information, reverse=True)[:2]
        gaps.append((best - second) / np.log(values))
    assert mutual_information_gap(latents, factors, bins=7) == pytest.approx(np.mean(gaps), rel=1e-9)


def test_predictability_of_ordered_factors_is_the_squared_correlation(random, factors):
    latents = factors[:, [0, 1, 2, 2]] + random.normal(size=(len(factors), 4))
    squares = np.corrcoef(latents.T, factors.T)[:4, 4:] ** 2
    best, second = np.sort(squares, axis=0)[::-1][:2]
    expected = np.mean(best - second)
    assert separated_attribute_predictability(latents, factors) == pytest.approx(expected, rel=1e-9)


def test_predictability_of_categories_does_not_need_their_order(factors):
    # The other latents are independent of the shuffled category: they guess one in five.
    latents = np.column_stack([factors[:, :2], np.array([3, 0, 4, 1, 2])[factors[:, 2]]])
    score = separated_attribute_predictability(latents, factors, categorical=(2,))
    assert score == pytest.approx((1 + 1 + 4 / 5) / 3, abs=0.02)
    assert separated_attribute_predictability(latents, factors) < 0.75


def test_predictability_of_categories_is_balanced_and_held_out(random):
    # One category in ten examples, told by thresholds: halfway between two Gaussians, or beside a middle one.
    rare = (np.arange(6000) % 10 == 0).astype(int)
    gaussian = rare + random.normal(0, 0.5, size=6000)
    around = rare * random.choice([-1, 1], 6000)
    factors, within_one_deviation = np.column_stack([rare, rare]), 0.8413
    score = separated_attribute_predictability(np.column_stack([gaussian, around]), factors, (0, 1))
    assert score == pytest.approx(within_one_deviation - 3 / 4, abs=0.03)
    # Of few examples, noise tells many categories apart only where it was seen.
    many = np.tile(np.arange(25), 8)
    latents = np.column_stack([many, random.normal(size=200)])
    score = separated_attribute_predictability(latents, np.column_stack([many, many]), (0, 1))
    assert score == pytest.approx(24 / 25, abs=0.04)


@pytest.mark.filterwarnings("error")
def test_a_perfect_representation(perfect, factors):
    scores = disentanglement_scores(perfect, factors, categorical=[0])
    assert scores["mig"] == pytest.approx(1, abs=0.03)
    assert scores["sap"] == pytest.approx((2 / 3 + 1 + 1) / 3, abs=0.03)
    for name in ("dci_disentanglement", "dci_completeness", "dci_informativeness"):
        assert scores.pop(name) == pytest.approx(1, abs=0.01)
    assert set(scores) == {"mig", "sap"} and all(type(score) is float for score in scores.values())


def test_a_rotated_representation(factors):
    latents = (factors - factors.mean(axis=0)) / factors.std(axis=0)
    assert mutual_information_gap(latents, factors) == pytest.approx(1, abs=0.03)
    # Each factor has an equal share in two latents, and a lesser one in the third.
    rotated = latents @ np.array([[2, -1, 2], [2, 2, -1], [-1, 2, 2]]) / 3
    scores = disentanglement_scores(rotated, factors)
    assert scores["mig"] < 0.1
    assert scores["sap"] == pytest.approx(0, abs=1e-9)
    assert scores["dci_disentanglement"] < 0.25 and scores["dci_completeness"] < 0.25
    assert scores["dci_informativeness"] > 0.9  # as much is known as before


def test_a_duplicated_representation(factors):
    scores = disentanglement_scores(np.tile(factors, (1, 2)), factors, categorical=[0])
    assert scores["mig"] == 0 and scores["sap"] == 0
    assert scores["dci_disentanglement"] == pytest.approx(1, abs=0.01)
    assert scores["dci_completeness"] == pytest.approx(1 - np.log(2) / np.log(6), abs=0.05)


def test_two_factors_in_one_latent_cost_disentanglement_only(factors):
    scores = dci(np.column_stack([5 * factors[:, 1] + factors[:, 2], factors[:, 0]]), factors)
    # The latent of two factors has two thirds of all relevance.
    assert scores["disentanglement"] == pytest.approx(1 - 2 / 3 * np.log(2) / np.log(3), abs=0.03)
    assert scores["completeness"] == pytest.approx(1, abs=0.03)


def test_one_factor_in_two_latents_costs_completeness_only(factors):
    halves = np.column_stack([factors[:, 1] // 2, factors[:, 1] % 2])
    scores = dci(np.column_stack([halves, factors[:, [0, 2]]]), factors)
    assert scores["disentanglement"] == pytest.approx(1, abs=0.03)
    assert scores["completeness"] == pytest.approx(1 - np.log(2) / np.log(4) / 3, abs=0.03)


def test_order_sign_scale_and_origin_of_latents_do_not_matter(random, perfect, factors):
    latents = perfect + 0.3 * random.normal(size=perfect.shape)
    scores = disentanglement_scores(latents, factors, categorical=[0])
    assert scores == disentanglement_scores(latents, factors, categorical=[0])
    assert scores["dci_disentanglement"] > 0.97  # noise blurs what is told, not which latent tells it
    changed = latents[:, [3, 5, 0, 1, 4, 2]] * [-1, 1e-4, 1, -1e6, 3, -2] + 10
    other = disentanglement_scores(changed, factors, categorical=[0])
    assert other["mig"] == pytest.approx(scores["mig"], rel=1e-9)
    assert other["sap"] == pytest.approx(scores["sap"], rel=1e-9)
    assert other == pytest.approx(scores, abs=0.03)


def test_noise_scores_nothing(random, factors):
    scores = disentanglement_scores(random.normal(size=(len(factors), 4)), factors, categorical=[0])
    assert scores.pop("dci_informativeness") == pytest.approx(np.mean(1 / np.array(VALUES)), abs=0.05)
    assert max(scores.values()) < 0.05


@pytest.mark.filterwarnings("error")
def test_dead_latents_tell_nothing(factors):
    # Constant, but for the rounding of single precision.
    dead = (5 + 5e-7 * factors).astype("float32")
    assert dead.std(axis=0).all()
    scores = disentanglement_scores(dead, factors, categorical=[0])
    informativeness = scores.pop("dci_informativeness")
    assert informativeness == pytest.approx(np.mean(1 / np.array(VALUES)), abs=0.02)
    assert set(scores.values()) == {0.0}
    # A dead latent scores 0 where one of noise would score one in three.
    alone = np.column_stack([dead, factors[:, 0]])
    assert separated_attribute_predictability(alone, factors, categorical=[0]) == pytest.approx(1 / 3)


@pytest.mark.parametrize("measure", [mutual_information_gap, separated_attribute_predictability, dci])
@pytest.mark.parametrize(
    "change, message",
    [
        (lambda latents, factors: (latents[:, 0], factors), "shapes"),
        (lambda latents, factors: (latents[1:], factors), "shapes"),
        (lambda latents, factors: (latents[:, :1], factors), "at least two"),
        (lambda latents, factors: (latents, factors[:, :1]), "at least two"),
        (lambda latents, factors: (np.where(latents == 0, np.nan, latents), factors), "NaN"),
        (lambda latents, factors: (latents, factors.astype(float)), "float64"),
        (lambda latents, factors: (latents, factors - 1), "counted from 0"),
        (lambda latents, factors: (latents, factors * [1, 0, 1]), "Column 1 .* 1 different"),
        (lambda latents, factors: (latents[:60], factors[:60] + 9 * np.eye(60, 3, dtype=int)), "1 times"),
    ],
)
def test_unfit_input_is_refused(measure, change, message, perfect, factors):
    with pytest.raises(InputError, match=message):
        measure(*change(perfect, factors))


@pytest.mark.parametrize("categorical", [(3,), (-1,), (True, False, False), ("shape",), (0.0,)])
def test_unfit_columns_are_refused(categorical, perfect, factors):
    with pytest.raises(InputError, match="integers from 0 to 2"):
        separated_attribute_predictability(perfect, factors, categorical)


def test_too_few_bins_are_refused(perfect, factors):
    with pytest.raises(InputError, match="bins"):
        mutual_information_gap(perfect, factors, bins=1)
