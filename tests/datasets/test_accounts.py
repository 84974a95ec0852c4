"""Heaps as people have them, and what becomes of every file: a row for each case."""

import csv
import io
import json
import os
import unicodedata
import warnings
import zipfile

import numpy as np
import PIL.Image
import pytest
import soundfile
from loading import loaded

from keras_gen.datasets import load
from keras_gen.datasets.account import Account
from keras_gen.datasets.files import Tree, open_tree
from keras_gen.errors import InputError
from keras_gen.media import Audio, Text

RATE = 8000
SOUND = Audio(2048, RATE, mels=40, window=256, hop=64, fft_length=512)
PLAIN = Text(32, "bytes", nfkc=False, lower=False)
WHOLE = {"batch_size": 1, "validation": 0, "test": 0}
SPLIT = {"batch_size": 1, "validation": 0}  # what has a test split of its own
E_ACUTE = {form: unicodedata.normalize(form, "é") for form in ("NFC", "NFD")}


def image(value, kind="PNG"):
    """One that differs from those of other values."""
    stream = io.BytesIO()
    PIL.Image.new("RGB", (8, 8), (value, value // 2, 255 - value)).save(stream, kind)
    return stream.getvalue()


def sound(number, kind="WAV", encoding="PCM_16", seconds=0.3, rate=RATE):
    wave = 0.5 * np.sin(2 * np.pi * (300 + 50 * number) * np.arange(round(rate * seconds)) / rate)
    stream = io.BytesIO()
    soundfile.write(stream, wave, rate, format=kind, subtype=encoding)
    return stream.getvalue()


def images(*folders, count=3):
    """Files of a few images for each folder, all different."""
    return {
        f"{folder}/{i}.png": image(count * place + i)
        for place, folder in enumerate(folders)
        for i in range(count)
    }


def lines(*sentences):
    return "\n".join(sentences).encode()


def table(*rows, separator=","):
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator).writerows(rows)
    return stream.getvalue().encode()


def tree(root, files):
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo("a")
            info.filename = name  # as it is, with backslashes
            archive.writestr(info, content)
    return path


def sentences(data, split="train"):
    return data.media.unpack(data.arrays(split)[0]).tolist()


DOGS = ["A dog runs.", "A cat sits.", "Grüße, Žluťoučký kůň."]
PAIRS = [[text, f"intent {i}"] for i, text in enumerate(DOGS)]
OBJECTS = [{"text": text, "intent": i} for i, text in enumerate(DOGS)]


# What is read: files -> arguments, used, classes, what is told, ignored.

HEAPS = {
    "other endings of images": (
        {
            "0.jfif": image(0, "JPEG"),
            "1.JPE": image(1, "JPEG"),
            "2.jp2": image(2, "JPEG2000"),
            "3.avif": image(3, "AVIF"),
            "4.pnm": image(4, "PPM"),
        },
        {"size": 8},
        {"train": 5},
    ),
    "other endings of recordings": (
        {
            "0.opus": sound(0, "OGG", "OPUS", rate=48000),
            "1.aiff": sound(1, "AIFF"),
            "2.AIF": sound(2, "AIFF"),
            "3.oga": sound(3, "OGG", "VORBIS"),
        },
        {"media": SOUND},
        {"train": 4},
    ),
    "kinds that are not read": (
        images("a") | {"a/1.heic": b"", "b.heic": b"", "c.svg": b"<svg/>", "README.md": b"", "d.json": b"{}"},
        {"size": 8},
        {"train": 3},
        None,
        [".heic 2: a/1.heic, b.heic", ".svg 1: c.svg", "pillow_heif.register_heif_opener()"],
        {".heic": 2, ".svg": 1, ".md": 1, ".json": 1},
    ),
    "recordings that are not read": (
        {"0.wav": sound(0), "1.m4a": b"", "2.wav.txt": b"hello"},
        {"media": SOUND},
        {"train": 1},
        None,
        [".m4a 1: 1.m4a", "ffmpeg -i a.m4a a.flac"],
        {".m4a": 1, ".txt": 1},
    ),
    "notes and what is hidden": (
        images("a") | {"LICENSE": b"", "a/Thumbs.db": b"", ".git/x": b"", "__MACOSX/a/._0.png": b""},
        {"size": 8},
        {"train": 3},
        None,
        [],
        {"without an ending": 1, ".db": 1, "hidden": 2},
    ),
    "names that would write to a terminal": (
        images("a") | {"a/1\n2.png": b"", "b.\x1b[31m": b""},
        {"size": 8},
        {"train": 3},
        None,
        [r"'a/1\n2.png'", r"'.\x1b[31m' 1: 'b.\x1b[31m'"],
        {".\x1b[31m": 1},
    ),
    "splits by other words": (
        images("Training/a", "Training/b", "TESTING/a", "TESTING/b", "dev/a", "dev/b"),
        {"size": 8, "batch_size": 1},
        {"train": 6, "val": 6, "test": 6},
        ["a", "b"],
    ),
    "splits with a year": (
        images("train2017", "val2017"),
        {"size": 8, "batch_size": 1, "test": 0},
        {"train": 3, "val": 3},
    ),
    "a split in parts": (
        images("train1", "train2", "test"),
        {"size": 8, **SPLIT},
        {"train": 6, "test": 3},
    ),
    "a flat test split": (
        images("train/a", "train/b", "test"),
        {"size": 8, **SPLIT},
        {"train": 6, "test": 3},
        ["a", "b"],
    ),
    "classes in another case in another split": (
        images("train/Cat", "train/dog", "test/cat", "test/dog"),
        {"size": 8, **SPLIT},
        {"train": 6, "test": 6},
        ["Cat", "dog"],
        ["The class cat of test is taken for Cat of train"],
    ),
    "letters of both cases": (images("a", "A"), {"size": 8, **WHOLE}, {"train": 6}, ["A", "a"]),
    "accents in two forms": (
        images(f"train/{E_ACUTE['NFC']}", "train/b", f"test/{E_ACUTE['NFD']}", "test/b"),
        {"size": 8, **SPLIT},
        {"train": 6, "test": 6},
        ["b", E_ACUTE["NFC"]],
    ),
    "json of objects": ({"a.json": json.dumps(OBJECTS).encode()}, {"field": "text"}, {"train": 3}),
    "json of strings": ({"a.json": json.dumps(DOGS).encode()}, {}, {"train": 3}),
    "json of pairs": ({"a.json": json.dumps(PAIRS).encode()}, {"field": 1}, {"train": 3}),
    "json that has lines": (
        {"a.json": lines(*map(json.dumps, OBJECTS))},
        {"field": "text"},
        {"train": 3},
    ),
    "lines of strings": ({"a.jsonl": lines(*map(json.dumps, DOGS))}, {}, {"train": 3}),
    "lines of pairs": ({"a.jsonl": lines(*map(json.dumps, PAIRS))}, {"field": "1"}, {"train": 3}),
    "tabs": (
        {"a.tsv": table(["text", "intent"], *PAIRS, separator="\t")},
        {"field": "text"},
        {"train": 3},
    ),
    "tabs in a csv": (
        {"a.csv": table(["intent", "text"], *[pair[::-1] for pair in PAIRS], separator="\t")},
        {"field": "text"},
        {"train": 3},
    ),
    "semicolons": (
        {"a.csv": table(["text", "intent"], *PAIRS, separator=";")},
        {"field": "text"},
        {"train": 3},
    ),
    "a table without names": ({"a.csv": table(*PAIRS)}, {"field": "1"}, {"train": 3}),
    "utf-16": ({"a.txt": lines(*DOGS).decode().encode("utf-16")}, {}, {"train": 3}),
    "utf-16 big-endian": (
        {"a.txt": b"\xfe\xff" + lines(*DOGS).decode().encode("utf-16-be")},
        {},
        {"train": 3},
    ),
    "utf-32": ({"a.txt": lines(*DOGS).decode().encode("utf-32")}, {}, {"train": 3}),
    "a readme beside json": (
        {"data.json": json.dumps(OBJECTS).encode(), "README.txt": lines("Cite us.", "Please.")},
        {"field": "text"},
        {"train": 3},
        None,
        [],
        {"notes": 1},
    ),
    "json of settings beside sentences": (
        {"a.txt": lines(*DOGS), "config.json": b'{"license": "mit", "year": [1]}'},
        {},
        {"train": 3},
        None,
        ["holds an object with the keys 'license', 'year'", "(1: config.json)"],
    ),
    "sentences beside what nobody reads": (
        {"a.txt": lines(*DOGS), "b.docx": b"PK", "c.md": b""},
        {},
        {"train": 3},
        None,
        [".docx 1: b.docx"],
        {".docx": 1, ".md": 1},
    ),
    "validate_X is no training data": (
        {
            "train_x.txt": lines(*DOGS),
            "validate_x.txt": lines("One."),
            "my_test_2.txt": lines("Two."),
        },
        {"batch_size": 1},
        {"train": 3, "val": 1, "test": 1},
    ),
}


@pytest.mark.parametrize("kind", HEAPS)
@pytest.mark.parametrize("make", [tree, zipped])
def test_every_file_is_read_or_told_of(tmp_path, kind, make):
    row = HEAPS[kind]
    files, arguments, used = row[:3]
    classes = row[3] if len(row) > 3 else None
    told = row[4] if len(row) > 4 else []
    ignored = row[5] if len(row) > 5 else {}
    is_text = "size" not in arguments and "media" not in arguments
    arguments = ({"media": PLAIN} if is_text else {}) | arguments
    arguments = arguments if "batch_size" in arguments else arguments | WHOLE
    source = make(tmp_path / "heap.zip", files)
    data = loaded(source, told, **arguments)
    assert data.account.used == used and data.class_names == classes
    assert {name: len(names) for name, names in data.account.ignored.items()} == ignored
    assert {split: len(data.arrays(split)[0]) for split in used} == used
    if is_text:
        assert sentences(data) == DOGS
    accounted = sum(used.values()) + sum(left.count for left in data.account.set_aside.values())
    assert data.account.found <= accounted <= data.account.found + 1  # a file that is no example
    assert json.loads(json.dumps(data.account.as_dict()))["used"] == used


REFUSED = {
    "images that nobody reads": ({"a.heic": b"", "b.heic": b""}, {}, "holds no images.*but it holds 2 .heic"),
    "pairs": ({"a.jsonl": lines(*map(json.dumps, PAIRS))}, {}, "needs field.* field='1'.*A dog runs"),
    "json of pairs": ({"a.json": json.dumps(PAIRS).encode()}, {}, "needs field.* field='1'"),
    "json of splits": (
        {"a.json": json.dumps({"train": PAIRS, "test": PAIRS}).encode()},
        {},
        "keys 'train', 'test', not a list: .*jq .train a.json > train.json",
    ),
    "json cut off": ({"a.json": b'[{"text": "a"}, {"te'}, {"field": "text"}, "a.json is not JSON"),
    "a table without names": (
        {"a.csv": table(*PAIRS)},
        {"field": "text"},
        "no column 'text': its columns are 'A dog runs.', 'intent 0'; .*field='1'",
    ),
    "a table beside notes": (
        {"a.csv": table(["text", "n"], *PAIRS), "urls.txt": lines("http://a")},
        {},
        "a.csv needs field.*'text', 'n'.*Other files are beside it",
    ),
    "sentences beside json": (
        {"a.txt": lines("http://a"), "b.json": json.dumps(DOGS).encode()},
        {},
        "a.txt, and others are of JSON, such as b.json: give one or the other",
    ),
    "latin-1": (
        {"a.txt": lines(*[f"B{i}." for i in range(9)]) + "\nBär".encode("latin-1") * 6},
        {},
        "not UTF-8 in 6 of 15 lines: .*iconv -f LATIN1 -t UTF-8 a.txt > new.txt",
    ),
    "utf-16 without a mark": (
        {"a.csv": lines(*DOGS).decode().encode("utf-16-le")},
        {"field": "a"},
        "UTF-16LE without .*iconv -f UTF-16LE -t UTF-8 a.csv > new.csv",
    ),
    "utf-16 cut off": (
        {"a.txt": "Dogs.".encode("utf-16")[:-1]},
        {},
        "UTF-16 by its first bytes, but damaged",
    ),
    "an open quote": (
        {"a.tsv": b'text\tn\na dog\t1\n"a cat\t2\na bird\t3\n'},
        {"field": "text"},
        "a quote in line 3 that is not closed",
    ),
    "a split beside others": (
        images("training/a", "extra"),
        {"size": 8},
        "training, named like a split, beside extra: move out",
    ),
    "flat training beside classes of tests": (
        images("train", "test/a", "test/b"),
        {"size": 8},
        "class folders for test, but none for train",
    ),
    "only copies for testing": (
        {f"{split}/0.png": image(1) for split in ("train", "test")},
        {"size": 8, **SPLIT, "duplicates": "drop"},
        "1 of 1 images of test stand.*so that none would be left: give others, or duplicates='keep'",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_refused_names_what_would_work(tmp_path, kind):
    files, arguments, message = REFUSED[kind]
    with pytest.raises(InputError, match=message):
        load(tree(tmp_path, files), **arguments)


# Folders that are links.


def test_links_are_followed_and_each_real_folder_is_read_once(tmp_path):
    tree(tmp_path / "elsewhere", images("cats"))
    tree(tmp_path / "outside", {"secret.png": image(200)})
    root = tree(tmp_path / "root", {f"dogs/{i}.png": image(100 + i) for i in range(3)})
    os.symlink(tmp_path / "elsewhere" / "cats", root / "a cats")
    os.symlink(root / "dogs", root / "again")  # before the real one by its name
    os.symlink(tmp_path, root / "dogs" / "up")
    os.symlink(root, root / "dogs" / "loop")
    tree(tmp_path / "deep", {"x/y/0.png": image(150)})
    os.symlink(tmp_path / "deep" / "x" / "y", root / "birds")
    os.symlink(tmp_path / "deep" / "x", root / "dogs" / "x")  # which holds y
    os.symlink("nowhere", root / "broken")
    os.symlink("me", root / "me")
    os.symlink(tmp_path / "elsewhere" / "cats" / "0.png", root / "dogs" / "linked.png")
    data = loaded(
        root,
        [
            "folder that is read already, so it is set aside (3: again, dogs/loop, dogs/x/y)",
            "(1: dogs/up)",
            "(2: broken, me)",
        ],
        size=8,
        **WHOLE,
    )
    assert data.class_names == ["a cats", "birds", "dogs"] and data.account.used == {"train": 8}
    assert np.bincount(data.arrays("train")[1]).tolist() == [3, 1, 4]


# Names of archives.


def test_names_of_windows_and_of_other_places_in_an_archive(tmp_path):
    files = {
        "C:\\set\\train\\cat\\0.PNG": image(0),
        "C:\\set\\train\\dog\\0.png": image(1),
        "/set/test/cat/0.png": image(2),
        "set\\test\\dog\\0.png": image(3),
        "..\\..\\0.png": image(4),
        "set/../../1.png": image(5),
    }
    data = loaded(
        zipped(tmp_path / "a.zip", files),
        ["Its name leads out of the archive, so it is set aside (2: ..\\..\\0.png, set/../../1.png)"],
        size=8,
        **SPLIT,
    )
    assert data.class_names == ["cat", "dog"] and data.account.used == {"train": 2, "test": 2}
    assert data.arrays("test")[1].tolist() == [0, 1]
    assert Tree("a", ["a\\b.TXT.GZ", "c"], None).told() == "1 .txt.gz, 1 without an ending"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for value in (1, 2):
            archive.writestr("0.png", image(value))
    data = loaded(tmp_path / "a.zip", ["comes twice in the archive"], size=8, **WHOLE)
    assert data.arrays("train")[0][0, 0, 0, 0] == 2
    with open_tree(tmp_path / "a.zip") as files:
        assert files.names == ["0.png"]


def test_heic_is_read_where_pillow_reads_it(tmp_path, monkeypatch):
    monkeypatch.setitem(PIL.Image.OPEN, "HEIF", PIL.Image.OPEN["PNG"])  # in the place of pillow-heif
    monkeypatch.setitem(PIL.Image.EXTENSION, ".heic", "HEIF")
    assert loaded(tree(tmp_path, {"0.heic": image(7)}), size=8, **WHOLE).account.used == {"train": 1}


# What is cut away, and what is in two splits.


def test_sound_that_is_cut_away_is_told(tmp_path):
    files = {
        "long.wav": sound(0, seconds=30.72),
        **{f"{i}.wav": sound(i, seconds=0.256) for i in range(1, 4)},
    }
    plain = Audio(2048, RATE, mels=40, window=256, hop=64, fft_length=512, trim=None)
    told = ["Of 31.5 seconds of sound 1.0 are used (3%)", "cut to 0.256 seconds", "chunks=True"]
    data = loaded(tree(tmp_path, files), told, media=plain, **WHOLE)
    assert data.account.seconds == pytest.approx((4 * 0.256, 30.72 + 3 * 0.256))
    assert "Used of all sound: 1.0 of 31.5 seconds, 3%." in str(data.account)
    pieces = loaded(tmp_path, media=plain, chunks=True, **WHOLE)
    assert pieces.account.seconds == pytest.approx((31.488, 31.488))
    assert pieces.account.found == 4 and pieces.account.used == {"train": 123}


def test_held_out_copies_of_training_examples_are_left_out(tmp_path):
    files = {f"train/{i}.png": image(i) for i in range(6)}
    files |= {f"val/{i}.png": image(i) for i in (4, 10, 11)}
    files |= {f"test/{i}.png": image(i) for i in (0, 1, 10, 20, 21)} | {"test/copy.png": image(21)}
    told = ["1 of 3 images of val stand", "3 of 6 images of test stand", "duplicates='keep'"]
    data = loaded(tree(tmp_path / "a", files), told, size=8, batch_size=1)
    assert data.account.used == {"train": 6, "val": 2, "test": 3} and data.account.found == 15
    assert data.account.set_aside["it is of test, and stands in another split too"].names == [
        "test/0.png",
        "test/1.png",
        "test/10.png",
    ]
    assert data.arrays("test")[0][:, 0, 0, 0].tolist() == [20, 21, 21]
    kept = loaded(tmp_path / "a", size=8, batch_size=1, duplicates="keep")
    assert kept.account.used == {"train": 6, "val": 3, "test": 6}
    assert kept.account.shared == {"val": 1, "test": 3}
    assert "Kept, though they stand in other splits too: 3 of test." in str(kept.account)
    np.testing.assert_array_equal(kept.arrays("train")[0], data.arrays("train")[0])
    texts = tree(tmp_path / "b", {"train.txt": lines(*DOGS, "So."), "test.txt": lines("So.", "New.")})
    data = loaded(texts, ["1 of 2 sentences of test"], media=PLAIN, **SPLIT)
    assert sentences(data, "test") == ["New."]
    assert [left.names for left in data.account.set_aside.values()] == [["So."]]
    sounds = {
        f"{split}/{i}.wav": sound(i) for split, some in (("train", (0, 1)), ("test", (1, 2))) for i in some
    }
    data = loaded(tree(tmp_path / "c", sounds), ["1 of 2 waveforms of test"], media=SOUND, **SPLIT)
    assert data.account.used == {"train": 2, "test": 1}
    with pytest.raises(InputError, match="Unknown duplicates 'leave'"):
        load(texts, duplicates="leave")


def test_published_test_sets_stay_as_they_are(tmp_path):
    x = np.arange(20, dtype=np.uint8).reshape(-1, 1, 1) * np.ones((1, 8, 8), np.uint8)
    np.savez(tmp_path / "a.npz", x_train=x[:15], x_test=x[10:])
    for source in (tmp_path / "a.npz", ((x[:15], np.arange(15)), (x[10:], np.arange(10, 20)))):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of labels
            data = load(source, **SPLIT)
        np.testing.assert_array_equal(data.arrays("test")[0][..., 0], x[10:])
        assert data.account.shared == {"test": 5} and data.account.found == 25
    assert loaded(tmp_path / "a.npz", ["5 of 10"], duplicates="drop", **SPLIT).account.used["test"] == 5
    # What is held out here is nobody's to compare with.
    copies = np.concatenate([x, x[:10]])
    data = loaded(copies, ["are left out"], batch_size=1, validation=0, test=0.5)
    assert data.account.used["train"] == 15 and data.account.used["test"] < 15


def test_an_account_of_all_is_one_line():
    account = Account("images", found=1797, used={"train": 1258, "val": 180, "test": 359})
    assert str(account) == repr(account) == "1,797 images found, all used: 1,258 train, 180 val, 359 test."
    assert account.warning == "" and load("digits").account == account
