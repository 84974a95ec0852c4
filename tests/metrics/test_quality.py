"""The classifier and the quality in its feature space, on the handwritten digits of scikit-learn."""

import warnings

import keras
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_digits

from keras_gen.errors import InputError
from keras_gen.media import Image
from keras_gen.metrics import Quality, class_count, train_classifier
from keras_gen.metrics.classifier import classifier_accuracy, extract

DISTANCES = {"frechet", "frechet_std", "frechet_infinity", "kid", "kid_low", "kid_high"}
DISTANCES |= {"precision", "recall", "density", "coverage", "authenticity", "copying", "ndb"}


class Digits:
    class_names = tuple("0123456789")
    media = Image(8, 8, 1)

    def __init__(self, labeled=True):
        images, labels = load_digits(return_X_y=True)
        order = np.random.default_rng(0).permutation(len(images))
        images = (images[order] * 255 / 16).round().astype("uint8").reshape(-1, 8, 8, 1)
        labels = labels[order].astype("int32")
        self.labeled = labeled
        self.splits = {"train": (images[:1437], labels[:1437]), "test": (images[1437:], labels[1437:])}

    def arrays(self, split):
        images, labels = self.splits[split]
        return images, labels if self.labeled else None


@pytest.fixture(scope="module")
def digits():
    return Digits()


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def quality(digits, cache):
    return Quality(digits, cache=cache)


def degraded(images):
    noise = np.random.default_rng(1).normal(0, 60, images.shape)
    return {
        "noisy": (images + noise).clip(0, 255).astype("uint8"),
        "blurred": gaussian_filter(images, (0, 1.2, 1.2, 0)),
        "one class": images[:1].repeat(len(images), axis=0),
    }


def test_the_classifier_learns_the_digits(quality):
    assert quality.accuracy >= 0.96
    assert f"{quality.accuracy:.3f}" in quality.extractor and "seed 0" in quality.extractor


def test_worse_images_score_worse(quality, digits):
    _, labels = digits.arrays("test")
    # Held-out images are the test set itself, so the degraded ones come from the training split.
    images, asked = (values[: len(labels)] for values in digits.arrays("train"))
    real, floor = quality.score(images, asked), quality.floor(len(images))
    assert floor["label_agreement"] == quality.accuracy
    assert real["frechet"] == pytest.approx(floor["frechet"], rel=0.5)
    assert real["kid_low"] < 0 < real["kid_high"]
    assert real["classes_produced"] == 10 and real["label_agreement"] > 0.96
    for worse in degraded(images).values():
        score = quality.score(worse, asked)
        assert score["frechet"] > 2 * real["frechet"]
        assert score["kid_low"] > real["kid_high"]
    assert score["classes_produced"] == 1
    shuffled = np.random.default_rng(2).permutation(asked)
    assert quality.score(images, shuffled)["label_agreement"] < 0.2
    assert all(type(value) is float for value in real.values())
    assert [quality.count(num) for num in (10_000, 720, 360)] == [360, 360, 180]


def test_real_ones_are_measured_at_the_count_of_generated_ones(quality, digits):
    images, _ = digits.arrays("train")
    many, few = (quality.floor(num) for num in (10_000, 360))
    assert few["frechet"] > 1.5 * many["frechet"]
    assert many == quality.floor() and quality.score(images[:1000])["frechet"] == pytest.approx(
        many["frechet"], rel=0.15
    )
    # Real ones come from the distribution of real ones.
    assert abs(many["frechet_infinity"]) < 0.25 * many["frechet"]
    assert many["kid_low"] < 0 < many["kid_high"]


def test_missing_classes_and_copies_are_told(quality, digits):
    images, labels = digits.arrays("train")
    floor, half = quality.floor(), quality.score(images[labels < 5])
    assert half["precision"] > floor["precision"] - 0.1
    assert max(half["recall"], half["coverage"]) < 0.7 < min(floor["recall"], floor["coverage"])
    assert half["authenticity"] == 0 and half["copying"] < -10
    assert abs(floor["copying"]) < 3 and floor["authenticity"] > 25
    held_out, _ = digits.arrays("test")
    assert quality.score(held_out)["copying"] == pytest.approx(0, abs=1e-9)


def test_a_class_that_is_served_worse_is_told(quality, digits):
    images, asked = digits.arrays("train")
    worse = images.copy()
    worse[asked == 3] = images[asked == 8][: (asked == 3).sum()].repeat(2, axis=0)[: (asked == 3).sum()]
    scores, tables = quality.compare(worse, asked)
    assert scores == quality.score(worse, asked) and set(tables) == {"By class"}
    columns, rows = tables["By class"]
    assert columns[:4] == ("class", "of", "count", "frechet") and len(rows) == 20
    least = min(np.bincount(digits.arrays("test")[1]))
    assert {row[2] for row in rows} == {least}
    of = {
        whose: {row[0]: dict(zip(columns, row, strict=True)) for row in rows if row[1] == whose}
        for whose in ("model", "real")
    }
    assert max(of["model"], key=lambda name: of["model"][name]["frechet"]) == "3"
    assert of["model"]["3"]["label_agreement"] < 0.1 and of["model"]["3"]["coverage"] < 0.2
    assert of["model"]["3"]["frechet"] > 5 * of["real"]["3"]["frechet"]
    for name in set("0123456789") - {"3"}:
        same = {
            key: value for key, value in of["model"][name].items() if key not in ("of", "label_agreement")
        }
        assert same == {key: of["real"][name][key] for key in same}


def test_shares_of_classes_stand_beside_the_real_ones(quality, digits):
    images, labels = digits.arrays("train")
    _, tables = quality.compare(images[labels < 5])
    columns, rows = tables["Classes"]
    assert columns == ("class", "generated", "real") and [row[0] for row in rows] == list("0123456789")
    generated, real = np.array([row[1:] for row in rows]).T
    assert generated[:5].sum() > 0.99 and 0.4 < real[:5].sum() < 0.6
    assert generated.sum() == pytest.approx(1) and real.sum() == pytest.approx(1)


def test_classes_too_small_to_compare_do_not_lower_the_count():
    assert class_count(np.repeat([0, 1, 2], [9, 3, 5]), np.repeat([0, 1, 2, 3], [7, 9, 8, 9])) == (5, [0, 2])
    assert class_count(np.array([0, 1]), np.array([0, 1])) == (0, [])


def test_a_second_use_reads_the_cache(quality, digits, cache, trainings):
    images, labels = digits.arrays("train")
    again = Quality(digits, cache=cache)
    assert trainings == []
    assert again.extractor == quality.extractor
    assert again.score(images[:360], labels[:360]) == quality.score(images[:360], labels[:360])
    assert [path.suffix for path in (cache / "classifiers").iterdir()] == [".keras"]


@pytest.fixture
def trainings(monkeypatch):
    """The seeds of the trainings that were asked for; an untrained linear model is given in their place."""
    seeds = []

    def linear(media, images, labels, seed):
        seeds.append(seed)
        inputs = keras.Input(images.shape[1:], dtype="uint8")
        flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
        return keras.Model(inputs, [flat, keras.layers.Dense(4 if labels is None else 10)(flat)])

    monkeypatch.setattr("keras_gen.metrics.quality.train_classifier", linear)
    return seeds


def test_a_damaged_cache_is_trained_again(trainings, digits, tmp_path):
    Quality(digits, cache=tmp_path)
    (stored,) = (tmp_path / "classifiers").iterdir()
    whole = stored.read_bytes()
    for damage in (b"", whole[: len(whole) // 2], whole[:2000] + bytes(2000) + whole[4000:]):
        stored.write_bytes(damage)
        with pytest.warns(UserWarning, match="trained again"):
            Quality(digits, cache=tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Quality(digits, cache=tmp_path)
    assert trainings == [0, 0, 0, 0]


def test_the_cache_tells_seeds_images_and_labels_apart(trainings, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_GEN_CACHE", str(tmp_path))
    other_label, other_pixel = Digits(), Digits()
    other_label.splits["train"][1][0] += 1
    other_pixel.splits["train"][0][0, 0, 0, 0] += 1
    for _ in range(2):
        for dataset in (Digits(), Digits(labeled=False), other_label, other_pixel):
            Quality(dataset)
        Quality(Digits(), seed=1)
    assert trainings == [0, 0, 0, 0, 1]
    assert len(list((tmp_path / "classifiers").iterdir())) == 5


def test_a_folder_that_cannot_be_written_is_no_obstacle(trainings, digits, tmp_path):
    (tmp_path / "classifiers").write_text("a file where the folder should be")
    with pytest.warns(UserWarning, match="not kept"):
        assert Quality(digits, cache=tmp_path).score(digits.arrays("test")[0])["kid"] <= 0


@pytest.mark.exhaustive
def test_training_depends_on_its_seed_alone(digits):
    images, labels = digits.arrays("train")
    models = []
    for global_seed, seed in ((1, 0), (2, 0), (2, 3)):
        keras.utils.set_random_seed(global_seed)
        models.append(train_classifier(digits.media, images, labels, steps=3, seed=seed))
    same, again, other = (extract(model, images[:50])[0] for model in models)
    np.testing.assert_allclose(same, again, atol=1e-4)
    assert np.abs(same - other).max() > 0.1


@pytest.mark.exhaustive
def test_rotations_make_features_without_labels(tmp_path):
    quality = Quality(Digits(labeled=False), cache=tmp_path)
    assert quality.accuracy > 0.8 and "rotations" in quality.extractor
    images, _ = Digits().arrays("train")
    real = quality.score(images[:360])
    assert set(real) == set(quality.floor()) == DISTANCES
    for worse in degraded(images[:360]).values():
        assert quality.score(worse)["frechet"] > 2 * real["frechet"]
    with pytest.raises(InputError, match="no classes"):
        quality.score(images[:5], np.arange(5))


@pytest.mark.parametrize("shape", [(8, 12, 1), (256, 200, 3)])
def test_one_network_for_all_sizes(shape):
    media = Image(*shape)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        images = np.random.default_rng(0).integers(0, 256, (6, *shape)).astype("uint8")
        model = train_classifier(media, images, steps=1)
    finally:
        keras.config.set_dtype_policy("float32")
    assert 0 <= classifier_accuracy(model, media, images) <= 1
    features, logits = model(images)
    assert (features.shape, logits.shape) == ((6, 64), (6, 4))
    assert features.dtype == logits.dtype == "float32"
    assert model.count_params() < 200_000


def test_a_data_set_of_one_class_is_taken_as_unlabeled(trainings, tmp_path):
    dataset = Digits()
    for _, labels in dataset.splits.values():
        labels[:] = 0
    assert "rotations" in Quality(dataset, cache=tmp_path).extractor
    with pytest.raises(InputError, match="one class"):
        train_classifier(dataset.media, *dataset.arrays("train"))


def test_unfit_images_and_labels_are_refused(quality, digits):
    images, labels = digits.arrays("test")
    with pytest.raises(InputError, match="uint8"):
        quality.score(images / 255)
    with pytest.raises(InputError, match=r"\(8, 8, 1\)"):
        quality.score(images[:, :4])
    with pytest.raises(InputError, match="at least 4"):
        quality.score(images[:3])
    with pytest.raises(InputError, match="each of the 360"):
        quality.score(images, labels[:5])
    with pytest.raises(InputError, match="each of the 360"):
        quality.score(images, labels / 2)


@pytest.mark.exhaustive
def test_of_several_labels_those_that_vary_are_told(tmp_path):
    dataset = Digits()
    dataset.class_names = {"digit": list("0123456789"), "writer": ["one"], "even": ["no", "yes"]}
    for split, (images, labels) in dataset.splits.items():
        several = np.stack([labels, 0 * labels, 1 - labels % 2], axis=1)
        dataset.splits[split] = (images, several)
    quality = Quality(dataset, cache=tmp_path)
    assert quality.accuracy.shape == (2,) and quality.accuracy.min() > 0.95
    images, asked = (values[:360] for values in dataset.arrays("train"))
    score, floor = quality.score(images, asked), quality.floor()
    names = {"label_agreement", "label_agreement_digit", "label_agreement_even"}
    assert {name for name in score if "agreement" in name} == names
    assert floor["label_agreement"] <= min(quality.accuracy) and score["classes_produced"] >= 10
    asked[:, 2] = 1 - asked[:, 2]
    wrong = quality.score(images, asked)
    assert wrong["label_agreement"] < 0.05 < 0.95 < wrong["label_agreement_digit"]


def test_copies_are_found_among_what_was_generated(quality, digits):
    train, real = (digits.arrays(split)[0] for split in ("train", "test"))
    random = np.random.default_rng(3)
    fake = np.concatenate([random.integers(0, 256, (357, 8, 8, 1), np.uint8), train[[5, 70, 900]]])
    pairs = quality.most_alike(fake, num=3)
    examples, nearest, distances = pairs["generated"]
    np.testing.assert_array_equal(examples, nearest)
    assert {image.tobytes() for image in examples} == {train[place].tobytes() for place in (5, 70, 900)}
    assert distances.max() < 1e-2 < pairs["held_out"][2].min()
    assert all(any((image == known).all() for known in real) for image in pairs["held_out"][0])
