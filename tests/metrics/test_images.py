"""Sliced Wasserstein distance and MS-SSIM of pairs, against closed forms and plain implementations."""

import itertools
import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import wasserstein_distance

from keras_gen.errors import InputError
from keras_gen.metrics import pair_similarity, patch_distances, similarity_scales, sliced_wasserstein
from keras_gen.metrics.images import laplacian_pyramid


@pytest.fixture
def random():
    return np.random.default_rng(7)


def noise(random, num, height, width, channels=1):
    return random.integers(0, 256, (num, height, width, channels), dtype=np.uint8)


def test_in_one_dimension_it_is_the_wasserstein_distance(random):
    first, second = random.normal(size=(50, 1)), random.gamma(2, size=(50, 1))
    expected = wasserstein_distance(first[:, 0], second[:, 0])
    assert sliced_wasserstein(first, second) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("dimensions", [2, 5, 49])
def test_a_shift_counts_by_its_mean_part_along_a_direction(random, dimensions):
    # E|cos| of a direction to a given one: Gamma(d / 2) / (sqrt(pi) Gamma((d + 1) / 2)).
    points, shift = random.normal(size=(20, dimensions)), random.normal(size=dimensions)
    share = math.exp(math.lgamma(dimensions / 2) - math.lgamma((dimensions + 1) / 2)) / math.sqrt(math.pi)
    expected = np.linalg.norm(shift) * share
    assert sliced_wasserstein(points, points + shift) == pytest.approx(expected, rel=0.1)
    assert sliced_wasserstein(points, points[::-1]) == 0


def plain_level(image):
    """One step of the pyramid of one channel: convolutions as sums over a mirrored image."""
    kernel = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256

    def convolved(given, kernel):
        wide, result = np.pad(given, 2, mode="reflect"), np.zeros(given.shape)
        for row, column in itertools.product(range(given.shape[0]), range(given.shape[1])):
            result[row, column] = (wide[row : row + 5, column : column + 5] * kernel).sum()
        return result

    half = convolved(image, kernel)[::2, ::2]
    spread = np.zeros(image.shape)
    spread[::2, ::2] = half
    return image - convolved(spread, 4 * kernel), half


def test_the_pyramid_agrees_with_plain_sums_and_adds_up(random):
    images = noise(random, 2, 32, 64, 3)
    fine, coarse = laplacian_pyramid(images)
    assert fine.shape == (2, 32, 64, 3) and coarse.shape == (2, 16, 32, 3)
    for which, channel in itertools.product(range(2), range(3)):
        lacking, half = plain_level(images[which, :, :, channel].astype(float))
        np.testing.assert_allclose(fine[which, :, :, channel], lacking, atol=1e-3)
        np.testing.assert_allclose(coarse[which, :, :, channel], half, atol=1e-3)
    assert [level.shape[1] for level in laplacian_pyramid(noise(random, 1, 128, 128))] == [128, 64, 32, 16]
    assert [level.shape[1:3] for level in laplacian_pyramid(noise(random, 1, 28, 36))] == [(28, 36)]


def test_all_patches_of_small_images_are_compared_in_the_deviation_of_their_channel(random):
    first, second = noise(random, 9, 8, 9, 2), noise(random, 9, 8, 9, 2)
    second[..., 0] //= 3  # contrast, which does not count

    def patches(images):
        found = [
            image[top : top + 7, left : left + 7].astype(float)
            for image, top, left in itertools.product(images, range(2), range(3))
        ]
        found -= np.mean(found, axis=(0, 1, 2))
        return (found / np.std(found, axis=(0, 1, 2))).reshape(len(found), -1)

    expected = sliced_wasserstein(patches(second), patches(first), seed=3)
    assert patch_distances(first, second, seed=3) == {"swd": pytest.approx(expected, rel=1e-4)}
    assert patch_distances(first, second, seed=4) != patch_distances(first, second, seed=3)


def test_each_level_hears_of_its_own_frequencies(random):
    real, same = noise(random, 40, 32, 32, 3), noise(random, 40, 32, 32, 3)
    equal = patch_distances(real, same)
    assert equal.keys() == {"swd", "swd_32", "swd_16"}
    assert equal["swd"] == pytest.approx(np.mean([equal[f"swd_{side}"] for side in (32, 16)]))
    blurred = [
        patch_distances(real, gaussian_filter(same, (0, sigma, sigma, 0)))["swd"] for sigma in (1, 2, 3)
    ]
    assert 1.5 * equal["swd"] < blurred[0] < blurred[1] < blurred[2]
    coarse = patch_distances(real, gaussian_filter(same, (0, 1, 1, 0)))
    assert coarse["swd_32"] / equal["swd_32"] > 1.5 * coarse["swd_16"] / equal["swd_16"]
    assert patch_distances(real, np.full_like(real, 7))["swd"] > blurred[2]


def plain_similarity(first, second, window, weights):
    """MS-SSIM of two gray images: contrast and structure at all scales, luminance at the last one."""
    side = np.arange(window) - (window - 1) / 2
    kernel = np.exp(-(side**2) / (2 * 1.5**2))
    kernel = np.outer(kernel, kernel) / np.outer(kernel, kernel).sum()
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    value = 1
    for scale, weight in enumerate(weights):
        luminance, structure = [], []
        for row, column in itertools.product(*(range(size - window + 1) for size in first.shape)):
            x, y = (some[row : row + window, column : column + window] for some in (first, second))
            mx, my = (kernel * x).sum(), (kernel * y).sum()
            vx, vy = (kernel * x * x).sum() - mx**2, (kernel * y * y).sum() - my**2
            luminance.append((2 * mx * my + c1) / (mx**2 + my**2 + c1))
            structure.append((2 * ((kernel * x * y).sum() - mx * my) + c2) / (vx + vy + c2))
        last = scale == len(weights) - 1
        found = np.mean(np.multiply(luminance, structure)) if last else np.mean(structure)
        value *= max(found, 0) ** weight
        first, second = (
            some.reshape(some.shape[0] // 2, 2, some.shape[1] // 2, 2).mean((1, 3))
            for some in (first, second)
        )
    return value


@pytest.mark.parametrize("side, window, scales", [(24, 11, 2), (8, 7, 1)])
def test_similarity_is_the_ms_ssim_of_pairs(random, side, window, scales):
    images = np.stack([noise(random, 1, side, side)[0]] * 2)
    images[1] = gaussian_filter(images[1], (1, 1, 0)) // 2 + 40
    weights = np.array([0.0448, 0.2856])[:scales]
    expected = plain_similarity(*images[..., 0].astype(float), window, weights / weights.sum())
    assert similarity_scales((side, side)) == (window, scales)
    assert pair_similarity(images, pairs=3) == pytest.approx(expected, rel=1e-4)
    assert 0.1 < expected < 0.9


def test_pairs_are_of_one_class_and_never_of_one_image(random):
    kinds = noise(random, 4, 16, 16)
    images, labels = kinds.repeat(5, axis=0), np.arange(4).repeat(5)
    assert pair_similarity(images, labels, pairs=50) == pytest.approx(1, abs=1e-6)
    assert pair_similarity(images, pairs=200) < 0.5
    assert pair_similarity(kinds, pairs=50) < 0.1
    lone = np.array([0, 1, 2, 2])
    assert pair_similarity(kinds, lone, 9) == pytest.approx(pair_similarity(kinds[2:], pairs=9), abs=1e-6)


@pytest.mark.parametrize(
    "side, expected",
    [(176, (11, 5)), (175, (11, 4)), (64, (11, 3)), (28, (11, 2)), (12, (11, 1)), (10, (9, 1))],
)
def test_small_images_have_fewer_scales(side, expected):
    assert similarity_scales((side, 200)) == expected


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda images: patch_distances(images, images[1:]), "as many of either"),
        (lambda images: patch_distances(images[:, :6], images[:, :6]), "sides of at least 7"),
        (lambda images: sliced_wasserstein(images[0, :, :, 0], images[0, :6, :, 0]), "both the same"),
        (lambda images: pair_similarity(images / 255), "float64 .*: give uint8"),
        (lambda images: pair_similarity(images, [0, 1]), r"shape \(2,\): give one for each of 3 images"),
        (lambda images: pair_similarity(images, [0, 1, 2]), "No two of 3 images are of one class"),
    ],
)
def test_unfit_images_are_refused(random, call, message):
    with pytest.raises(InputError, match=message):
        call(noise(random, 3, 8, 8))
