import io
import struct
import sys

import numpy as np
import pytest
import scipy.signal
import soundfile
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.media import Audio, recordings
from keras_gen.media.recordings import backend, read, resample, write

LOSSLESS = {
    ("WAV", "PCM_U8"): 8,
    ("WAV", "PCM_16"): 16,
    ("WAVEX", "PCM_16"): 16,
    ("WAV", "PCM_24"): 24,
    ("WAV", "PCM_32"): 32,
    ("WAV", "FLOAT"): 32,
    ("WAV", "DOUBLE"): 32,
    ("FLAC", "PCM_S8"): 8,
    ("FLAC", "PCM_16"): 16,
    ("FLAC", "PCM_24"): 24,
    ("AIFF", "PCM_16"): 16,
}
LOSSY = [("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III")]
RATES = [
    (44100, 16000),
    (16000, 44100),
    (48000, 16000),
    (22050, 16000),
    (8000, 16000),
    (96000, 8000),
    (16001, 16000),
]


def sine(frequency, rate, seconds=1.0, peak=0.5):
    return peak * np.sin(2 * np.pi * frequency * np.arange(round(rate * seconds)) / rate)


def stereo(rate, seconds=1.0):
    return np.stack([sine(440, rate, seconds), sine(1000, rate, seconds, 0.25)], axis=1)


def file(waveform, rate, kind="WAV", encoding="PCM_16"):
    stream = io.BytesIO()
    soundfile.write(stream, waveform, rate, format=kind, subtype=encoding)
    return stream.getvalue()


def error(actual, expected):
    """RMS of the difference, relative to that of what is expected."""
    return np.sqrt(np.mean((actual - expected) ** 2) / np.mean(expected**2))


@pytest.fixture
def without_tensorflow_io(monkeypatch):
    """Lets soundfile and soxr do it, called within."""

    def call(function, *args):
        with monkeypatch.context() as patch:
            patch.setattr(recordings, "_tensorflow_io", lambda: None)
            return function(*args)

    return call


def test_the_backend_is_the_one_that_loads():
    if tf.__version__ >= "2.18":
        assert backend() == "soundfile"
        assert "tensorflow_io" not in sys.modules
    else:
        assert backend() in ("soundfile", "tensorflow-io")


@pytest.mark.parametrize("kind, encoding", LOSSLESS)
@pytest.mark.parametrize("channels", [1, 2])
def test_lossless_files_are_read_to_their_last_bit(kind, encoding, channels):
    expected = stereo(16000)[:, :channels]
    waveform, rate = read(file(expected, 16000, kind, encoding))
    assert rate == 16000 and isinstance(rate, int)
    assert waveform.dtype == np.float32 and waveform.shape == (16000, channels)
    # Writers round in ways of their own, by a step at most; beyond 24 bits, single precision is what rounds.
    np.testing.assert_allclose(
        waveform, expected, rtol=0, atol=1.1 * 2.0 ** -(LOSSLESS[kind, encoding] - 1) + 3e-8
    )


@pytest.mark.parametrize("kind, encoding", LOSSY)
@pytest.mark.parametrize("rate, channels", [(44100, 2), (16000, 1)])
def test_lossy_files_keep_their_length_and_place_in_time(kind, encoding, rate, channels):
    expected = stereo(rate)[:, :channels]
    waveform, read_rate = read(file(expected, rate, kind, encoding))
    assert read_rate == rate and waveform.dtype == np.float32 and waveform.shape == expected.shape
    assert error(waveform, expected) < 0.03


def test_a_high_rate_in_stereo_of_24_bits():
    expected = stereo(96000)
    waveform, rate = read(file(expected, 96000, encoding="PCM_24"))
    assert rate == 96000
    np.testing.assert_allclose(waveform, expected, rtol=0, atol=2.0**-22)


def test_full_scale_is_one():
    extremes = np.array([-32768, -1, 0, 1, 32767], np.int16)
    for kind in ("WAV", "FLAC"):
        np.testing.assert_array_equal(read(file(extremes, 8000, kind))[0][:, 0], extremes / 32768)


def test_a_wav_with_further_chunks_and_an_odd_length_is_read():
    raw = file(np.full((7, 1), 0.5), 8000, encoding="PCM_U8")
    extra = b"LIST" + struct.pack("<I", 4) + b"INFO"
    raw = raw[:4] + struct.pack("<I", len(raw) + len(extra) - 8) + raw[8:] + extra
    np.testing.assert_allclose(read(raw)[0], np.full((7, 1), 0.5), atol=1 / 127)


@pytest.mark.parametrize(
    "raw, cause",
    [
        (b"", "Format not recognised"),
        (b"this is a text file, whatever its name\n" * 100, "Format not recognised"),
        ("voice.wav", "bytes"),
        (file(stereo(16000), 16000, "AU"), "it is AU"),
        (file(stereo(16000), 16000)[:30], "data"),
        (file(np.zeros((0, 1)), 16000), "no samples"),
        (file(stereo(16000), 500), "500 Hz"),
    ],
    ids=["empty", "text", "a path", "another format", "half a header", "no samples", "rate"],
)
def test_what_is_no_recording_is_an_input_error(raw, cause):
    with pytest.raises(InputError, match=f"The recording could not be read: .*{cause}"):
        read(raw)


@pytest.mark.parametrize("lost", [1, 1000, 20000])
def test_a_flac_that_was_cut_short_is_refused(lost):
    # Noise, so that it does not compress to less than that.
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 16000)
    with pytest.raises(InputError, match="could not be read"):
        read(file(noise, 16000, "FLAC")[:-lost])


@pytest.mark.parametrize("kind, encoding", [("WAV", "PCM_16"), ("MP3", "MPEG_LAYER_III")])
def test_of_other_files_cut_short_the_rest_is_read(kind, encoding):
    expected = stereo(16000, 2.0)
    raw = file(expected, 16000, kind, encoding)
    waveform, _ = read(raw[: len(raw) // 2])
    # The codecs' last block is incomplete.
    kept = len(waveform) - 3000
    assert 5000 < kept < 25000
    assert error(waveform[:kept], expected[:kept]) < 0.03


@pytest.mark.parametrize("size", [2**31, 2**32 - 1, 2**20])
def test_a_wav_header_that_lies_about_its_length_is_not_believed(size):
    raw = bytearray(file(stereo(16000), 16000))
    raw[40:44] = struct.pack("<I", size)
    waveform, _ = read(bytes(raw))
    np.testing.assert_array_equal(waveform, read(file(stereo(16000), 16000))[0])


@pytest.mark.parametrize("block", [0, 1, 4096])
def test_a_wav_header_that_lies_about_its_blocks_does_no_harm(block):
    raw = bytearray(file(stereo(16000), 16000))
    raw[32:34] = struct.pack("<H", block)
    assert read(bytes(raw))[0].shape == (16000, 2)


@pytest.mark.parametrize("samples, cause", [(2**36 - 1, "header"), (2**36 // 2**9, "could not be read")])
def test_a_flac_header_that_lies_about_its_length_is_refused(samples, cause):
    raw = bytearray(file(stereo(16000), 16000, "FLAC"))
    fields = int.from_bytes(raw[18:26], "big")
    raw[18:26] = (fields >> 36 << 36 | samples).to_bytes(8, "big")
    with pytest.raises(InputError, match=cause):
        read(bytes(raw))


def test_long_recordings_are_refused_by_their_header(monkeypatch):
    raw = file(stereo(16000), 16000, "FLAC")
    monkeypatch.setattr(recordings, "MOST_SAMPLES", 32000)
    read(raw)
    monkeypatch.setattr(recordings, "MOST_SAMPLES", 31999)
    with pytest.raises(InputError, match="16000 samples in 2 channels"):
        read(raw)
    with pytest.raises(InputError, match="too long: 32000 samples"):
        resample(np.zeros(16000, np.float32), 8000, 16000)


def test_an_mp3_that_would_lose_its_end_is_refused():
    # Loud, then quiet: without the header that tells its length, the high bit rate at its start promises an
    # early end.
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 32000) * (np.arange(32000) < 8000)
    raw = file(noise, 16000, "MP3", "MPEG_LAYER_III")
    assert len(read(raw)[0]) == 32000
    headless = raw[raw.index(raw[:2], 4) :]
    with pytest.raises(InputError, match="variable bit rate"):
        read(headless)


@pytest.mark.parametrize("rate, wanted", RATES)
def test_resampling_keeps_length_time_and_level(rate, wanted):
    frequency = 0.3 * min(rate, wanted)
    for samples in (1, 2, 999, rate):
        resampled = resample(np.ones(samples, np.float32), rate, wanted)
        assert resampled.dtype == np.float32 and len(resampled) == -(-samples * wanted // rate)
    resampled = resample(sine(frequency, rate).astype(np.float32), rate, wanted)
    middle = slice(wanted // 10, -wanted // 10)
    assert error(resampled[middle], sine(frequency, wanted)[middle]) < 1e-3
    # A click in the last tenth stays where it was, to the sample.
    click = np.zeros(rate, np.float32)
    click[int(0.95 * rate)] = 1
    assert abs(np.abs(resample(click, rate, wanted)).argmax() - int(0.95 * rate) * wanted / rate) <= 0.5


def test_resampling_agrees_with_another_implementation():
    # Noise in the passband of all: below half the lower Nyquist frequency.
    lowpass = scipy.signal.firwin(1001, 4000, fs=44100)
    noise = np.convolve(np.random.default_rng(0).normal(size=44100), lowpass, "same").astype(np.float32)
    expected = scipy.signal.resample_poly(noise, 160, 441, window=("kaiser", 12.0))
    resampled = resample(noise, 44100, 16000)
    assert len(resampled) == len(expected)
    assert error(resampled[500:-500], expected[500:-500]) < 2e-3


def test_resampling_does_not_alias():
    # 10 and 14 kHz have no place at 16 kHz.
    for frequency in (10000, 14000):
        resampled = resample(sine(frequency, 44100).astype(np.float32), 44100, 16000)
        assert np.abs(resampled[500:-500]).max() < 1e-3


def test_resampling_to_the_same_rate_changes_nothing():
    waveform = np.ones(5, np.float32)
    assert resample(waveform, 8000, 8000) is waveform


def test_written_files_read_back(tmp_path):
    values = np.arange(-32768, 32768).astype(np.int16)
    write(tmp_path / "all.wav", values, 22050)
    raw = (tmp_path / "all.wav").read_bytes()
    waveform, rate = read(raw)
    assert rate == 22050
    np.testing.assert_array_equal(waveform[:, 0] * 32768, values)
    # What was read is written as it was; all else is rounded, and clipped rather than wrapped.
    stream = io.BytesIO()
    write(stream, waveform[:, 0], 22050)
    assert stream.getvalue() == raw
    write(tmp_path / "rounded.wav", tf.constant([0.4, 0.6, -0.4, -0.6, 40000.0, -40000.0]) / 32768, 8000)
    rounded, _ = read((tmp_path / "rounded.wav").read_bytes())
    np.testing.assert_array_equal(rounded[:, 0] * 32768, [0, 1, 0, -1, 32767, -32768])


needs_tensorflow_io = pytest.mark.skipif(
    backend() != "tensorflow-io", reason="tensorflow-io's native library does not load with this TensorFlow"
)


@needs_tensorflow_io
@pytest.mark.parametrize("kind, encoding", [*LOSSLESS, *LOSSY])
@pytest.mark.parametrize("channels", [1, 2])
def test_both_libraries_read_the_same(kind, encoding, channels, without_tensorflow_io):
    noise = np.random.default_rng(0).normal(0, 0.01, (22050, channels))
    raw = file(stereo(22050)[:, :channels] + noise, 22050, kind, encoding)
    waveform, rate = read(raw)
    expected, expected_rate = without_tensorflow_io(read, raw)
    assert rate == expected_rate
    np.testing.assert_allclose(waveform, expected, rtol=0, atol=1e-5 if (kind, encoding) in LOSSY else 0)


@needs_tensorflow_io
@pytest.mark.parametrize(
    "kind, encoding, decoder",
    [
        ("WAV", "PCM_16", "decode_wav"),
        ("FLAC", "PCM_16", "decode_flac"),
        ("OGG", "VORBIS", "decode_vorbis"),
        ("MP3", "MPEG_LAYER_III", "decode_mp3"),
    ],
)
def test_plain_files_are_tensorflow_ios_to_decode(kind, encoding, decoder, monkeypatch):
    audio = recordings._tensorflow_io()
    calls = []
    decode = getattr(audio, decoder)
    monkeypatch.setattr(audio, decoder, lambda *args: calls.append(args) or decode(*args))
    read(file(stereo(16000), 16000, kind, encoding))
    assert len(calls) == 1


@needs_tensorflow_io
@pytest.mark.parametrize("rate, wanted", RATES)
def test_both_libraries_resample_alike(rate, wanted, without_tensorflow_io):
    lowest = min(rate, wanted)
    # Three quarters of the lower Nyquist frequency.
    lowpass = scipy.signal.firwin(2001, 0.35 * lowest, width=0.02 * lowest, fs=rate)
    noise = np.convolve(np.random.default_rng(0).normal(size=rate), lowpass, "same").astype(np.float32)
    resampled, expected = resample(noise, rate, wanted), without_tensorflow_io(resample, noise, rate, wanted)
    assert len(resampled) == len(expected)
    assert error(resampled, expected) < 1e-3


@needs_tensorflow_io
@pytest.mark.parametrize("kind, encoding", [("WAV", "PCM_24"), ("FLAC", "PCM_16"), *LOSSY])
@pytest.mark.parametrize("rate", [16000, 44100])
def test_both_libraries_pack_the_same(kind, encoding, rate, without_tensorflow_io):
    media = Audio(16384, 16000)
    noise = np.convolve(
        np.random.default_rng(0).normal(size=rate), scipy.signal.firwin(501, 4000, fs=rate), "same"
    )
    raw = file(stereo(rate) / 4 + noise[:, np.newaxis] / 20, rate, kind, encoding)
    packed, expected = (
        np.float64(pack(media.pack, raw)) for pack in (lambda f, x: f(x), without_tensorflow_io)
    )
    if rate == 16000 and (kind, encoding) not in LOSSY:
        np.testing.assert_array_equal(packed, expected)
    assert error(packed, expected) < 1e-3
