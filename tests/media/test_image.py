import io

import keras
import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.media import pillow
from keras_gen.media.image import Image
from keras_gen.media.pillow import to_uint8


def file(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def smooth(height, width, channels=3, seed=0):
    """A photograph-like image: random, but without detail below a few pixels; alpha hides a part of it."""
    coarse = np.random.default_rng(seed).integers(0, 256, (2, 6, 6, 3), dtype=np.uint8)
    colors, alpha = (
        np.asarray(PIL.Image.fromarray(part).resize((width, height), PIL.Image.Resampling.BICUBIC))
        for part in coarse
    )
    return np.concatenate([colors, alpha], axis=-1)[..., :channels]


def seen(images):
    """Colors times alpha, and alpha: what an image with alpha looks like."""
    images = images.astype(int)
    return np.concatenate([images[..., :3] * images[..., 3:] // 255, images[..., 3:]], axis=-1)


def test_round_trip_is_exact_for_every_value():
    values = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    media = Image(16, 16, 1)
    model = media.to_model(values)
    assert keras.backend.standardize_dtype(model.dtype) == "float32"
    np.testing.assert_allclose(model, values / 127.5 - 1, atol=1e-6)
    np.testing.assert_array_equal(media.to_raw(model), values)


@pytest.mark.parametrize("floatx", ["float16", "bfloat16", "float64"])
def test_model_form_is_float32_whatever_floatx_is(floatx):
    values = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    media = Image(16, 16, 1)
    before = keras.config.floatx()
    keras.config.set_floatx(floatx)
    try:
        model = tf.function(media.to_model)(values)
        assert keras.backend.standardize_dtype(model.dtype) == "float32"
        np.testing.assert_array_equal(media.to_raw(model), values)
    finally:
        keras.config.set_floatx(before)


def test_to_raw_clips_and_rounds_to_the_nearest():
    model = tf.constant([-3.0, -1.0, 0.3 / 127.5 - 1, 0.7 / 127.5 - 1, 1.0, 9.0])
    np.testing.assert_array_equal(Image(1, 6, 1).to_raw(model), [0, 0, 0, 1, 255, 255])


def test_an_image_that_fits_is_kept_as_it_is():
    image = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    np.testing.assert_array_equal(Image(16, 24, 3).pack(image), image)
    np.testing.assert_array_equal(Image(16, 24, 3).pack(file(PIL.Image.fromarray(image))), image)
    np.testing.assert_array_equal(Image(16, 24, 3).pack_in_graph(image[None])[0], image)
    np.testing.assert_array_equal(Image(16, 24, 1).pack(image[..., :1]), image[..., :1])


def test_types_scale_to_eight_bits():
    wide = np.arange(65536, dtype=np.uint16)
    np.testing.assert_array_equal(to_uint8(wide), np.rint(wide / 257))
    np.testing.assert_array_equal(to_uint8(np.array([False, True])), [0, 255])
    np.testing.assert_array_equal(to_uint8(np.array([0, 0.4 / 255, 0.6 / 255, 1])), [0, 0, 1, 255])


def test_sixteen_bit_files_are_scaled_and_not_clipped():
    values = np.array([[0, 257, 1000, 32896], [40000, 50000, 65000, 65535]], np.uint16)
    for kind in ("PNG", "TIFF"):
        packed = Image(2, 4, 1).pack(file(PIL.Image.fromarray(values), kind))
        np.testing.assert_array_equal(packed[..., 0], [[0, 1, 4, 128], [156, 195, 253, 255]])
    # A 16-bit PGM opens in Pillow's 32-bit mode.
    pgm = b"P5 4 2 65535 " + values.astype(">u2").tobytes()
    np.testing.assert_array_equal(Image(2, 4, 3).pack(pgm)[..., 2], [[0, 1, 4, 128], [156, 195, 253, 255]])


def test_gray_files_and_arrays_fill_three_channels_and_color_becomes_luma():
    gray = np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)
    for raw in (gray, gray[..., None], file(PIL.Image.fromarray(gray))):
        np.testing.assert_array_equal(Image(8, 8, 3).pack(raw), np.repeat(gray[..., None], 3, axis=2))
    color = np.full((8, 8, 3), (200, 100, 50), np.uint8)
    assert (Image(8, 8, 1).pack(color) == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)).all()


def test_transparency_is_laid_over_white():
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0, :, 0] = 200
    rgba[0, :, 3] = 0, 51, 255
    expected = [[[255, 255, 255], [244, 204, 204], [200, 0, 0]]]
    for raw in (rgba, file(PIL.Image.fromarray(rgba))):
        np.testing.assert_allclose(Image(1, 3, 3).pack(raw), expected, atol=1)
    la = PIL.Image.fromarray(np.array([[[0, 0], [0, 255]]], np.uint8), "LA")
    np.testing.assert_array_equal(Image(1, 2, 1).pack(file(la)), [[[255], [0]]])
    palette = PIL.Image.fromarray(np.array([[0, 1, 2]], np.uint8), "P")
    palette.putpalette([9, 9, 9, 10, 20, 30, 40, 50, 60])
    packed = Image(1, 3, 3).pack(file(palette, transparency=0))
    np.testing.assert_array_equal(packed, [[[255, 255, 255], [10, 20, 30], [40, 50, 60]]])


def test_transparency_is_laid_over_a_background_or_kept():
    rgba = np.array([[[200, 0, 0, 0], [200, 0, 0, 51], [200, 0, 0, 255]]], np.uint8)
    for raw in (rgba, file(PIL.Image.fromarray(rgba)), PIL.Image.fromarray(rgba)):
        over = Image(1, 3, 3, background=(0, 100, 255)).pack(raw)
        np.testing.assert_allclose(over, [[[0, 100, 255], [40, 80, 204], [200, 0, 0]]], atol=1)
        kept = Image(1, 3, 4, background="blue").pack(raw)  # what is not seen has the color of the background
        np.testing.assert_array_equal(kept, [[[0, 0, 255, 0], [200, 0, 0, 51], [200, 0, 0, 255]]])
    gray = Image(1, 1, 1, background="#ff8000")
    assert gray.pack(rgba[:, :1]) == round(0.299 * 255 + 0.587 * 128)
    np.testing.assert_array_equal(Image(1, 1, 4).pack(np.full((1, 1, 3), 9, np.uint8)), [[[9, 9, 9, 255]]])
    for packed in (np.zeros((1, 1, 1, 4), np.uint8), Image(1, 1, 4).pack_in_graph(rgba[None, :, :1])):
        media = Image(1, 1, 4)
        np.testing.assert_array_equal(media.to_raw(media.to_model(packed)), packed)


def test_resizing_mixes_no_hidden_color_into_what_is_seen():
    sprite = np.zeros((64, 64, 4), np.uint8)
    sprite[..., 1] = 255  # green, where nothing is seen
    disc = np.hypot(*(np.mgrid[:64, :64] - 31.5)) < 20
    sprite[disc] = 255, 0, 0, 255
    media = Image(24, 24, 4, background="blue")
    for packed in (media.pack(sprite), media.pack_in_graph(sprite[None]).numpy()[0]):
        edge = (packed[..., 3] > 8) & (packed[..., 3] < 250)
        assert edge.sum() > 20 and (packed[packed[..., 3] > 0][:, 1:3] == 0).all()
        assert (packed[edge][:, 0] > 250).all() and (packed[packed[..., 3] == 0] == [0, 0, 255, 0]).all()


def animation(kind, frames=3):
    """The bytes of a file of several frames of growing brightness."""
    images = [PIL.Image.new("RGB", (8, 6), (60 * i, 0, 0)) for i in range(frames)]
    options = {"lossless": True} if kind == "WEBP" else {}
    return file(images[0], kind, save_all=True, append_images=images[1:], **options)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_or_all_of_them(kind, monkeypatch):
    media, raw = Image(6, 8, 3), animation(kind)
    frames = media.pack_frames(raw)
    np.testing.assert_array_equal(frames, [np.full((6, 8, 3), (60 * i, 0, 0)) for i in range(3)])
    np.testing.assert_array_equal(media.pack(raw), frames[0])
    still = file(PIL.Image.new("RGB", (8, 6)), kind)
    assert pillow.is_animated(raw) and not pillow.is_animated(still) and not pillow.is_animated(raw[:20])
    assert media.pack_frames(still).shape == (1, 6, 8, 3)
    with pytest.raises(InputError, match="could not be read"):
        media.pack_frames(raw[: len(raw) // 2])
    for limit, most in (("MOST_FRAMES", 2), ("MOST_FRAME_PIXELS", 6 * 8 * 3 - 1)):
        with monkeypatch.context() as patch, pytest.raises(InputError, match="its frames are more than"):
            patch.setattr(pillow, limit, most)
            media.pack_frames(raw)


def test_cmyk_and_black_and_white_files():
    cmyk = PIL.Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    np.testing.assert_allclose(Image(8, 8, 3).pack(file(cmyk, "JPEG"))[4, 4], [255, 0, 0], atol=3)
    bits = PIL.Image.fromarray(np.array([[True, False]]))
    np.testing.assert_array_equal(Image(1, 2, 1).pack(file(bits)), [[[255], [0]]])


def test_exif_orientation_is_applied():
    upright = np.zeros((32, 16, 3), np.uint8)
    upright[:8] = 255  # white on top
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # stored lying: turn by 90 degrees clockwise to see it upright
    lying = PIL.Image.fromarray(np.rot90(upright, 1))
    packed = Image(32, 16, 1).pack(file(lying, "JPEG", exif=exif, quality=95))
    assert packed[:6].min() > 240 and packed[10:].max() < 15


def test_the_center_is_cropped():
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 200
    np.testing.assert_array_equal(Image(10, 10, 3).pack(wide), np.full((10, 10, 3), 200))
    np.testing.assert_array_equal(Image(10, 10, 3).pack_in_graph(wide[None])[0], np.full((10, 10, 3), 200))
    tall = wide.transpose(1, 0, 2)
    np.testing.assert_array_equal(Image(10, 10, 3).pack(tall), np.full((10, 10, 3), 200))


def test_resizing_does_not_alias():
    # Stripes finer than the new pixels must average out to gray.
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))
    inner = Image(16, 16, 1).pack(stripes)[2:-2, 2:-2]
    np.testing.assert_allclose(inner, 127.5, atol=3)
    inner = Image(16, 16, 1).pack_in_graph(stripes[None, ..., None])[0, 2:-2, 2:-2]
    np.testing.assert_allclose(inner, 127.5, atol=3)


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_packing_in_graph_agrees_with_the_host(channels, fit):
    media = Image(32, 24, channels, fit, background="#ff8000")
    pack = tf.function(media.pack_in_graph, input_signature=[media.raw_spec])
    for height, width in [(64, 64), (100, 37), (45, 131), (20, 24), (200, 300), (1, 50), (32, 24)]:
        images = np.stack([smooth(height, width, channels, seed) for seed in range(3)])
        packed = pack(images).numpy()
        assert packed.dtype == np.uint8 and packed.shape == (3, 32, 24, channels)
        expected = np.stack([media.pack(image) for image in images])
        if channels == 4:
            hidden = (packed[..., 3] == 0) & (expected[..., 3] == 0)
            assert (packed[hidden] == expected[hidden]).all()
            packed, expected = seen(packed), seen(expected)
        difference = np.abs(packed.astype(int) - expected)
        # Pillow rounds colors times alpha, too.
        assert np.quantile(difference, 0.998 if channels == 4 else 1) <= 2 and difference.max() <= 8


def test_each_fit_takes_what_it_says():
    """An image of three squares side by side, in a place that is 12 pixels high and wide."""
    squares = np.repeat([[[200, 0, 0], [0, 200, 0], [0, 0, 200]]], 10, axis=1).repeat(10, axis=0)
    squares = np.concatenate([squares, np.full((10, 30, 1), 255)], axis=-1).astype(np.uint8)
    for channels, outside in ((1, [151]), (3, [255, 128, 0]), (4, [255, 128, 0, 0])):
        raw = squares if channels == 4 else squares[..., :3]
        packed = {
            fit: Image(12, 12, channels, fit, "#ff8000").pack(raw) for fit in ("crop", "pad", "stretch")
        }
        middle = Image(1, 1, channels).pack(raw[:, 10:20])[0, 0]
        inner = packed["crop"][:, 3:-3]  # the filter reaches over the edge
        np.testing.assert_array_equal(inner, np.broadcast_to(middle, inner.shape))
        # Of 30 x 10 pixels 12 x 4 are left.
        np.testing.assert_array_equal(
            packed["pad"][[0, 3, 8, 11]], np.broadcast_to(outside, (4, 12, channels))
        )
        np.testing.assert_array_equal(packed["pad"][4:8], Image(4, 12, channels).pack(raw))
        whole = PIL.Image.fromarray(raw).convert({1: "L", 3: "RGB", 4: "RGBA"}[channels])
        stretched = whole.resize((12, 12), PIL.Image.Resampling.LANCZOS)
        np.testing.assert_array_equal(packed["stretch"], Image(12, 12, channels).pack(stretched))
        tall = Image(12, 12, channels, "pad", "#ff8000").pack(raw.transpose(1, 0, 2))
        np.testing.assert_array_equal(tall, packed["pad"].transpose(1, 0, 2))


def test_a_line_is_padded_to_a_line():
    media = Image(8, 8, 1, "pad", "black")
    line = np.full((1, 5000), 200, np.uint8)
    for packed in (media.pack(line), media.pack_in_graph(line[None, ..., None]).numpy()[0]):
        assert (packed[3] == 200).all() and packed.sum() == 8 * 200


def test_large_jpegs_decoded_at_a_fraction_look_the_same():
    image = smooth(800, 1000)
    packed = Image(32, 32, 3).pack(file(PIL.Image.fromarray(image), "JPEG", quality=95))
    np.testing.assert_allclose(packed.astype(int), Image(32, 32, 3).pack(image).astype(int), atol=6)


def test_unreadable_bytes_are_input_errors(monkeypatch):
    good = file(PIL.Image.fromarray(smooth(64, 64)), "JPEG")
    for raw in (b"", b"this is no image", good[: len(good) // 2]):
        with pytest.raises(InputError, match="could not be read"):
            Image(16, 16, 3).pack(raw)
    # Over the limit, though below the twofold of it at which Pillow itself refuses.
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 64 * 64 - 1)
    with pytest.warns(PIL.Image.DecompressionBombWarning), pytest.raises(InputError, match="64 x 64 pixels"):
        Image(16, 16, 3).pack(good)
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 64)
    with pytest.raises(InputError, match="could not be read"):
        Image(16, 16, 3).pack(good)


@pytest.mark.parametrize(
    "raw, message",
    [
        (np.zeros((4, 4), np.int64), "int64"),
        (np.full((4, 4), 1.5), "range from 1.5 to 1.5"),
        (np.full((4, 4), np.nan), "nan"),
        (np.zeros((4, 4, 2), np.uint8), r"\(4, 4, 2\)"),
        (np.zeros((4,), np.uint8), r"\(4,\)"),
        (np.zeros((0, 4), np.uint8), r"\(0, 4\)"),
        ("cat.png", "type"),
    ],
)
def test_arrays_that_are_no_image_are_input_errors(raw, message):
    with pytest.raises(InputError, match=message):
        Image(8, 8, 1).pack(raw)


@pytest.mark.parametrize("shape", [(0, 8, 3), (8, -1, 3), (8, 8.0, 3), (8, 8, 2), (8, 8, 5), (8, 8, None)])
def test_impossible_sizes_are_input_errors(shape):
    with pytest.raises(InputError):
        Image(*shape)


def test_grid_places_every_image_and_enlarges_small_ones():
    media = Image(8, 8, 1)
    images = np.broadcast_to(np.arange(7, dtype=np.uint8).reshape(7, 1, 1, 1), (7, 8, 8, 1))
    sheet = media.grid(images)
    # Seven images of 8 x 64 pixels are 3 rows of 3, with a gap of 2 around each.
    assert sheet.shape == (3 * 64 + 4 * 2, 3 * 64 + 4 * 2, 1) and sheet.dtype == np.uint8
    for i in range(7):
        top, left = 2 + i // 3 * 66, 2 + i % 3 * 66
        assert (sheet[top : top + 64, left : left + 64] == i).all()
        assert (sheet[top - 1] == 255).all()
    assert (sheet[2 + 2 * 66 :, 2 + 66 :] == 255).all()
    assert media.grid(images, rows=1).shape == (64 + 4, 7 * 66 + 2, 1)
    np.testing.assert_array_equal(media.show(images, rows=1), media.grid(images, rows=1)[..., 0])
    assert media.grid(np.zeros((80, 8, 8, 1), np.uint8)).shape == (8 * 66 + 2, 10 * 66 + 2, 1)
    assert Image(80, 100, 3).grid(np.zeros((2, 80, 100, 3), np.uint8)).shape == (84, 206, 3)
    for rows in (0, 8):
        with pytest.raises(InputError, match="rows"):
            media.grid(images, rows=rows)
    with pytest.raises(InputError, match="no image"):
        media.grid(images[:0])


def test_a_grid_lays_what_is_transparent_over_a_checkerboard():
    media = Image(64, 64, 4)
    images = np.zeros((1, 64, 64, 4), np.uint8)
    images[:, 32:] = 100, 150, 200, 255
    images[:, :8, :8, 3] = 51
    sheet = media.grid(images)[2:-2, 2:-2]
    assert sheet.shape == (64, 64, 3) and (sheet[32:] == [100, 150, 200]).all()
    assert (
        (sheet[:8, :8] == 204).all() and (sheet[:8, 8:16] == 204).all() and (sheet[8:16, 8:16] == 255).all()
    )
    assert (sheet[8:16, :8] == 204).all() and media.show(images).mode == "RGB"


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_saved_images_read_back_exactly(tmp_path, channels):
    image = np.random.default_rng(0).integers(1, 256, (12, 9, channels), dtype=np.uint8)
    Image(12, 9, channels).save(tf.constant(image), tmp_path / "image.png")
    assert PIL.Image.open(tmp_path / "image.png").format == "PNG"
    np.testing.assert_array_equal(Image(12, 9, channels).pack((tmp_path / "image.png").read_bytes()), image)


def test_serialization_and_equality():
    media = Image(16, 24, 3)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(media))
    assert again == media and hash(again) == hash(media) and again.shape == (16, 24, 3)
    assert media != Image(24, 16, 3) and media != (16, 24, 3)
    assert repr(media) == "Image(height=16, width=24, channels=3)"  # as before there were fits
    padded = Image(16, 24, 4, "pad", "Navy")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(padded))
    assert again == padded and again.background == "#000080" and again != Image(16, 24, 4, "pad")
    assert Image(8, 8, 3, background="#fff") == Image(8, 8, 3, background=[255] * 3) == Image(8, 8, 3)
    for background in ("nocolor", "#ff000080", (1, 2), (256, 0, 0), (0.5, 0, 0), None):
        with pytest.raises(InputError, match="background must be an opaque color"):
            Image(8, 8, 3, background=background)
    with pytest.raises(InputError, match="did you mean 'pad'"):
        Image(8, 8, 3, fit="padd")
