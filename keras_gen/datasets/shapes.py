"""Images of one shape each, drawn from known factors of variation.

In the spirit of dSprites (Matthey et al., 2017), in color: what a representation should tell apart is known of
every image, so that how well it does can be measured.
"""

import colorsys

import numpy as np

from keras_gen.datasets.factors import check_factors
from keras_gen.errors import InputError
from keras_gen.media.image import Image

# Name -> number of values, which are evenly spaced.
FACTORS = {"shape": 3, "scale": 6, "rotation": 8, "x": 16, "y": 16, "color": 8}

# Lengths are in widths of an image. A soft edge ends half a pixel outside its shape, which at the smallest size,
# 8 pixels, is the 2/32 that the largest shape keeps from the border.
RADII = np.linspace(3.5 / 32, 7 / 32, FACTORS["scale"])
CENTERS = np.linspace(9 / 32, 23 / 32, FACTORS["x"])
# A square is itself again after 90 degrees.
ANGLES = np.deg2rad(10.0 * np.arange(FACTORS["rotation"]))
# Hues from red to violet, 0 to 280 degrees: short of the full circle, they have an order.
COLORS = np.array([colorsys.hsv_to_rgb(step / 9, 1, 1) for step in range(FACTORS["color"])], np.float32)
GRAYS = np.linspace(0.3, 1, FACTORS["color"], dtype=np.float32)[:, np.newaxis]

# The heart is a square standing on a corner, with a half disc on each upper side; 1 from its centroid to its tip.
_CENTROID = (np.pi / 2 + 2 / 3) / (4 + np.pi)  # of the heart, along each side of a square of the half side 1
_HALF_SIDE = 1 / (np.sqrt(2) * (1 + _CENTROID))

TRAIN, TEST = 20000, 5000
# Pixels drawn at once: few enough for the working arrays to stay in a processor's cache.
CHUNK = 2**16


def read_shapes(size, channels):
    """Draw the data set, which is the same set each time: only what a pixel shows depends on the arguments.

    The combinations of factors are drawn uniformly without repeats: no test image has those of a training
    image. At 32 pixels all combinations look different; at 8 and 16, a few of small shapes do not.

    Args:
        size: height and width in pixels, at least 8.
        channels: 1 or 3.

    Returns:
        The splits, "train" (20000) and "test" (5000) -> (uint8 images (count, size, size, channels), int32
        labels (count,), the shapes, int32 factors (count, 6)).
    """
    # Unlike newer generators, RandomState promises the same numbers in every version of NumPy.
    drawn = np.random.RandomState(0).permutation(np.prod(list(FACTORS.values())))[: TRAIN + TEST]
    factors = np.stack(np.unravel_index(drawn, list(FACTORS.values())), axis=1).astype(np.int32)
    return {
        split: (render(part, size, channels), part[:, 0], part)
        for split, part in (("train", factors[:TRAIN]), ("test", factors[TRAIN:]))
    }


def render(factors, size, channels=3):
    """Draw the images of given factors: a shape in one bright color, with soft edges, on black.

    The values, in the order of `FACTORS`: shape, one of `SHAPES`; scale, from half to full, of a largest radius
    of 7/32 of the image; rotation, anticlockwise in steps of 10 degrees; x and y, the centroid, from 9/32 to
    23/32 of the image, rightwards and downwards; color, hues from red (0) over green and blue to violet (280
    degrees), or, in gray, brightness from 0.3 to 1. No shape reaches over the border.

    Args:
        factors: integers (num, 6), each from 0 to below its number of values in `FACTORS`.
        size: height and width in pixels, at least 8.
        channels: 1 (gray) or 3 (color).

    Returns:
        uint8 images (num, size, size, channels), which depend on the arguments alone.

    Raises:
        InputError: if the factors are of another shape or type or out of range, or size or channels are not as
            above.
    """
    factors = check_factors(factors, FACTORS)
    if size < 8:
        raise InputError(f"size must be at least 8 pixels for the shapes to fit, but is {size!r}.")
    images = np.empty((len(factors), *Image(size, size, channels).shape), np.uint8)
    colors = 255 * (GRAYS if channels == 1 else COLORS)
    step = max(1, CHUNK // size**2)
    for shape, distance in enumerate(SHAPES.values()):
        rows = np.flatnonzero(factors[:, 0] == shape)
        for start in range(0, len(rows), step):
            some = rows[start : start + step]
            coverage = _coverage(distance, *factors[some, 1:5].T, size)
            color = colors[factors[some, 5]]
            images[some] = np.rint(coverage[..., np.newaxis] * color[:, np.newaxis, np.newaxis])
    return images


def _coverage(distance, scale, rotation, x, y, size):
    """The share of each pixel that lies in the shape, (num, size, size)."""
    radius = RADII[scale, np.newaxis]
    pixels = (np.arange(size) + 0.5) / size
    right, up = (pixels - CENTERS[x, np.newaxis]) / radius, (CENTERS[y, np.newaxis] - pixels) / radius
    cos, sin = np.cos(ANGLES[rotation, np.newaxis]), np.sin(ANGLES[rotation, np.newaxis])
    u = _sum(cos * right, sin * up)
    v = _sum(-sin * right, cos * up)
    return np.clip(0.5 - (size * radius[..., np.newaxis]).astype(np.float32) * distance(u, v), 0, 1)


def _sum(across, down):
    return across.astype(np.float32)[:, np.newaxis, :] + down.astype(np.float32)[:, :, np.newaxis]


# The signed distance from the edge, negative inside, of shapes upright about their centroid, of the radius 1.


def _square(u, v, half_side=0.5**0.5):
    u, v = np.abs(u) - half_side, np.abs(v) - half_side
    return _norm(np.maximum(u, 0), np.maximum(v, 0)) + np.minimum(np.maximum(u, v), 0)


def _ellipse(u, v):
    # To first order, the level's excess over its slope; the small number lets the center, 0 over 0, be inside.
    level, slope = _norm(u, 2 * v), _norm(u, 4 * v)
    return (level - 1) * (level + np.float32(1e-6)) / (slope + np.float32(1e-6))


def _heart(u, v):
    half_side, centroid = np.float32(_HALF_SIDE), np.float32(_HALF_SIDE * _CENTROID)
    turn = np.float32(np.sqrt(0.5))
    u, v = turn * (u + v) + centroid, turn * (v - u) + centroid
    discs = np.minimum(_norm(u - half_side, v), _norm(u, v - half_side)) - half_side
    return np.minimum(discs, _square(u, v, half_side))


def _norm(u, v):
    return np.sqrt(u * u + v * v)


SHAPES = {"square": _square, "ellipse": _ellipse, "heart": _heart}
