"""Measures of images and recordings themselves, of data whose figures are known."""

import types

import numpy as np
import pytest

from keras_gen.evaluation import evaluate, media_measures
from keras_gen.media import Audio, Image
from keras_gen.metrics import pair_similarity, patch_distances, sound_scores


class Given:
    """A data set, and a model that draws the given examples and labels in turn."""

    num_classes = None

    def __init__(self, media, drawn, labels=None, **splits):
        self.media, self.drawn, self.labels, self.splits = media, drawn, labels, splits

    def arrays(self, split):
        return self.splits[split]

    def labels_for(self, num):
        return None if self.labels is None else self.labels[:num]

    def generate(self, num, labels=None, seed=None):
        return self.drawn[:num]


def settings(media, *names, **fields):
    said = {"num_classes": None, "seed": 0, "num_scored": "auto"} | fields
    return types.SimpleNamespace(media=media, measures=names, **said)


@pytest.fixture
def noise():
    return np.random.default_rng(7).integers(0, 256, (60, 12, 12, 1), dtype=np.uint8)


def test_images_are_compared_with_as_many_held_out_ones(noise):
    media, labels = Image(12, 12, 1), np.arange(20) % 2
    data = Given(media, noise[:20] // 2, labels, test=(noise[20:40], labels), train=(noise[40:], labels))
    (score,) = evaluate(data, data, settings(media, "images", "recordings"))
    assert score.metrics.keys() == score.real.keys() == {"swd", "ms_ssim"}
    order = np.random.default_rng(0).permutation(20)
    assert score.metrics == {
        **patch_distances(noise[20:40][order], noise[:20] // 2),
        "ms_ssim": pair_similarity(noise[:20] // 2, labels, 20),
    }
    assert "20 generated images" in score.conditions and "Pairs are 20, of one class" in score.conditions
    data.labels = np.arange(20)  # each image has a class of its own
    (score,) = evaluate(data, data, settings(media, "images", num_scored=8))
    assert "8 generated images" in score.conditions and "of any two images" in score.conditions


def test_large_images_are_fewer_and_tiny_ones_have_no_patches(noise, monkeypatch):
    monkeypatch.setattr(media_measures, "MOST_VALUES", 144 * 10)
    splits = {"test": (noise, None), "train": (noise, None)}
    (score,) = evaluate(*[Given(Image(12, 12, 1), noise, **splits)] * 2, settings(Image(12, 12, 1), "images"))
    assert "10 generated images" in score.conditions and "swd" in score.metrics
    tiny = Given(
        Image(6, 6, 1), noise[:, :6, :6], test=(noise[:, :6, :6], None), train=(noise[:, :6, :6], None)
    )
    (score,) = evaluate(tiny, tiny, settings(tiny.media, "images"))
    assert score.metrics.keys() == {"ms_ssim"}


def test_recordings_are_heard_beside_held_out_and_training_ones():
    media = Audio(4096, rate=8000)
    time = np.arange(4096) / 8000
    packed = [
        np.round(8000 * np.sin(2 * np.pi * pitch * time)).astype("int16")[np.newaxis].repeat(5, axis=0)
        for pitch in (220, 440)
    ]
    data = Given(media, media.unpack(packed[1])[:4], test=(packed[0], None), train=(packed[0], None))
    (score,) = evaluate(data, data, settings(media, "images", "recordings", num_scored=4))
    assert score.metrics == sound_scores(media.unpack(packed[0])[:4], media.unpack(packed[1])[:4], 8000)
    assert score.metrics["pitch_distance"] == pytest.approx(12, abs=0.1)
    assert score.real["pitch_median"] == pytest.approx(220, rel=0.01) and score.real["pitch_distance"] == 0
    assert "4 generated recordings" in score.conditions
