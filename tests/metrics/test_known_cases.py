"""All measures together on real digits: equal sets, copies, missing classes, blur and noise of several levels."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_digits

from keras_gen.metrics import (
    authenticity,
    copying_test,
    frechet_distance,
    kid,
    ndb,
    neighbor_scores,
    pair_similarity,
    patch_distances,
)

PIXELS, LABELS = load_digits(return_X_y=True)
ORDER = np.random.default_rng(0).permutation(len(PIXELS))
IMAGES = (PIXELS[ORDER] * 255 / 16).round().astype("uint8").reshape(-1, 8, 8, 1)
TRAIN, HELD_OUT, FRESH = np.split(IMAGES, [897, 1347])


def measured(fake):
    """Measures of images in the space of their pixels, against as many held-out ones."""
    real = HELD_OUT[: len(fake)]
    train, r, f = (images.reshape(len(images), -1) / 255 for images in (TRAIN, real, fake))
    return neighbor_scores(r, f) | {
        "frechet": frechet_distance(r, f),
        "kid": kid(r, f).value,
        "swd": patch_distances(real, fake)["swd"],
        "ms_ssim": pair_similarity(fake, pairs=200),
        "ndb": ndb(train, f, bins=30),
        "authenticity": authenticity(train, f),
        "copying": copying_test(train, r, f),
    }


@pytest.fixture(scope="module")
def fresh():
    return measured(FRESH)


def test_fresh_real_images_are_as_good_as_others(fresh):
    assert fresh["frechet"] < 0.2 and abs(fresh["kid"]) < 5e-4 and fresh["swd"] < 0.05
    assert min(fresh[name] for name in ("precision", "recall", "coverage")) > 0.95
    assert fresh["density"] == pytest.approx(1, abs=0.1) and fresh["ndb"] <= 0.1
    assert 40 < fresh["authenticity"] < 65 and abs(fresh["copying"]) < 3


def test_copies_look_perfect_but_to_the_tests_of_copying(fresh):
    copies = measured(TRAIN[: len(FRESH)])
    assert copies["authenticity"] == 0 and copies["copying"] < -20
    for name in ("frechet", "swd", "precision", "recall", "density", "coverage"):
        assert copies[name] == pytest.approx(fresh[name], rel=0.1)
    assert abs(copies["kid"]) < 5e-4 and copies["ndb"] <= 0.1


def test_missing_classes_are_a_lack_of_recall_and_no_lack_of_precision(fresh):
    half = measured(FRESH[LABELS[ORDER][1347:] < 5])
    assert half["precision"] > 0.95 and half["density"] > 0.9
    assert half["recall"] < 0.7 and half["coverage"] < 0.7
    assert half["ndb"] > 0.5 and half["kid"] > 0.005
    assert half["frechet"] > 4 * fresh["frechet"] and half["swd"] > 2 * fresh["swd"]


@pytest.mark.parametrize("corruption", ["noise", "blur"])
def test_measures_come_in_the_order_of_corruption(fresh, corruption):
    def corrupted(level):
        if corruption == "blur":
            return gaussian_filter(FRESH, (0, level / 100, level / 100, 0))
        noise = np.random.default_rng(1).normal(0, level, FRESH.shape)
        return (FRESH + noise).clip(0, 255).astype("uint8")

    series = [fresh] + [measured(corrupted(level)) for level in (40, 80, 160)]
    steps = {name: np.diff([scores[name] for scores in series]) for name in fresh}
    for name in ("frechet", "kid", "swd"):
        assert all(steps[name] > 0), name
    assert all(steps["ndb"] >= 0) and steps["ndb"].sum() > 0.1
    # Of blur, density and coverage rise at first: images come nearer to the middle of their class.
    assert all(steps["coverage"][1:] < 0) and series[-1]["coverage"] < 0.5
    assert all(steps["copying"][1:] > 0) and series[-1]["copying"] > 10
    assert all(steps["authenticity"][1:] >= 0) and series[-1]["authenticity"] > 95
    # What each corruption spoils: noise leaves images unlike real ones and each other, blur makes them alike.
    if corruption == "noise":
        assert all(steps["precision"] < 0) and all(steps["density"] < 0) and all(steps["ms_ssim"] < 0)
    else:
        assert all(steps["recall"] <= 0) and series[-1]["recall"] == 0 and all(steps["ms_ssim"] > 0)
