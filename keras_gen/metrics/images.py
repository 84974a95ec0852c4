"""Distances and diversity of images that no classifier sees: of their patches and of their structure."""

import numpy as np
import tensorflow as tf
from scipy.ndimage import convolve1d

from keras_gen.errors import InputError

PATCH = 7  # pixels a side
PATCHES = 128  # of an image, at each level
SMALLEST = 16  # pixels of the smaller side of the lowest level
REPEATS, DIRECTIONS = 4, 128
BINOMIAL = np.array([1, 4, 6, 4, 1]) / 16
FILTER = 11  # pixels of the window of SSIM
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the scales of MS-SSIM, finest first
PIXELS = 2**22  # compared at once


def patch_distances(real_images, fake_images, seed=0):
    """Sliced Wasserstein distances (SWD) between patches of images, at each level of a Laplacian pyramid.

    128 patches of 7 x 7 pixels of every image, or all where there are no more, each channel normalized by
    mean and deviation of its set: contrast and brightness do not count, texture does. Levels halve down to 16
    pixels a side, those of the source; smaller images have one. The distance of equal distributions is above
    0 and falls as the sets grow: compare only figures from equally many.

    Args:
        real_images: array (num, height, width, channels), sides of at least 7.
        fake_images: array (num, height, width, channels), as many.
        seed: integer seed of the patches and directions.

    Returns:
        A dict of floats: `swd`, the mean over the levels, and, of several levels, `swd_<side>`, the distance
        at the level whose smaller side is this. The unit is the deviation of a channel at that level. Papers
        print it times 1,000.

    Raises:
        InputError: when the arrays are not as many images of one size, or too small.

    Source: Karras et al. 2018, arXiv 1710.10196, section 5.
    """
    real, fake = (np.asarray(images) for images in (real_images, fake_images))
    if real.ndim != 4 or real.shape != fake.shape or not len(real) or min(real.shape[1:3]) < PATCH:
        raise InputError(
            f"`real_images` and `fake_images` have shapes {real.shape} and {fake.shape}: give (num, height, "
            f"width, channels), as many of either, with sides of at least {PATCH}."
        )
    distances = {}
    for ours, theirs in zip(laplacian_pyramid(fake), laplacian_pyramid(real), strict=True):
        random = np.random.default_rng(seed)
        patches = [_normalized(_patches(level, random)) for level in (ours, theirs)]
        distances[f"swd_{min(ours.shape[1:3])}"] = sliced_wasserstein(*patches, seed=seed)
    mean = {"swd": float(np.mean(list(distances.values())))}
    return mean | distances if len(distances) > 1 else mean


def sliced_wasserstein(first, second, seed=0):
    """Mean Wasserstein-1 distance of two sets of points along 512 random directions.

    Args:
        first: array (num, dimensions).
        second: array (num, dimensions), as many.
        seed: integer seed of the directions.

    Returns:
        A float, at least 0, in the unit of the points.

    Raises:
        InputError: when the arrays are not two sets of one shape.

    Source: Rabin et al. 2011; Karras et al. 2018, arXiv 1710.10196, for 4 times 128 directions.
    """
    first, second = np.asarray(first, "float32"), np.asarray(second, "float32")
    if first.ndim != 2 or first.shape != second.shape or not first.size:
        raise InputError(
            f"The points have shapes {first.shape} and {second.shape}: give (num, dimensions), both the same."
        )
    random, distances = np.random.default_rng(seed), []
    for _ in range(REPEATS):
        directions = random.normal(size=(DIRECTIONS, first.shape[1]))
        directions = (directions / np.linalg.norm(directions, axis=1, keepdims=True)).astype("float32")
        ours, theirs = (np.sort(directions @ points.T, axis=1) for points in (first, second))
        distances.append(np.abs(ours - theirs).mean(dtype="float64"))
    return float(np.mean(distances))


def laplacian_pyramid(images):
    """Levels of images, finest first: what a blurred half-size copy of each lacks, and the last such copy.

    Args:
        images: array (num, height, width, channels).

    Returns:
        List of float32 arrays; sides halve as long as both are even and stay at 16 or more.

    Source: Burt & Adelson 1983.
    """
    level, levels = np.asarray(images, "float32"), []
    while all(side % 2 == 0 and side // 2 >= SMALLEST for side in level.shape[1:3]):
        half = _blurred(level, BINOMIAL)[:, ::2, ::2]
        spread = np.zeros_like(level)
        spread[:, ::2, ::2] = half
        levels.append(level - _blurred(spread, 2 * BINOMIAL))
        level = half
    return [*levels, level]


def _blurred(images, weights):
    for axis in (1, 2):
        images = convolve1d(images, weights, axis=axis, mode="mirror")
    return images


def _patches(images, random):
    """(num, patches, 7, 7, channels): all, or of each image 128 at random, of which some may be the same."""
    num, height, width, _ = images.shape
    across = width - PATCH + 1
    every = (height - PATCH + 1) * across
    if every <= PATCHES:
        places = np.broadcast_to(np.arange(every), (num, every))
    else:
        places = random.integers(every, size=(num, PATCHES))
    tops, lefts = np.divmod(places, across)
    side = np.arange(PATCH)
    rows = tops[..., np.newaxis, np.newaxis] + side[:, np.newaxis]
    columns = lefts[..., np.newaxis, np.newaxis] + side
    return images[np.arange(num)[:, np.newaxis, np.newaxis, np.newaxis], rows, columns]


def _normalized(patches):
    """Patches (any, pixels x channels), whose channels have mean 0 and deviation 1 in the whole set."""
    axes = (0, 1, 2, 3)
    mean = patches.mean(axis=axes, dtype="float64").astype("float32")
    deviation = patches.std(axis=axes, dtype="float64").astype("float32")
    patches = (patches - mean) / np.where(deviation > 0, deviation, 1)
    return patches.reshape(-1, np.prod(patches.shape[2:]))


def pair_similarity(images, labels=None, pairs=1_000, seed=0):
    """Mean MS-SSIM of random pairs of images: how alike they are, low where they are varied.

    Where a model has collapsed it is above that of real images, so compare it with theirs. A scale halves
    both sides; there are up to five, fewer for images of less than 176 pixels, whose weights are brought to a
    sum of 1, as many as `similarity_scales` says.

    Args:
        images: uint8 array (num, height, width, channels), sides of at least 3, at least two.
        labels: integer array (num,), or None. With labels, pairs are of one class.
        pairs: how many are drawn.
        seed: integer seed of the pairs.

    Returns:
        A float, at most 1, that of equal images.

    Raises:
        InputError: when the array does not hold such images, or no two are of one class.

    Source: Wang et al. 2003 (MS-SSIM); Odena et al. 2017, arXiv 1610.09585, for its mean over pairs.
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.dtype != "uint8" or min(images.shape[1:3]) < 3:
        raise InputError(
            f"`images` are {images.dtype} of shape {images.shape}: give uint8 (num, height, width, "
            "channels), with sides of at least 3."
        )
    labels = np.zeros(len(images), int) if labels is None else np.asarray(labels)
    if labels.shape != (len(images),):
        raise InputError(f"`labels` have shape {labels.shape}: give one for each of {len(images)} images.")
    _, classes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    paired = np.flatnonzero(counts[classes] > 1)
    if not len(paired):
        raise InputError(f"No two of {len(images)} images are of one class: give more images.")
    random = np.random.default_rng(seed)
    firsts = random.choice(paired, size=pairs)
    seconds = [
        random.choice(np.flatnonzero((classes == classes[own]) & (np.arange(len(images)) != own)))
        for own in firsts
    ]
    window, scales = similarity_scales(images.shape[1:3])
    weights = np.array(WEIGHTS[:scales]) / sum(WEIGHTS[:scales])
    step = max(1, PIXELS // images[0].size)
    found = [
        tf.image.ssim_multiscale(
            *(tf.constant(images[rows[start : start + step]]) for rows in (firsts, np.array(seconds))),
            max_val=255,
            power_factors=weights.tolist(),
            filter_size=window,
        ).numpy()
        for start in range(0, pairs, step)
    ]
    return float(np.concatenate(found).mean(dtype="float64"))


def similarity_scales(shape):
    """Pixels of the window of `pair_similarity`, and how many scales images (height, width) have for it."""
    side = min(shape)
    window = min(FILTER, side - 1 + side % 2)
    return window, next(scales for scales in (5, 4, 3, 2, 1) if side >> (scales - 1) >= window)
