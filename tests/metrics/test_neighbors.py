"""Precision, recall, density, coverage and copying, against prdc, plain loops and known cases."""

import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.metrics import authenticity, copying_test, most_alike, neighbor_scores, neighbors, verbatim


@pytest.fixture
def random():
    return np.random.default_rng(7)


def plain(real, fake, k):
    def radius(points, i):
        return sorted(np.linalg.norm(points[i] - other) for other in points)[k]

    inside = np.array([[np.linalg.norm(r - f) < radius(real, i) for f in fake] for i, r in enumerate(real)])
    ours = np.array([[np.linalg.norm(r - f) < radius(fake, j) for j, f in enumerate(fake)] for r in real])
    return {
        "precision": inside.any(0).mean(),
        "recall": ours.any(1).mean(),
        "density": inside.sum(0).mean() / k,
        "coverage": inside.any(1).mean(),
        "num_real": len(real),
        "num_fake": len(fake),
    }


@pytest.mark.parametrize("block", [1, 100, 2**22])
def test_scores_agree_with_a_plain_loop_in_blocks_of_any_size(random, monkeypatch, block):
    monkeypatch.setattr(neighbors, "BLOCK", block)
    real, fake = random.normal(size=(30, 4)), random.normal(0.7, 1.2, size=(22, 4))
    for k in (1, 3):
        assert neighbor_scores(real, fake, k) == pytest.approx(plain(real, fake, k), rel=1e-12)


@pytest.mark.parametrize("offset", [0, 1000])  # a common offset, in which single precision drowns
def test_scores_equal_those_of_prdc(random, offset):
    prdc = pytest.importorskip("prdc")
    real = (random.normal(size=(700, 16)) + offset).astype("float32").astype("float64")
    fake = (random.normal(0.3, 0.9, size=(500, 16)) + offset).astype("float32").astype("float64")
    expected = prdc.compute_prdc(real, fake, nearest_k=5)
    ours = neighbor_scores(real, fake)
    assert {name: ours[name] for name in expected} == pytest.approx(expected, rel=1e-12)
    assert 0.1 < ours["recall"] < 0.99 and 0.1 < ours["coverage"] < 0.99


def test_equal_distributions_missing_classes_and_noise(random):
    centers = 8 * random.normal(size=(10, 8))
    drawn = [centers[random.integers(0, n, 1000)] + random.normal(size=(1000, 8)) for n in (10, 10, 5)]
    real, same, half = drawn
    equal, missing = neighbor_scores(real, same), neighbor_scores(real, half)
    assert equal["precision"] > 0.85 and equal["recall"] > 0.85 and equal["coverage"] > 0.9
    assert equal["density"] == pytest.approx(1, abs=0.1)
    assert missing["precision"] == pytest.approx(equal["precision"], abs=0.05)
    assert missing["recall"] < 0.6 and missing["coverage"] < 0.6
    noisy = [neighbor_scores(real, same + random.normal(0, s, same.shape)) for s in (0, 0.5, 1, 2, 4)]
    for name in ("precision", "density", "coverage"):
        assert all(np.diff([scores[name] for scores in noisy]) < 0)


def test_fresh_examples_are_no_copies_and_copies_are(random):
    train, held_out, fresh = (random.normal(size=(n, 8)) for n in (2000, 600, 600))
    copies = train[random.permutation(2000)[:600]]
    nearly = copies + random.normal(0, 0.01, copies.shape)
    assert authenticity(train, fresh) == pytest.approx(authenticity(train, held_out), abs=6)
    assert authenticity(train, copies) == 0 == authenticity(train, nearly)
    assert authenticity(train, np.concatenate([copies, fresh + 100])) == 50
    for cells in (1, 4):
        assert abs(copying_test(train, held_out, fresh, cells)) < 3
        assert copying_test(train, held_out, copies, cells) < -10
        assert copying_test(train, held_out, nearly, cells) < -10
        assert copying_test(train, held_out, 2 * fresh, cells) > 3


def test_authenticity_agrees_with_a_plain_loop(random):
    train, fake = random.normal(size=(40, 3)), random.normal(size=(30, 3))
    authentic = 0
    for sample in fake:
        distances = np.linalg.norm(train - sample, axis=1)
        nearest = distances.argmin()
        others = np.delete(train, nearest, axis=0)
        authentic += distances[nearest] >= np.linalg.norm(others - train[nearest], axis=1).min()
    assert 0 < authentic < 30
    assert authenticity(train, fake) == pytest.approx(100 * authentic / 30)


@pytest.mark.parametrize("cells", [1, 3])
def test_the_copying_test_agrees_with_a_plain_loop(random, cells):
    def drawn(counts, scales):  # three groups so far apart that k-means finds them
        groups = zip((0, 20, 40), scales, counts, strict=True)
        return [random.normal(center, scale, (count, 2)) for center, scale, count in groups]

    train = np.concatenate(drawn((30, 30, 30), (1, 1, 1)))
    held_out, fake = drawn((20, 25, 30), (0.5, 1, 2)), drawn((25, 25, 25), (1, 1, 1))
    in_cells = zip(held_out, fake, strict=True) if cells == 3 else [map(np.concatenate, (held_out, fake))]
    scores, weights = [], []
    for their, our in in_cells:
        theirs, ours = ([np.linalg.norm(train - one, axis=1).min() for one in some] for some in (their, our))
        m, n = len(ours), len(theirs)
        above = sum(distance > other for distance in ours for other in theirs)
        scores.append((above - m * n / 2) / (m * n * (m + n + 1) / 12) ** 0.5)
        weights.append(n)
    found = copying_test(train, np.concatenate(held_out), np.concatenate(fake), cells, fewest=10)
    assert found == pytest.approx(np.average(scores, weights=weights))


def test_the_copying_test_has_the_spread_of_a_z_score(random):
    draws = [copying_test(*(random.normal(size=(n, 2)) for n in (50, 30, 40))) for _ in range(100)]
    assert abs(np.mean(draws)) < 0.5 and 0.6 < np.std(draws) < 1.5


def test_copying_in_one_cell_shows_in_cells(random):
    """Copies on one side, and on the other what lies too far: in all they balance."""
    side = np.array([50.0, 0])
    train, held_out, fake = (random.normal(size=(n, 2)) for n in (800, 400, 400))
    for features in (train, held_out, fake):
        features[::2] += side
    fake[::2] = train[::4][:200]
    fake[1::2] *= 1.2
    parts = [copying_test(train, held_out[p::2], fake[p::2]) for p in (0, 1)]
    assert parts[0] < -10
    assert copying_test(train, held_out, fake, cells=2) == pytest.approx(np.mean(parts))


def test_most_alike_finds_the_copies(random):
    train, held_out, fake = (random.normal(size=(n, 6)) for n in (200, 50, 60))
    fake[17], fake[3] = train[120], train[5] + 1e-3
    found = most_alike(train, held_out, fake, num=2)
    rows, origins, distances = found["generated"]
    assert (rows.tolist(), origins.tolist()) == ([17, 3], [120, 5])
    assert distances[0] == 0 and distances[1] == pytest.approx(1e-3 * 6**0.5)
    rows, origins, distances = found["held_out"]
    everything = np.linalg.norm(held_out[:, None] - train, axis=2)
    assert distances.tolist() == pytest.approx(np.sort(everything.min(axis=1))[:2])
    assert distances == pytest.approx(everything[rows, origins])


def test_verbatim_is_the_share_of_sentences_that_training_holds():
    train, drawn = (
        np.array([[3, 4, 0], [5, 6, 7], [3, 0, 0]]),
        np.array([[5, 6, 7], [3, 0, 4], [3, 4, 0], [0] * 3]),
    )
    assert verbatim(train, drawn) == 0.5 and verbatim(train.astype("int32"), train) == 1
    assert verbatim(["a dog", "a cat"], ["a dog", "a do", "a dog runs", "a cat "]) == 0.25
    for unfit in (drawn[:, :2], drawn[:0], ["a dog"]):
        with pytest.raises(InputError, match="packed to one length, at least one"):
            verbatim(train, unfit)


def test_unfit_numbers_are_refused(random):
    features = random.normal(size=(6, 2))
    with pytest.raises(InputError, match="`nearest` is 6: give 1 to 5"):
        neighbor_scores(features, features, nearest=6)
    with pytest.raises(InputError, match="`cells` is 0: give 1 to 6"):
        copying_test(features, features, features, cells=0)
    with pytest.raises(InputError, match="None of 2 cells"):
        copying_test(features, features, features, cells=2)
    with pytest.raises(InputError, match="dimensions"):
        authenticity(features, features[:, :1])
