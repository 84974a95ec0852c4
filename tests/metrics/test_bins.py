"""NDB against plain loops, and what is known of equal and unequal distributions."""

import math

import numpy as np
import pytest
from sklearn.cluster import KMeans

from keras_gen.errors import InputError
from keras_gen.metrics import bin_count, ndb


@pytest.fixture
def random():
    return np.random.default_rng(7)


def plain(train, fake, bins, seed):
    centers = KMeans(bins, n_init=1, random_state=seed).fit(train).cluster_centers_
    counts = [[0] * bins, [0] * bins]
    for of_set, points in zip(counts, (train, fake), strict=True):
        for point in points:
            of_set[min(range(bins), key=lambda each: math.dist(point, centers[each]))] += 1
    differing = 0
    for theirs, ours in zip(*counts, strict=True):
        m, n = len(train), len(fake)
        pooled = (theirs + ours) / (m + n)
        z = (theirs / m - ours / n) / math.sqrt(pooled * (1 - pooled) * (1 / m + 1 / n))
        differing += 2 * (1 - 0.5 * (1 + math.erf(abs(z) / math.sqrt(2)))) < 0.05
    return differing / bins


@pytest.mark.parametrize("seed", [0, 1])
def test_ndb_agrees_with_a_plain_loop(random, seed):
    train, fake = random.normal(size=(300, 3)), random.normal(0.4, 1, size=(200, 3))
    expected = plain(train, fake, 12, seed)
    assert ndb(train, fake, 12, seed) == expected and 0.1 < expected < 0.9


def test_equal_distributions_differ_in_a_twentieth_of_the_bins_and_missing_parts_show(random):
    train, held_out = (random.normal(size=(3000, 4)) for _ in range(2))
    assert ndb(train, held_out) < 0.12
    found = [ndb(train, held_out[held_out[:, 0] < limit]) for limit in (2, 1, 0)]
    assert found == sorted(found) and found[-1] > 0.5


def test_two_places_have_two_bins():
    """A coin that falls on one side in 50 of 100 cases differs from one that falls on it in 64, not in 63."""

    def places(ones):
        return np.repeat([[0.0], [1.0]], [100 - ones, ones], axis=0)

    assert ndb(places(50), places(64), bins=2) == 1 and ndb(places(50), places(63), bins=2) == 0


def test_bins_are_as_many_as_examples_fill(random):
    assert [bin_count(num) for num in (4, 180, 999, 1000, 9000)] == [2, 18, 99, 100, 100]
    features = random.normal(size=(9, 2))
    for bins in (1, 10):
        with pytest.raises(InputError, match=rf"`bins` is {bins}: give 2 to 9"):
            ndb(features, features, bins)
