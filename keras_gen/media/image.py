"""Images: from files and arrays to what a model sees, and back."""

import operator

import keras
import numpy as np
import PIL.Image
import tensorflow as tf
from keras import ops
from PIL import ImageColor, ImageOps

from keras_gen.errors import InputError, unknown
from keras_gen.media.media import Media
from keras_gen.media.pillow import WRITTEN, from_array, in_mode, read, read_frames, write

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
FITS = ("crop", "pad", "stretch")
FILTER = PIL.Image.Resampling.LANCZOS
WHITE = "#ffffff"
LIGHT, DARK, CHECK = 255, 204, 8  # the two grays of a checkerboard, and pixels along a side of its squares


@keras.saving.register_keras_serializable("keras_gen")
class Image(Media):
    """Images of one size, in their raw, packed and model forms.

    A raw image is a file's bytes, a `PIL.Image.Image` or an array, of any size. A packed one is uint8
    (height, width, channels). The model form is float32, in [-1, 1].

    Args:
        height: rows of a packed image, at least 1.
        width: columns of a packed image, at least 1.
        channels: 1 (gray), 3 (red, green, blue) or 4 (these and alpha, 0 where nothing is seen).
        fit: how an image of another aspect ratio is made to fit: "crop" takes the largest area about its
            center, "pad" the whole of it, with background beside it, and "stretch" distorts it.
        background: color beneath transparent parts and beside padded images, a name or "#rrggbb" as CSS has
            them, or three numbers from 0 to 255. With an alpha channel it is the color of what is not seen.

    Raises:
        InputError: if a size is not a positive integer, or channels, fit or background are none of these.
    """

    dtype = "uint8"
    key = "image"
    plural = "images"
    ending = ".png"
    endings = tuple(WRITTEN)

    def __init__(self, height, width, channels, fit="crop", background="white"):
        for name, size in (("height", height), ("width", width)):
            if not isinstance(size, int | np.integer) or isinstance(size, bool) or size < 1:
                raise InputError(f"{name} must be a positive number of pixels, but is {size!r}.")
        check_channels(channels)
        if fit not in FITS:
            raise unknown("fit", fit, FITS)
        self.height = int(height)
        self.width = int(width)
        self.channels = int(channels)
        self.fit = fit
        self.background = color(background)

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
        """Pack one image: upright, of these channels, made to fit as `fit` says.

        Without an alpha channel transparent parts are laid over the background; with one, the color of what
        is not seen becomes that of the background. Values of 12 and 16 bits are scaled to 8, and only the
        first of several frames is used. Images are resized with an antialiasing Lanczos filter.

        Args:
            raw: the bytes of a PNG, JPEG, WebP, GIF, BMP, TIFF, PPM, PGM or PBM file, and where Pillow reads
                them AVIF, JPEG 2000 or HEIF; a `PIL.Image.Image` of any mode, packed as its file would be; or
                an array (H, W), (H, W, 1), (H, W, 3) or, with alpha, (H, W, 4) of uint8, uint16, bool, or
                floating values in [0, 1].

        Returns:
            A uint8 array (height, width, channels).

        Raises:
            InputError: the bytes cannot be read or hold more pixels than `PIL.Image.MAX_IMAGE_PIXELS`; the
                image does not say which value is white, as with 32 bits; or the array has another shape, type
                or range.
        """
        if isinstance(raw, bytes | PIL.Image.Image):
            return self._fitted(read(raw, self._mode, max(self.shape[:2]), self.background))
        return self._fitted(in_mode(from_array(raw), self._mode, self.background))

    def pack_frames(self, raw):
        """Pack every frame of an animated image, or page of a TIFF, each as `pack` does.

        Args:
            raw: the bytes of a file.

        Returns:
            A uint8 array (frames, height, width, channels), of other images with one frame.

        Raises:
            InputError: as in `pack`, or the frames are more than 2,000 or have more than 2**30 pixels in
                all.
        """
        frames = read_frames(raw, self._mode, max(self.shape[:2]), self.background)
        return np.stack([self._fitted(frame) for frame in frames])

    def pack_in_graph(self, raw):
        """Pack a batch as `pack` does, but in graph, for exported signatures.

        Args:
            raw: uint8 tensor (batch, H, W, channels) of any size, in the channels of this media.

        Returns:
            uint8 tensor (batch, height, width, channels); `raw` itself where it is of that size already, but
            for the color of what is not seen.
        """
        given = tf.shape(raw)[1:3]
        size = [self.height, self.width]
        wanted, exact = tf.constant(size, tf.float32), tf.cast(given, tf.float32)
        top_left, inside = tf.zeros(2, tf.int32), tf.constant(size)
        if self.fit == "crop":
            scale = tf.stack([tf.reduce_max(wanted / exact)] * 2)
            translation = (wanted - scale * exact) / 2
        else:
            if self.fit == "pad":
                inside = _inside(given, np.array(size), tf.clip_by_value)
                top_left = (size - inside) // 2
            scale, translation = tf.cast(inside, tf.float32) / exact, tf.cast(top_left, tf.float32)
        images = tf.raw_ops.ScaleAndTranslate(
            images=_premultiplied(raw) if self.channels == 4 else raw,
            size=size,
            scale=scale,
            translation=translation,
            kernel_type="lanczos3",
            antialias=True,
        )
        background = tf.constant(self._background, tf.float32)
        if self.channels == 4:
            images = _with_straight_alpha(images, background[:3])
        elif self.fit == "pad":
            rows, columns = (
                (tf.range(side) >= top_left[axis]) & (tf.range(side) < top_left[axis] + inside[axis])
                for axis, side in enumerate(size)
            )
            images = tf.where((rows[:, None] & columns)[..., None], images, background)
        return tf.cast(tf.round(tf.clip_by_value(images, 0.0, 255.0)), tf.uint8)

    @property
    def _mode(self):
        return MODES[self.channels]

    @property
    def _background(self):
        """The background in the channels of this media, where there is alpha without being seen."""
        known = ImageColor.getcolor(self.background, self._mode)
        return [known] if self.channels == 1 else [*known[:3], 0][: self.channels]

    def _fitted(self, image):
        """A packed image of a `PIL.Image.Image` in the mode of this media."""
        size = self.width, self.height
        if self.fit == "crop":
            image = ImageOps.fit(image, size, FILTER)
        elif self.fit == "stretch":
            image = image.resize(size, FILTER)
        else:
            inside = tuple(_inside(np.array(image.size), np.array(size), np.clip).tolist())
            sheet = PIL.Image.new(self._mode, size, tuple(self._background))
            left_top = (size[0] - inside[0]) // 2, (size[1] - inside[1]) // 2
            sheet.paste(image.resize(inside, FILTER), left_top)
            image = sheet
        packed = np.array(image).reshape(self.shape)
        if self.channels == 4:
            packed[packed[..., 3] == 0] = self._background
        return packed

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
            One uint8 image (H, W, channels), with white between the images and in empty places. Images with
            an alpha channel are laid over a checkerboard, so that it has 3 channels.

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
        if self.channels == 4:
            images = _over_checkerboard(images)
        gap = 2
        height, width = images.shape[1] + gap, images.shape[2] + gap
        sheet = np.full((rows * height + gap, columns * width + gap, images.shape[-1]), 255, np.uint8)
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

    def save(self, packed, path, origin=None):
        """Write one image as PNG, JPEG or WebP; see `keras_gen.media.pillow.write`.

        Args:
            packed: uint8 (H, W, channels).
            path: where to; a path, or an open binary file for PNG.
            origin: `Origin` of a synthetic image, which the file says, or None.
        """
        write(packed, path, origin)

    def save_sheet(self, packed, path, rows=None, origin=None):
        """Write the grid of a batch as PNG, JPEG or WebP, by the ending of the path."""
        write(self.grid(packed, rows), path, origin)

    def summarize(self, name, packed, rows=None):
        """Write the grid of a batch to TensorBoard's default writer and step."""
        tf.summary.image(name, self.grid(packed, rows)[np.newaxis])

    def get_config(self):
        # Without what is as it was before there were other values, so that equal media are told alike.
        config = {"height": self.height, "width": self.width, "channels": self.channels}
        config |= {} if self.fit == "crop" else {"fit": self.fit}
        return config | ({} if self.background == WHITE else {"background": self.background})


def check_channels(channels):
    """Raises `InputError` unless an image can have so many channels."""
    if channels not in tuple(MODES):
        raise InputError(
            f"channels must be 1 (gray), 3 (color) or 4 (color with alpha), but is {channels!r}."
        )


def color(given):
    """An opaque color as "#rrggbb".

    Args:
        given: a name or code of CSS, or three whole numbers from 0 to 255.

    Raises:
        InputError: it is something else, or not opaque.
    """
    try:
        values = ImageColor.getrgb(given) if isinstance(given, str) else tuple(map(operator.index, given))
    except (TypeError, ValueError):
        values = ()
    if len(values) != 3 or not all(0 <= value <= 255 for value in values):
        raise InputError(
            f'background must be an opaque color, such as "white", "#ff8000" or (255, 128, 0), not {given!r}.'
        )
    return "#{:02x}{:02x}{:02x}".format(*values)


def _about_square(count):
    """Rows of a grid: the largest divisor of the count, or, if that makes a strip, the most square layout."""
    root = int(count**0.5)
    fitting = next(rows for rows in range(root, 0, -1) if count % rows == 0)
    return fitting if fitting > root / 2 else round(count**0.5)


def _inside(given, wanted, clip):
    """The size of a whole image within one of another aspect ratio, in pixels.

    Args:
        given: the image's two sides, whole numbers in an array or tensor.
        wanted: those of the other, in the same order.
        clip: function of values and their bounds.
    """
    across = given[::-1]
    return clip((2 * given * wanted[::-1] + across) // (2 * across), 1, wanted)


def _premultiplied(raw):
    """Colors times their alpha, so that resizing mixes no color of what is not seen into the rest."""
    raw = tf.cast(raw, tf.float32)
    return tf.concat([raw[..., :3] * raw[..., 3:] / 255.0, raw[..., 3:]], axis=-1)


def _with_straight_alpha(images, background):
    """Undoes `_premultiplied`, with the background as the color of what is not seen."""
    alpha = tf.round(images[..., 3:])
    colors = tf.where(alpha > 0.0, images[..., :3] * 255.0 / tf.maximum(images[..., 3:], 0.5), background)
    return tf.concat([colors, alpha], axis=-1)


def _over_checkerboard(images):
    """Images with an alpha channel (..., H, W, 4) as they look over light gray squares, (..., H, W, 3)."""
    rows, columns = (np.arange(side) // CHECK for side in images.shape[-3:-1])
    board = np.where((rows[:, None] + columns) % 2, DARK, LIGHT)[..., None]
    alpha = images[..., 3:].astype(int)
    return ((images[..., :3] * alpha + board * (255 - alpha) + 127) // 255).astype(np.uint8)
