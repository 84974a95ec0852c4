"""Recordings as files, and at other rates: the one module that knows which library does it.

Where tensorflow-io's native library loads, which is on TensorFlow before 2.18, it decodes and resamples;
elsewhere soundfile and soxr do. Either way lossless files give the same samples, Vorbis and MP3 the same
within 1e-5 of full scale, and resampling the same length, aligned in time and within 1e-3 of the RMS up to
three quarters of the lower Nyquist frequency. Above that, tensorflow-io's filter falls off earlier than
soxr's.
"""

import contextlib
import functools
import io
import math
import os
import struct

import numpy as np
import soundfile
import soxr
import tensorflow as tf

from keras_gen.errors import InputError

FULL_SCALE = 32768.0  # of 16 bits
MOST_SAMPLES = 2**28  # of all channels together: a gigabyte of floats, 46 minutes of stereo at 48 kHz
LOWEST_RATE, HIGHEST_RATE = 1000, 768000  # Hz
FORMATS = ("WAV", "WAVEX", "FLAC", "OGG", "MP3")
# Bytes of a sample of WAV and FLAC; the type, silence and full scale of what tensorflow-io decodes them as.
INTEGERS = {
    "PCM_U8": (1, tf.uint8, 128, 2**7),
    "PCM_S8": (1, tf.uint8, 128, 2**7),
    "PCM_16": (2, tf.int16, 0, 2**15),
    "PCM_24": (3, tf.int32, 0, 2**31),
}
# Length of the filter of tensorflow-io's resampler, at the lower of the two rates.
TAPS = 64


def backend():
    """Which library decodes and resamples: "tensorflow-io" or "soundfile"."""
    return "tensorflow-io" if _tensorflow_io() else "soundfile"


def read(raw):
    """Read a recording from the bytes of a file.

    Of a WAV or MP3 file that was cut short, what is left is read; a FLAC or Vorbis file that was is refused.

    Args:
        raw: bytes of a WAV, FLAC, OGG Vorbis or MP3 file.

    Returns:
        A float32 waveform (samples, channels) in [-1, 1], which lossy and floating files may leave, and its
        rate in Hz, an int.

    Raises:
        InputError: if the bytes are no such file, or hold no samples, or more than 2**28 in all channels, or
            their rate is not between 1 and 768 kHz.
    """
    # A damaged or hostile file may trip a decoder in any way, so whatever it raises means "unreadable".
    try:
        stream = io.BytesIO(raw)
        with soundfile.SoundFile(stream) as file:
            _check_header(file)
            waveform = _by_tensorflow_io(raw, file)
            if waveform is None:
                waveform = file.read(dtype="float32", always_2d=True)
                _check_end(raw[stream.tell() :], file)
            if not len(waveform):
                raise ValueError("it holds no samples")
            return waveform, file.samplerate
    except Exception as error:
        cause = getattr(error, "error_string", str(error)).removeprefix("Error : ").rstrip(".")
        raise InputError(f"The recording could not be read: {cause}.") from error


def _check_header(file):
    if file.format not in FORMATS:
        raise ValueError(f"it is {file.format}, not WAV, FLAC, OGG Vorbis or MP3")
    if not LOWEST_RATE <= file.samplerate <= HIGHEST_RATE:
        raise ValueError(f"its rate of {file.samplerate} Hz is not between {LOWEST_RATE} and {HIGHEST_RATE}")
    if file.frames * file.channels > MOST_SAMPLES:
        raise ValueError(
            f"by its header it holds {file.frames} samples in {file.channels} channels, more than "
            f"{MOST_SAMPLES}"
        )


def _check_end(rest, file):
    """Refuse an MP3 that goes on where it should have ended.

    Without a header that tells its length, soundfile takes its bit rate for constant; where it varies, much
    of the recording would be missing.
    """
    if file.format == "MP3" and rest[:1] == b"\xff" and rest[1:2] >= b"\xe0":
        raise ValueError("it is an MP3 of variable bit rate without a header that tells its length")


def _by_tensorflow_io(raw, file):
    """The waveform as tensorflow-io decodes it, or None where soundfile is to."""
    audio = _tensorflow_io()
    if not audio or not _is_plain(raw, file):
        return None
    shape = tf.constant([file.frames, file.channels], tf.int64)
    try:
        with tf.device("CPU:0"):
            if file.format == "MP3":
                return audio.decode_mp3(raw, shape).numpy()
            if file.format == "OGG":
                return audio.decode_vorbis(raw, shape).numpy()
            decode = audio.decode_flac if file.format == "FLAC" else audio.decode_wav
            _, kind, silence, full_scale = INTEGERS[file.subtype]
            return (decode(raw, shape, kind).numpy().astype(np.float32) - silence) / np.float32(full_scale)
    except tf.errors.OpError:
        return None


def _is_plain(raw, file):
    """Whether tensorflow-io's decoders can be trusted with a file.

    They believe what it says of itself: one that lies makes them read or write beyond their buffers, and a
    FLAC that was cut short keeps them busy for ever.
    """
    if file.format == "MP3":
        return True
    if file.format == "OGG":
        return file.subtype == "VORBIS" and raw.count(b"\x01vorbis") == 1
    if file.subtype not in INTEGERS:
        return False
    return _is_whole(raw) if file.format == "FLAC" else _is_plain_wav(raw, file)


def _is_whole(raw):
    """Whether the last sample that a file claims to hold is there."""
    try:
        with soundfile.SoundFile(io.BytesIO(raw)) as file:
            file.seek(file.frames - 1)
            return len(file.read(1)) == 1
    except soundfile.LibsndfileError:
        return False


def _is_plain_wav(raw, file):
    """Whether a WAV file is the shortest header that tells the truth, the samples, and nothing else."""
    depth = INTEGERS[file.subtype][0]
    block = file.channels * depth
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", len(raw) - 8, b"WAVE"),
        *(b"fmt ", 16, 1, file.channels, file.samplerate, file.samplerate * block, block, 8 * depth),
        *(b"data", file.frames * block),
    )
    return raw.startswith(header) and len(raw) == len(header) + file.frames * block


def resample(waveform, rate, wanted):
    """Bring a waveform to another rate.

    Args:
        waveform: float32 (samples,).
        rate: of the waveform, Hz, an int.
        wanted: Hz, an int.

    Returns:
        float32 (samples * wanted / rate, rounded up), whose first sample is of the same time; `waveform`
        itself where the rates are equal.

    Raises:
        InputError: if it would become longer than 2**28 samples.
    """
    if rate == wanted:
        return waveform
    length = -(-len(waveform) * wanted // rate)
    if length > MOST_SAMPLES:
        raise InputError(
            f"The recording is too long: {length} samples at {wanted} Hz are more than {MOST_SAMPLES}."
        )
    audio = _tensorflow_io()
    if audio:
        return _resample_by_tensorflow_io(waveform, rate, wanted)[:length]
    # Left to itself, soxr rounds the length to the nearest.
    return soxr.resample(np.pad(waveform, (0, -(-rate // wanted))), rate, wanted, quality="HQ")[:length]


def _resample_by_tensorflow_io(waveform, rate, wanted):
    """The resampled waveform and a little more, less the delay of half a filter."""
    taps = TAPS if wanted > rate else -(-(TAPS * rate // wanted) // 8) * 8
    # Silence before makes the delay a whole number of samples at both rates, that behind lets the end come
    # out.
    step = rate // math.gcd(rate, wanted)
    before = -(taps // 2) % step
    padded = np.pad(waveform, (before, taps // 2 + 2 * -(-rate // wanted)))
    delay = (before + taps // 2) * wanted // rate
    with tf.device("CPU:0"):
        return _resampler()(padded, rate, wanted).numpy()[delay:]


def write_wav(path, waveform, rate):
    """Write a waveform as a 16-bit WAV file.

    Args:
        path: where to; a path or an open binary file.
        waveform: (samples,), int16, or floating in [-1, 1] and clipped at full scale.
        rate: Hz.

    Raises:
        OSError: the file cannot be written.
    """
    waveform = np.asarray(waveform)
    if waveform.dtype != np.int16:
        # soundfile rounds down.
        waveform = np.rint(waveform * FULL_SCALE) / FULL_SCALE
    with open(path, "wb") if isinstance(path, str | os.PathLike) else contextlib.nullcontext(path) as file:
        soundfile.write(file, waveform, rate, format="WAV", subtype="PCM_16")


@functools.cache
def _tensorflow_io():
    """`tensorflow_io.audio`, or None where its native library does not load."""
    # Later ones cannot load it, and importing it would print warnings.
    if tuple(int(part) for part in tf.__version__.split(".")[:2]) >= (2, 18):
        return None
    try:
        import tensorflow_io

        tensorflow_io.audio.resample(tf.zeros([1]), 1, 1)
    except (ImportError, NotImplementedError):
        return None
    return tensorflow_io.audio


@functools.cache
def _resampler():
    """tensorflow-io's resampler in one graph; called by itself, it would trace a new one each time."""
    rate = tf.TensorSpec([], tf.int64)
    return tf.function(
        _tensorflow_io().resample, input_signature=[tf.TensorSpec([None], tf.float32), rate, rate]
    )
