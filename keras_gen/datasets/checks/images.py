"""What is measured of an image while a source is checked."""

import hashlib
import io

import numpy as np
import PIL.Image

from keras_gen.datasets.checks.measures import Measure, Probe, Problem
from keras_gen.datasets.near_duplicates import BRINGS
from keras_gen.media import Image, pillow

FINEST = 256  # pixels of the shorter side that are looked at
PICTURE = 96  # pixels of the longer side on the page
BITS = 16  # squared, those of a fingerprint
GRID = 8
# By the look of pairs of CIFAR-10: hashes of other images differ in 128 bits, give or take 8.
CLOSE, ALIKE = 60, 0.9
FEW_LEVELS = 1.0  # deviation of the levels, of 255, below which an image counts as of one color
EXTREME_ASPECT = 3
ORIENTATION = 0x0112  # of Exif


class ImageProbe(Probe):
    """Takes the place of an `Image` while a source is read: packs what was measured instead of pixels."""

    plural = Image.plural
    dtype = np.dtype(
        [
            ("content", "S32"),
            ("fingerprint", np.uint8, BITS * BITS // 8),
            ("colors", np.uint8, GRID * GRID * 3),
            ("kind", "S9"),
            ("mode", "S24"),
            ("height", np.int32),
            ("width", np.int32),
            ("bytes", np.int64),
            ("animated", bool),
            ("turned", bool),
            ("brightness", np.float32),
            ("contrast", np.float32),
            ("detail", np.float32),
        ]
    )
    measures = (
        Measure("width", "pixels", lambda rows: rows["width"], np.log),
        Measure("height", "pixels", lambda rows: rows["height"], np.log),
        Measure("aspect", "width / height", lambda rows: rows["width"] / rows["height"], np.log),
        Measure("file", "bytes", lambda rows: rows["bytes"], None),
        Measure("brightness", "mean level, 0 to 255", lambda rows: rows["brightness"]),
        Measure("contrast", "deviation of levels", lambda rows: rows["contrast"]),
        Measure("detail", "step from pixel to pixel", lambda rows: rows["detail"]),
    )
    kinds = {
        "size": lambda rows: [
            f"{width} x {height}" for width, height in zip(rows["width"], rows["height"], strict=True)
        ],
        "mode": lambda rows: np.char.decode(rows["mode"]),
        "format": lambda rows: np.char.decode(rows["kind"]),
    }
    problems = (
        Problem(
            "of one color, or nearly",
            f"levels deviate by less than {FEW_LEVELS:g} of 255",
            lambda rows: rows["contrast"] < FEW_LEVELS,
        ),
        Problem("animated", "the first frame is used", lambda rows: rows["animated"]),
        Problem(
            "far from square",
            f"one side is more than {EXTREME_ASPECT} times the other",
            lambda rows: np.abs(np.log(rows["width"] / rows["height"])) > np.log(EXTREME_ASPECT),
        ),
        Problem("turned by Exif", "they are read upright", lambda rows: rows["turned"]),
    )
    most_bits = 80
    near = (
        f"perceptual hashes (imagehash.phash, {BITS * BITS} bits) that differ in at most {CLOSE} bits, or in "
        f"at most {most_bits} where the colors of a grid of {GRID} x {GRID} correlate by at least {ALIKE:g}"
    )

    missing = f"Near duplicates of images need imagehash: {BRINGS}."

    def __init__(self):
        try:
            import imagehash
        except ImportError:
            imagehash = None
        self.can_compare = imagehash is not None
        self._hash = imagehash and imagehash.phash

    def pack(self, raw):
        """The row of one image.

        Args:
            raw: as in `Image.pack`.

        Returns:
            A tuple of the fields of `dtype`.

        Raises:
            InputError: it cannot be read.
        """
        image = self._read(raw)
        header = _header(raw, image)
        levels = np.asarray(image.convert("L"), np.float32)
        steps = [
            np.abs(np.diff(levels, axis=axis)).mean() if levels.shape[axis] > 1 else 0 for axis in (0, 1)
        ]
        content = hashlib.blake2b(image.tobytes(), digest_size=16)
        content.update(repr((header["height"], header["width"])).encode())
        bits = self._hash(image, hash_size=BITS).hash if self.can_compare else np.zeros((BITS, BITS), bool)
        return (
            content.hexdigest().encode(),
            np.packbits(bits),
            np.asarray(image.resize((GRID, GRID), PIL.Image.Resampling.BOX)).ravel(),
            *header.values(),
            levels.mean(),
            levels.std(),
            np.mean(steps),
        )

    def picture(self, raw):
        """A small `PIL.Image.Image` of one image, for the page."""
        image = self._read(raw)
        if max(image.size) < PICTURE // 2:
            factor = PICTURE // max(image.size)
            return image.resize((image.width * factor, image.height * factor), PIL.Image.Resampling.NEAREST)
        image.thumbnail((PICTURE, PICTURE))
        return image

    def are_near(self, rows, pairs):
        """Which of the pairs that `near_pairs` finds are near duplicates; bool (pairs,)."""
        one, other = (rows["colors"][places].astype(np.float32) for places in pairs[:, :2].T)
        one, other = (colors - colors.mean(axis=1, keepdims=True) for colors in (one, other))
        scale = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
        return (pairs[:, 2] <= CLOSE) | ((one * other).sum(axis=1) >= ALIKE * scale)

    def _read(self, raw):
        if isinstance(raw, bytes | PIL.Image.Image):
            return pillow.read(raw, "RGB", FINEST)
        return pillow.in_mode(pillow.from_array(raw), "RGB", "white")


def _header(raw, image):
    """What a file says of itself."""
    told = {"kind": "array", "mode": "RGB", "height": image.height, "width": image.width, "bytes": 0}
    told |= {"animated": False, "turned": False}
    if isinstance(raw, bytes):
        with PIL.Image.open(io.BytesIO(raw), formats=pillow.formats()) as opened:
            turned = opened.getexif().get(ORIENTATION, 1)
            width, height = opened.size if turned < 5 else opened.size[::-1]
            told |= {"kind": opened.format, "mode": _mode(opened), "height": height, "width": width}
            told |= {
                "bytes": len(raw),
                "animated": getattr(opened, "is_animated", False),
                "turned": turned != 1,
            }
    elif not isinstance(raw, PIL.Image.Image):
        told |= {"mode": "gray" if np.ndim(raw) < 3 or np.shape(raw)[2] == 1 else "color"}
    return told


def _mode(image):
    """Colors, depth and transparency of an image, in words."""
    gray = PIL.Image.getmodebase(image.mode) == "L"
    words = ["gray" if gray else "palette" if image.mode == "P" else "color"]
    if image.mode == "1":
        words = ["black and white"]
    elif image.mode == "CMYK":
        words = ["CMYK"]
    if image.mode[0] in "IF":
        words.append("floating" if image.mode == "F" else "16 bit")
    if image.has_transparency_data:
        words.append("alpha")
    return ", ".join(words)
