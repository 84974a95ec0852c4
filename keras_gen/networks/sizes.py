"""Which image sizes a network that doubles can make, and how wide it is at each."""

from keras_gen.errors import InputError

# size -> (start, k): every size from 8 to 256 that is start * 2^k with start in 4..7, in one way only.
SIZES = {start * 2**k: (start, k) for k in range(1, 7) for start in range(4, 8) if start * 2**k <= 256}


def start_and_doublings(shape):
    """The smallest size of the feature maps, and how often it doubles to reach that of the image.

    Args:
        shape: (height, width, channels) of the image.

    Returns:
        (start, k) with height = width = start * 2^k.

    Raises:
        InputError: if the image is not square, or its size is not of that form.
    """
    height, width = _sides(shape)
    if height != width:
        raise InputError(f"media must be square for this network, not {height} x {width}: crop or pad it.")
    if height not in SIZES:
        nearest = [max((size for size in SIZES if size < height), default=None)]
        nearest += [min((size for size in SIZES if size > height), default=None)]
        works = " or ".join(f"{size} x {size}" for size in nearest if size)
        raise InputError(f"media of {height} x {width} does not double from a start of 4 to 7: use {works}.")
    return SIZES[height]


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
    """The sizes of the feature maps of an encoder that halves, rounding up, until at most 7 pixels are left.

    Args:
        shape: (height, width, channels) of the image.

    Returns:
        List of sizes, the image's own first, such as [33, 17, 9, 5].

    Raises:
        InputError: if the image is not square, or its size is not 8 to 256.

    Example:

    >>> halved_sizes((28, 28, 1))
    [28, 14, 7]
    """
    height, width = _sides(shape)
    if height != width or not 8 <= height <= 256:
        raise InputError(
            f"media must be square and of 8 to 256 pixels for this network, not {height} x {width}: crop or resize it."
        )
    sizes = [height]
    while sizes[-1] > 7:
        sizes.append(-(-sizes[-1] // 2))
    return sizes
