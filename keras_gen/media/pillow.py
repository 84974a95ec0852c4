"""Images as Pillow holds them: read from files, brought to 8 bits, upright and opaque."""

import io

import numpy as np
import PIL.Image
from PIL import ImageOps

from keras_gen.errors import InputError

# Pillow goes by what a file holds, whatever its name, and some formats that it knows are programs or seldom looked after.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
# Tags of TIFF.
BITS, PHOTOMETRIC, HIGHEST, KIND, HIGHEST_OF_KIND = 258, 262, 281, 339, 341
WHITE_IS_ZERO = 0
SIGNED = 2


def read(raw, mode, wanted):
    """Read an image: upright, opaque, of 8 bits a channel.

    Args:
        raw: the bytes of a file of one of `FORMATS`, or a `PIL.Image.Image`, which is left as it is.
        mode: of the result, "L" or "RGB".
        wanted: pixels that its shorter side needs at least; a JPEG file is decoded at a fraction of its size.

    Returns:
        A `PIL.Image.Image`.

    Raises:
        InputError: the bytes cannot be read, hold more pixels than `PIL.Image.MAX_IMAGE_PIXELS`, or the image does not say
            which of its values is white. What stands before the colon is the same for all images.
    """
    # A damaged or hostile file may trip a decoder in any way, so whatever it raises means "unreadable".
    try:
        image = raw if isinstance(raw, PIL.Image.Image) else _open(raw, wanted)
        white = _white(image)
        is_negative = _tags(image).get(PHOTOMETRIC) == WHITE_IS_ZERO
        return opaque(_eight_bits(ImageOps.exif_transpose(image), white, is_negative), mode)
    except Exception as error:
        raise InputError(f"The image could not be read: {str(error).rstrip('.')}.") from error


def opaque(image, mode):
    """An image of 8 bits a channel in the mode "L" or "RGB", its transparent parts laid over white."""
    if image.has_transparency_data:
        image = _converted(image, "RGBA")
        white = PIL.Image.new("RGBA", image.size, "white")
        image = PIL.Image.alpha_composite(white, image)
    return _converted(image, mode)


def to_uint8(values):
    """Bring pixel values of any usual type to 8 bits.

    Args:
        values: array of any shape: uint8, uint16 (65535 is white), bool, or floating in [0, 1].

    Returns:
        A uint8 array of the same shape, rounded to the nearest value.

    Raises:
        InputError: if the type is another one, or floating values leave [0, 1].
    """
    values = np.asarray(values)
    if values.dtype == np.uint8:
        return values
    if values.dtype == bool:
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype == np.uint16:
        return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if not np.issubdtype(values.dtype, np.floating):
        raise InputError(
            f"Images must be uint8, uint16, bool, or floating in [0, 1], but are of type {values.dtype}."
        )
    # Written so that NaN, too, is out of range.
    if values.size and not (values.min() >= 0 and values.max() <= 1):
        raise InputError(
            f"Floating images must lie in [0, 1], but range from {values.min():g} to {values.max():g}; "
            "scale them, or give uint8."
        )
    return np.rint(values * 255).astype(np.uint8)


def from_array(values):
    """The `PIL.Image.Image` of an array (H, W) or (H, W, 1, 3 or 4) of the types that `to_uint8` takes."""
    values = to_uint8(values)
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if not (values.ndim == 2 or values.ndim == 3 and values.shape[2] in (3, 4)) or not values.size:
        raise InputError(
            f"An image must be of the shape (H, W) or (H, W, 1, 3 or 4), not empty, but is {values.shape}."
        )
    return PIL.Image.fromarray(np.ascontiguousarray(values))


def _open(raw, wanted):
    try:
        image = PIL.Image.open(io.BytesIO(raw), formats=FORMATS)
    except PIL.UnidentifiedImageError:
        raise ValueError(_reason(raw)) from None
    limit = PIL.Image.MAX_IMAGE_PIXELS
    if limit and image.width * image.height > limit:
        raise ValueError(f"{image.width} x {image.height} pixels are more than {limit}")
    # Twice the size wanted leaves the filter that resizes its work.
    image.draft(None, (2 * wanted, 2 * wanted))
    return image


def _reason(raw):
    """Why bytes are no image. Pillow itself says of all of them that it cannot identify them."""
    if not raw:
        return "it is empty"
    for name in FORMATS:
        decode, is_of_format = PIL.Image.OPEN[name]
        if is_of_format(raw[:16]):
            try:
                decode(io.BytesIO(raw), "")
            except Exception as error:
                return f"it is a {name} file that is damaged or of an unusual kind, {error or 'cut short'}"
    return f"it is none of {', '.join(FORMATS)}"


def _tags(image):
    return getattr(image, "tag_v2", {})


def _white(image):
    """The value that is white in an image of whole numbers of more than 8 bits; None in any other."""
    if image.mode == "F":
        return None
    tags = _tags(image)
    bits = int(np.max(tags.get(BITS, 8)))
    highest = int(np.max(tags.get(HIGHEST, tags.get(HIGHEST_OF_KIND, 0))))
    # Some write the highest value that there is, others the highest that there may be: either tells the bits.
    used = min(highest.bit_length() or bits, bits)
    if image.mode.startswith("I"):
        if used < bits or bits == 12:
            return 2**used - 1
        if image.mode == "I" and image.format not in ("PNG", "PPM"):
            raise ValueError(
                "it holds whole numbers of up to 32 bits, and does not say which of them is white"
            )
        return 65535
    if used < bits > 8:
        raise ValueError(f"its colors use {used} of {bits} bits, which cannot be told apart here")
    if np.any(np.equal(tags.get(KIND, 0), SIGNED)):
        raise ValueError("its values are signed, and do not say which of them is white")
    return None


def _eight_bits(image, white, is_negative):
    """Bring Pillow's grays of more bits, and floating ones, to 8 bits; its own conversion would clip them."""
    if white is None and image.mode != "F":
        return image
    values = np.asarray(image)
    if image.mode == "F":
        gray = to_uint8(values)
    else:
        values = values.astype(np.int64)
        if values.min() < 0 or values.max() > white:
            raise ValueError(
                f"its gray values range from {values.min()} to {values.max()}, but {white} is white"
            )
        gray = ((255 * values + white // 2) // white).astype(np.uint8)
    # Of fewer bits, Pillow turns negatives round itself.
    result = PIL.Image.fromarray(255 - gray if is_negative else gray)
    if "transparency" in image.info:
        result.putalpha(from_array(values != image.info["transparency"]))
    return result


def _converted(image, mode):
    try:
        return image.convert(mode)
    # Pillow goes from some modes to RGB alone, and from those of grays and alpha to that of two channels.
    except ValueError:
        return image.convert("LA" if image.mode == "La" else "RGB").convert(mode)
