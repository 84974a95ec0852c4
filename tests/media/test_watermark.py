import hashlib
import io

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from PIL import Image as PILImage
from sklearn.datasets import load_sample_images

from keras_gen.errors import InputError
from keras_gen.media import Audio, Image, Text, Watermark, marked

KEY, RATE = "a long secret text", 8000


@pytest.fixture(scope="module")
def photos():
    """Eight parts of a photo, uint8 (8, 64, 64, 3)."""
    photo = load_sample_images().images[0]
    return np.stack([photo[y : y + 64, x : x + 64] for y in (128, 64) for x in range(0, 256, 64)])


@pytest.fixture(scope="module")
def voices():
    """Six pieces of speech-like sound of two seconds, float32 (6, 16000)."""
    random = np.random.default_rng(0)
    time = np.arange(2 * RATE) / RATE
    pieces = []
    for _ in range(6):
        pitch = random.uniform(90, 200) * (1 + 0.1 * np.sin(2 * np.pi * random.uniform(1, 3) * time))
        phase = 2 * np.pi * np.cumsum(pitch) / RATE
        tones = sum(np.sin(k * phase) * random.uniform(0.1, 1) / k for k in range(1, 18))
        loud = np.interp(time, np.arange(0, 2.1, 0.1), random.uniform(0.1, 1, 21))
        pieces.append(0.1 * loud * (tones + 0.3 * random.normal(size=len(time))))
    return np.stack(pieces).astype("float32")


def as_jpeg(images, quality=75):
    for image in images:
        file = io.BytesIO()
        PILImage.fromarray(image).save(file, "JPEG", quality=quality)
        yield np.asarray(PILImage.open(file))


def test_images_have_the_mark_of_their_key_alone(photos):
    made = Watermark(KEY).mark(photos)
    assert made.dtype == np.uint8 and made.shape == photos.shape
    assert all(Watermark(KEY).detect(image).is_found(1e-9) for image in made)
    assert not Watermark(KEY).detect(photos).is_found(1e-2)
    assert not any(Watermark(f"{KEY} {number}").detect(made).is_found(1e-3) for number in range(20))
    difference = made.astype(int) - photos
    assert 35 < 10 * np.log10(255**2 / (difference**2).mean()) < 45


def test_images_keep_it_as_jpeg_at_half_the_size_and_cut(photos):
    watermark = Watermark(KEY)
    made = watermark.mark(photos)
    assert sum(watermark.detect(image).is_found() for image in as_jpeg(made)) >= 7
    halves = [np.asarray(PILImage.fromarray(image).resize((32, 32))) for image in made]
    assert watermark.detect(halves).is_found()
    assert all(watermark.detect(image[5:53, 7:55]).is_found() for image in made)
    # Together they are found where they were cut alike, and not where each was cut elsewhere.
    assert watermark.detect([image[5:53, 7:55] for image in made]).is_found(1e-20)


def test_together_small_images_show_what_none_of_them_does():
    digits = np.zeros((60, 28, 28, 1), "uint8")
    random = np.random.default_rng(0)
    for digit in digits:
        row, column = random.integers(2, 16, 2)
        digit[row : row + 10, column : column + 4] = 250
        digit[row : row + 4, column : column + 10] = 200
    watermark = Watermark(KEY)
    noise = random.normal(0, 8, digits.shape)
    made = np.clip(watermark.mark(digits) + noise, 0, 255).astype("uint8")
    assert watermark.detect(made).is_found() and not watermark.detect(digits).is_found(1e-2)
    assert sum(watermark.detect(digit).is_found() for digit in made) < 6
    assert watermark.detect(made).count == 60


def test_alpha_and_what_it_hides_stay(photos):
    alpha = np.full((8, 64, 64, 1), 255, "uint8")
    alpha[:, :20] = 0
    given = np.concatenate([photos, alpha], axis=-1)
    made = Watermark(KEY).mark(given)
    np.testing.assert_array_equal(made[..., 3], given[..., 3])
    np.testing.assert_array_equal(made[:, :20], given[:, :20])
    assert (made[:, 20:] != given[:, 20:]).mean() > 0.2 and Watermark(KEY).detect(made).is_found()


def test_recordings_have_the_mark_of_their_key_alone(voices):
    watermark = Watermark(KEY)
    made = watermark.mark(voices, RATE)
    assert made.dtype == np.float32 and made.shape == voices.shape
    assert watermark.detect(made, RATE).is_found(1e-9)
    assert not watermark.detect(voices, RATE).is_found(1e-2)
    assert not any(Watermark(f"{KEY} {number}").detect(made, RATE).is_found(1e-3) for number in range(20))
    error = 10 * np.log10((voices**2).sum() / ((made - voices) ** 2).sum())
    assert 20 < error < 30
    cut = [piece[1234:] for piece in made]
    assert watermark.detect(cut, RATE).is_found()


def test_recordings_keep_it_as_mp3(voices):
    made, heard = Watermark(KEY).mark(voices, RATE), []
    for piece in made:
        file = io.BytesIO()
        soundfile.write(file, piece, RATE, format="MP3", subtype="MPEG_LAYER_III")
        file.seek(0)
        heard.append(soundfile.read(file)[0])
    assert Watermark(KEY).detect(heard, RATE).is_found()


def test_strength_changes_how_much_is_changed_and_found(photos, voices):
    for media, rate in ((photos, None), (voices, RATE)):
        weak, strong = Watermark(KEY, 0.5), Watermark(KEY, 2)
        errors = [np.square(mark.mark(media, rate) * 1.0 - media).mean() ** 0.5 for mark in (weak, strong)]
        assert 3.3 < errors[1] / errors[0] < 4.8
        scores = [strong.detect(mark.mark(media, rate), rate).score for mark in (weak, strong)]
        assert scores[1] > scores[0] + 1


def test_rows_are_equal_in_any_batch_and_in_graph(photos, voices):
    watermark = Watermark(KEY)
    for media, rate in ((photos, None), (voices, RATE)):
        together = watermark.mark(media, rate)
        for rows in (slice(1), slice(1, 4), slice(1, 6)):
            np.testing.assert_array_equal(watermark.mark(media[rows], rate), together[rows])
        spec = tf.TensorSpec((None, *media.shape[1:]), media.dtype)
        in_graph = tf.function(lambda raw, rate=rate: watermark.mark(raw, rate), input_signature=[spec])
        np.testing.assert_array_equal(in_graph(media), together)
        np.testing.assert_array_equal(in_graph(media[:3]), together[:3])


def test_the_pattern_is_the_same_on_every_machine():
    patterns = [Watermark(KEY)._pattern(plane) for plane in (marked.IMAGES, marked.SOUND)]
    sums = [hashlib.sha256((pattern * 1024).astype("<i4").tobytes()).hexdigest()[:16] for pattern in patterns]
    assert sums == ["27ef8842ad6bec27", "ea191a6693f09190"]
    for pattern in patterns:
        assert abs(pattern.mean()) < 1e-3 and 0.9 < pattern.std() < 1.1


def test_scores_of_other_keys_are_standard_normal(photos, voices):
    """So that probabilities are what they are called, for any media."""
    looked_at = (
        (marked.IMAGES, marked.image_residuals(photos[0])),
        (marked.SOUND, marked.waveform_residuals(voices[0], RATE)),
    )
    for plane, residuals in looked_at:
        folded = np.stack([plane.folded(residual) for residual in residuals])
        scores = np.stack([Watermark(f"{KEY} {n}")._scores(folded, plane)[0, :, 0] for n in range(200)])
        assert abs(scores.std() - 1) < 0.05 and abs(scores.mean()) < 0.05
        assert 0.012 < (scores > 2).mean() < 0.034  # 0.023


def test_silence_and_flat_images_show_nothing():
    for medium, rate in ((np.zeros((8, 8, 1), "uint8"), None), (np.zeros(100, "float32"), RATE)):
        found = Watermark(KEY).detect(medium, rate)
        assert found.probability == 1 and np.isfinite(found.score)
    np.testing.assert_array_equal(
        Watermark(KEY).mark(np.zeros((1, 900), "float32"), RATE), np.zeros((1, 900))
    )


def test_mistakes_are_told_and_the_key_is_not(tmp_path):
    with pytest.raises(InputError, match="key must be a text or bytes of at least 16 characters"):
        Watermark("short")
    for strength in (0, 9, "1", float("nan")):
        with pytest.raises(InputError, match="strength must be a number from 0.1 to 8, not"):
            Watermark(KEY, strength)
    with pytest.raises(InputError, match="none cannot be read: No such file"):
        Watermark.from_file(tmp_path / "none")
    (tmp_path / "key").write_text(f" {KEY}\n")
    assert Watermark.from_file(tmp_path / "key").fingerprint == Watermark(KEY.encode()).fingerprint
    assert KEY not in repr(Watermark(KEY)) + str(Watermark(KEY).told())
    with pytest.raises(InputError, match="into images and recordings, not into sentences: leave it out"):
        Watermark(KEY).mark_examples(["a"], Text(8))
    for media in ([], np.zeros(5), np.zeros((0, 8, 1))):
        with pytest.raises(InputError, match="media must be images"):
            Watermark(KEY).detect(media)
    for mark in (lambda raw: Watermark(KEY).mark_examples(raw, Image(8, 8, 1)), Watermark(KEY).mark):
        with pytest.raises(InputError, match="Images of 8 x 8 pixels are too small for a watermark"):
            mark(np.zeros((1, 8, 8, 1), "uint8"))
    assert Watermark(KEY).mark_examples(np.zeros((1, 2048)), Audio(2048, RATE)).shape == (1, 2048)
