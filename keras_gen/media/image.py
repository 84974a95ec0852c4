"""Images: from files and arrays to what a model sees, and back."""

import keras
import numpy as np
import PIL.Image
import tensorflow as tf
from keras import ops
from PIL import ImageOps

from keras_gen.errors import InputError
from keras_gen.media.media import Media
from keras_gen.media.pillow import from_array, opaque, read


@keras.saving.register_keras_serializable("keras_gen")
class Image(Media):
    """Images of one size, in their raw, packed and model forms.

    A raw image is a file's bytes, a `PIL.Image.Image` or an array, of any size. A packed one is uint8
    (height, width, channels). The model form is float32, in [-1, 1].

    Args:
        height: rows of a packed image, at least 1.
        width: columns of a packed image, at least 1.
        channels: 1 (gray) or 3 (red, green, blue).

    Raises:
        InputError: if a size is not a positive integer, or channels are neither 1 nor 3.
    """

    dtype = "uint8"
    key = "image"
    plural = "images"
    ending = ".png"

    def __init__(self, height, width, channels):
        for name, size in (("height", height), ("width", width)):
            if not isinstance(size, int | np.integer) or isinstance(size, bool) or size < 1:
                raise InputError(f"{name} must be a positive number of pixels, but is {size!r}.")
        if channels not in (1, 3):
            raise InputError(f"channels must be 1 (gray) or 3 (color), but is {channels!r}.")
        self.height = int(height)
        self.width = int(width)
        self.channels = int(channels)

    @property
    def shape(self):
        """The shape of a packed image, (height, width, channels)."""
        return self.height, self.width, self.channels

    @property
    def model_shape(self):
        """The shape of its model form, the same."""
        return self.shape

    @property
    def raw_spec(self):
        """What an exported signature takes: a batch of uint8 images of any one size."""
        return tf.TensorSpec((None, None, None, self.channels), tf.uint8, name="images")

    def pack(self, raw):
        """Pack one image: upright, opaque, cropped about its center and resized.

        Transparent parts are laid over white, values of 12 and 16 bits are scaled to 8, and only the first of
        several frames is used. The largest centered area of the right aspect ratio is resized with an
        antialiasing Lanczos filter.

        Args:
            raw: the bytes of a PNG, JPEG, WebP, GIF, BMP, TIFF, PPM, PGM or PBM file, and where Pillow reads
                them AVIF, JPEG 2000 or HEIF; a `PIL.Image.Image` of any mode, packed as its file would be; or
                an array (H, W), (H, W, 1), (H, W, 3) or, with
                alpha, (H, W, 4) of uint8, uint16, bool, or floating values in [0, 1].

        Returns:
            A uint8 array (height, width, channels).

        Raises:
            InputError: the bytes cannot be read or hold more pixels than `PIL.Image.MAX_IMAGE_PIXELS`; the
                image does not say which value is white, as with 32 bits; or the array has another shape, type
                or range.
        """
        mode = "L" if self.channels == 1 else "RGB"
        if isinstance(raw, bytes | PIL.Image.Image):
            image = read(raw, mode, max(self.shape[:2]))
        else:
            image = opaque(from_array(raw), mode)
        fitted = ImageOps.fit(image, (self.width, self.height), PIL.Image.Resampling.LANCZOS)
        return np.array(fitted).reshape(self.shape)

    def pack_in_graph(self, raw):
        """Pack a batch as `pack` does, but in graph, for exported signatures.

        Args:
            raw: uint8 tensor (batch, H, W, channels) of any size, in the channels of this media.

        Returns:
            uint8 tensor (batch, height, width, channels); `raw` itself where it is of that size already.
        """
        given = tf.cast(tf.shape(raw)[1:3], tf.float32)
        wanted = tf.constant([self.height, self.width], tf.float32)
        scale = tf.reduce_max(wanted / given)
        images = tf.raw_ops.ScaleAndTranslate(
            images=raw,
            size=[self.height, self.width],
            scale=tf.stack([scale, scale]),
            translation=(wanted - scale * given) / 2,
            kernel_type="lanczos3",
            antialias=True,
        )
        return tf.cast(tf.round(tf.clip_by_value(images, 0.0, 255.0)), tf.uint8)

    def to_model(self, packed):
        """The model form of packed images: 0 becomes -1 and 255 becomes 1, in float32."""
        return ops.cast(packed, "float32") / 127.5 - 1.0

    def to_raw(self, model):
        """The uint8 images nearest to a model form; undoes `to_model` exactly."""
        values = (ops.cast(model, "float32") + 1.0) * 127.5
        return ops.cast(ops.round(ops.clip(values, 0.0, 255.0)), "uint8")

    def unpack(self, packed):
        """Packed images as they are generated: themselves."""
        return packed

    def grid(self, packed, rows=None):
        """Lay out a batch of images as one, row by row; small ones are enlarged.

        Args:
            packed: uint8 (batch, height, width, channels).
            rows: of the grid, from 1 to the batch; by default about square, and full if possible.

        Returns:
            One uint8 image (H, W, channels), with white between the images and in empty places.

        Raises:
            InputError: if there are no images, or rows are not between 1 and their number.
        """
        images = np.asarray(packed)
        count = len(images)
        if not count:
            raise InputError("packed holds no image: a grid needs at least one.")
        rows = _about_square(count) if rows is None else rows
        if not 1 <= rows <= count:
            raise InputError(f"rows must be between 1 and the {count} images given, but is {rows!r}.")
        columns = -(-count // rows)
        factor = max(1, 64 // max(self.height, self.width))
        images = images.repeat(factor, axis=1).repeat(factor, axis=2)
        gap = 2
        height, width = images.shape[1] + gap, images.shape[2] + gap
        sheet = np.full((rows * height + gap, columns * width + gap, self.channels), 255, np.uint8)
        for i, image in enumerate(images):
            top, left = gap + i // columns * height, gap + i % columns * width
            sheet[top : top + image.shape[0], left : left + image.shape[1]] = image
        return sheet

    def show(self, packed, rows=None):
        """The grid of a batch, for notebooks.

        Args:
            packed: uint8 (batch, height, width, channels).
            rows: as in `grid`.

        Returns:
            A `PIL.Image.Image`, the `grid` of the images.
        """
        return from_array(self.grid(packed, rows))

    def save(self, packed, path):
        """Write one image as PNG.

        Args:
            packed: uint8 (H, W, channels).
            path: where to; a path or an open binary file.
        """
        write_png(packed, path)

    def save_sheet(self, packed, path, rows=None):
        """Write the grid of a batch as PNG."""
        write_png(self.grid(packed, rows), path)

    def summarize(self, name, packed, rows=None):
        """Write the grid of a batch to TensorBoard's default writer and step."""
        tf.summary.image(name, self.grid(packed, rows)[np.newaxis])

    def get_config(self):
        return {"height": self.height, "width": self.width, "channels": self.channels}


def write_png(image, path):
    """Write a uint8 image (H, W, channels) to a path or an open binary file."""
    from_array(image).save(path, format="PNG")


def _about_square(count):
    """Rows of a grid: the largest divisor of the count, or, if that makes a strip, the most square layout."""
    root = int(count**0.5)
    fitting = next(rows for rows in range(root, 0, -1) if count % rows == 0)
    return fitting if fitting > root / 2 else round(count**0.5)
