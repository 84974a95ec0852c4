"""A keyed watermark in pixels and samples, and how it is found again.

Spread spectrum (Cox et al. 1997, "Secure spread spectrum watermarking for multimedia"), as a pattern that
repeats and is found by correlation over all its shifts (Kalker et al. 1999, "A video watermarking system for
broadcast monitoring").
"""

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import tensorflow as tf
from scipy.stats import norm

from keras_gen.errors import InputError
from keras_gen.media import marked

FEWEST_PIXELS = 256  # fewer hold too little of the pattern for any certainty, also many together
SHORTEST_KEY = 16  # characters; whoever guesses a key finds its mark, and can forge it
WEAKEST, STRONGEST = 0.1, 8.0
FALSE_ALARM = 1e-6
WHITENING = 0.7  # exponent; 1 would make all frequencies of what is looked at equally strong


@dataclasses.dataclass(frozen=True)
class Detection:
    """What a search for a watermark found.

    Args:
        score: standard deviations by which the media agree with the key where they agree best.
        probability: that media which know nothing of a key agree so well with it anywhere (false alarm).
        count: int, how many media were looked at together.
    """

    score: float
    probability: float
    count: int

    def is_found(self, false_alarm=FALSE_ALARM):
        """Whether so few keys as this share would be found in any media by chance."""
        return self.probability <= false_alarm


class Watermark:
    """A mark in images and recordings that only somebody with the secret key can find.

    The key decides a pattern of +1 and -1, which is filtered to a band of frequencies and repeated over the
    medium. In an image it repeats every 32 pixels, and is added in proportion to the contrast about a pixel.
    In a recording it repeats every 64 frames of 16 ms, as steps of the level of 32 bands. It depends on
    nothing else.

    Args:
        key: str or bytes, a secret of at least 16 characters.
        strength: float from 0.1 to 8. At 1 images change by 12% of the contrast (standard deviation in 5 x 5
            pixels, plus 6 gray levels), bands of recordings by 1 dB.

    Raises:
        InputError: the key is too short, or the strength is out of its range.

    Example:

    >>> watermark = Watermark("a long secret text")
    >>> images = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3)).astype("uint8")
    >>> watermark.detect(watermark.mark(images)).is_found(), watermark.detect(images).is_found()
    (True, False)
    """

    def __init__(self, key, strength=1.0):
        if not isinstance(key, str | bytes) or len(key) < SHORTEST_KEY:
            raise InputError(f"key must be a text or bytes of at least {SHORTEST_KEY} characters.")
        if not isinstance(strength, int | float) or not WEAKEST <= strength <= STRONGEST:
            raise InputError(f"strength must be a number from {WEAKEST} to {STRONGEST:g}, not {strength!r}.")
        self._key = key.encode() if isinstance(key, str) else key
        self.strength = float(strength)

    @classmethod
    def from_file(cls, path, strength=1.0):
        """That of the key in a file, without the blanks and ends of lines about it.

        Raises:
            InputError: the file cannot be read, or as above.
        """
        try:
            key = Path(path).read_bytes().strip()
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
        if len(key) < SHORTEST_KEY:
            raise InputError(f"{path} must hold a key of at least {SHORTEST_KEY} characters.")
        return cls(key, strength)

    def __repr__(self):
        return f"Watermark(key {self.fingerprint}, strength={self.strength:g})"

    @property
    def fingerprint(self):
        """Eight hexadecimal digits that tell keys apart, and tell no more of one than its marks do."""
        return self._hashed("fingerprint", 4).hex()

    def told(self):
        """What an export tells of it: dict that JSON can hold, without the key."""
        return {"key_fingerprint": self.fingerprint, "strength": self.strength}

    def mark(self, raw, rate=None):
        """Marks raw media, in graph or in Python.

        Args:
            raw: uint8 (batch, H, W, channels), or with a rate floating (batch, samples) in [-1, 1].
            rate: of recordings, Hz.

        Returns:
            The same, marked: a tensor of a tensor, an array of an array. Each row is a function of itself.

        Raises:
            InputError: images have fewer than 256 pixels.
        """
        is_array = not tf.is_tensor(raw)
        tensor = tf.convert_to_tensor(raw, tf.uint8 if rate is None else tf.float32)
        if rate is None:
            _check_size(*tensor.shape[1:3])
            made = marked.mark_images(tensor, self._pattern(marked.IMAGES), self.strength)
        else:
            made = marked.mark_waveforms(tensor, rate, self._pattern(marked.SOUND), self.strength)
        return made.numpy() if is_array else made

    def mark_examples(self, raw, media):
        """Marks a batch of raw `Media`, as `mark` does.

        Raises:
            InputError: as in `check`.
        """
        self.check(media)
        return self.mark(raw, media.rate if media.key == "audio" else None)

    def check(self, media):
        """Raises `InputError` where `Media` cannot be marked: text, and images of fewer than 256 pixels."""
        if media.key not in ("image", "audio"):
            raise InputError(
                f"A watermark is put into images and recordings, not into {media.plural}: leave it out."
            )
        if media.key == "image":
            _check_size(media.height, media.width)

    def detect(self, media, rate=None):
        """Looks for the mark of the key in one medium or in several together, whatever its strength was.

        What is looked at is a sum with the key's +1 and -1, and these are independent of media that know
        nothing of the key. Its standard deviation over all keys is known exactly, so that no media are needed
        to tell how probable chance is. Half of it is spent on media that lie as they were made, half on all
        shifts, of images also at scales of 1/2, 3/4, 4/3 and 2.

        Args:
            media: uint8 image (H, W, channels), or with a rate floating waveform (samples,); or several of
                these, each of any size, which all must lie alike: as they were made, or cut alike.
            rate: of recordings, Hz.

        Returns:
            A `Detection`.

        Raises:
            InputError: there are no media, or they are neither images nor waveforms.
        """
        alone = 3 if rate is None else 1
        several = list(media) if isinstance(media, list | tuple) or np.ndim(media) > alone else [media]
        several = [np.asarray(each) for each in several]
        if not several or any(each.ndim != alone or not each.size for each in several):
            raise InputError(
                "media must be images (H, W, channels), or waveforms (samples,) with their rate, of at least "
                f"one pixel or sample, not {[each.shape for each in several][:3]}."
            )
        return self.detect_in(*marked.looked_at(several, rate), len(several))

    def detect_in(self, plane, sums, count):
        """What `detect` finds in what `marked.looked_at` gives of so many media."""
        scores = self._scores(sums, plane)
        best = scores.max()
        chances = norm.sf(scores[0, 0, 0]), scores.size * norm.sf(best)
        return Detection(float(best), float(min(1.0, 2 * min(chances))), count)

    def _scores(self, folded, plane):
        """How well sums of residuals (views, *plane.shape) agree with the key at each place.

        The sums are whitened and filtered by what they are alone. So each score is a sum of the key's +1 and
        -1 with known weights, whose variance is the sum of their squares.
        """
        spectra = np.fft.fft2(folded)
        magnitude = np.abs(spectra)
        weights = spectra / np.maximum(magnitude, 1e-9) ** WHITENING * plane.passed
        agreement = np.fft.ifft2(weights * np.conj(np.fft.fft2(self._chips(plane)))).real
        deviation = np.sqrt((np.abs(weights) ** 2).mean(axis=(1, 2), keepdims=True))
        rows, columns = plane.places
        return (agreement / np.maximum(deviation, 1e-9))[:, :rows, :columns]

    def _pattern(self, plane):
        return plane.filtered(self._chips(plane))

    def _chips(self, plane):
        bits = np.unpackbits(np.frombuffer(self._hashed(plane.name, np.prod(plane.shape) // 8), np.uint8))
        return bits.reshape(plane.shape) * 2.0 - 1.0

    def _hashed(self, name, length):
        return hashlib.shake_256(f"keras_gen watermark 1 {name} ".encode() + self._key).digest(int(length))


def _check_size(height, width):
    if height * width < FEWEST_PIXELS:
        raise InputError(
            f"Images of {height} x {width} pixels are too small for a watermark: {FEWEST_PIXELS} pixels at "
            "least can have one."
        )
