"""The image sizes that doubling networks can make, and their widths."""

import functools
import itertools

from keras_gen.errors import InputError

LEAST, MOST = 8, 256  # pixels of a side


def start_and_doublings(shape):
    """The smallest size of the feature maps, and how often it doubles to reach that of the image.

    Args:
        shape: (height, width, channels) of the image.

    Returns:
        ((rows, columns), k): 2^k times these are the image's height and width, and the lesser is 4 to 7.

    Raises:
        InputError: if a side is not of 8 to 256 pixels, or is no multiple of 2^k.

    Example:

    >>> start_and_doublings((64, 96, 3))
    ((4, 6), 4)
    """
    height, width = _sides(shape)
    if not _doubles(height, width):
        works = " or ".join(f"{rows} x {columns}" for rows, columns in _nearest(height, width))
        raise InputError(
            f"media of {height} x {width} does not double from a start of 4 to 7 on its shorter side: use "
            f"{works}."
        )
    doublings = _doublings(height, width)
    return (height >> doublings, width >> doublings), doublings


def _doublings(height, width):
    """How often the shorter side, of at least 8 pixels, is halved until 4 to 7 remain."""
    return min(height, width).bit_length() - 3


def _doubles(height, width):
    if not (LEAST <= min(height, width) and max(height, width) <= MOST):
        return False
    return not (height | width) % 2 ** _doublings(height, width)


@functools.cache
def _works():
    """All sizes that double."""
    return [size for size in itertools.product(range(LEAST, MOST + 1), repeat=2) if _doubles(*size)]


def _nearest(height, width):
    """The nearest sizes that double, none of whose sides is longer, or none shorter: at most two."""
    smaller = [size for size in _works() if size[0] <= height and size[1] <= width]
    larger = [size for size in _works() if size[0] >= height and size[1] >= width]
    return [
        min(sizes, key=lambda size: abs(size[0] - height) + abs(size[1] - width))
        for sizes in (smaller, larger)
        if sizes
    ]


def _sides(shape):
    if len(shape) != 3:
        raise InputError(
            f"This network takes images, not media of model shape {shape}: for recordings take conv1d or mlp."
        )
    return shape[:2]


def channels(width, level):
    """Feature maps after `level` halvings of the image: `width`, doubled each time, at most 8 * width."""
    return width * 2 ** min(level, 3)


def halved_sizes(shape):
    """The sizes of an encoder's feature maps: halved, rounding up, until a side has at most 7 pixels.

    Args:
        shape: (height, width, channels) of the image.

    Returns:
        List of (rows, columns), the image's own first.

    Raises:
        InputError: if a side is not of 8 to 256 pixels.

    Example:

    >>> halved_sizes((28, 40, 1))
    [(28, 40), (14, 20), (7, 10)]
    """
    height, width = _sides(shape)
    if not (LEAST <= min(height, width) and max(height, width) <= MOST):
        raise InputError(
            f"media must have sides of {LEAST} to {MOST} pixels for this network, not {height} x {width}: "
            "crop or resize it."
        )
    sizes = [(height, width)]
    while min(sizes[-1]) > 7:
        sizes.append(halved(sizes[-1]))
    return sizes


def halved(size):
    """Half of (rows, columns), rounding up."""
    return tuple(-(-side // 2) for side in size)
