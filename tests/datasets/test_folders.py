"""Where the labels of images come from: folders of any depth, names, tables, or nowhere; and what lies beside."""

import io
import json
import zipfile

import numpy as np
import PIL.Image
import pytest
from loading import loaded

from keras_gen.datasets import Table, load
from keras_gen.errors import InputError
from keras_gen.media import Image

ALL = {"size": 8, "batch_size": 1, "validation": 0, "test": 0}
SPLIT = {"size": 8, "batch_size": 1, "validation": 0}
ANIMALS = ("animals/cats", "animals/dogs", "plants")


def image(value):
    stream = io.BytesIO()
    PIL.Image.new("L", (8, 8), value).save(stream, "PNG")
    return stream.getvalue()


def images(*folders, count):
    """Files of a few images for each folder, each brighter than the one before."""
    names = [f"{folder}/{i}.png".removeprefix("./") for folder in folders for i in range(count)]
    return {name: image(value) for value, name in enumerate(names)}


def table(*rows, separator=","):
    return "\n".join(map(separator.join, rows)).encode()


def tree(root, files):
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


STRAYS = images(*ANIMALS, count=2) | {"0.png": image(90), "1.png": image(91)}


def labels_by_value(data):
    """Name of a split -> (name of the class, or None, of each image, by its brightness)."""
    found = {}
    for split in data.account.used:
        packed, labels = data.arrays(split)
        names = [None] * len(packed) if labels is None else [data.class_names[label] for label in labels]
        order = np.argsort(packed[:, 0, 0, 0])
        found[split] = [names[place] for place in order]
    return found


# Files and arguments -> the class of each image of a split, and what is told.
LAYOUTS = {
    "folders of any depth": (
        images(*ANIMALS, count=2),
        ALL,
        {"train": ["animals/cats"] * 2 + ["animals/dogs"] * 2 + ["plants"] * 2},
    ),
    "top folders alone": (
        images(*ANIMALS, count=2),
        {**ALL, "labels": "top"},
        {"train": ["animals"] * 4 + ["plants"] * 2},
    ),
    "folders that all share": (
        images("train/images/a", "train/images/b", "test/images/a", count=1),
        SPLIT,
        {"train": ["a", "b"], "test": ["a"]},
    ),
    "a folder within a class": (
        images("cats", "cats/black", "dogs", count=1),
        ALL,
        {"train": ["cats", "cats/black", "dogs"]},
    ),
    "files beside class folders": (
        STRAYS,
        ALL,
        {"train": ["animals/cats"] * 2 + ["animals/dogs"] * 2 + ["plants"] * 2},
        ["2 of 8 images lie beside class folders", "set aside (2: 0.png, 1.png): labels=None takes all"],
    ),
    "files beside class folders of a split": (
        images("train/a", "train/b", "test/a", "test/b", "test", count=1),
        SPLIT,
        {"train": ["a", "b"], "test": ["a", "b"]},
        ["1 of 5 images lie beside class folders"],
    ),
    "files beside splits": (
        images("train/a", "train/b", "test/a", ".", count=1),
        SPLIT,
        {"train": ["a", "b"], "test": ["a"]},
        ["1 of 4 images lie beside the folders of splits", "(1: 0.png)"],
    ),
    "a heap with a folder": (images("female", ".", count=3), ALL, {"train": [None] * 6}),
    "a heap of folders": (STRAYS, {**ALL, "labels": None}, {"train": [None] * 8}),
    "splits of heaps": (
        images("train/a", "train", "test/b", "test", count=1),
        {**SPLIT, "labels": None},
        {"train": [None] * 2, "test": [None] * 2},
    ),
    "a table": (
        images("some", "more", count=2) | {"labels.csv": table(["file", "label"], ["some/0.png", "x"])},
        {**ALL, "labels": "labels.csv"},
        {"train": [None]},
        ["labels.csv has no label for it, so it is set aside (3: more/0.png, more/1.png, some/1.png)"],
    ),
    "a table with splits and ends of names": (
        images("some", count=5)
        | {
            "meta/labels.csv": table(
                ["label", "split", "file"],
                *(
                    ["xyxyx"[i], ["train", "train", "train", "valid", "Test"][i], f"{i}.png"]
                    for i in range(5)
                ),
            )
        },
        {"size": 8, "batch_size": 1, "labels": "meta/labels.csv"},
        {"train": ["x", "y", "x"], "val": ["y"], "test": ["x"]},
    ),
    "a table of other columns, beside splits": (
        images("train", "test", count=2)
        | {
            "a.tsv": table(
                ["id", "breed"],
                *([f"{split}/{i}", "xy"[i]] for split in ("train", "test") for i in (0, 1)),
                separator="\t",
            )
        },
        {**SPLIT, "labels": Table("a.tsv", "id", "breed")},
        {"train": ["x", "y"], "test": ["x", "y"]},
    ),
    "lines of JSON that match on no side": (
        images("some", count=2)
        | images("more", count=3)
        | {
            "labels.jsonl": "\n".join(
                json.dumps({"file": file, "label": label})
                for file, label in [
                    ("some/0.png", 3),
                    ("./some\\1.png", 4),
                    ("0.png", 3),  # of two files
                    ("../../some/0.png", 3),
                    ("/etc/passwd", 3),
                    ("lost.png", 4),
                    ("more/1.png", 3),
                    ("more/1.png", 4),
                    ("more/2.png", 0.5),
                ]
            ).encode()
        },
        {**ALL, "labels": "labels.jsonl"},
        {"train": ["3", "4"]},
        [
            "labels.jsonl has no label for it, so it is set aside (2: more/0.png, more/2.png)",
            "labels.jsonl gives it several labels or splits, so it is set aside (1: more/1.png)",
            "is not there, or not the only one, so it is set aside (4: 0.png, ../../some/0.png, /etc/passwd, "
            "lost.png)",
            "Not all of labels.jsonl can be used: it has no label in the field 'label' (1 line)",
        ],
    ),
    "a table that names what lies beside it": (
        images(".", "some", count=2)
        | {"some/labels.csv": table(["file", "label"], ["0.png", "x"], ["1", "y"])},
        {**ALL, "labels": "some/labels.csv"},
        {"train": ["x", "y"]},
        ["some/labels.csv has no label for it, so it is set aside (2: 0.png, 1.png)"],
    ),
    "a table of numbers, by their size": (
        images(".", count=3)
        | {"labels.csv": table(["file", "label"], *([f"{i}.png", ("10", "9", "007")[i]] for i in range(3)))},
        {**ALL, "labels": "labels.csv"},
        {"train": ["10", "9", "007"]},
    ),
    "folders of numbers, by the alphabet": (images("10", "9", count=1), ALL, {"train": ["10", "9"]}),
    "a table with a file in two splits": (
        images(".", count=4)
        | {
            "labels.csv": table(
                ["file", "label", "split"],
                *([f"{i}.png", "xyyx"[i], ["train", "train", "test", "train"][i]] for i in range(4)),
                ["3", "x", "test"],
            )
        },
        {**SPLIT, "labels": "labels.csv"},
        {"train": ["x", "y"], "test": ["y"]},
        ["labels.csv gives it several labels or splits, so it is set aside (1: 3.png)"],
    ),
}


@pytest.mark.parametrize("kind", LAYOUTS)
@pytest.mark.parametrize("make", [tree, zipped])
def test_labels_come_from_where_they_are_said_to_be(tmp_path, kind, make):
    files, arguments, expected, *told = LAYOUTS[kind]
    data = loaded(make(tmp_path / "set.zip", files), *told, **arguments)
    assert labels_by_value(data) == expected
    if "of numbers" in kind:
        assert data.class_names == (["007", "9", "10"] if "table" in kind else ["10", "9"])
    found = sum(name.endswith(".png") for name in files)
    names = {name for left in data.account.set_aside.values() for name in left.names}
    assert data.account.found == found == sum(data.account.used.values()) + len(names & files.keys())
    assert not data.account.ignored


MISTAKES = {
    "infered": 'labels must be "inferred", "top" or None, .*is \'infered\'',
    "lost.csv": "labels is 'lost.csv', but there is no such file",
    "other.csv": "other.csv has no label for any of 2 images such as a/0.png: it names 1: b.png",
    "names.csv": "names.csv has no column 'file': its columns are 'name', 'label'",
    "splits.csv": r"names splits that are none \(1: later\): name them train, val or test",
    "half.csv": "half.csv names no split of some files",
}


@pytest.mark.parametrize("labels", MISTAKES)
def test_mistakes_about_labels_are_input_errors(tmp_path, labels):
    files = images("a", count=2) | {
        "other.csv": table(["file", "label"], ["b.png", "x"]),
        "names.csv": table(["name", "label"], ["a/0.png", "x"]),
        "splits.csv": table(["file", "label", "split"], ["a/0.png", "x", "later"]),
        "half.csv": table(["file", "label", "split"], ["a/0.png", "x", "train"], ["a/1.png", "x", ""]),
    }
    with pytest.raises(InputError, match=MISTAKES[labels]):
        load(tree(tmp_path, files), labels=labels, **ALL)


@pytest.mark.parametrize("labels", [[0, 1], np.arange(50)], ids=["list", "array"])
def test_labels_of_arrays_stand_beside_these(labels):
    told = r"labels must be .* is (\[0, 1\]|array.*\.\.\..*); labels of arrays .* load\(\(x, y\)\)"
    with pytest.raises(InputError, match=f"(?s){told}"):
        load(np.zeros((2, 8, 8), np.uint8), labels=labels)


def test_labels_are_left_out_of_any_source(tmp_path):
    assert load("digits", labels=None).num_classes is None
    (tmp_path / "a.csv").write_text("file,label\n0.png,x\n1.png,y\n")
    folder = tree(tmp_path / "set", images(".", count=2))
    assert load(folder, labels=str(tmp_path / "a.csv"), **ALL).class_names == ["x", "y"]
    for arguments in ({"labels": "a.csv"}, {"labels": "{a}_{index}"}, {"chunks": True}):
        with pytest.raises(InputError, match="has no use"):
            load("digits", **arguments)


def test_frames_of_a_file_are_in_one_split(tmp_path):
    for file in range(10):
        frames = [PIL.Image.new("L", (8, 8), 20 * file + frame) for frame in range(4)]
        frames[0].save(tmp_path / f"{file}.gif", save_all=True, append_images=frames[1:])
    told = ["Of some files only the first frame is used (10: 0.gif", "chunks=True takes all"]
    first = loaded(tmp_path, told, size=8, batch_size=1, channels=1)
    assert first.account.used == {"train": 8, "val": 1, "test": 1}
    data = loaded(tmp_path, size=8, batch_size=1, channels=1, chunks=True)
    assert data.account.used == {"train": 32, "val": 4, "test": 4} and data.account.found == 10
    for split in data.account.used:
        values = data.arrays(split)[0][:, 0, 0, 0]
        assert sorted(values) == [20 * file + frame for file in sorted({*values // 20}) for frame in range(4)]


def test_rectangles_and_alpha_from_files_and_arrays(tmp_path):
    rgba = np.zeros((10, 16, 24, 4), np.uint8)
    rgba[:, 4:12, 6:18] = 200, 100, 50, 255
    rgba[:, 0, 0] = np.arange(10)[:, None]  # all different
    for i, one in enumerate(rgba):
        PIL.Image.fromarray(one).save(tmp_path / f"{i}.png")
    whole = {"batch_size": 1, "validation": 0, "test": 0}
    for source in (tmp_path, rgba, list(rgba)):
        data = load(source, size=(16, 24), channels=4, **whole)
        assert data.media == Image(16, 24, 4)
        packed = data.arrays("train")[0]
        order = np.argsort(packed[:, 0, 0, 3])
        np.testing.assert_array_equal(packed[order][1:, 0, 0], rgba[1:, 0, 0])
        assert (packed[:, -1, -1] == [255, 255, 255, 0]).all()
        padded = load(source, media=Image(16, 16, 3, "pad", "black"), **whole).arrays("train")[0]
        assert (padded[:, :2] == 0).all() and np.allclose(padded[:, 8, 8], [200, 100, 50], atol=8)
    assert load(rgba, **whole).media == Image(16, 24, 3)
