import functools
import io
import re
import sys
import types
import warnings
import zipfile

import keras
import numpy as np
import PIL.Image
import pytest
from sklearn.datasets import load_digits

from keras_gen.datasets import load
from keras_gen.errors import InputError
from keras_gen.media import Image


def jpeg(value, size=24):
    stream = io.BytesIO()
    PIL.Image.new("RGB", (size, size), (value,) * 3).save(stream, "JPEG", quality=95)
    return stream.getvalue()


def tree(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_digits_are_scaled_and_split():
    data = load("digits")
    assert data.media == Image(8, 8, 1) and data.num_classes == 10 and data.class_names == list("0123456789")
    counts = [len(data.arrays(split)[0]) for split in ("train", "val", "test")]
    assert counts == [1258, 180, 359]
    original = load_digits()
    known = {image.tobytes(): label for image, label in zip(original.images, original.target, strict=True)}
    for split in ("train", "val", "test"):
        for image, label in zip(*data.arrays(split), strict=True):
            assert known[np.rint(image[..., 0] * (16 / 255)).tobytes()] == label
    assert data.arrays("train")[0].max() == 255


def test_splits_are_disjoint_complete_and_follow_the_seed():
    x = np.broadcast_to(np.arange(200, dtype=np.uint8).reshape(-1, 1, 1), (200, 8, 8))

    def split(**arguments):
        data = load((x, np.arange(200)), batch_size=8, **arguments)
        for name in ("train", "val", "test"):
            np.testing.assert_array_equal(data.arrays(name)[0][:, 0, 0, 0], data.arrays(name)[1])
        return [data.arrays(name)[1].tolist() for name in ("train", "val", "test")]

    first = split(seed=1)
    assert [len(rows) for rows in first] == [160, 20, 20]
    assert sorted(np.concatenate(first)) == list(range(200))
    assert split(seed=1) == first != split(seed=2)
    assert [len(rows) for rows in split(validation=0.25, test=0.5)] == [50, 50, 100]
    data = load(x, validation=0, test=0, batch_size=8)
    assert data.val is None and data.test is None and len(data.arrays("train")[0]) == 200


@pytest.mark.parametrize("make", [tree, zipped])
def test_folders_and_zips_with_splits_and_classes(tmp_path, make):
    files = {
        f"pets/{split}/{name}/{i}.jpg": jpeg(value + first + i)
        for split, first, count in (("train", 0, 12), ("test", 20, 3))
        for name, value in (("zebra", 200), ("ape", 50))
        for i in range(count)
    }
    files |= {
        "pets/train/ape/.hidden.jpg": b"",
        "pets/.cache/x.jpg": b"",
        "__MACOSX/pets/train/ape/._0.jpg": b"",
        "pets/readme.txt": b"",
        "labels.csv": b"",
    }
    source = make(tmp_path / "pets.zip", files)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = load(source, size=16, batch_size=4, validation=0.25)
    assert data.media == Image(16, 16, 3) and data.class_names == ["ape", "zebra"]
    assert [len(data.arrays(split)[0]) for split in ("train", "val", "test")] == [18, 6, 6]
    for split in ("train", "val", "test"):
        images, labels = data.arrays(split)
        np.testing.assert_array_equal(images.mean(axis=(1, 2, 3)) > 128, labels == 1)
    with pytest.raises(InputError, match="test=0.2 has no use"):
        load(source, test=0.2)


@pytest.mark.parametrize("make", [tree, zipped])
def test_classes_without_splits_and_plain_images(tmp_path, make):
    files = {f"{name}/{i}.PNG": jpeg(i) for name in ("b", "a") for i in range(10)}
    data = load(make(tmp_path / "classes.zip", files), batch_size=8)
    assert data.class_names == ["a", "b"] and data.media == Image(64, 64, 3)
    data = load(
        make(tmp_path / "plain.zip", {f"faces/{i}.jpg": jpeg(i) for i in range(10)}), batch_size=8, channels=1
    )
    assert data.num_classes is None and data.media == Image(64, 64, 1)
    assert data.train.element_spec.shape == (8, 64, 64, 1)
    files = {f"train/{i}.jpg": jpeg(i) for i in range(10)} | {f"val/{i}.jpg": jpeg(i) for i in range(3)}
    data = load(make(tmp_path / "split.zip", files), batch_size=8)
    assert [len(data.arrays(split)[0]) for split in ("train", "val", "test")] == [9, 3, 1]


@pytest.mark.parametrize("make", [tree, zipped])
def test_damaged_images_are_set_aside_and_named(tmp_path, make):
    files = {f"good/{i:02}.jpg": jpeg(10 * i) for i in range(18)}
    files |= {"bad/cut.jpg": jpeg(0, 200)[:800], "bad/text.png": b"no image", "bad/fine.jpg": jpeg(255)}
    source = make(tmp_path / "mixed.zip", files)
    with pytest.warns(UserWarning) as caught:
        data = load(source, batch_size=4, validation=0, test=0)
    (told,) = (str(warning.message) for warning in caught)
    assert re.fullmatch(
        r"2 of 21 images were set aside: The image could not be read: [^;]+ \(1: bad/cut.jpg\); "
        r"The image could not be read: it is none of PNG, JPEG, [^;]+ \(1: bad/text.png\)\.",
        told,
    )
    images, labels = data.arrays("train")
    # What follows a damaged image keeps its own label.
    np.testing.assert_array_equal(labels, [0] + [1] * 18)
    np.testing.assert_allclose(images.mean(axis=(1, 2, 3)), [255] + [10 * i for i in range(18)], atol=1)


def test_many_damaged_images_are_not_all_listed(tmp_path):
    tree(tmp_path, {f"{i}.jpg": b"" for i in range(9)} | {f"good{i}.jpg": jpeg(i) for i in range(9)})
    with pytest.warns(UserWarning, match=r"9 of 18 .*\(9: 0.jpg, 1.jpg, 2.jpg, 3.jpg, 4.jpg, \.\.\.\)"):
        load(tmp_path, batch_size=4)


def test_zip_is_read_in_place_whatever_its_names(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    files = {f"a/{i}.jpg": jpeg(i) for i in range(8)} | {
        "../escape.jpg": jpeg(9),
        "/tmp/../../root.jpg": jpeg(9),
    }
    data = load(zipped(inside / "odd.zip", files), batch_size=4, validation=0, test=0)
    assert len(data.arrays("train")[0]) == 8
    assert [path.name for path in tmp_path.rglob("*")] == ["inside", "odd.zip"]


def test_damaged_members_of_a_zip_are_set_aside(tmp_path):
    path = zipped(tmp_path / "crc.zip", {f"{i}.jpg": jpeg(i) for i in range(8)})
    content = bytearray(path.read_bytes())
    content[200] ^= 255  # within the first, stored member
    path.write_bytes(content)
    with pytest.warns(UserWarning, match="1 of 8 .*: 0.jpg"):
        load(path, batch_size=4)


def test_npz_with_official_splits(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (40, 12, 12, 3), dtype=np.uint8), np.tile([[0], [1], [2], [3]], (10, 1))
    np.savez(tmp_path / "set.npz", x_train=x[:30], y_train=y[:30], x_test=x[30:], y_test=y[30:])
    data = load(tmp_path / "set.npz", batch_size=8)
    assert data.media == Image(12, 12, 3) and data.num_classes == 4
    np.testing.assert_array_equal(data.arrays("test")[0], x[30:])
    np.testing.assert_array_equal(data.arrays("test")[1], y[30:, 0])
    assert [len(data.arrays(split)[0]) for split in ("train", "val")] == [27, 3]
    together = np.concatenate([data.arrays("train")[0], data.arrays("val")[0]])
    assert {image.tobytes() for image in together} == {image.tobytes() for image in x[:30]}
    resized = load(tmp_path / "set.npz", batch_size=8, size=8, channels=1)
    np.testing.assert_array_equal(resized.arrays("test")[0][3], Image(8, 8, 1).pack(x[33]))


def test_default_validation_is_at_most_5000():
    data = load(np.zeros((60000, 8, 8), np.uint8), test=0)
    assert len(data.arrays("val")[0]) == 5000
    assert len(load(np.zeros((60000, 8, 8), np.uint8), test=0, validation=0.1).arrays("val")[0]) == 6000


def test_arrays_of_other_types():
    x = np.linspace(0, 1, 20 * 64).reshape(20, 8, 8)
    data = load(x, batch_size=4, validation=0, test=0)
    np.testing.assert_array_equal(data.arrays("train")[0][..., 0], np.rint(x * 255))
    rgba = np.zeros((20, 8, 8, 4), np.uint8)
    data = load(rgba, batch_size=4)
    assert data.media == Image(8, 8, 3) and (data.arrays("train")[0] == 255).all()


def fake_keras(monkeypatch, name, result):
    def load_data():
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(getattr(keras.datasets, name), "load_data", load_data)


def test_keras_names(monkeypatch):
    x, y = np.zeros((40, 32, 32, 3), np.uint8), np.arange(40).reshape(-1, 1) % 10
    fake_keras(monkeypatch, "cifar10", ((x[:30], y[:30]), (x[30:], y[30:])))
    data = load("cifar10", batch_size=8)
    assert data.media == Image(32, 32, 3) and data.class_names[:2] == ["airplane", "automobile"]
    np.testing.assert_array_equal(data.arrays("test")[1], np.arange(10))
    fake_keras(monkeypatch, "mnist", Exception("URL fetch failure"))
    with pytest.raises(InputError, match="URL fetch failure.*path of an .npz"):
        load("mnist")


def test_tfds_names(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(InputError, match="pip install tensorflow-datasets"):
        load("tfds:flowers")
    images = [np.full((20 + i, 30, 3), i, np.uint8) for i in range(30)]
    examples = [{"image": image, "label": np.int64(i % 3)} for i, image in enumerate(images)]
    features = {
        "image": types.SimpleNamespace(shape=(None, None, 3)),
        "label": types.SimpleNamespace(names=list("abc")),
    }
    fake = types.SimpleNamespace(
        load=lambda name, with_info: (
            {"train": examples[:20], "test": examples[20:]},
            types.SimpleNamespace(features=features),
        ),
        as_numpy=iter,
    )
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", fake)
    data = load("tfds:flowers", batch_size=4)
    assert data.media == Image(64, 64, 3) and data.class_names == ["a", "b", "c"]
    images, labels = data.arrays("test")
    np.testing.assert_array_equal(images[:, 0, 0, 0], range(20, 30))
    np.testing.assert_array_equal(labels, np.arange(20, 30) % 3)
    fake.load = lambda name, with_info: 1 / 0
    with pytest.raises(InputError, match="tfds:flowers could not be loaded"):
        load("tfds:flowers")


GOOD = np.zeros((20, 8, 8), np.uint8)


@pytest.mark.parametrize(
    "source, arguments, message",
    [
        ("digts", {}, "did you mean 'digits'"),
        ("no/such/folder", {}, "no/such/folder"),
        ("digits", {"size": 7}, "size must be 8 to 256 pixels, .* but is 7"),
        ("digits", {"size": 257}, "257"),
        ("digits", {"size": 16.0}, "16.0"),
        ("digits", {"channels": 2}, "channels"),
        ("digits", {"seed": -1}, "seed"),
        ("digits", {"validation": 1.0}, "validation"),
        ("digits", {"test": -0.1}, "test"),
        ("digits", {"validation": 0.6, "test": 0.6}, "left to train on"),
        ("digits", {"batch_size": 2000}, "1258 training images"),
        (GOOD[:, :4, :4], {"batch_size": 4}, "size"),
        (GOOD[:, :, :4], {}, r"size must be 8 to 256 pixels, .* but is \(8, 4\)"),
        ("digits", {"size": (8, 257)}, r"\(8, 257\)"),
        ("digits", {"size": (8, 8, 1)}, r"\(8, 8, 1\)"),
        (GOOD[:0], {}, r"\(0, 8, 8, 1\)"),
        (GOOD[0], {}, r"\(8, 8\)"),
        (np.zeros((20, 8, 8, 2), np.uint8), {}, r"\(20, 8, 8, 2\)"),
        (GOOD.astype(np.int32), {}, "int32"),
        (np.full((20, 8, 8), 255.0), {}, "255"),
        (np.full((20, 8, 8), np.nan), {}, "nan"),
        ((GOOD, np.zeros(19, int)), {}, r"20 images.*\(19,\)"),
        ((GOOD, np.zeros((20, 10), int)), {}, r"\(20, 10\)"),
        ((GOOD, np.full(20, 0.5)), {}, "whole numbers from 0, or str, but one is 0.5"),
        ((GOOD, np.full(20, -1)), {}, "from -1"),
        ((GOOD, GOOD, GOOD), {}, "3 entries"),
    ],
)
def test_mistakes_are_input_errors(source, arguments, message):
    with pytest.raises(InputError, match=message):
        load(source, **arguments)


def test_mistaken_files_are_input_errors(tmp_path):
    (tmp_path / "empty").mkdir()
    tree(tmp_path / "lost", {"a.jpg": b"", "b.jpg": b""})
    tree(tmp_path / "few", {"a.jpg": jpeg(1), "b.jpg": jpeg(1)})
    tree(tmp_path, {"text.zip": b"text", "text.npz": b"text", "one.jpg": jpeg(1)})
    np.savez(tmp_path / "objects.npz", x=np.array([{}], dtype=object))
    np.savez(tmp_path / "names.npz", images=GOOD)
    np.savez(tmp_path / "half.npz", x_train=GOOD, y_train=np.zeros(20, int), x_test=GOOD)
    for name, message in {
        "empty": "holds no images",
        "lost": "None of the 2 images",
        "few": "left to train on",
        "text.zip": "zip archive",
        "text.npz": "could not be read as an .npz",
        "objects.npz": "could not be read as an .npz",
        "names.npz": "x_train or x, but holds images",
        "half.npz": "come with train only",
        "one.jpg": "none of what can be loaded",
    }.items():
        with pytest.raises(InputError, match=message):
            load(tmp_path / name)


def test_tfds_itself(tmp_path, monkeypatch):
    tfds = pytest.importorskip("tensorflow_datasets")

    class Stamps(tfds.core.GeneratorBasedBuilder):
        """Stamps of one gray each."""

        VERSION = tfds.core.Version("1.0.0")
        __module__ = "stamps"  # as in a notebook: the library looks for no files beside this one

        def _info(self):
            image = tfds.features.Image(shape=(12, 16, 3))
            features = {"image": image, "label": tfds.features.ClassLabel(names=["a", "b", "c"])}
            return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

        def _split_generators(self, manager):
            return {
                "train": self._generate_examples(range(20)),
                "test": self._generate_examples(range(20, 30)),
            }

        def _generate_examples(self, numbers):
            for n in numbers:
                yield n, {"image": np.full((12, 16, 3), n, np.uint8), "label": n % 3}

    Stamps(data_dir=tmp_path).download_and_prepare()
    monkeypatch.setattr(tfds, "load", functools.partial(tfds.load, data_dir=tmp_path))
    data = load("tfds:stamps", batch_size=4)
    assert data.media == Image(12, 16, 3) and data.class_names == ["a", "b", "c"]
    for split, count in {"train": 18, "val": 2, "test": 10}.items():
        images, labels = data.arrays(split)
        assert len(images) == count and (images == images[:, :1, :1, :1]).all()
        np.testing.assert_array_equal(images[:, 0, 0, 0] % 3, labels)
    assert sorted(data.arrays("test")[0][:, 0, 0, 0]) == list(range(20, 30))
