"""The built-in shapes: each factor does to the image what it is named for."""

import colorsys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import scipy.ndimage

from keras_gen.datasets import load
from keras_gen.datasets.shapes import ANGLES, CENTERS, FACTORS, RADII, SHAPES, render
from keras_gen.errors import InputError

NAMES = list(FACTORS)
MIDDLE = {"shape": 0, "scale": 3, "rotation": 2, "x": 7, "y": 8, "color": 4}


def images_along(name, size=64, channels=1, **fixed):
    """Images in which one factor goes through its values, as floats in [0, 1]."""
    factors = np.tile(list({**MIDDLE, **fixed}.values()), (FACTORS[name], 1))
    factors[:, NAMES.index(name)] = np.arange(FACTORS[name])
    return render(factors, size, channels) / 255.0


def moments(images):
    """Mass, and the centroid in shares of the image, of (num, size, size, 1)."""
    size = images.shape[1]
    mass = images.sum(axis=(1, 2, 3))
    places = (np.arange(size) + 0.5) / size
    x = (images[..., 0].sum(axis=1) @ places) / mass
    y = (images[..., 0].sum(axis=2) @ places) / mass
    return mass, x, y


@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_position_is_the_centroid_whatever_the_shape(shape):
    _, x, y = moments(images_along("x", shape=shape, rotation=0))
    np.testing.assert_allclose(x, CENTERS, atol=0.004)
    np.testing.assert_allclose(y, CENTERS[MIDDLE["y"]], atol=0.004)
    _, x, y = moments(images_along("y", shape=shape, rotation=0))
    np.testing.assert_allclose(y, CENTERS, atol=0.004)


@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_area_follows_the_square_of_the_scale_and_nothing_else(shape):
    mass, *_ = moments(images_along("scale", size=128, shape=shape, color=7))
    np.testing.assert_allclose(mass / mass[-1], (RADII / RADII[-1]) ** 2, rtol=0.03)
    for name in ("rotation", "x", "y"):
        mass, *_ = moments(images_along(name, size=128, shape=shape))
        np.testing.assert_allclose(mass / mass[0], 1.0, rtol=0.02)


@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_rotation_turns_the_image(shape):
    # In the middle of the image, which the centers lie beside by half a step, so both are moved there.
    images = images_along("rotation", size=96, shape=shape, scale=5)[..., 0]
    offset = [0.5 - CENTERS[MIDDLE[name]] for name in ("y", "x")]
    centered = [scipy.ndimage.shift(image, 96 * np.array(offset), order=1) for image in images]
    for image, angle in zip(centered, np.rad2deg(ANGLES), strict=True):
        turned = scipy.ndimage.rotate(centered[0], angle, reshape=False, order=1)
        assert np.abs(turned - image).sum() < 0.08 * image.sum()


def test_color_is_a_hue_or_a_brightness():
    colored = images_along("color", channels=3)
    brightest = [image.reshape(-1, 3)[image.sum(axis=-1).argmax()] for image in colored]
    hues = [colorsys.rgb_to_hsv(*color)[0] for color in brightest]
    np.testing.assert_allclose(hues, np.arange(8) / 9, atol=0.01)
    brightness = images_along("color", channels=1).max(axis=(1, 2, 3))
    np.testing.assert_allclose(brightness, np.linspace(0.3, 1.0, 8), atol=0.005)


@pytest.mark.parametrize("size", [16, 32])
def test_no_shape_reaches_the_border(size):
    extremes = [[s, 5, r, x, y, 7] for s in range(3) for r in range(8) for x in (0, 15) for y in (0, 15)]
    images = render(np.array(extremes), size)
    for edge in (images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]):
        assert edge.max() == 0


def test_the_set_is_the_same_each_time_and_its_factors_make_its_images():
    data, again = load("shapes", size=16), load("shapes", size=16)
    assert data.class_names == ["square", "ellipse", "heart"] and data.factor_names == NAMES
    assert [len(data.factors(split)) for split in ("train", "val", "test")] == [18000, 2000, 5000]
    for split in ("train", "val", "test"):
        images, labels = data.arrays(split)
        factors = data.factors(split)
        np.testing.assert_array_equal(render(factors[:300], 16), images[:300])
        np.testing.assert_array_equal(labels, factors[:, 0])
        np.testing.assert_array_equal(images, again.arrays(split)[0])
        for column, count in enumerate(FACTORS.values()):
            assert len(np.unique(factors[:, column])) == count
    everything = np.concatenate([data.factors(split) for split in ("train", "val", "test")])
    assert len(np.unique(everything, axis=0)) == 25_000
    assert load("shapes", size=8, channels=1).media.shape == (8, 8, 1)


def test_no_two_combinations_look_the_same():
    data = load("shapes")
    assert data.media.shape == (32, 32, 3)
    seen = {image.tobytes() for split in ("train", "val", "test") for image in data.arrays(split)[0]}
    assert len(seen) == 25_000


def test_a_folder_of_that_name_is_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shapes").mkdir()
    for i in range(10):
        PIL.Image.new("L", (8, 8), i).save(tmp_path / "shapes" / f"{i}.png")
    data = load(Path("shapes"), batch_size=4)
    assert data.factor_names is None and len(data.arrays("train")[0]) == 8


def test_mistakes_are_told_in_one_sentence():
    mistakes = {
        "not known: those of load": lambda: load("digits").factors("train"),
        "factors must be integers of the shape": lambda: render(np.zeros((2, 5), int), 32),
        "The factor scale must lie in 0 to 5, but is 6": lambda: render(np.array([[0, 6, 0, 0, 0, 0]]), 32),
        "size must be at least 8 pixels": lambda: render(np.zeros((1, 6), int), 7),
        "Unknown split": lambda: load("shapes", size=8).factors("tests"),
    }
    for message, mistake in mistakes.items():
        with pytest.raises(InputError, match=message):
            mistake()
    assert load("digits").factor_names is None
