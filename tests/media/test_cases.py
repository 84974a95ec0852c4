"""What strangers bring, and what is right for it: a row for each case."""

import io
import struct
import warnings
import zlib

import numpy as np
import PIL.Image
import pytest
from PIL import TiffImagePlugin

from keras_gen.errors import InputError
from keras_gen.media import Image, Text
from keras_gen.media.pillow import FORMATS, formats


def file(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


# A ramp from black to white, downwards.
GRAY = np.tile(np.arange(0, 256, 17, dtype=np.uint8)[:, None], (1, 16))
RAMP = PIL.Image.fromarray(GRAY).convert("RGB")
IMAGES = {
    mode: RAMP.convert(mode) for mode in ("L", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV", "LA")
}
IMAGES |= {
    "P": RAMP.quantize(16),
    "PA": RAMP.quantize(16).convert("PA"),
    "La": IMAGES["LA"].convert("La"),
    "RGBa": IMAGES["RGBA"].convert("RGBa"),
    "I;16": PIL.Image.fromarray(GRAY.astype(np.uint16) * 257),
    "F": PIL.Image.fromarray(GRAY.astype(np.float32) / 255),
}


@pytest.mark.parametrize("mode", IMAGES)
@pytest.mark.parametrize("channels", [1, 3])
def test_pillow_images_of_every_mode_are_the_ramp_that_they_show(mode, channels):
    image = IMAGES[mode]
    before = image.tobytes()
    packed = Image(16, 16, channels).pack(image)
    np.testing.assert_allclose(packed, np.repeat(GRAY[..., None], channels, axis=2).astype(int), atol=2)
    assert image.mode == mode and image.tobytes() == before


WRITES_WHAT_IT_READS = pytest.mark.skipif(
    int(PIL.__version__.split(".")[0]) < 13, reason="Pillow 12 does not read the YCbCr that it writes"
)


@pytest.mark.parametrize(
    "mode, kind",
    [*((mode, "PNG") for mode in ("L", "RGB", "RGBA", "LA", "P", "I;16"))]
    + [*((mode, "TIFF") for mode in ("LAB", "CMYK", "F", "LA", "I;16", "P"))]
    + [pytest.param("YCbCr", "TIFF", marks=WRITES_WHAT_IT_READS)]
    + [("CMYK", "JPEG"), ("L", "JPEG"), ("P", "GIF"), ("RGBA", "WEBP"), ("RGB", "BMP"), ("L", "PPM")],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_pillow_images_are_packed_as_their_files_are(mode, kind, channels):
    media, raw = Image(16, 16, channels), file(IMAGES[mode], kind)
    packed = media.pack(raw)
    np.testing.assert_array_equal(media.pack(PIL.Image.open(io.BytesIO(raw))), packed)
    np.testing.assert_allclose(packed, np.repeat(GRAY[..., None], channels, axis=2).astype(int), atol=6)


def test_pillow_images_are_turned_upright_and_laid_over_white():
    exif = PIL.Image.Exif()
    exif[0x0112] = 3
    turned = PIL.Image.open(io.BytesIO(file(RAMP.rotate(180), exif=exif)))
    np.testing.assert_array_equal(Image(16, 16, 1).pack(turned)[..., 0], GRAY)
    for image in (IMAGES["RGBA"], IMAGES["LA"]):
        clear = image.copy()
        clear.putalpha(0)
        assert (Image(16, 16, 1).pack(clear) == 255).all()
    key = PIL.Image.open(io.BytesIO(file(IMAGES["P"], transparency=IMAGES["P"].getpixel((0, 0)))))
    assert (Image(16, 16, 1).pack(key)[0] == 255).all() and (Image(16, 16, 1).pack(key)[1] < 40).all()


def tiff(values, **tags):
    numbers = {"bits": 258, "photometric": 262, "highest": 281}
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for name, value in tags.items():
        info[numbers[name]] = value
    return file(PIL.Image.fromarray(values), "TIFF", tiffinfo=info)


DEEP = np.array([[0, 1000], [2000, 4095]], np.uint16)
TWELVE = [[0, 62], [125, 255]]  # of 4095


def chunk(kind, content):
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png(*chunks, size=2, depth=8, color=0, pixels=b"\0\0\0\0\0\0"):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, depth, color, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + b"".join(chunks)
        + chunk(b"IDAT", zlib.compress(pixels))
        + chunk(b"IEND", b"")
    )


KEYED = b"".join(b"\0" + row.astype(">u2").tobytes() for row in DEEP * np.uint16(16))


@pytest.mark.parametrize(
    "raw, right",
    [
        (tiff(DEEP), [[0, 4], [8, 16]]),  # nothing says that it is of 12 bits
        (tiff(DEEP, highest=65535), [[0, 4], [8, 16]]),
        (tiff(DEEP, highest=4095), TWELVE),
        (tiff(DEEP, highest=1000), None),
        (tiff(np.minimum(DEEP, 2100), highest=2100), [[0, 62], [125, 131]]),
        (tiff(DEEP.astype(np.int32), highest=4095), TWELVE),
        (tiff((DEEP / 4095).astype(np.float32)), TWELVE),
        (tiff(DEEP, photometric=0), [[255, 251], [247, 239]]),
        (tiff((DEEP / 4095).astype(np.float32), photometric=0), [[255, 193], [130, 0]]),
        (tiff((DEEP // 16).astype(np.uint8), highest=99), [[0, 62], [125, 255]]),
        (png(chunk(b"tRNS", struct.pack(">H", 16000)), depth=16, pixels=KEYED), [[0, 255], [125, 255]]),
    ],
)
def test_grays_of_more_bits(raw, right):
    if right is None:
        with pytest.raises(InputError, match="range from 0 to 4095, but 1023 is white"):
            Image(2, 2, 1).pack(raw)
    else:
        np.testing.assert_array_equal(Image(2, 2, 1).pack(raw)[..., 0], right)
        np.testing.assert_array_equal(Image(2, 2, 1).pack(PIL.Image.open(io.BytesIO(raw)))[..., 0], right)


def patched(raw, tag, value):
    """A little-endian TIFF in which a tag of one short has another value."""
    entry = raw.index(struct.pack("<HHI", tag, 3, 1))
    return raw[: entry + 8] + struct.pack("<H", value) + raw[entry + 10 :]


PLAIN = file(PIL.Image.fromarray(GRAY), "TIFF")


@pytest.mark.parametrize(
    "raw, reason",
    [
        (b"", "it is empty"),
        (b"<html>404</html>", "it is none of PNG, JPEG, WEBP, GIF, BMP, TIFF, PPM"),
        (file(RAMP, "EPS"), "it is none of PNG"),
        (file(RAMP, "ICO"), "it is none of PNG"),
        (file(RAMP)[:30], "it is a PNG file that is damaged or of an unusual kind, .*IHDR"),
        (file(RAMP)[:60], "truncated"),
        (
            patched(PLAIN, 258, 24),
            "it is a TIFF file that is damaged or of an unusual kind, unknown pixel mode",
        ),
        (
            tiff(DEEP.astype(np.int32)),
            "whole numbers of up to 32 bits, and does not say which of them is white",
        ),
        (PIL.Image.new("I", (4, 4), 200), "whole numbers of up to 32 bits"),
        (tiff(GRAY.astype(np.float32)), r"must lie in \[0, 1\], but range from 0 to 255"),
        (tiff(np.full((4, 4), np.nan, np.float32)), "range from nan"),
        (png(chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(bytes(2**21)))), "Decompressed data too large"),
        (png(chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(2**21)))), "Decompressed data too large"),
        (png(size=60_000), "3600000000 pixels"),
        (png(size=9_500), "9500 x 9500 pixels are more than"),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_images_that_cannot_be_told_are_set_aside_for_their_true_reason(raw, reason, channels):
    with (
        warnings.catch_warnings(),
        pytest.raises(InputError, match=f"^The image could not be read: .*({reason})"),
    ):
        warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)
        Image(2, 2, channels).pack(raw)


def own_tiff(pixels, bits, highest=None, channels=1):
    """A TIFF of 2 x 2 pixels whose bits Pillow does not write; grays, or colors."""
    shorts = {258: [bits] * channels, 281: [highest] * channels} if highest else {258: [bits] * channels}
    entries = {
        256: 2,
        257: 2,
        259: 1,
        262: 1 if channels == 1 else 2,
        273: 300,
        277: channels,
        278: 2,
        279: len(pixels),
    }
    header, values = struct.pack("<2sHIH", b"II", 42, 8, len(entries) + len(shorts)), b""
    for tag in sorted(entries | shorts):
        if tag in entries or channels == 1:
            header += struct.pack("<HHII", tag, 3, 1, entries.get(tag) or shorts[tag][0])
        else:
            header += struct.pack("<HHII", tag, 3, channels, 200 + len(values))
            values += struct.pack(f"<{channels}H", *shorts[tag])
    return header.ljust(200, b"\0") + values.ljust(100, b"\0") + pixels


def test_twelve_bits():
    packed = bytes.fromhex("0003E8 7D0FFF")  # 0, 1000, 2000 and 4095
    np.testing.assert_array_equal(Image(2, 2, 1).pack(own_tiff(packed, 12))[..., 0], TWELVE)
    colors = np.repeat(DEEP[..., None], 3, axis=2)
    with pytest.raises(InputError, match="its colors use 12 of 16 bits"):
        Image(2, 2, 3).pack(own_tiff(colors.tobytes(), 16, 4095, channels=3))
    whole = Image(2, 2, 3).pack(own_tiff(colors.tobytes(), 16, channels=3))
    np.testing.assert_array_equal(whole, colors >> 8)


def test_every_ending_of_images_stands_for_a_format_that_is_read():
    from keras_gen.datasets.files import endings

    PIL.Image.init()
    assert {PIL.Image.EXTENSION[ending] for ending in endings("images")} == set(formats())
    assert set(FORMATS) < set(formats())


# Words that a vocabulary does not know.


def test_the_share_of_unknown_words():
    media = Text(6).learn(["a dog runs"])
    packed = media.tokenize(["a dog", "a cat", "one two three four five six seven"])
    assert media.unknown_share(packed) == 7 / 10  # a sentence is cut to six words
    assert media.unknown_share(packed[1]) == 0.5 and media.unknown_share(packed[:0]) == 0
    assert media.unknown_share(media.tokenize([""])) == 0
    assert Text(6, "bytes").unknown_share(np.ones((2, 6), int)) == 0


@pytest.mark.parametrize(
    "raw, share",
    [
        ("a cat", "50%"),
        (["a dog", "a cat"], "25%"),
        (["a dog", "a dog a cat"], None),
        ("a dog", None),
        (["cat"] * 9, "100%"),
    ],
)
def test_packing_many_unknown_words_is_told_once(raw, share):
    media = Text(6).learn(["a dog runs"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        packed = media.pack(raw)
    assert [str(warning.message).split()[0] for warning in caught] == ([share] if share else [])
    np.testing.assert_array_equal(
        np.atleast_2d(packed), media.tokenize([raw] if isinstance(raw, str) else raw)
    )
