"""What a watermark changes of images and recordings, and where it looks for it again.

Each has a plane, in which a pattern lies: of images 32 x 32 pixels, which repeat over the image; of
recordings 64 frames x 32 bands, which repeat every second. Marking is in graph, the search is in Python.
"""

import numpy as np
import tensorflow as tf
from PIL import Image as PILImage
from scipy.ndimage import uniform_filter, uniform_filter1d


class Plane:
    """A band-pass filter over a periodic plane.

    Args:
        name: str, which tells its pattern from those of other media.
        shape: (rows, columns) of a period, whose product is a multiple of 8.
        passed: bool array of this shape: which of its two-dimensional frequencies the filter lets through.
        places: how many of its cyclic shifts are looked at, along rows and along columns.
    """

    def __init__(self, name, shape, passed, places):
        self.name, self.shape, self.places = name, shape, places
        self.passed = passed.astype(float)

    def filtered(self, chips):
        """The pattern of +1 and -1: mean 0 and mean square 1 over all keys.

        It is rounded, so that it does not depend on who computes the transform.
        """
        pattern = np.fft.ifft2(np.fft.fft2(chips) * self.passed).real / np.sqrt(self.passed.mean())
        return np.rint(pattern * 1024) / 1024

    def folded(self, values):
        """The sum (rows, columns) of all periods of values that lie on the plane from its origin on."""
        rows, columns = (-(-side // period) for side, period in zip(values.shape, self.shape, strict=True))
        whole = np.zeros((rows * self.shape[0], columns * self.shape[1]))
        whole[: values.shape[0], : values.shape[1]] = values
        return whole.reshape(rows, self.shape[0], columns, self.shape[1]).sum(axis=(0, 2))


def looked_at(media, rate):
    """What a watermark is looked for in.

    Args:
        media: list of uint8 images (H, W, channels), or of floating waveforms (samples,).
        rate: of waveforms, Hz; None for images.

    Returns:
        (plane, sums): their `Plane`, and arrays (views, *plane.shape), each of one scale or part of a frame.
    """
    plane = IMAGES if rate is None else SOUND
    sums = 0.0
    for medium in media:
        residuals = image_residuals(medium) if rate is None else waveform_residuals(medium, rate)
        sums = sums + np.stack([plane.folded(residual) for residual in residuals])
    return plane, sums


# Images.

PERIOD = 32  # pixels
LOWEST, HIGHEST = 0.1, 0.35  # cycles a pixel: below there is most of an image, above little is left of a JPEG
WINDOW = 5  # pixels, the side of the square whose contrast counts
FLAT, LOUD = 6.0, 64.0  # gray levels that are added to the contrast, and the highest that counts
SHARE = 0.12  # of the contrast, at strength 1
SCALES = (1.0, 0.5, 2.0, 0.75, 4 / 3)  # that images are looked at


def _image_plane():
    frequency = np.hypot(*np.meshgrid(*[np.fft.fftfreq(PERIOD)] * 2, indexing="ij"))
    passed = (frequency >= LOWEST) & (frequency <= HIGHEST)
    return Plane("image", (PERIOD, PERIOD), passed, (PERIOD, PERIOD))


IMAGES = _image_plane()


def mark_images(images, pattern, strength):
    """Adds a pattern to images, more where they are rich in contrast.

    All is exact in integers and in float64, so that a pixel is the same in any batch.

    Args:
        images: uint8 tensor (batch, H, W, channels) of known size; what alpha hides stays as it is.
        pattern: array (32, 32).
        strength: float.

    Returns:
        uint8 tensor of the same shape.
    """
    height, width, channels = images.shape[1:]
    colors = tf.cast(images[..., :3], tf.int32)
    gray = tf.reduce_sum(colors, axis=-1)
    sums, squares = _window_sums(gray), _window_sums(gray * gray)
    deviation = tf.sqrt(tf.cast(WINDOW**2 * squares - sums * sums, tf.float64))
    contrast = tf.minimum(deviation / (WINDOW**2 * min(channels, 3)), LOUD)
    tiled = np.tile(pattern, (-(-height // PERIOD), -(-width // PERIOD)))[:height, :width]
    step = tf.cast(tf.round((contrast + FLAT) * (SHARE * strength * tiled)), tf.int32)[..., tf.newaxis]
    if channels == 4:
        step *= tf.cast(images[..., 3:] > 0, tf.int32)
    marked = tf.cast(tf.clip_by_value(colors + step, 0, 255), tf.uint8)
    return tf.concat([marked, images[..., 3:]], axis=-1) if channels == 4 else marked


def _window_sums(values):
    """Sums of the square about each of (batch, H, W) integers, whose edges are repeated."""
    for axis in (1, 2):
        side = values.shape[axis]
        around = [np.clip(np.arange(side) + shift, 0, side - 1) for shift in range(-2, WINDOW - 2)]
        values = tf.add_n([tf.gather(values, places, axis=axis) for places in around])
    return values


def image_residuals(image):
    """What is looked at of a uint8 image (H, W, channels): an array (h, w) for each scale, its own first."""
    gray = image[..., :3].astype(float).mean(axis=-1)
    for scale in SCALES:
        size = [max(1, round(side * scale)) for side in gray.shape[::-1]]
        resized = gray
        if scale != 1:
            small = PILImage.fromarray(gray.astype(np.float32))
            resized = np.asarray(small.resize(size, PILImage.Resampling.BICUBIC), float)
        mean = uniform_filter(resized, WINDOW, mode="nearest")
        variance = uniform_filter(resized**2, WINDOW, mode="nearest") - mean**2
        yield (resized - mean) / (np.sqrt(np.maximum(variance, 0.0)) + FLAT)


# Recordings.

FRAMES, BANDS = 64, 32  # of a period
SECONDS = 0.016  # from one frame to the next; a frame is twice as long
BOTTOM, TOP = 150.0, 7000.0  # Hz, so that other rates change no band
SLOWEST, COARSEST = 0.1, 0.1  # cycles a frame and a band: below there is most of speech
DECIBELS = 1.0  # at strength 1
AROUND, QUIETEST, CLIPPED = 5, 60.0, 2.0  # frames and bands of a mean; dB below the loudest; deviations
PARTS = 4  # of a frame, at which recordings are looked at


def _sound_plane():
    rows, columns = np.abs(np.fft.fftfreq(FRAMES)), np.abs(np.fft.fftfreq(BANDS))
    passed = (rows >= SLOWEST)[:, np.newaxis] & (columns >= COARSEST)
    return Plane("audio", (FRAMES, BANDS), passed, (FRAMES, 1))


SOUND = _sound_plane()


def _hop(rate):
    return max(1, round(SECONDS * rate))


def _bands(rate):
    """The share of each bin of a frame in each band, evenly spaced in ERB (Glasberg & Moore 1990): (bins,
    bands); none where the rate is too low for a band.
    """
    bins = np.arange(_hop(rate) + 1) * rate / (2 * _hop(rate))
    erb = [21.4 * np.log10(1 + 0.00437 * hertz) for hertz in (bins, BOTTOM, TOP)]
    place = (erb[0] - erb[1]) / (erb[2] - erb[1]) * BANDS - 0.5
    return np.maximum(0.0, 1 - np.abs(place[:, np.newaxis] - np.arange(BANDS)))


def _window(rate):
    """Sine window: two such windows that overlap by half sum to one in power."""
    return np.sin(np.pi * (np.arange(2 * _hop(rate)) + 0.5) / (2 * _hop(rate)))


def mark_waveforms(waveforms, rate, pattern, strength):
    """Makes bands of recordings louder and quieter by a pattern.

    Args:
        waveforms: float32 tensor (batch, samples) of known length, in [-1, 1].
        rate: Hz.
        pattern: array (64, 32).
        strength: float.

    Returns:
        float32 tensor of the same shape, in [-1, 1].
    """
    samples, hop = waveforms.shape[1], _hop(rate)
    frames = -(-samples // hop) + 1
    window = tf.constant(_window(rate), tf.float32)
    decibels = DECIBELS * strength * pattern[np.arange(frames) % FRAMES] @ _bands(rate).T
    padded = tf.pad(waveforms, [[0, 0], [hop, frames * hop - samples]])
    spectra = tf.signal.rfft(tf.signal.frame(padded, 2 * hop, hop) * window)
    louder = tf.constant(10 ** (decibels / 20), tf.complex64)
    marked = tf.signal.overlap_and_add(tf.signal.irfft(spectra * louder, [2 * hop]) * window, hop)
    return tf.clip_by_value(marked[:, hop : hop + samples], -1.0, 1.0)


def waveform_residuals(waveform, rate):
    """What is looked at of a floating waveform (samples,): an array (frames, 32) for each part of a frame."""
    hop = _hop(rate)
    weights = _bands(rate)
    weights = weights / np.maximum(weights.sum(axis=0), 1e-9)
    for part in range(PARTS):
        shifted = waveform[part * hop // PARTS :]
        frames = -(-len(shifted) // hop) + 1
        padded = np.pad(shifted, (hop, frames * hop - len(shifted)))
        spectra = np.fft.rfft(
            np.lib.stride_tricks.sliding_window_view(padded, 2 * hop)[::hop] * _window(rate)
        )
        level = 10 * np.log10(np.abs(spectra) ** 2 @ weights + 1e-10)
        quiet = level <= level.max() - QUIETEST
        level = np.maximum(level, level.max() - QUIETEST)
        for axis in (0, 1):
            level = level - uniform_filter1d(level, AROUND, axis=axis, mode="nearest")
        spread = max(np.sqrt((level**2).mean()), 1e-9)
        yield np.where(quiet, 0.0, np.clip(level / spread, -CLIPPED, CLIPPED))
