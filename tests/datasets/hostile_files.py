"""About a thousand files and archives that are damaged, that lie, or that mean harm."""

import functools
import gzip
import io
import json
import os
import struct
import warnings
import zipfile
import zlib

import numpy as np
import PIL.Image
import soundfile

STEP = 10  # bytes from one place of truncation to the next
MOST_CUTS = 36  # of one file
FLIPS = 8  # damaged copies of one file
HUGE = 60_000  # pixels of a side, or channels
BOMB = 2**28 + 3 * 2**20  # bytes that a bomb unpacks to


def files():
    """Name -> bytes, or a function that gives them, of files for a heap."""
    found, random = {}, np.random.default_rng(0)
    for name, raw in {**images(), **sounds(), **texts()}.items():
        stem, ending = name.split(".", 1)
        for cut in range(0, len(raw), max(STEP, len(raw) // MOST_CUTS // STEP * STEP)):
            found[f"{stem}-cut-{cut}.{ending}"] = raw[:cut]
        for flip in range(FLIPS):
            damaged = bytearray(raw)
            for place in random.integers(0, len(raw), 1 + flip):
                damaged[place] ^= 1 << random.integers(8)
            found[f"{stem}-flip-{flip}.{ending}"] = bytes(damaged)
        found[f"{stem}-in-disguise.{'wav' if ending == 'png' else 'png'}"] = raw
    found |= {
        f"empty.{ending}": b"" for ending in ("png", "jpg", "gif", "wav", "flac", "mp3", "txt", "txt.gz")
    }
    found |= lying_images() | lying_sounds() | lying_texts() | strange_names()
    return found


def images():
    pixels = np.random.default_rng(1).integers(0, 255, (12, 16, 3), np.uint8)
    image, found = PIL.Image.fromarray(pixels), {}
    for ending, kind, options in (
        ("png", "PNG", {}),
        ("jpg", "JPEG", {}),
        ("webp", "WEBP", {}),
        ("bmp", "BMP", {}),
        ("tif", "TIFF", {"compression": "tiff_lzw"}),
        ("ppm", "PPM", {}),
        ("gif", "GIF", {"save_all": True, "append_images": [image.rotate(90)]}),
    ):
        file = io.BytesIO()
        image.save(file, kind, **options)
        found[f"image.{ending}"] = file.getvalue()
    file = io.BytesIO()
    PIL.Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save(file, "PNG")
    return found | {"deep.png": file.getvalue()}


def sounds():
    tone = 0.3 * np.sin(np.arange(2000) / 5).astype(np.float32)
    return {
        f"sound.{ending}": written(tone, kind, subtype)
        for ending, kind, subtype in (
            ("wav", "WAV", "PCM_16"),
            ("flac", "FLAC", "PCM_16"),
            ("ogg", "OGG", "VORBIS"),
            ("mp3", "MP3", "MPEG_LAYER_III"),
            ("aiff", "AIFF", "PCM_16"),
            ("opus", "OGG", "OPUS"),
        )
    }


def written(samples, kind="WAV", subtype="PCM_16", rate=8000):
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=kind, subtype=subtype)
    return file.getvalue()


def texts():
    lines = "".join(f"the {word} is seen, and a dog too\n" for word in ("cat", "bird", "café", "fish") * 3)
    return {
        "text.txt": lines.encode(),
        "wide.txt": lines.encode("utf-16"),
        "latin.txt": lines.encode("latin-1"),
        "packed.txt.gz": gzip.compress(lines.encode(), mtime=0),
    }


def lying_images():
    """Of 60,000 x 60,000 pixels by their headers, or with parts that unpack to much."""
    plain = images()
    jpeg, tiff = bytearray(plain["image.jpg"]), bytearray(plain["image.tif"])
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", HUGE, HUGE)
    for tag in (256, 257):
        entry = tiff.index(struct.pack("<HHI", tag, 4, 1)) if struct.pack("<HHI", tag, 4, 1) in tiff else None
        if entry is not None:
            tiff[entry + 8 : entry + 12] = struct.pack("<I", HUGE)
    bitmap, gif = bytearray(plain["image.bmp"]), bytearray(plain["image.gif"])
    bitmap[18:26] = struct.pack("<ii", HUGE, -HUGE)
    gif[6:10] = struct.pack("<HH", HUGE, HUGE)
    looped = bytearray(plain["image.tif"])
    (start,) = struct.unpack("<I", looped[4:8])
    (entries,) = struct.unpack("<H", looped[start : start + 2])
    looped[start + 2 + 12 * entries :][:4] = struct.pack("<I", start)
    return {
        "huge.png": png(HUGE, HUGE, zlib.compress(bytes(1000))),
        "huge-1-bit.png": functools.partial(zeros_png, HUGE, HUGE, 2**26, bits=1),
        "wide.png": png(2**31 - 1, 1, zlib.compress(b"0")),
        "none.png": png(0, 0, zlib.compress(b"")),
        "too-much.png": functools.partial(zeros_png, 16, 16, 2**26),
        "note.png": functools.partial(bomb_note_png, b"zTXt"),
        "profile.png": functools.partial(bomb_note_png, b"iCCP"),
        "huge.jpg": bytes(jpeg),
        "huge.tif": bytes(tiff),
        "looped.tif": bytes(looped),
        "huge.bmp": bytes(bitmap),
        "huge.gif": bytes(gif),
        "huge.ppm": f"P6 {HUGE} {HUGE} 255\n".encode() + bytes(300),
        "slow.ppm": b"P6 " + b"#" * 10**6,
        "no-white.tif": tiff_of_integers(),
        "no-numbers.tif": floating_tiff(np.nan),
        "markup.png": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    }


def png(height, width, data, bits=8, notes=b""):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + notes + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def zeros_png(height, width, size=None, bits=8):
    packer, rows = zlib.compressobj(1), []
    size = size or height * (1 + width * bits // 8)
    for start in range(0, size, 2**20):
        rows.append(packer.compress(bytes(min(2**20, size - start))))
    return png(height, width, b"".join(rows) + packer.flush(), bits)


def bomb_note_png(kind):
    bomb = zlib.compress(bytes(2**26), 1)
    return png(4, 4, zlib.compress(bytes(20)), notes=chunk(kind, b"a\0\0" + bomb))


def tiff_of_integers():
    file = io.BytesIO()
    PIL.Image.fromarray(np.arange(64, dtype=np.int32).reshape(8, 8)).save(file, "TIFF")
    return file.getvalue()


def floating_tiff(value):
    file = io.BytesIO()
    PIL.Image.fromarray(np.full((8, 8), value, np.float32)).save(file, "TIFF")
    return file.getvalue()


def lying_sounds():
    wav, flac = sounds()["sound.wav"], bytearray(sounds()["sound.flac"])

    def with_header(**fields):
        raw, places = bytearray(wav), {"channels": (22, "<H"), "rate": (24, "<I"), "align": (32, "<H")}
        places |= {"bits": (34, "<H"), "size": (40, "<I"), "kind": (20, "<H")}
        for name, value in fields.items():
            place, form = places[name]
            raw[place : place + struct.calcsize(form)] = struct.pack(form, value)
        return bytes(raw)

    flac[21] |= 0x0F  # the highest bits of the number of samples
    flac[22:26] = b"\xff" * 4
    tone = np.sin(np.arange(4000) / 5)
    return {
        "all-channels.wav": with_header(channels=65535),
        "no-channels.wav": with_header(channels=0),
        "no-rate.wav": with_header(rate=0),
        "fast.wav": with_header(rate=2**32 - 1),
        "no-bits.wav": with_header(bits=0),
        "unaligned.wav": with_header(align=0),
        "endless.wav": with_header(size=2**32 - 1),
        "nothing.wav": with_header(size=0),
        "unknown.wav": with_header(kind=0x1234),
        "endless.flac": bytes(flac),
        "nan.wav": written(np.full(4000, np.nan), subtype="FLOAT"),
        "half-nan.wav": written(np.where(np.arange(4000) < 2000, tone, np.nan), subtype="DOUBLE"),
        "infinite.wav": written(np.full(4000, np.inf), subtype="FLOAT"),
        "enormous.wav": written(np.full(4000, 1e38), subtype="FLOAT"),
        "denormal.wav": written(np.full(4000, 1e-40), subtype="FLOAT"),
        "silent.wav": written(np.zeros(4000)),
        "one-sample.wav": written(np.ones(1)),
        "constant.wav": written(np.full(4000, 0.5)),
        "clipped.wav": written(np.clip(3 * tone, -1, 1)),
        "many-channels.wav": written(np.zeros((10, 200))),
        "out-of-phase.wav": written(np.stack([tone, -tone], axis=1)),
        "long.flac": lambda: written(np.zeros(2**24, np.int16), "FLAC"),
    }


def lying_texts():
    return {
        "nul.txt": b"a\0b\n" * 10,
        "endless.txt": b"a" * 10**7,
        "surrogate.txt": b"\xed\xa0\x80 is none\n" * 2,
        "marks.txt": "\ufeff\u202e\u200b\u0007 and \x1b[31m red\n".encode() * 2,
        "bomb-of-zeros.txt.gz": functools.partial(gz_bomb, b"\0"),
        "bomb-of-lines.txt.gz": functools.partial(gz_bomb, b"a\n"),
        "bomb-in-bomb.txt.gz": lambda: gzip.compress(gz_bomb(b"\0"), mtime=0),
        "damaged.txt.gz": gzip.compress(b"some lines\n" * 99)[:-9] + b"\0" * 9,
    }


@functools.cache
def gz_bomb(text):
    file = io.BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, mtime=0) as packed:
        for _ in range(BOMB // 2**20):
            packed.write(text * (2**20 // len(text)))
    return file.getvalue()


def strange_names():
    png_of = images()["image.png"]
    names = [
        "two\nlines",
        "tab\tand\rreturn",
        "\x1b[2Jescape",
        "<script>alert(1)</script>".replace("/", "\u2215"),
        '" onerror="alert(1)',
        "{{ 7 * 7 }}{% raw %}",
        "[red]markup[" + "\u2215red]",
        "\u202egnp.turned",
        "-rf",
        "$(touch owned)",
        "`touch owned`",
        "%s%n%d",
        "nul",
        "a" * 240,
        "cafe\u0301",
        "\U0001f600",
        " ",
        "...",
        os.fsdecode(b"\xff\xfe"),
    ]
    return {f"{name}.png": png_of for name in names}


def write_heap(folder, wanted):
    """Writes the files of these names into a folder, among links, pipes and folders of strange kinds.

    Args:
        folder: `pathlib.Path` of a new folder.
        wanted: dict, as of `files()`.
    """
    folder.mkdir()
    for name, raw in wanted.items():
        (folder / name).write_bytes(raw() if callable(raw) else raw)
    (folder / "itself.png").symlink_to("itself.png")
    (folder / "to.png").symlink_to("fro.png")
    (folder / "fro.png").symlink_to("to.png")
    (folder / "no-end.wav").symlink_to("nowhere")
    (folder / "loop").symlink_to(".")
    (folder / "up").symlink_to("..")
    (folder / "device.png").symlink_to("/dev/zero")
    (folder / "nested.zip").write_bytes(archive({"inner.zip": archive({"a.png": images()["image.png"]})}))
    os.mkfifo(folder / "pipe.wav")
    (folder / "folder.png").mkdir()
    for number in range(6):  # what is good among them
        tone = np.sin(np.arange(4000) / (5 + number))
        (folder / f"good-{number}.wav").write_bytes(written(0.3 * tone))
        image = PIL.Image.fromarray(np.random.default_rng(number).integers(0, 255, (9, 9, 3), np.uint8))
        image.save(folder / f"good-{number}.png")
        (folder / f"good-{number}.txt").write_text(f"good line {number}\n")


def archive(members, method=zipfile.ZIP_DEFLATED, level=None):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method, compresslevel=level) as zipped, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that come twice
        for name, raw in members if isinstance(members, list) else members.items():
            zipped.writestr(name, raw)
    return file.getvalue()


def archives():
    """Name -> bytes, or a function that gives them, of archives."""
    good = {f"good-{number}.png": images()["image.png"] + bytes(number) for number in range(6)}
    outside = [f"../{'../' * depth}owned.png" for depth in range(3)]
    outside += ["/owned.png", "C:\\other.png", "..\\owned.png", "a/../../owned.png"]
    raw = images()["image.png"]
    plain = archive(good | dict.fromkeys(outside, raw))
    names = ["two\nlines.png", "nul\0byte.png", "\x1b[31m.png", "a" * 9999 + ".png", ".png", "x/", "//.png"]
    found = {
        "outside.zip": plain,
        "names.zip": archive(good | dict.fromkeys(names, raw)),
        "twice.zip": archive([*good.items(), ("good-0.png", b"")]),
        "nested.zip": archive(good | {"a.zip": plain, "a.png/b.png": raw, "a.png": raw}),
        "link.zip": link_archive(good),
        "locked.zip": locked_archive(good),
        "methods.zip": archive(good, zipfile.ZIP_LZMA),
        "crowd.zip": archive(good | {f"{number}.png": b"" for number in range(5000)}),
        "bomb.zip": functools.partial(bomb_archive, good),
        "bomb-lzma.zip": functools.partial(bomb_archive, good, zipfile.ZIP_BZIP2),
        "lying-size.zip": lambda: lying_archive(good),
        "no.zip": b"PK\x05\x06" + bytes(18),
        "zeros.zip": bytes(1000),
        "empty.zip": b"",
    }
    found |= {f"cut-{cut}.zip": plain[:cut] for cut in range(0, len(plain), max(STEP, len(plain) // 40))}
    random = np.random.default_rng(2)
    for flip in range(30):
        damaged = bytearray(plain)
        for place in random.integers(len(plain) // 2 * (flip % 2), len(plain), 1 + flip // 4):
            damaged[place] ^= 1 << random.integers(8)
        found[f"flip-{flip}.zip"] = bytes(damaged)
    return found


def bomb_archive(good, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO(archive(good))
    with zipfile.ZipFile(file, "a", method, compresslevel=1) as zipped:
        for name in ("bomb.png", "bomb2.png", "bomb3.png"):
            with zipped.open(name, "w") as member:
                for _ in range(BOMB // 2**20):
                    member.write(bytes(2**20))
    return file.getvalue()


def lying_archive(good):
    """An archive by which a bomb is a file of ten bytes."""
    raw = bytearray(bomb_archive(good))
    real = struct.pack("<I", BOMB)
    while real in raw:
        place = raw.index(real)
        raw[place : place + 4] = struct.pack("<I", 10)
    return bytes(raw)


def link_archive(good):
    file = io.BytesIO(archive(good))
    with zipfile.ZipFile(file, "a") as zipped:
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        zipped.writestr(link, "/etc/passwd")
    return file.getvalue()


def locked_archive(good):
    raw = bytearray(archive(good))
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(signature) + place] |= 1
    return bytes(raw)


def tables():
    """Name -> text of files that are read by a field, each alone."""
    rows = "".join(f"{number},a line of number {number}\n" for number in range(30))
    lines = "".join(json.dumps({"text": f"a line of number {number}"}) + "\n" for number in range(30))
    return {
        "unclosed.csv": 'id,text\n1,"never closed\n' + rows * 9,
        "columns.csv": ",".join(map(str, range(10**5))) + "\n" + rows,
        "deep.jsonl": lines + "[" * 10**5 + "\n",
        "surrogate.jsonl": lines + '{"text": "\\ud800"}\n',
        "number.jsonl": lines + '{"text": ' + "9" * 10**5 + "}\n",
        "kinds.jsonl": lines + '{"text": null}\n{"text": ["a"]}\n{"text": {}}\n7\n"x"\nnull\n',
        "deep.json": "[" * 10**6,
        "keys.jsonl": lines + '{"__class__": "x", "text": "{{ 7 * 7 }} <script>"}\n',
        "endless.jsonl": lines + '{"text": "' + "a" * 10**7 + '"}\n',
    }
