"""Recordings: from files and waveforms to what a model sees, and back."""

import functools

import keras
import numpy as np
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.media import cleaning, pillow, recordings
from keras_gen.media.griffin_lim import Transform, mel_griffin_lim
from keras_gen.media.image import Image
from keras_gen.media.loudness import to_loudness
from keras_gen.media.media import Media
from keras_gen.media.overlap import faded, overlapping
from keras_gen.media.player import MOST_PLAYED, Player, played
from keras_gen.media.recordings import HIGHEST_RATE, LOWEST_RATE

# What media that were saved before there were these settings do.
BEFORE_SETTINGS = {"shortest": 0.05, "repair": False}
FLOOR = 1e-5  # magnitude that counts as silence, 100 dB below full scale
RANGE = -np.log(FLOOR)
# A ramp from black over violet and orange to a pale yellow, whose lightness rises evenly.
COLORS = np.array([[0, 0, 4], [86, 16, 110], [187, 55, 84], [249, 142, 9], [252, 255, 164]])


@keras.saving.register_keras_serializable("keras_gen")
class Audio(Media):
    """Recordings of one length and rate, in their raw, packed and model forms.

    A raw recording is a file's bytes or a waveform of any rate, length and number of channels; what is
    generated is a floating waveform (samples,) in [-1, 1]. A packed one is int16 (samples,). The model form
    is a log-mel spectrogram (frames, mels), the natural logarithm of magnitudes scaled so that silence, 1e-5,
    becomes -1 and a sine at full scale about 1.

    Bands are triangles on the mel scale of HTK, of height 1, from 0 Hz to half the rate.

    Args:
        samples: length of a packed recording, a multiple of `hop`.
        rate: samples a second, Hz.
        mels: bands of the spectrogram, at least 1.
        window: length of the Hann window, samples.
        hop: samples from one frame to the next, at most half the window.
        fft_length: length of the Fourier transform, at least the window; by default the window's next power
            of two.
        iterations: of Griffin-Lim, at least 1.
        trim: dB > 0 below the loudest part at which the ends count as silence and are cut off, or None.
        loudness: LUFS that a recording, and what is drawn, is brought to (ITU-R BS.1770), above -70 and at
            most 0, or None.
        shortest: seconds > 0 below which what is left of a recording is refused, or None.
        repair: whether an offset (DC) is taken out, and channels of opposite polarity are inverted before
            they are mixed; see `cleaning.repaired`.

    Raises:
        InputError: a number is out of its range, or bands are so narrow that no frequency falls into one.

    Example:

    >>> media = Audio(samples=4096, rate=8000, mels=40, window=256, hop=64, fft_length=512)
    >>> media.shape, media.model_shape
    ((4096,), (64, 40))
    """

    dtype = "int16"
    key = "audio"
    plural = "waveforms"
    ending = ".wav"
    endings = tuple(recordings.WRITTEN)

    def __init__(
        self,
        samples=16384,
        rate=16000,
        mels=80,
        window=1024,
        hop=256,
        fft_length=None,
        iterations=32,
        trim=40.0,
        loudness=-23.0,
        shortest=cleaning.SHORTEST,
        repair=True,
    ):
        counts = {
            "samples": samples,
            "rate": rate,
            "mels": mels,
            "window": window,
            "hop": hop,
            "fft_length": 1 if fft_length is None else fft_length,
            "iterations": iterations,
        }
        for name, value in counts.items():
            if not isinstance(value, int | np.integer) or value < 1:
                raise InputError(f"{name} must be a whole number from 1, not {value!r}.")
        ranges = (("trim", trim, 0, 1000), ("loudness", loudness, -70, 0), ("shortest", shortest, 0, 1000))
        for name, value, low, high in ranges:
            if value is not None and not (isinstance(value, int | float) and low < value <= high):
                raise InputError(f"{name} must be above {low} and at most {high}, or None, not {value!r}.")
        if not isinstance(repair, bool):
            raise InputError(f"repair must be True or False, not {repair!r}.")
        fft_length = fft_length or 1 << (window - 1).bit_length()
        if samples % hop or 2 * hop > window or window > fft_length or samples < window:
            raise InputError(
                "samples must be a multiple of hop and at least window, hop at most half of window, and "
                f"window at most fft_length, but samples is {samples}, hop {hop}, window {window} and "
                f"fft_length {fft_length}."
            )
        self.samples, self.rate, self.mels, self.iterations = map(int, (samples, rate, mels, iterations))
        self.window, self.hop, self.fft_length = map(int, (window, hop, fft_length))
        self.trim, self.loudness, self.shortest, self.repair = trim, loudness, shortest, repair
        self._transform = Transform(self.window, self.hop, self.fft_length)
        if (self._weights.sum(axis=0) == 0).any():
            raise InputError(
                f"mels={mels} makes bands so narrow that some hold no frequency of a transform of "
                f"{fft_length} samples at {rate} Hz: take fewer, or a longer fft_length."
            )

    @property
    def shape(self):
        """The shape of a packed recording, (samples,)."""
        return (self.samples,)

    @property
    def model_shape(self):
        """The shape of its model form, (frames, mels)."""
        return self.samples // self.hop, self.mels

    @property
    def raw_spec(self):
        """What an exported signature takes: a batch of floating waveforms at the media's rate."""
        return tf.TensorSpec((None, None), tf.float32, name="audio")

    def pack(self, raw, rate=None):
        """Pack one recording: repair, make it mono, resample, trim, set its loudness, then cut or pad it.

        Args:
            raw: the bytes of a WAV, FLAC, OGG, MP3 or AIFF file, or a waveform (samples,) or
                (samples, channels) of int16 or floating values.
            rate: of a waveform in Hz; by default the media's.

        Returns:
            An int16 array (samples,).

        Raises:
            InputError: the bytes cannot be read, or the recording is silent, too short or not finite. What
                stands before the colon is the same for all recordings of one fault.
        """
        return self.cut(self.clean(raw, rate))

    def pack_chunks(self, raw, rate=None):
        """Pack one long recording as consecutive pieces.

        Args:
            raw: the bytes of a WAV, FLAC, OGG, MP3 or AIFF file, or a waveform (samples,) or
                (samples, channels) of int16 or floating values.
            rate: of a waveform in Hz; by default the media's.

        Returns:
            An int16 array (pieces, samples). A last piece less than half full is left out.

        Raises:
            InputError: the bytes cannot be read, or the recording is silent, too short or not finite.
        """
        return self.cut(self.clean(raw, rate), chunks=True)

    def pack_overlapping(self, raw, rate=None):
        """Pack one recording of any length as pieces that overlap by half, see `join`.

        Args:
            raw: as in `pack`.
            rate: as in `pack`.

        Returns:
            (pieces, samples): an int16 array (pieces, self.samples), and how long the clean recording is.

        Raises:
            InputError: the bytes cannot be read, or the recording is silent, too short or not finite.
        """
        waveform = self.clean(raw, rate)
        pieces = overlapping(waveform, self.samples, self._step * self.hop)
        return cleaning.to_int16(pieces), len(waveform)

    def join(self, spectrograms, samples):
        """The waveform of pieces that overlap by half, each fading into the next.

        Args:
            spectrograms: float32 (pieces, *self.model_shape), model forms of what `pack_overlapping` gives.
            samples: length of the whole recording. Each minute at 16 kHz takes about 100 MB for a while.

        Returns:
            float32 array (samples,) in [-1, 1].
        """
        whole = faded(np.asarray(spectrograms), self._step)
        return self._waveforms(whole[np.newaxis]).numpy()[0, :samples]

    @property
    def _step(self):
        """Frames from one overlapping piece to the next."""
        return max(1, self.model_shape[0] // 2)

    def clean(self, raw, rate=None, tell=lambda repaired: None):
        """A recording as `pack` cuts it: whole, float32 (any,), one channel at the media's rate.

        Args:
            raw: as in `pack`.
            rate: as in `pack`.
            tell: function that is called with the words for each fault that was repaired.
        """
        if isinstance(raw, bytes):
            waveform, rate = recordings.read(raw)
        else:
            waveform, rate = cleaning.floating(np.asarray(raw)), self.rate if rate is None else rate
            if not isinstance(rate, int | np.integer) or not LOWEST_RATE <= rate <= HIGHEST_RATE:
                raise InputError(
                    f"rate must be a whole number of Hz from {LOWEST_RATE} to {HIGHEST_RATE}, not {rate!r}."
                )
        settings = (self.trim, self.loudness, self.shortest, self.repair)
        return cleaning.clean(waveform, int(rate), self.rate, *settings, tell)

    def cut(self, waveform, chunks=False):
        """The packed form of what `clean` gives: int16 (samples,), or with `chunks` (pieces, samples)."""
        fit = cleaning.chunks if chunks else cleaning.fit
        return cleaning.to_int16(fit(waveform, self.samples))

    def pack_in_graph(self, raw):
        """Cut or pad a batch of waveforms as `pack` does clean ones, but in graph, for exported signatures.

        Args:
            raw: float32 tensor (batch, any) in [-1, 1], at the media's rate.

        Returns:
            int16 tensor (batch, samples).
        """
        cut = raw[:, : self.samples]
        cut = tf.pad(cut, [[0, 0], [0, self.samples - tf.shape(cut)[1]]])
        scaled = tf.round(tf.clip_by_value(cut * cleaning.FULL_SCALE, -32768.0, 32767.0))
        return tf.cast(tf.ensure_shape(scaled, (None, self.samples)), tf.int16)

    def to_waveform(self, examples):
        """Packed or floating waveforms as float32 in [-1, 1]."""
        examples = tf.convert_to_tensor(examples)
        waveforms = tf.cast(examples, tf.float32)
        return waveforms / cleaning.FULL_SCALE if examples.dtype == tf.int16 else waveforms

    def unpack(self, packed):
        """Packed recordings as they are generated: float32 arrays (batch, samples) in [-1, 1]."""
        return self.to_waveform(packed).numpy()

    def log_mel(self, waveforms):
        """The natural logarithm of mel magnitudes, at least that of silence, 1e-5.

        Args:
            waveforms: float32 (batch, samples) in [-1, 1].

        Returns:
            float32 (batch, frames, mels).
        """
        magnitudes = tf.abs(self._transform.forward(waveforms)) @ self._weights
        log_mel = tf.math.log(tf.maximum(magnitudes, FLOOR))
        return tf.ensure_shape(log_mel, (waveforms.shape[0], None, self.mels))

    def to_model(self, packed):
        """The model form of packed recordings, in float32."""
        scaled = 1.0 + 2.0 / RANGE * self.log_mel(self.to_waveform(packed))
        return tf.ensure_shape(scaled, (packed.shape[0], *self.model_shape))

    def to_raw(self, model):
        """The waveforms whose model forms are nearest to those given; see `mel_griffin_lim`."""
        return tf.ensure_shape(self._waveforms(model), (model.shape[0], self.samples))

    def finish(self, raw):
        """Waveforms that were drawn, which blur makes quieter, brought to the loudness of recordings."""
        return raw if self.loudness is None else to_loudness(raw, self.rate, self.loudness, self.trim)

    def _waveforms(self, model):
        log_mel = (tf.cast(model, tf.float32) - 1.0) * (RANGE / 2.0)
        # Limit what a network gives: no band of a waveform in [-1, 1] is much louder than a sine at full
        # scale.
        mel = tf.exp(tf.clip_by_value(log_mel, -RANGE, 3.0))
        waveforms = mel_griffin_lim(
            mel, self._weights, self._inverse_weights, self._transform, self.iterations
        )
        return tf.clip_by_value(waveforms, -1.0, 1.0)

    @functools.cached_property
    def _weights(self):
        """The share of each bin in each band, float32 (bins, mels)."""
        with tf.init_scope():
            weights = tf.signal.linear_to_mel_weight_matrix(
                self.mels, self._transform.bins, self.rate, 0.0, self.rate / 2
            )
            return weights.numpy()

    @functools.cached_property
    def _inverse_weights(self):
        return np.linalg.pinv(self._weights)

    # Looking and listening.

    def spectrograms(self, examples):
        """The spectrograms of recordings as images: time runs right, mel frequency runs up, loud is light.

        Args:
            examples: int16 or floating waveforms (batch, samples).

        Returns:
            uint8 (batch, mels, frames, 3).
        """
        level = np.clip((self.to_model(self.to_waveform(examples)).numpy() + 1) / 2, 0, 1)
        stops = np.linspace(0, 1, len(COLORS))
        colors = np.stack([np.interp(level, stops, channel) for channel in COLORS.T], axis=-1)
        return np.rint(colors).astype(np.uint8).transpose(0, 2, 1, 3)[:, ::-1]

    def grid(self, examples, rows=None):
        """The spectrograms of a batch laid out in one image; see `Image.grid`.

        Args:
            examples: int16 or floating waveforms (batch, samples).
            rows: of the grid, by default those that make it about square.

        Returns:
            One uint8 image (H, W, 3).

        Raises:
            InputError: there are no recordings, or rows are not between 1 and their number.
        """
        if not len(examples):
            raise InputError("There is no recording to show.")
        frames, mels = self.model_shape
        return Image(mels, frames, 3).grid(self.spectrograms(examples), rows)

    def show(self, examples, rows=None):
        """A batch of recordings as an object that notebooks display, and play.

        Args:
            examples: int16 or floating waveforms (batch, samples).
            rows: as in `grid`.

        Returns:
            A `Player`.
        """
        grid, waveforms = self.grid(examples, rows), self.unpack(examples)
        return Player(grid, waveforms[played(len(waveforms), rows)], self.rate)

    def save(self, example, path, origin=None):
        """Write one recording as WAV, FLAC, OGG or MP3; see `keras_gen.media.recordings.write`.

        Args:
            example: int16 or floating waveform (samples,).
            path: where to; a path, or an open binary file for WAV.
            origin: `Origin` of a synthetic recording, which the file says, or None.
        """
        recordings.write(path, example, self.rate, origin)

    def save_sheet(self, examples, path, rows=None, origin=None):
        """Write the grid of a batch as an image; see `Image.save_sheet`."""
        pillow.write(self.grid(examples, rows), path, origin)

    def summarize(self, name, examples, rows=None):
        """Write spectrograms and playable audio (`<name>_audio`) to TensorBoard's default writer and step."""
        tf.summary.image(name, self.grid(examples, rows)[np.newaxis])
        waveforms = self.unpack(examples)[played(len(examples), rows)]
        tf.summary.audio(f"{name}_audio", waveforms[..., tf.newaxis], self.rate, max_outputs=MOST_PLAYED)

    def get_config(self):
        return {
            "samples": self.samples,
            "rate": self.rate,
            "mels": self.mels,
            "window": self.window,
            "hop": self.hop,
            "fft_length": self.fft_length,
            "iterations": self.iterations,
            "trim": self.trim,
            "loudness": self.loudness,
            "shortest": self.shortest,
            "repair": self.repair,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**BEFORE_SETTINGS | config)
