"""Reading, writing and resampling of recordings; the one module that knows which library does it.

tensorflow-io decodes and resamples if its native library loads (TensorFlow before 2.18); otherwise soundfile
and soxr do. Both give the same samples for lossless files, and within 1e-5 of full scale for Vorbis and MP3.
Resampled recordings have the same length and timing, and agree within 1e-3 of the RMS up to three quarters of
the lower Nyquist frequency; above, tensorflow-io's filter falls off earlier.
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
from keras_gen.files import ending_of

FULL_SCALE = 32768.0  # of 16 bits
MOST_SAMPLES = 2**28  # of all channels together: a gigabyte of floats, 46 minutes of stereo at 48 kHz
LOWEST_RATE, HIGHEST_RATE = 1000, 768000  # Hz
FORMATS = ("WAV", "WAVEX", "FLAC", "OGG", "MP3", "AIFF")
# Bytes of a sample of WAV and FLAC, and type, silence and full scale of what tensorflow-io decodes.
INTEGERS = {
    "PCM_U8": (1, tf.uint8, 128, 2**7),
    "PCM_S8": (1, tf.uint8, 128, 2**7),
    "PCM_16": (2, tf.int16, 0, 2**15),
    "PCM_24": (3, tf.int32, 0, 2**31),
}
# Format and kind of samples that the endings of files name which say their origin.
WRITTEN = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}
RATES_OF_MP3 = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
# Length of the filter of tensorflow-io's resampler, at the lower of the two rates.
TAPS = 64


def backend():
    """Which library decodes and resamples: "tensorflow-io" or "soundfile"."""
    return "tensorflow-io" if _tensorflow_io() else "soundfile"


def read(raw):
    """Read a recording from the bytes of a file.

    Truncated WAV and MP3 files are read as far as they go; truncated FLAC and Vorbis files are refused.

    Args:
        raw: bytes of a WAV, FLAC, OGG Vorbis, Opus, MP3 or AIFF file.

    Returns:
        A float32 waveform (samples, channels), about in [-1, 1] (lossy and floating files may exceed it), and
        its rate in Hz, an int.

    Raises:
        InputError: the bytes are no such file, hold no samples or more than 2**28 in all channels, or have a
            rate outside 1 to 768 kHz.
    """
    # A damaged or hostile file may make a decoder raise anything.
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
        raise ValueError(f"it is {file.format}, not WAV, FLAC, OGG Vorbis, Opus, MP3 or AIFF")
    if not LOWEST_RATE <= file.samplerate <= HIGHEST_RATE:
        raise ValueError(f"its rate of {file.samplerate} Hz is not between {LOWEST_RATE} and {HIGHEST_RATE}")
    if file.frames * file.channels > MOST_SAMPLES:
        raise ValueError(
            f"by its header it holds {file.frames} samples in {file.channels} channels, more than "
            f"{MOST_SAMPLES}"
        )


def _check_end(rest, file):
    """Refuse an MP3 that continues after its supposed end.

    Without a header that tells the length, soundfile assumes a constant bit rate and would lose much of a
    file of variable rate.
    """
    if file.format == "MP3" and rest[:1] == b"\xff" and rest[1:2] >= b"\xe0":
        raise ValueError("it is an MP3 of variable bit rate without a header that tells its length")


def _by_tensorflow_io(raw, file):
    """The waveform that tensorflow-io decodes, or None if soundfile must."""
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
    """Whether tensorflow-io's decoders are safe for a file.

    They trust its header: a false one makes them read or write beyond their buffers, and a truncated FLAC
    never returns.
    """
    if file.format == "MP3":
        return True
    if file.format == "OGG":
        return file.subtype == "VORBIS" and raw.count(b"\x01vorbis") == 1
    if file.subtype not in INTEGERS:
        return False
    return _is_whole(raw) if file.format == "FLAC" else _is_plain_wav(raw, file)


def _is_whole(raw):
    """Whether the last sample that a file claims to hold exists."""
    try:
        with soundfile.SoundFile(io.BytesIO(raw)) as file:
            file.seek(file.frames - 1)
            return len(file.read(1)) == 1
    except soundfile.LibsndfileError:
        return False


def _is_plain_wav(raw, file):
    """Whether a WAV file is a minimal true header and the samples, nothing else."""
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
        float32 (samples * wanted / rate, rounded up), which starts at the same time; `waveform` itself if the
        rates are equal.

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
    # Padded, since soxr rounds the length to the nearest.
    return soxr.resample(np.pad(waveform, (0, -(-rate // wanted))), rate, wanted, quality="HQ")[:length]


def _resample_by_tensorflow_io(waveform, rate, wanted):
    """The resampled waveform, slightly too long, without the delay of half a filter."""
    taps = TAPS if wanted > rate else -(-(TAPS * rate // wanted) // 8) * 8
    # Silence in front makes the delay whole samples at both rates; silence behind flushes the end.
    step = rate // math.gcd(rate, wanted)
    before = -(taps // 2) % step
    padded = np.pad(waveform, (before, taps // 2 + 2 * -(-rate // wanted)))
    delay = (before + taps // 2) * wanted // rate
    with tf.device("CPU:0"):
        return _resampler()(padded, rate, wanted).numpy()[delay:]


def write(path, waveform, rate, origin=None):
    """Write a waveform in the format that the ending of its path names.

    Args:
        path: ending in .wav or .flac (both of 16 bits), .ogg (Vorbis) or .mp3; or an open binary file, for
            WAV.
        waveform: (samples,), int16, or floating in [-1, 1] and clipped at full scale.
        rate: Hz.
        origin: `Origin` of a synthetic recording, which the file says, or None.

    Raises:
        InputError: the ending is another, or the format has not this rate.
        OSError: the file cannot be written.
    """
    is_path = isinstance(path, str | os.PathLike)
    ending = ending_of(path) if is_path else ".wav"
    if ending not in WRITTEN:
        raise InputError(
            f"Recordings are written to files ending in {', '.join(WRITTEN)}, not {str(path)!r}."
        )
    format, subtype = WRITTEN[ending]
    if not soundfile.check_format(format, subtype) or (format == "MP3" and rate not in RATES_OF_MP3):
        raise InputError(f"{format} does not hold recordings at {rate} Hz here: write .wav or .flac.")
    waveform = np.asarray(waveform)
    if waveform.dtype != np.int16:
        # soundfile rounds down.
        waveform = np.rint(waveform * FULL_SCALE) / FULL_SCALE
    with open(path, "wb") if is_path else contextlib.nullcontext(path) as file:
        with soundfile.SoundFile(file, "w", rate, 1, subtype, format=format) as written:
            if origin:
                written.comment = origin.comment()
            written.write(waveform)


@functools.cache
def _tensorflow_io():
    """`tensorflow_io.audio`, or None where its native library does not load."""
    # Later versions cannot load it, and importing it would print warnings.
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
    """tensorflow-io's resampler in one graph; eagerly it would trace a new one each time."""
    rate = tf.TensorSpec([], tf.int64)
    return tf.function(
        _tensorflow_io().resample, input_signature=[tf.TensorSpec([None], tf.float32), rate, rate]
    )
