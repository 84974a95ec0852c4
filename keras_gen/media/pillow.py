"""Images as Pillow holds them: read from files, brought to 8 bits, upright, in one mode."""

import contextlib
import io
import itertools
import os

import numpy as np
import PIL.Image
from PIL import ImageOps

from keras_gen.errors import InputError
from keras_gen.files import ending_of

# Pillow looks at the content of a file, not at its name. Some formats that it knows can run programs or are
# poorly maintained.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
SOMETIMES = ("AVIF", "JPEG2000", "HEIF")  # if Pillow was built with it, or pillow-heif is registered
ENDINGS = {
    ending: kind
    for kind, endings in {
        "PNG": (".png",),
        "JPEG": (".jpg", ".jpeg", ".jfif", ".jpe"),
        "WEBP": (".webp",),
        "GIF": (".gif",),
        "BMP": (".bmp",),
        "TIFF": (".tif", ".tiff"),
        "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
        "AVIF": (".avif",),
        "JPEG2000": (".jp2", ".j2k"),
        "HEIF": (".heic", ".heif"),
    }.items()
    for ending in endings
}
# A JPEG may hold further pictures too, but these are previews of the first.
SEVERAL = ("GIF", "PNG", "WEBP", "TIFF", "AVIF")  # formats whose files may hold several frames or pages
MOST_FRAMES, MOST_FRAME_PIXELS = 2_000, 2**30  # of one file, all frames together
# Tags of TIFF.
BITS, PHOTOMETRIC, HIGHEST, KIND, HIGHEST_OF_KIND = 258, 262, 281, 339, 341
WHITE_IS_ZERO = 0
SIGNED = 2
# How formats are written whose files say their origin. Small images show what a JPEG of lower quality, or
# with colors at half the size, takes away.
WRITTEN = {
    ".png": {"format": "PNG"},
    ".jpg": {"format": "JPEG", "quality": 95, "subsampling": 0},
    ".jpeg": {"format": "JPEG", "quality": 95, "subsampling": 0},
    ".webp": {"format": "WEBP", "lossless": True, "exact": True},
}


def formats():
    """The formats that can be read: `FORMATS`, and of `SOMETIMES` those that Pillow knows here."""
    known = set(PIL.Image.registered_extensions().values())
    return FORMATS + tuple(name for name in SOMETIMES if name in known)


def read(raw, mode, wanted, background="white"):
    """Read an image: upright, of 8 bits a channel; of several frames the first.

    Args:
        raw: the bytes of a file of one of `formats()`, or a `PIL.Image.Image`, which is left as it is.
        mode: of the result, "L", "RGB" or "RGBA".
        wanted: pixels that the shorter side needs at least, so that a large JPEG is decoded at a fraction of
            its size.
        background: color that transparent parts are laid over in the modes "L" and "RGB".

    Returns:
        A `PIL.Image.Image`.

    Raises:
        InputError: the bytes cannot be read or hold more pixels than `PIL.Image.MAX_IMAGE_PIXELS`, or the
            image does not say which value is white. The text before the colon is the same for all images.
    """
    with _as_input_error():
        return _upright(_opened(raw, wanted), mode, background)


def read_frames(raw, mode, wanted, background="white"):
    """Read every frame of an animated image, or page of a TIFF, as `read` does.

    Args:
        raw, mode, wanted, background: as in `read`.

    Yields:
        `PIL.Image.Image`s, at least one.

    Raises:
        InputError: as in `read`, or there are more than 2,000 frames or 2**30 pixels in all of them.
    """
    with _as_input_error():
        image, pixels = _opened(raw, wanted), 0
        for place in itertools.count() if image.format in SEVERAL else [0]:
            try:
                image.seek(place)
            except EOFError:
                return
            _check_pixels(image)
            pixels += image.width * image.height
            if place >= MOST_FRAMES or pixels > MOST_FRAME_PIXELS:
                raise ValueError(
                    f"its frames are more than {MOST_FRAMES} or have more than {MOST_FRAME_PIXELS} pixels "
                    "in all, of which the first alone can be taken"
                )
            yield _upright(image, mode, background)


def is_animated(raw):
    """Whether a raw image is a file's bytes that hold several frames."""
    if not isinstance(raw, bytes):
        return False
    known = [name for name in SEVERAL if name in PIL.Image.OPEN]
    try:
        return PIL.Image.open(io.BytesIO(raw), formats=known).is_animated
    except Exception:  # it is of another format, or damaged
        return False


def in_mode(image, mode, background):
    """An image of 8 bits a channel in the mode "L", "RGB" or "RGBA".

    In the first two its transparent parts are laid over the background.
    """
    if image.has_transparency_data and mode != "RGBA":
        image = _converted(image, "RGBA")
        image = PIL.Image.alpha_composite(PIL.Image.new("RGBA", image.size, background), image)
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
    # Written so that NaN is out of range too.
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


@contextlib.contextmanager
def _as_input_error():
    # A damaged or hostile file may make a decoder raise anything.
    try:
        yield
    except Exception as error:
        raise InputError(f"The image could not be read: {str(error).rstrip('.')}.") from error


def _opened(raw, wanted):
    return raw if isinstance(raw, PIL.Image.Image) else _open(raw, wanted)


def _upright(image, mode, background):
    """An image as it is looked at, of 8 bits a channel."""
    white = _white(image)
    is_negative = _tags(image).get(PHOTOMETRIC) == WHITE_IS_ZERO
    return in_mode(_eight_bits(ImageOps.exif_transpose(image), white, is_negative), mode, background)


def _open(raw, wanted):
    try:
        image = PIL.Image.open(io.BytesIO(raw), formats=formats())
    except PIL.UnidentifiedImageError:
        raise ValueError(_reason(raw)) from None
    _check_pixels(image)
    # Twice the wanted size leaves enough detail for the resizing filter.
    image.draft(None, (2 * wanted, 2 * wanted))
    return image


def _check_pixels(image):
    limit = PIL.Image.MAX_IMAGE_PIXELS
    if limit and image.width * image.height > limit:
        raise ValueError(f"{image.width} x {image.height} pixels are more than {limit}")


def _reason(raw):
    """Why bytes are no image; Pillow says only that it cannot identify them."""
    if not raw:
        return "it is empty"
    for name in formats():
        decode, is_of_format = PIL.Image.OPEN[name]
        if is_of_format and is_of_format(raw[:16]):
            try:
                decode(io.BytesIO(raw), "")
            except Exception as error:
                return f"it is a {name} file that is damaged or of an unusual kind, {error or 'cut short'}"
    return f"it is none of {', '.join(formats())}"


def _tags(image):
    return getattr(image, "tag_v2", {})


def _white(image):
    """The value of white in an integer image of more than 8 bits; None for any other image."""
    if image.mode == "F":
        return None
    tags = _tags(image)
    bits = int(np.max(tags.get(BITS, 8)))
    highest = int(np.max(tags.get(HIGHEST, tags.get(HIGHEST_OF_KIND, 0))))
    # Some programs write the highest value present, others the highest possible one: both tell the bits.
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
    """Bring deeper and floating grays to 8 bits; Pillow's own conversion would clip them."""
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
    # With fewer bits Pillow inverts negatives itself.
    result = PIL.Image.fromarray(255 - gray if is_negative else gray)
    if "transparency" in image.info:
        result.putalpha(from_array(values != image.info["transparency"]))
    return result


def _converted(image, mode):
    try:
        return image.convert(mode)
    # Pillow converts some modes only to RGB, and La only to LA.
    except ValueError:
        return image.convert("LA" if image.mode == "La" else "RGB").convert(mode)


def write(image, path, origin=None):
    """Write an image in the format that the ending of its path names.

    Args:
        image: uint8 (H, W, channels).
        path: ending in .png, .webp (both without loss), .jpg or .jpeg; or an open binary file, for PNG.
        origin: `Origin` of a synthetic image, which the file says, or None.

    Raises:
        InputError: the ending is another, or transparency is to be written as JPEG, which has none.
        OSError: the file cannot be written.
    """
    ending = ending_of(path) if isinstance(path, str | os.PathLike) else ".png"
    if ending not in WRITTEN:
        raise InputError(f"Images are written to files ending in {', '.join(WRITTEN)}, not {str(path)!r}.")
    options = dict(WRITTEN[ending])
    image = from_array(image)
    if options["format"] == "JPEG" and image.mode == "RGBA":
        raise InputError("JPEG has no transparency, which the image has: write .png or .webp.")
    if origin:
        options |= {"pnginfo": origin.png_chunks()} if ending == ".png" else {"xmp": origin.xmp()}
    image.save(path, **options)
