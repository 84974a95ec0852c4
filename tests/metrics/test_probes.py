"""Linear probes of latents that hold factors in known ways."""

import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.metrics.probes import linear_probes

NAMES = ("shape", "pitch", "level")


@pytest.fixture
def random():
    return np.random.default_rng(5)


@pytest.fixture
def factors(random):
    """One of three categories, a number without steps and one with."""
    return np.column_stack(
        [random.integers(0, 3, 3000), random.uniform(-1, 1, 3000), random.integers(0, 10, 3000)]
    )


def probe(latents, factors):
    return linear_probes(
        latents[:2000], factors[:2000], latents[2000:], factors[2000:], NAMES, categorical=[0]
    )


@pytest.mark.filterwarnings("error")
def test_linear_latents_tell_all(random, factors):
    one_hot = np.eye(3)[factors[:, 0].astype(int)]
    latents = np.column_stack([one_hot, factors[:, 1:]]) @ random.normal(size=(5, 8)) + 7
    dead = np.zeros((len(latents), 1))
    scores = probe(np.column_stack([latents, dead]), factors)
    assert scores == pytest.approx({"probe_shape": 1, "probe_pitch": 1, "probe_level": 1}, abs=1e-3)
    assert all(type(score) is float for score in scores.values())


def test_noise_tells_nothing(random, factors):
    scores = probe(random.normal(size=(3000, 6)), factors)
    assert scores.pop("probe_shape") == pytest.approx(1 / 3, abs=0.05)
    assert scores == pytest.approx({"probe_pitch": 0, "probe_level": 0}, abs=0.03)


def test_noise_in_latents_costs_its_share(random, factors):
    noise = random.normal(0, np.sqrt(1 / 3), 3000)  # as much variance as the pitch has
    latents = np.column_stack([factors[:, 1] + noise, random.normal(size=3000)])
    assert probe(latents, factors)["probe_pitch"] == pytest.approx(0.5, abs=0.05)


def test_what_is_not_linear_is_missed(factors):
    squares = np.column_stack([factors[:, 1] ** 2, factors[:, 1] ** 4])
    assert abs(probe(squares, factors)["probe_pitch"]) < 0.02


def test_categories_need_no_order(random, factors):
    shuffled = np.array([1, 0, 2])[factors[:, 0].astype(int)] + random.normal(0, 0.01, 3000)
    latents = shuffled[:, np.newaxis]
    assert probe(latents, factors)["probe_shape"] > 0.99
    ordered = linear_probes(latents, factors, latents, factors, NAMES)
    # The values 0, 1 and 2 against 1, 0 and 2 correlate at 1 / 2.
    assert ordered["probe_shape"] == pytest.approx(1 / 4, abs=0.03)


def test_scores_are_of_the_test_examples(random):
    # As many dimensions as examples: learned by heart, and worth nothing elsewhere.
    latents, factors = random.normal(size=(100, 50)), random.normal(size=(100, 1))
    train, test = slice(0, 50), slice(50, 100)
    seen = linear_probes(latents[train], factors[train], latents[train], factors[train], ["noise"])
    unseen = linear_probes(latents[train], factors[train], latents[test], factors[test], ["noise"])
    assert seen["probe_noise"] > 0.8 and unseen["probe_noise"] < 0


def test_scale_and_origin_of_latents_do_not_matter(random, factors):
    latents = factors @ random.normal(size=(3, 4)) + random.normal(size=(3000, 4))
    changed = latents * [1e-4, -1, 1e5, 3] + [10, 0, -5, 1]
    assert probe(changed, factors) == pytest.approx(probe(latents, factors), abs=1e-6)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda latents, factors: (latents[:, 0], factors), "shapes"),
        (lambda latents, factors: (latents[1:], factors), "same examples"),
        (lambda latents, factors: (latents[:, :0], factors), "shapes"),
        (lambda latents, factors: (np.where(latents > 0, np.nan, latents), factors), "NaN"),
        (lambda latents, factors: (latents, np.where(factors > 0, np.inf, factors)), "infinite"),
        (lambda latents, factors: (latents, factors.astype(str)), "numbers"),
        (lambda latents, factors: (latents, factors * [1, 0, 1]), "Column 1"),
        (lambda latents, factors: (latents[:, 1:], factors), "same columns"),
        (lambda latents, factors: (latents, factors[:, 1:]), "same columns"),
        (lambda latents, factors: (latents, factors + [0.5, 0, 0]), "'shape' holds fractions"),
    ],
)
@pytest.mark.parametrize("test", [False, True])
def test_unfit_input_is_refused(random, factors, change, message, test):
    latents = random.normal(size=(3000, 4))
    pairs = [(latents, factors), change(latents, factors)]
    with pytest.raises(InputError, match=message):
        linear_probes(*pairs[not test], *pairs[test], NAMES, categorical=(0,))


@pytest.mark.parametrize("names", [("shape",), ("shape", "pitch", "pitch")])
def test_unfit_names_are_refused(random, factors, names):
    latents = random.normal(size=(3000, 4))
    with pytest.raises(InputError, match="3 different names"):
        linear_probes(latents, factors, latents, factors, names)


@pytest.mark.parametrize("categorical", [(3,), (-1,), (True, False, False), ("shape",), (0.0,)])
def test_unfit_columns_are_refused(random, factors, categorical):
    latents = random.normal(size=(3000, 4))
    with pytest.raises(InputError, match="integers from 0 to 2"):
        linear_probes(latents, factors, latents, factors, NAMES, categorical)
