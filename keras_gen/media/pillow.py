"""Pictures as Pillow holds them: read from files, brought to 8 bits, upright and opaque."""

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
    """Read a picture: upright, opaque, of 8 bits a channel.

    Args:
        raw: the bytes of a file of one of `FORMATS`, or a `PIL.Image.Image`, which is left as it is.
        mode: of the result, "L" or "RGB".
        wanted: pixels that its shorter side needs at least; a JPEG file is decoded at a fraction of its size.

    Returns:
        A `PIL.Image.Image`.

    Raises:
        InputError: the bytes cannot be read, hold more pixels than `PIL.Image.MAX_IMAGE_PIXELS`, or the picture does not say
            which of its values is white. What stands before the colon is the same for all pictures.
    """
    # A damaged or hostile file may trip a decoder in any way, so whatever it raises means "unreadable".
    try:
        picture = raw if isinstance(raw, PIL.Image.Image) else _open(raw, wanted)
        white = _white(picture)
        is_negative = _tags(picture).get(PHOTOMETRIC) == WHITE_IS_ZERO
        return opaque(_eight_bits(ImageOps.exif_transpose(picture), white, is_negative), mode)
    except Exception as error:
        raise InputError(f"The picture could not be read: {str(error).rstrip('.')}.") from error


def opaque(picture, mode):
    """A picture of 8 bits a channel in the mode "L" or "RGB", its transparent parts laid over white."""
    if picture.has_transparency_data:
        picture = _converted(picture, "RGBA")
        white = PIL.Image.new("RGBA", picture.size, "white")
        picture = PIL.Image.alpha_composite(white, picture)
    return _converted(picture, mode)


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
            f"Pictures must be uint8, uint16, bool, or floating in [0, 1], but are of type {values.dtype}."
        )
    # Written so that NaN, too, is out of range.
    if values.size and not (values.min() >= 0 and values.max() <= 1):
        raise InputError(
            f"Floating pictures must lie in [0, 1], but range from {values.min():g} to {values.max():g}; "
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
            f"A picture must be of the shape (H, W) or (H, W, 1, 3 or 4), not empty, but is {values.shape}."
        )
    return PIL.Image.fromarray(np.ascontiguousarray(values))


def _open(raw, wanted):
    try:
        picture = PIL.Image.open(io.BytesIO(raw), formats=FORMATS)
    except PIL.UnidentifiedImageError:
        raise ValueError(_reason(raw)) from None
    limit = PIL.Image.MAX_IMAGE_PIXELS
    if limit and picture.width * picture.height > limit:
        raise ValueError(f"{picture.width} x {picture.height} pixels are more than {limit}")
    # Twice the size wanted leaves the filter that resizes its work.
    picture.draft(None, (2 * wanted, 2 * wanted))
    return picture


def _reason(raw):
    """Why bytes are no picture. Pillow itself says of all of them that it cannot identify them."""
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


def _tags(picture):
    return getattr(picture, "tag_v2", {})


def _white(picture):
    """The value that is white in a picture of whole numbers of more than 8 bits; None in any other."""
    if picture.mode == "F":
        return None
    tags = _tags(picture)
    bits = int(np.max(tags.get(BITS, 8)))
    highest = int(np.max(tags.get(HIGHEST, tags.get(HIGHEST_OF_KIND, 0))))
    # Some write the highest value that there is, others the highest that there may be: either tells the bits.
    used = min(highest.bit_length() or bits, bits)
    if picture.mode.startswith("I"):
        if used < bits or bits == 12:
            return 2**used - 1
        if picture.mode == "I" and picture.format not in ("PNG", "PPM"):
            raise ValueError(
                "it holds whole numbers of up to 32 bits, and does not say which of them is white"
            )
        return 65535
    if used < bits > 8:
        raise ValueError(f"its colours use {used} of {bits} bits, which cannot be told apart here")
    if np.any(np.equal(tags.get(KIND, 0), SIGNED)):
        raise ValueError("its values are signed, and do not say which of them is white")
    return None


def _eight_bits(picture, white, is_negative):
    """Bring Pillow's greys of more bits, and floating ones, to 8 bits; its own conversion would clip them."""
    if white is None and picture.mode != "F":
        return picture
    values = np.asarray(picture)
    if picture.mode == "F":
        grey = to_uint8(values)
    else:
        values = values.astype(np.int64)
        if values.min() < 0 or values.max() > white:
            raise ValueError(
                f"its grey values range from {values.min()} to {values.max()}, but {white} is white"
            )
        grey = ((255 * values + white // 2) // white).astype(np.uint8)
    # Of fewer bits, Pillow turns negatives round itself.
    result = PIL.Image.fromarray(255 - grey if is_negative else grey)
    if "transparency" in picture.info:
        result.putalpha(from_array(values != picture.info["transparency"]))
    return result


def _converted(picture, mode):
    try:
        return picture.convert(mode)
    # Pillow goes from some modes to RGB alone, and from those of greys and alpha to that of two channels.
    except ValueError:
        return picture.convert("LA" if picture.mode == "La" else "RGB").convert(mode)
