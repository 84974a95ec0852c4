import io
import json

import numpy as np
import pytest
import soundfile
from PIL import Image as PILImage

from keras_gen.errors import InputError
from keras_gen.media import Audio, Image, Origin, Text, read_origin
from keras_gen.media.origin import COMPOSITE, GENERATED, IPTC, SOURCE_TYPES

ORIGIN = Origin('digits-gan "<&> (keras_gen 1.0)', "sha256:0123", COMPOSITE)


@pytest.fixture
def marked(tmp_path):
    """An image and a recording that say their origin."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (8, 8, 3)).astype("uint8")
    wave = random.integers(-9000, 9000, 2048).astype("int16")
    Image(8, 8, 3).save(pixels, tmp_path / "a.png", ORIGIN)
    Audio(2048, 8000).save(wave, tmp_path / "a.wav", ORIGIN)
    return tmp_path


def test_files_say_their_origin_and_hold_what_they_would_hold_without(marked):
    for name, media in {"a.png": Image(8, 8, 3), "a.wav": Audio(2048, 8000)}.items():
        assert read_origin(marked / name) == ORIGIN
        packed = media.pack((marked / name).read_bytes())
        media.save(packed, marked / f"unmarked{media.ending}")
        assert read_origin(marked / f"unmarked{media.ending}") is None
        np.testing.assert_array_equal(packed, media.pack((marked / f"unmarked{media.ending}").read_bytes()))
    Image(8, 8, 3).save_sheet(np.zeros((4, 8, 8, 3), "uint8"), marked / "sheet.png", origin=ORIGIN)
    Audio(2048, 8000).save_sheet(np.ones((2, 2048), "int16"), marked / "sounds.png", origin=ORIGIN)
    assert read_origin(marked / "sheet.png") == read_origin(marked / "sounds.png") == ORIGIN


@pytest.mark.parametrize("ending, error", [("jpg", 6), ("jpeg", 6), ("webp", 0), ("PNG", 0)])
def test_images_are_written_in_the_format_that_their_path_names(tmp_path, ending, error):
    ramps = np.add.outer(np.arange(16) * 8, np.arange(16) * 4)[..., None]
    pixels = np.concatenate([ramps, 255 - ramps, ramps // 2], axis=-1).astype("uint8")
    for image in (pixels, pixels[..., :1]):
        media = Image(*image.shape)
        media.save(image, tmp_path / f"a.{ending}", ORIGIN)
        media.save(image, tmp_path / f"b.{ending}")
        assert (
            read_origin(tmp_path / f"a.{ending}") == ORIGIN and read_origin(tmp_path / f"b.{ending}") is None
        )
        back = media.pack((tmp_path / f"a.{ending}").read_bytes())
        assert np.abs(back.astype(int) - image).max() <= error
        media.save_sheet(image[None], tmp_path / f"sheet.{ending}", origin=ORIGIN)
        assert read_origin(tmp_path / f"sheet.{ending}") == ORIGIN
    with PILImage.open(tmp_path / f"a.{ending}") as image:
        assert image.format[:2] == ending.upper()[:2]


@pytest.mark.parametrize("ending, error", [("flac", 0), ("ogg", 0.05), ("mp3", 0.05), ("wav", 0)])
def test_recordings_are_written_in_the_format_that_their_path_names(tmp_path, ending, error):
    tone = (9000 * np.sin(np.arange(8192) / 20)).astype("int16")
    media = Audio(8192, 16000)
    media.save(tone, tmp_path / f"a.{ending}", ORIGIN)
    media.save(tone, tmp_path / f"b.{ending}")
    assert read_origin(tmp_path / f"a.{ending}") == ORIGIN and read_origin(tmp_path / f"b.{ending}") is None
    back, rate = soundfile.read(tmp_path / f"a.{ending}")
    assert rate == 16000 and len(back) == len(tone)
    assert np.abs(back - tone / 32768)[500:-500].max() <= error  # Vorbis and MP3 blur the ends
    assert soundfile.info(tmp_path / f"a.{ending}").format == ending.upper()


def test_what_no_file_can_hold_is_refused(tmp_path):
    clear = np.zeros((8, 8, 4), "uint8")
    Image(8, 8, 4).save(clear, tmp_path / "a.webp")
    for media, example, path, message in (
        (Image(8, 8, 4), clear, tmp_path / "a.jpg", "JPEG has no transparency"),
        (Image(8, 8, 1), clear[..., :1], tmp_path / "a.gif", "ending in .png, .jpg, .jpeg, .webp, not"),
        (Audio(2048, 8000), np.zeros(2048, "int16"), str(tmp_path / "a.m4a"), "ending in .wav, .flac"),
        (Audio(2048, 9000), np.zeros(2048, "int16"), tmp_path / "a.mp3", "at 9000 Hz here: write .wav"),
    ):
        with pytest.raises(InputError, match=message):
            media.save(example, path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.webp"]


def test_the_names_are_those_of_the_standard(marked):
    """As other readers of XMP find them: https://iptc.org/std/photometadata/specification/"""
    assert GENERATED == "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    with PILImage.open(marked / "a.png") as image:
        packet = image.info["xmp"].decode()
    for name in ("DigitalSourceType", "AISystemUsed", "AISystemVersionUsed"):
        assert f"Iptc4xmpExt:{name}=" in packet
    assert IPTC in packet and packet.startswith("<?xpacket")


def test_where_a_mark_survives_and_where_it_is_lost(marked):
    """The table of docs/provenance.md."""
    with PILImage.open(marked / "a.png") as image:
        image.save(marked / "again.png")  # Pillow keeps no XMP by itself
        for ending in ("jpg", "webp"):
            image.save(marked / f"kept.{ending}", xmp=image.info["xmp"])
    assert read_origin(marked / "again.png") is None
    assert read_origin(marked / "kept.jpg") == read_origin(marked / "kept.webp") == ORIGIN
    wave, rate = soundfile.read(marked / "a.wav", dtype="int16")
    soundfile.write(marked / "again.wav", wave, rate)
    assert read_origin(marked / "again.wav") is None
    with soundfile.SoundFile(marked / "kept.flac", "w", rate, 1) as flac:
        flac.comment = ORIGIN.comment()
        flac.write(wave)
    assert read_origin(marked / "kept.flac") == ORIGIN
    (marked / "download.png").write_bytes((marked / "a.png").read_bytes())
    assert read_origin(marked / "download.png") == ORIGIN


PHOTO = Origin("", "", f"{SOURCE_TYPES}digitalCapture")
XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{}</rdf:RDF></x:xmpmeta>'
OF_OTHERS = f'<rdf:Description xmlns:e="{IPTC}">{{}}</rdf:Description>'


def png(packet):
    file = io.BytesIO()
    PILImage.new("L", (4, 4)).save(file, "JPEG", xmp=packet)
    return file.getvalue()


@pytest.mark.parametrize(
    "within, found",
    [
        (f"<e:DigitalSourceType>{GENERATED}</e:DigitalSourceType>", Origin("", "")),
        (f'<e:DigitalSourceType rdf:resource="{GENERATED}"/>', Origin("", "")),
        (f"<e:DigitalSourceType>{SOURCE_TYPES}digitalCapture</e:DigitalSourceType>", PHOTO),
        ("<e:AISystemUsed>another</e:AISystemUsed>", None),
        (f"<e:DigitalSourceType>{GENERATED}", None),
    ],
)
def test_what_other_programs_wrote_is_read(tmp_path, within, found):
    (tmp_path / "a.jpg").write_bytes(png(XMP.format(OF_OTHERS.format(within)).encode()))
    assert read_origin(tmp_path / "a.jpg") == found
    assert found is None or found.is_synthetic == (found != PHOTO)


def test_hostile_files_say_nothing(tmp_path):
    bomb = '<!DOCTYPE a [<!ENTITY b "' + "c" * 1000 + '">]>' + XMP.format(OF_OTHERS.format("&b;" * 1000))
    for packet in (bomb.encode(), b"\xff\xfe", b"<" * 1000, bomb.encode("utf-16")):
        (tmp_path / "a.jpg").write_bytes(png(packet))
        assert read_origin(tmp_path / "a.jpg") is None
    for comment in ("[" * 100_000, json.dumps({"system": 1}), '"text"', "{"):
        with soundfile.SoundFile(tmp_path / "a.flac", "w", 8000, 1) as file:
            file.comment = comment
            file.write(np.zeros(10))
        assert read_origin(tmp_path / "a.flac") is None
    for raw in (b"", b"RIFF", b"\x89PNG\r\n\x1a\n" + bytes(100), bytes(1000)):
        (tmp_path / "a").write_bytes(raw)
        assert read_origin(tmp_path / "a") is None
    with pytest.raises(InputError, match="cannot be read"):
        read_origin(tmp_path / "none.png")


def test_sentences_have_no_place_for_it(tmp_path):
    Text(8).save("a", tmp_path / "a.txt", ORIGIN)
    assert (tmp_path / "a.txt").read_text() == "a\n" and read_origin(tmp_path / "a.txt") is None
