import base64
import io
import os
import re
import time
import zipfile
from pathlib import Path

import keras
import librosa
import numpy as np
import PIL.Image
import pytest
import scipy.signal
import soundfile
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.media import Audio
from keras_gen.media.cleaning import chunks, clean, fit, to_int16
from keras_gen.media.griffin_lim import Transform
from keras_gen.media.recordings import read

DATA = os.environ.get("KERAS_GEN_DATA")
SMALL = {"samples": 4096, "rate": 8000, "mels": 40, "window": 256, "hop": 64, "fft_length": 512}
# Window, hop and length of the transform: powers of two; a padded transform; the longest hop; none divides
# another; odd.
TRANSFORMS = [(256, 64, 256), (200, 50, 256), (256, 128, 512), (250, 77, 300), (255, 100, 301)]


@pytest.fixture(scope="module")
def media():
    """Of few iterations, where it does not matter how good they get."""
    return Audio(**SMALL, iterations=3)


def sine(frequency, samples=4096, rate=8000, peak=0.5):
    return (peak * np.sin(2 * np.pi * frequency * np.arange(samples) / rate)).astype(np.float32)


def noise(*shape, peak=0.5, seed=0):
    return np.random.default_rng(seed).uniform(-peak, peak, shape).astype(np.float32)


def voice():
    """Four different recordings: a chord that swells, a sweep, noise, and silence but for a click."""
    rise = np.linspace(0, 1, 4096, dtype=np.float32)
    chord = (sine(220) + sine(700) + sine(1900)) / 3
    sweep = scipy.signal.chirp(np.arange(4096) / 8000, 200, 0.5, 3500).astype(np.float32)
    click = np.where(np.arange(4096) == 2048, np.float32(0.9), np.float32(0))
    return np.stack([chord * rise, 0.5 * sweep, noise(4096), click])


def mel(frequency):
    return 2595 * np.log10(1 + frequency / 700)


def bands(num, rate, fft_length):
    """Edges and centers of the bands on HTK's mel scale, and what share of each bin lies in each band."""
    edges = np.linspace(0, mel(rate / 2), num + 2)
    below, center, above = edges[:-2], edges[1:-1], edges[2:]
    bins = mel(np.arange(fft_length // 2 + 1) * rate / fft_length)[:, None]
    shares = np.minimum((bins - below) / (center - below), (above - bins) / (above - center))
    return center, np.maximum(0, shares)


# The model form.


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, SMALL, {"samples": 5000, "window": 500, "hop": 125, "mels": 30}])
def test_log_mels_are_those_of_another_implementation(settings):
    media = Audio(**settings)
    sizes = media.get_config()
    window, hop, fft_length = sizes["window"], sizes["hop"], sizes["fft_length"]
    waveforms = noise(2, media.samples) * np.array([[1.0], [1e-4]], np.float32)
    # Half a window's overlap of silence at each end; librosa's frames, moreover, are as long as the
    # transform.
    before, aside = (window - hop) // 2, (fft_length - window) // 2
    after = window - hop - before
    padded = np.pad(waveforms, [(0, 0), (before + aside, after + fft_length - window - aside)])
    spectra = librosa.stft(padded, n_fft=fft_length, hop_length=hop, win_length=window, center=False)
    magnitudes = np.abs(spectra).transpose(0, 2, 1) / (scipy.signal.get_window("hann", window).sum() / 2)
    _, shares = bands(media.mels, media.rate, fft_length)
    expected = np.log(np.maximum(magnitudes @ shares, 1e-5))
    log_mel = media.log_mel(waveforms)
    assert log_mel.shape == (2, *media.model_shape) == (2, media.samples // hop, media.mels)
    np.testing.assert_allclose(log_mel, expected, atol=1e-3)
    # librosa's triangles are straight over Hz instead, which over the width of a band is almost the same.
    others = librosa.filters.mel(sr=media.rate, n_fft=fft_length, n_mels=media.mels, htk=True, norm=None).T
    assert np.abs(others - shares).max() < 0.02


@pytest.mark.parametrize("settings", [{}, SMALL], ids=["default", "small"])
def test_a_sine_at_full_scale_is_about_one_in_its_band_and_silence_minus_one(settings):
    media = Audio(**settings)
    centers, _ = bands(media.mels, media.rate, media.get_config()["fft_length"])
    frequencies = media.rate * np.array([0.06, 0.12, 0.25, 0.4])
    waveforms = np.stack([sine(frequency, media.samples, media.rate, 1.0) for frequency in frequencies])
    model = media.to_model(waveforms).numpy()[:, 10:-10]
    nearest = np.abs(mel(frequencies)[:, None] - centers).argmin(axis=1)
    assert (model.argmax(axis=2) == nearest[:, None]).all()
    # Halfway between two bands it is a little less; where a band is wider than what a sine leaks into, more.
    assert (np.abs(model.max(axis=2) - 1) < 0.25).all()
    silent = media.to_model(np.zeros((1, media.samples), np.int16))
    np.testing.assert_allclose(silent, np.full((1, *media.model_shape), -1.0), rtol=0, atol=5e-7)


def test_the_model_form_of_a_packed_recording_is_that_of_its_waveform(media):
    packed = to_int16(voice())
    model = media.to_model(packed)
    assert model.shape == (4, *media.model_shape) and model.dtype == tf.float32
    np.testing.assert_allclose(model, media.to_model(media.unpack(packed)), atol=1e-6)
    # And in graph, where the size of the batch is not known.
    in_graph = tf.function(media.to_model, input_signature=[tf.TensorSpec((None, 4096), tf.int16)])
    np.testing.assert_allclose(in_graph(packed), model, atol=1e-5)


@pytest.mark.parametrize("floatx", ["float16", "bfloat16", "float64"])
def test_model_form_and_waveforms_are_float32_whatever_floatx_is(media, floatx):
    before = keras.config.floatx()
    keras.config.set_floatx(floatx)
    try:
        model = media.to_model(voice())
        assert keras.backend.standardize_dtype(model.dtype) == "float32"
        assert media.to_raw(model).dtype == tf.float32
    finally:
        keras.config.set_floatx(before)


# Transforms, and the way back.


@pytest.mark.parametrize("window, hop, fft_length", TRANSFORMS)
def test_the_transform_comes_back_exactly(window, hop, fft_length):
    transform = Transform(window, hop, fft_length)
    waveforms = noise(2, 20 * hop)
    spectra = transform.forward(waveforms)
    assert spectra.shape == (2, 20, fft_length // 2 + 1)
    np.testing.assert_allclose(transform.inverse(spectra), waveforms, atol=1e-5)


@pytest.mark.parametrize("window, hop, fft_length", TRANSFORMS)
def test_the_inverse_is_the_nearest_waveform_in_squares(window, hop, fft_length):
    transform = Transform(window, hop, fft_length)
    wanted = tf.complex(noise(1, 9, transform.bins), noise(1, 9, transform.bins, seed=1))
    missed = wanted - transform.forward(transform.inverse(wanted))
    # All but the first bin, and the last of an even transform, stand for two of the whole spectrum.
    counts = np.full(transform.bins, 2.0)
    counts[[0] if fft_length % 2 else [0, -1]] = 1.0
    # What is missed is orthogonal to the spectra of all waveforms.
    others = transform.forward(noise(50, 9 * hop, seed=2)).numpy()
    products = (np.conj(others) * missed.numpy()).real @ counts
    lengths = np.sqrt((np.abs(others) ** 2 @ counts).sum(axis=1) * (np.abs(missed) ** 2 @ counts).sum())
    assert np.abs(products.sum(axis=1) / lengths).max() < 1e-5


def test_waveforms_are_a_function_of_their_model_form_alone(media):
    model = media.to_model(voice())
    waveforms = media.to_raw(model)
    assert waveforms.shape == (4, 4096) and waveforms.dtype == tf.float32
    keras.utils.set_random_seed(1)
    np.testing.assert_array_equal(media.to_raw(model), waveforms)
    np.testing.assert_array_equal(Audio.from_config(media.get_config()).to_raw(model), waveforms)
    # Rounding differs with the size of a batch.
    np.testing.assert_allclose(media.to_raw(model[1:2])[0], waveforms[1], atol=1e-3)
    in_graph = tf.function(media.to_raw, input_signature=[tf.TensorSpec((None, *media.model_shape))])
    np.testing.assert_allclose(in_graph(model), waveforms, atol=1e-3)
    np.testing.assert_allclose(in_graph(model[:1])[0], waveforms[0], atol=1e-3)


def test_sines_come_back_at_their_frequency_and_level():
    media = Audio(**SMALL)
    frequencies, peaks = np.repeat([300, 440, 1000, 2000], 2), np.tile([0.5, 0.01], 4)
    sines = np.stack([sine(frequency, peak=peak) for frequency, peak in zip(frequencies, peaks, strict=True)])
    waveforms = media.to_raw(media.to_model(sines)).numpy()
    # A band is wider than that; it is how two share a sine that tells its place.
    found = np.abs(np.fft.rfft(waveforms * np.hanning(4096))).argmax(axis=1) * 8000 / 4096
    np.testing.assert_allclose(found, frequencies, rtol=0.02)
    levels = np.sqrt(np.mean(waveforms**2, axis=1) / np.mean(sines**2, axis=1))
    np.testing.assert_allclose(20 * np.log10(levels), 0, atol=0.75)


def test_frequencies_that_the_last_band_covers_in_part_are_not_lost():
    media = Audio(**SMALL)
    waveforms = noise(4, 4096)
    high = [
        np.abs(np.fft.rfft(some)[:, -51:]) for some in (waveforms, media.to_raw(media.to_model(waveforms)))
    ]
    # Half in a band that the lower half can fill, they do fade a little.
    assert 20 * np.log10(np.linalg.norm(high[1]) / np.linalg.norm(high[0])) > -10


def test_silence_stays_silent_and_a_network_carried_away_does_not_overflow(media):
    ones = np.ones((1, *media.model_shape), np.float32)
    assert np.abs(media.to_raw(-ones)).max() < 1e-3
    np.testing.assert_array_equal(media.to_raw(-1e6 * ones), media.to_raw(-ones))
    loud = media.to_raw(1e6 * ones)
    assert np.isfinite(loud).all() and np.abs(loud).max() == 1.0


def log_mel_error(waveforms, others, log_mel):
    return np.mean(np.abs(log_mel(waveforms) - log_mel(others)))


@pytest.mark.slow
@pytest.mark.skipif(not DATA, reason="KERAS_GEN_DATA is not set to a folder of real data")
def test_speech_comes_back_nearer_than_from_librosa_and_faster_than_it_is_spoken():
    media = Audio(samples=65536, trim=None)
    with zipfile.ZipFile(Path(DATA) / "librispeech_flac.zip") as archive:
        # Of three speakers, and longer than 4.1 s, so that none is padded.
        names = ["1688/1688-142285-0003", "1998/1998-15444-0000", "3080/3080-5032-0009"]
        raws = [archive.read(f"librispeech/{name}.flac") for name in names]
    clips = media.unpack(np.stack([media.pack(raw) for raw in raws]))
    settings = {"sr": 16000, "n_fft": 1024, "hop_length": 256, "power": 1.0, "htk": True, "norm": None}

    def their_log_mel(waveforms):
        magnitudes = librosa.feature.melspectrogram(y=waveforms, n_mels=80, **settings)
        return np.log(np.maximum(magnitudes / 256, 1e-5))

    def their_round_trip(waveform):
        magnitudes = librosa.feature.melspectrogram(y=waveform, n_mels=80, **settings)
        return librosa.feature.inverse.mel_to_audio(magnitudes, n_iter=32, length=65536, **settings)

    model = media.to_model(clips)
    media.to_raw(model[:1])
    # Of both clocks, as other processes slow the one down, other threads the other.
    starts = time.perf_counter(), time.process_time()
    ours = media.to_raw(model).numpy()
    seconds = min(time.perf_counter() - starts[0], time.process_time() - starts[1])
    assert 5 * seconds < clips.size / 16000
    theirs = np.stack([their_round_trip(clip) for clip in clips])
    for log_mel in (lambda waveforms: media.log_mel(waveforms).numpy(), their_log_mel):
        assert log_mel_error(ours, clips, log_mel) < log_mel_error(theirs, clips, log_mel)
    own = log_mel_error(ours, clips, lambda waveforms: media.log_mel(waveforms).numpy())
    assert own < 0.5 * log_mel_error(theirs, clips, their_log_mel)


# Packing.


def file(waveform, rate, kind="WAV"):
    stream = io.BytesIO()
    soundfile.write(stream, waveform, rate, format=kind, subtype="PCM_16")
    return stream.getvalue()


@pytest.mark.parametrize("samples", [3000, 40000], ids=["shorter", "longer"])
@pytest.mark.parametrize("rate", [8000, 11025])
@pytest.mark.parametrize("channels", [None, 1, 2])
def test_what_is_packed_is_cleaned_whatever_it_comes_as(media, samples, rate, channels):
    numbers = to_int16(noise(samples) if channels is None else noise(samples, channels))
    floating = numbers.astype(np.float32) / 32768
    cleaned = clean(floating, rate, 8000)
    expected = to_int16(fit(cleaned, 4096))
    pieces = to_int16(chunks(cleaned, 4096))
    assert expected.shape == (4096,) and pieces.shape == (1 if samples == 3000 else pieces.size // 4096, 4096)
    for raw in (numbers, floating, floating.astype(np.float64)):
        np.testing.assert_array_equal(media.pack(raw, rate), expected)
        np.testing.assert_array_equal(media.pack_chunks(raw, rate), pieces)
        if rate == 8000:
            np.testing.assert_array_equal(media.pack(raw), expected)
    for kind in ("WAV", "FLAC"):
        # A file knows its own rate.
        np.testing.assert_array_equal(media.pack(file(numbers, rate, kind)), expected)
        np.testing.assert_array_equal(media.pack_chunks(file(numbers, rate, kind), 44100), pieces)
    assert media.pack(numbers, rate).dtype == media.pack_chunks(numbers, rate).dtype == np.int16


@pytest.mark.parametrize(
    "raw, message",
    [
        (b"this is a text file" * 100, "could not be read: "),
        (noise(5000) * np.float32("nan"), "is damaged: "),
        (np.zeros((5000, 2), np.int16), "is silent: "),
        (noise(30), "is too short: "),
        (np.zeros(5000, np.int32), "int32 of shape"),
        (noise(5000, 1, 1), "of shape .5000, 1, 1."),
        (np.zeros((5000, 0), np.float32), "of shape .5000, 0."),
        ("voice.wav", "of shape "),
    ],
)
def test_what_is_no_recording_is_an_input_error(media, raw, message):
    for pack in (media.pack, media.pack_chunks):
        with pytest.raises(InputError, match=message):
            pack(raw)
        with pytest.raises(InputError, match="rate must be a whole number of Hz"):
            pack(voice(), rate=0)


@pytest.mark.parametrize("samples", [1000, 4096, 9000])
def test_packing_in_graph_is_packing_of_clean_waveforms(samples):
    media = Audio(**SMALL, trim=None, loudness=None, repair=False)
    waveforms = noise(3, samples, peak=0.85)
    packed = tf.function(media.pack_in_graph, input_signature=[media.raw_spec])(waveforms)
    assert packed.dtype == tf.int16 and packed.shape == (3, 4096)
    np.testing.assert_array_equal(packed, [media.pack(waveform) for waveform in waveforms])
    # Whose scale, as no loudness is set here, shows that of integers too.
    np.testing.assert_array_equal(media.pack(packed[0].numpy()), packed[0])
    extremes = media.pack_in_graph(tf.constant([[0.5 / 32768, 1.0, 3.0, -1.0, -3.0]]))
    np.testing.assert_array_equal(extremes[0, :5], [0, 32767, 32767, -32768, -32768])


def test_unpacked_recordings_pack_to_the_same(media):
    packed = np.arange(-32768, 32768, dtype=np.int16).reshape(16, 4096)
    waveforms = media.unpack(packed)
    assert waveforms.dtype == np.float32 and waveforms.min() == -1
    np.testing.assert_array_equal(media.pack_in_graph(waveforms), packed)
    np.testing.assert_array_equal(media.unpack(waveforms), waveforms)


# Settings.


def test_serialization_and_equality(media):
    changed = Audio(**SMALL, iterations=3, trim=None, loudness=None, shortest=None, repair=False)
    for audio in (media, changed, Audio()):
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(audio))
        assert again == audio and hash(again) == hash(audio) and again.get_config() == audio.get_config()
        np.testing.assert_array_equal(again.to_model(noise(1, audio.samples)).shape[1:], audio.model_shape)
    assert media != tuple(SMALL.values())
    assert Audio(window=1000).get_config()["fft_length"] == 1024
    assert repr(Audio()).startswith(
        "Audio(samples=16384, rate=16000, mels=80, window=1024, hop=256, fft_length=1024"
    )


@pytest.mark.parametrize(
    "name, value, changed",
    [
        ("samples", 2048, {"packed", "model", "raw"}),
        ("rate", 7000, {"packed", "model", "raw"}),
        ("mels", 39, {"model", "raw"}),
        ("window", 250, {"model", "raw"}),
        ("hop", 128, {"model", "raw"}),
        ("fft_length", 600, {"model", "raw"}),
        ("iterations", 4, {"raw"}),
        ("trim", 20.0, {"packed"}),
        ("trim", None, {"packed"}),
        ("loudness", -30.0, {"packed"}),
        ("loudness", None, {"packed"}),
        ("repair", False, {"packed"}),
    ],
)
def test_every_setting_changes_what_it_says_and_nothing_else(media, name, value, changed):
    other = Audio.from_config({**media.get_config(), name: value})
    assert other != media and hash(other) != hash(media) and repr(other) != repr(media)
    recording = noise(5000) * np.repeat(np.array([1e-3, 0.05, 1.0], np.float32), [500, 500, 4000])

    def forms(audio):
        model = audio.to_model(to_int16(fit(recording, audio.samples))[None])
        return {
            "packed": audio.pack(recording, 8000),
            "model": model.numpy(),
            "raw": audio.to_raw(model).numpy(),
        }

    before, after = forms(media), forms(other)
    assert {form for form in before if not np.array_equal(before[form], after[form])} == changed


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"samples": 0}, "samples"),
        ({"rate": 16000.0}, "rate"),
        ({"mels": -1}, "mels"),
        ({"window": 1024.0}, "window"),
        ({"hop": "256"}, "hop"),
        ({"fft_length": 2048.0}, "fft_length"),
        ({"iterations": 0}, "iterations"),
        ({"samples": 16385}, "multiple of hop"),
        ({"samples": 768}, "at least window"),
        ({"hop": 1024}, "hop at most half"),
        ({"fft_length": 1000}, "at most fft_length"),
        ({"mels": 300}, "bands so narrow"),
        ({"trim": -1.0}, "trim must be above 0"),
        ({"trim": float("nan")}, "trim must be above 0"),
        ({"loudness": float("inf")}, "loudness must be above -70 and at most 0"),
        ({"shortest": 0}, "shortest must be above 0"),
        ({"repair": None}, "repair must be True or False"),
    ],
)
def test_impossible_settings_are_input_errors(settings, message):
    with pytest.raises(InputError, match=message):
        Audio(**settings)


def test_what_was_saved_before_there_were_settings_packs_as_it_did():
    new = Audio(**SMALL, trim=None, loudness=None)
    config = {name: value for name, value in new.get_config().items() if name not in ("shortest", "repair")}
    old = Audio.from_config(config)
    assert (old.shortest, old.repair) == (0.05, False)
    stereo = noise(3000, 2) + np.float32(0.1)
    mono = stereo.mean(axis=1)
    np.testing.assert_array_equal(old.pack(stereo), to_int16(fit(mono, old.samples)))
    assert not np.array_equal(new.pack(stereo), old.pack(stereo))
    with pytest.raises(InputError, match="at least 0.05 are needed"):
        old.pack(noise(399))
    assert new.pack(noise(399)).any()


# Looking and listening.


def test_spectrograms_have_time_to_the_right_and_frequency_upwards(media):
    half = np.arange(4096) < 2048
    low, high = sine(200), sine(3500)
    images = media.spectrograms(np.stack([np.where(half, low, 0), np.where(half, 0, high), np.zeros(4096)]))
    assert images.dtype == np.uint8 and images.shape == (3, 40, 64, 3)
    light = images.astype(int).sum(axis=-1)
    row, column = np.unravel_index(light[0].argmax(), (40, 64))
    assert row >= 35 and column < 32
    row, column = np.unravel_index(light[1].argmax(), (40, 64))
    assert row < 5 and column >= 32
    # Silence is the darkest of the colors, and the louder the lighter.
    assert (images[2] == [0, 0, 4]).all()
    levels = np.array([1e-4, 1e-3, 1e-2, 0.1, 1.0], np.float32)[:, None] * low
    assert (np.diff(media.spectrograms(levels).astype(int).sum(axis=(1, 2, 3))) > 0).all()
    np.testing.assert_array_equal(
        media.spectrograms(to_int16(voice())), media.spectrograms(media.unpack(to_int16(voice())))
    )


def test_grid_shows_every_recording_and_refuses_none(media):
    packed = to_int16(voice())
    # Images of 40 x 64 are enlarged to where they can be seen, with a gap around each.
    sheet, images = media.grid(packed, rows=1), media.spectrograms(packed)
    scale = (sheet.shape[0] - 4) // 40
    assert sheet.dtype == np.uint8 and sheet.shape == (40 * scale + 4, 4 * (64 * scale + 2) + 2, 3)
    for i in range(4):
        left = 2 + i * (64 * scale + 2)
        np.testing.assert_array_equal(sheet[2:-2:scale, left : left + 64 * scale : scale], images[i])
    assert media.grid(packed).shape == media.grid(packed, rows=2).shape != sheet.shape
    for rows in (0, 5):
        with pytest.raises(InputError, match="rows"):
            media.grid(packed, rows)
    with pytest.raises(InputError, match="no recording"):
        media.grid(packed[:0])


@pytest.mark.parametrize("num", [3, 20])
def test_notebooks_play_at_most_sixteen(media, num):
    packed = to_int16(noise(num, 4096))
    player = media.show(packed, rows=1)
    html = player._repr_html_()
    assert player._repr_png_().startswith(b"\x89PNG\r\n\x1a\n")
    found = re.findall(r'<(img|audio)\b[^>]*src="data:([a-z/]+);base64,([^"]+)"', html)
    assert [kind for kind, *_ in found] == ["img"] + ["audio"] * min(num, 16)
    assert html.count("<audio") == len(found) - 1 and [mime for _, mime, _ in found[:2]] == [
        "image/png",
        "audio/wav",
    ]
    contents = [base64.b64decode(content, validate=True) for *_, content in found]
    np.testing.assert_array_equal(PIL.Image.open(io.BytesIO(contents[0])), media.grid(packed, rows=1))
    for content, expected in zip(contents[1:], packed, strict=False):
        waveform, rate = read(content)
        assert rate == 8000
        np.testing.assert_array_equal(to_int16(waveform[:, 0]), expected)


def test_saved_recordings_are_wav_files_that_read_back(media, tmp_path):
    packed = to_int16(noise(4096, peak=1.0))
    for example in (packed, media.unpack(packed), tf.constant(packed)):
        media.save(example, tmp_path / f"voice{media.ending}")
        information = soundfile.info(tmp_path / "voice.wav")
        assert (information.format, information.subtype, information.samplerate) == ("WAV", "PCM_16", 8000)
        waveform, _ = read((tmp_path / "voice.wav").read_bytes())
        np.testing.assert_array_equal(to_int16(waveform[:, 0]), packed)


def test_tensorboard_gets_images_and_sounds(media, tmp_path):
    packed = to_int16(noise(20, 4096))
    with tf.summary.create_file_writer(str(tmp_path)).as_default(step=7):
        media.summarize("samples", packed, rows=4)
    found = {}
    for path in tmp_path.iterdir():
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                assert event.step == 7
                found[value.tag, value.metadata.plugin_data.plugin_name] = tf.make_ndarray(value.tensor)
    # The tabs of TensorBoard cannot share a tag.
    assert set(found) == {("samples", "images"), ("samples_audio", "audio")}
    np.testing.assert_array_equal(
        PIL.Image.open(io.BytesIO(found["samples", "images"][2])), media.grid(packed, rows=4)
    )
    sounds = found["samples_audio", "audio"].reshape(16, -1)[:, 0]
    # The first four of each row of five.
    for content, expected in zip(sounds, packed.reshape(4, 5, -1)[:, :4].reshape(16, -1), strict=True):
        waveform, rate = read(content)
        assert rate == 8000
        # TensorFlow's encoder scales by 32767.
        np.testing.assert_allclose(waveform[:, 0], expected / 32768, atol=2e-4)
