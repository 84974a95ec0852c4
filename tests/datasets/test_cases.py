"""What strangers bring, and what is right for it: a row for each case."""

import bz2
import contextlib
import io
import struct
import tracemalloc
import warnings
import zipfile

import keras
import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from keras_gen.datasets import load
from keras_gen.datasets.files import open_tree
from keras_gen.errors import InputError
from keras_gen.media import Image, Text

DIGITS = np.tile(np.arange(5), 6)
# Image i is as bright as 8 i, whatever split it goes to.
IMAGES = np.broadcast_to(np.arange(30, dtype=np.uint8).reshape(-1, 1, 1) * 8, (30, 8, 8))
ALL = {"batch_size": 1, "validation": 0, "test": 0}
KEPT = {"batch_size": 1, "duplicates": "keep"}


@contextlib.contextmanager
def told(*parts):
    """A block that gives one warning, which holds these parts; none where there are no parts."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    found = [str(warning.message) for warning in caught if warning.category is UserWarning]
    assert len(found) == bool(parts), found
    for part in parts:
        assert part in found[0], found


def named(data, split="train"):
    """Which class each image of a split is of, by name: place of the image -> name."""
    images, labels = data.arrays(split)
    return {int(x) // 8: data.class_names[y] for x, y in zip(images[:, 0, 0, 0], labels, strict=True)}


# Labels.

LABELS = {
    "from 0": (DIGITS, list("01234"), []),
    "whole floating": (DIGITS.astype(float), list("01234"), []),
    "a column": (DIGITS[:, None], list("01234"), []),
    "from 1": (DIGITS + 1, list("12345"), ["0 to 4", "1, 2, 3, ..., 5"]),
    "sparse": (DIGITS * 100, ["0", "100", "200", "300", "400"], ["0, 100, 200, ..., 400"]),
    "huge": (DIGITS * 10**12, [str(i * 10**12) for i in range(5)], ["4000000000000"]),
    "str": (np.array(list("edcba"))[DIGITS], list("edcba"), ["'a', 'b', 'c', ..., 'e'"]),
    "list of str": ([f"é{i}" for i in DIGITS], [f"é{i}" for i in range(5)], ["'é0'"]),
    "objects of str": (np.array([f"a{i}" for i in DIGITS], object), [f"a{i}" for i in range(5)], ["'a0'"]),
    "bytes": (np.array([f"é{i}".encode() for i in DIGITS]), [f"é{i}" for i in range(5)], ["'é0'"]),
    "bool": (DIGITS > 2, ["False"] * 3 + ["True"] * 2, ["False, True"]),
    "one-hot": (np.eye(5)[DIGITS], list("01234"), ["one-hot rows of 5"]),
    "one-hot bool": (np.eye(5, dtype=bool)[DIGITS], list("01234"), ["one-hot rows of 5"]),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_are_numbered_and_named_by_what_they_were(tmp_path, kind):
    labels, names, parts = LABELS[kind]
    with told(*parts):
        data = load((IMAGES, labels), **ALL)
    assert data.class_names == sorted(set(names))
    assert named(data) == {i: names[DIGITS[i]] for i in range(30)}
    if not isinstance(labels, list) and labels.dtype != object:
        np.savez(tmp_path / "a.npz", x=IMAGES, y=labels)
        with told(*parts):
            again = load(tmp_path / "a.npz", **ALL)
        np.testing.assert_array_equal(again.arrays("train")[1], data.arrays("train")[1])


@pytest.mark.parametrize(
    "labels, message",
    [
        (DIGITS - 1, "range from -1 to 3"),
        (DIGITS + 0.5, "one is 0.5"),
        (np.where(DIGITS, DIGITS, np.nan), "range from nan"),
        (np.where(DIGITS, DIGITS, np.inf), "to inf"),
        (np.eye(5)[DIGITS] + np.eye(5)[0], r"\(30, 5\) must be one-hot.*row 0 is not"),
        (np.eye(5)[DIGITS] * (DIGITS < 4)[:, None], "one-hot.*row 4 is not"),
        (np.eye(5)[DIGITS] * 0.9 + 0.02, "one-hot.*row 0 is not"),
        (np.eye(5)[DIGITS] * np.nan, "one-hot"),
        (np.stack([DIGITS, DIGITS], axis=1), "one-hot"),
        ([[1], [2, 3]] * 15, "Labels must be an array of one for each of the 30 images"),
        (np.array([None, 1] * 15, object), "type object"),
        (DIGITS[:29], r"30 images.*\(29,\)"),
        ([b"\xff"] * 30, "UTF-8"),
    ],
)
def test_labels_that_are_none_are_input_errors(labels, message):
    with pytest.raises(InputError, match=message):
        load((IMAGES, labels), **ALL)


def test_labels_are_numbered_in_all_splits_together():
    pairs = ((IMAGES[:20], np.tile([7, 9], 10)), (IMAGES[20:], np.tile([5, 9], 5)))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = load(pairs, batch_size=1, validation=0)
    assert ["5, 7, 9" in str(w.message) for w in caught] == [True, False]
    assert "No training example is of some classes (1: 5)" in str(caught[1].message)
    assert data.class_names == ["5", "7", "9"]
    assert named(data) == {i: "79"[i % 2] for i in range(20)}
    assert named(data, "test") == {i: "59"[i % 2] for i in range(20, 30)}
    for first, second in ((DIGITS, np.eye(5)[DIGITS]), (DIGITS, DIGITS.astype(str))):
        with pytest.raises(InputError, match="of one kind in all splits"):
            load(((IMAGES, first), (IMAGES, second)))


def test_labels_of_arrays_that_are_resized_keep_their_places():
    assert named(load((IMAGES, DIGITS), size=16, **ALL)) == {i: str(DIGITS[i]) for i in range(30)}


# Other containers.


def test_what_keras_gives_is_loaded(monkeypatch):
    given = ((IMAGES[:20], DIGITS[:20]), (IMAGES[20:], DIGITS[20:]))
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: given)
    for source in (keras.datasets.mnist.load_data(), list(given), "mnist"):
        data = load(source, batch_size=1, validation=0.1)
        assert [len(data.arrays(split)[0]) for split in ("train", "val", "test")] == [18, 2, 10]
        assert named(data, "test") == {i: str(DIGITS[i]) for i in range(20, 30)}


RGB = [PIL.Image.fromarray(np.repeat(image[..., None], 3, axis=2)) for image in IMAGES]


@pytest.mark.parametrize(
    "images, arguments, shape",
    [
        (list(IMAGES), {}, (8, 8, 1)),
        ([PIL.Image.fromarray(image) for image in IMAGES], {}, (8, 8, 1)),
        (RGB, {}, (8, 8, 3)),
        (RGB, {"channels": 1}, (8, 8, 1)),
        ([image.quantize() for image in RGB], {}, (8, 8, 3)),
        ([image.resize((9 + i, 9)) for i, image in enumerate(RGB)], {"size": 8}, (8, 8, 3)),
        ([np.asarray(image.resize((9 + i, 9))) for i, image in enumerate(RGB)], {"size": 8}, (8, 8, 3)),
        (tf.constant(IMAGES), {}, (8, 8, 1)),
    ],
)
def test_images_in_lists_are_loaded(images, arguments, shape):
    data = load((images, DIGITS), **arguments, **ALL)
    assert data.media.shape == shape and named(data) == {i: str(DIGITS[i]) for i in range(30)}
    np.testing.assert_array_equal(
        load(images, **arguments, **ALL).arrays("train")[0], data.arrays("train")[0]
    )


@pytest.mark.parametrize(
    "source, message",
    [
        ([IMAGES[..., None], DIGITS], r"entry 0 is of the shape \(30, 8, 8, 1\): .*tuple \(x, y\)"),
        ([IMAGES, DIGITS], "entry 1 is of the shape"),
        ([[IMAGES, DIGITS], [IMAGES, DIGITS]], "A list of images must hold arrays or PIL images"),
        (np.array([IMAGES[0], DIGITS], object), "entry 1"),
        ([RGB[0].resize((9, 9)), RGB[1]], "2 sizes: pass size"),
        ([RGB[0], "a.png"], "entry 1 is a str"),
        (
            [RGB[0], PIL.Image.new("I", (8, 8))],
            "Entry 1 of the list cannot be used: .*which of them is white",
        ),
        ((IMAGES, DIGITS, DIGITS), "has 3 entries"),
        (((IMAGES, DIGITS), (IMAGES,)), "has 1 entries"),
        ((["A dog."] * 30, DIGITS[:9]), "one entry for each of the 30 sentences"),
        ((["A dog."] * 30, DIGITS, DIGITS), "has 3 entries"),
        (((["A dog."], [0]), (["A cat."], None)), "Labels must come with every split or none"),
        (["a.png", "b.PNG"], "names of files, such as 'a.png', not sentences: give their folder"),
        (
            tf.data.Dataset.from_tensor_slices(IMAGES).batch(4),
            "A tf.data.Dataset cannot be loaded: give its batches to fit",
        ),
        (
            {"x": IMAGES, "y": DIGITS},
            r"A dict cannot be loaded: give .* tuple \(x, y\), not the keys 'x', 'y'",
        ),
        ((image for image in IMAGES), "A generator cannot be loaded"),
        (None, "type NoneType cannot be loaded"),
        (RGB[0], "type Image cannot be loaded"),
    ],
)
def test_what_is_no_source_is_an_input_error(source, message):
    with pytest.raises(InputError, match=message):
        load(source, **ALL)


# Splits and classes of folders.


def png(value, size=8):
    stream = io.BytesIO()
    PIL.Image.new("RGB", (size, size), (value,) * 3).save(stream, "PNG")
    return stream.getvalue()


def tree(root, *folders, count=6):
    """A folder that holds folders of a few images each, as bright as the place of their folder."""
    for value, folder in enumerate(folders):
        (root / folder).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            (root / folder / f"{i}.png").write_bytes(png(value))
    return root


@pytest.mark.parametrize(
    "words",
    [
        {"train": "training", "test": "testing"},
        {"train": "Train", "test": "eval"},
        {"train": "TRAINING", "val": "Validation", "test": "Test"},
        {"train": "train", "val": "dev"},
        {"train": "train", "val": "valid", "test": "evaluation"},
        {"train": "train", "val": "validate"},
    ],
)
def test_words_for_splits(tmp_path, words):
    tree(tmp_path / "images", *(f"{word}/{name}" for word in words.values() for name in "ab"))
    data = load(tmp_path / "images", size=8, batch_size=1, **{"validation": 0} if "val" not in words else {})
    assert data.class_names == ["a", "b"]
    for place, split in enumerate(words):
        images, labels = data.arrays(split)
        np.testing.assert_array_equal(images[:, 0, 0, 0], 2 * place + labels)
        assert len(labels) == 12 or (split, "test" in words) == ("train", False)
    (tmp_path / "text").mkdir()
    for split, word in words.items():
        (tmp_path / "text" / f"a_{word}.txt").write_text(f"{split}\n" * 9)
        (tmp_path / "folders" / word).mkdir(parents=True)
        (tmp_path / "folders" / word / "a.txt").write_text(f"{split}\n" * 9)
    for root in ("text", "folders"):
        data = load(tmp_path / root, media=Text(9, "bytes"), batch_size=1)
        for split in words:
            assert set(data.media.unpack(data.arrays(split)[0]).tolist()) == {split}


@pytest.mark.parametrize(
    "folders, message",
    [
        (
            ["train/a", "train/b", "test/a", "unlabeled/a"],
            "test, train, named like a split, beside unlabeled: move out",
        ),
        (["train", "plane"], "train, named like a split, beside plane"),
        (["Eval", "plane"], "Eval, named like a split, beside plane"),
        (["test/a", "val/a"], "named test, val, which are splits, but none of them is for training"),
        (["train/a", "test/a", "eval/a"], "named eval, test, train, of which two mean one split"),
        (
            ["test/a", "test/b", "train"],
            "class folders for test, but none for train, such as for train/0.png",
        ),
        (["a/train", "a/test", "b/train", "b/test"], "splits within a: folders such as train"),
    ],
)
def test_folders_that_make_up_no_splits_or_classes_are_input_errors(tmp_path, folders, message):
    with pytest.raises(InputError, match=message):
        load(tree(tmp_path, *folders), size=8, batch_size=1)


def test_names_of_classes_that_only_hold_a_word_are_classes(tmp_path):
    folders = ["trains", "testing ground", "dev-boards"]
    assert load(tree(tmp_path, *folders), size=8, batch_size=1).class_names == sorted(folders)


@pytest.mark.parametrize(
    "names, message",
    [
        (["captions.txt", "test.txt"], "but captions.txt does not, as test.txt does"),
        (["val.txt", "test.txt"], "test, val, .* none of them is for training"),
        (["train.txt", "test.txt", "eval.txt"], "two mean one split"),
        (["train/a.txt", "other/a.txt"], "train, named like a split, beside other"),
    ],
)
def test_files_that_make_up_no_splits_are_input_errors(tmp_path, names, message):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("A dog runs.\n" * 9)
    with pytest.raises(InputError, match=message):
        load(tmp_path, **{**ALL, "test": None})


def test_classes_without_training_examples_are_named(tmp_path):
    tree(tmp_path / "unseen", "train/a", "train/b", "test/a", "test/b", "test/c")
    with told("No training example is of some classes (1: c)"):
        data = load(tmp_path / "unseen", size=8, **KEPT)
    assert data.class_names == ["a", "b", "c"]
    (tmp_path / "names").mkdir()
    for i in range(6):
        for name in ("red_theo", "blue_ann"):
            (tmp_path / "names" / f"{name}_{i}.png").write_bytes(png(0))
    with told("(2: color=red, speaker=theo)"):
        load(tmp_path / "names", labels="{color}_{speaker}_{index}", test="speaker=theo", size=8, **KEPT)
    tree(tmp_path / "lost", "a", "b", "c")
    for file in (tmp_path / "lost" / "c").iterdir():
        file.write_bytes(b"")
    with pytest.warns(UserWarning, match=r"No file of some classes can be used, .* \(1: c\)"):
        assert load(tmp_path / "lost", size=8, batch_size=1).class_names == ["a", "b"]
    with told():
        load(tree(tmp_path / "seen", "a", "b"), size=8, **KEPT)


def test_reasons_are_told_of_the_first_file_of_each_kind(tmp_path):
    tree(tmp_path, ".")
    (tmp_path / "page.jpg").write_text("<html>")
    (tmp_path / "more.jpg").write_text("<html><body>")
    (tmp_path / "empty.jpg").touch()
    PIL.Image.fromarray(np.full((8, 8), 200, np.float32)).save(tmp_path / "float.tif")
    PIL.Image.fromarray(np.full((8, 8), 90, np.float32)).save(tmp_path / "other.tif")
    with told(
        "5 of 11 images were set aside",
        "(2: more.jpg, page.jpg)",
        "it is empty (1: empty.jpg)",
        "range from 200 to 200; scale them, or give uint8 (2: float.tif, other.tif)",
    ):
        load(tmp_path, size=8, **ALL)


def test_whatever_one_example_raises_sets_it_aside_alone(tmp_path, monkeypatch):
    pack = Image.pack

    def tripped(self, raw):
        return pack(self, raw) if raw == png(0) else 1 / 0

    monkeypatch.setattr(Image, "pack", tripped)
    (tree(tmp_path, ".") / "bad.png").write_bytes(png(1))
    with told("1 of 7 images were set aside: ZeroDivisionError, division by zero (1: bad.png)"):
        load(tmp_path, size=8, **ALL)


# Tables.


@pytest.mark.parametrize(
    "rows, message",
    [
        (['1,"a dog', "2,a cat", "3,a fish"], "quote in line 3 that is not closed"),
        (["1,a dog", "2,a cat", '3,"a fish'], "quote in line 5"),
        (['1,"a dog', '2,"a cat"', "3,a fish"], "quote in line 3"),
        (['1,"a dog', *["2,a cat"] * 200, '3",a fish'], "quote in line 3 .* not within 100 lines"),
    ],
)
def test_quotes_that_are_not_closed_are_input_errors_that_name_their_line(tmp_path, rows, message):
    (tmp_path / "a.csv").write_text("\n".join(["id,caption", "0,a bird", *rows]) + "\n")
    with pytest.raises(InputError, match=f"a.csv has a {message}"):
        load(tmp_path / "a.csv", field="caption", **ALL)
    (tmp_path / "b.csv").write_text("caption\na horse\n")
    with told(f"has a {message.split(' .*')[0]}", "(1: a.csv)"):
        assert len(load(tmp_path, field="caption", **ALL).arrays("train")[0]) == 1


def test_fields_of_a_few_lines_and_quotes_within_fields_are_read(tmp_path):
    (tmp_path / "a.csv").write_text(
        'id,caption\n1,"a\ndog\n\nran"\n2,"he said "no" twice"\n3,"a ""big"" cat"\n4,5" nails\n'
    )
    data = load(tmp_path / "a.csv", field="caption", media=Text(32, "bytes"), **ALL)
    assert data.media.unpack(data.arrays("train")[0]).tolist() == [
        "a dog ran",
        'he said no" twice"',
        'a "big" cat',
        '5" nails',
    ]


# Vocabularies.


def test_the_share_of_unknown_words_is_told_once_where_it_is_high():
    sentences = [f"a dog of the kind{i % 2}" for i in range(40)]
    media = Text(8).learn(["a dog of the"])
    with told():
        load(sentences, media=media, **KEPT)  # one in five
    with told("(60% of train, 60% of test, 60% of val)", "give a Text without vocabulary"):
        load(sentences, media=Text(8).learn(["a dog"]), **KEPT)
    with told("0% of train, 100% of test, 100% of val", "tokenizer='bytes'"):
        load([f"name{i}" for i in range(40)], **KEPT)
    with told("raise most_words"):
        load(sentences, media=Text(8, most_words=2), **KEPT)
    with told():
        load([f"name{i}" for i in range(40)], media=Text(8, "bytes"), **KEPT)


# Archives.


def npy(shape, dtype="|u1", data=b""):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"shape": shape, "fortran_order": False, "descr": dtype})
    return stream.getvalue() + data


@pytest.mark.parametrize(
    "members, message",
    [
        ({"x.npy": npy((8, 8, 8), data=bytes(500))}, r"x is uint8 of the shape \(8, 8, 8\) by its header"),
        ({"x.npy": npy((8, 8, 8), data=bytes(600))}, r"x is uint8 of the shape \(8, 8, 8\) by its header"),
        ({"x.npy": npy((-1, -512), data=bytes(512))}, "by its header"),
        ({"x.npy": npy((8, 8, 8), "|O", bytes(4096))}, "x holds Python objects"),
        (
            {"x.npy": npy((8, 8, 8), data=bytes(512)), "y.npy": npy((8,), "|O", bytes(64))},
            "y holds Python objects",
        ),
        ({"x.npy": b"no array"}, "could not be read as an .npz"),
        ({"x.npy": b"\x93NUMPY\x01\0\xff\xff" + b"[" * 65535}, "could not be read as an .npz"),
    ],
)
def test_arrays_that_are_not_what_their_headers_say_are_input_errors(tmp_path, members, message):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match=message):
        load(tmp_path / "a.npz")


def test_arrays_are_measured_before_they_are_unpacked_and_others_left_alone(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", x=IMAGES, y=DIGITS, other=np.array([{}], dtype=object))
    assert named(load(tmp_path / "a.npz", **ALL)) == {i: str(DIGITS[i]) for i in range(30)}
    monkeypatch.setattr("keras_gen.datasets.arrays.MOST_BYTES", IMAGES.size + DIGITS.nbytes - 1)
    monkeypatch.setattr(np.lib.format, "read_array", None)
    with pytest.raises(InputError, match="x, y unpack to .* GiB, more than"):
        load(tmp_path / "a.npz")


def test_members_of_a_zip_that_lie_about_their_size_are_not_unpacked(tmp_path):
    path, size = tmp_path / "a.zip", 2**26
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.png", bytes(size))
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<I", size), struct.pack("<I", 100)))
    tracemalloc.start()
    with open_tree(path) as files, pytest.raises(InputError, match="could not be unpacked"):
        files.read("0.png")
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_of_methods_that_unpack_all_that_they_are_given_they_are_given_little(tmp_path, monkeypatch):
    portions, content = [], np.random.default_rng(0).bytes(10_000)

    class Decompressor:
        def __init__(self):
            self._real = decompressor()

        eof = property(lambda self: self._real.eof)

        def decompress(self, data):
            portions.append(len(data))
            return self._real.decompress(data)

    decompressor = bz2.BZ2Decompressor
    monkeypatch.setattr(bz2, "BZ2Decompressor", Decompressor)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("0.png", content)
    with open_tree(tmp_path / "a.zip") as files:
        assert files.read("0.png") == content
    assert sum(portions) > 10_000 and max(portions) <= 64
