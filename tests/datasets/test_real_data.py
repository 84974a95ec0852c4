import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from keras_gen.datasets import load
from keras_gen.media import Image

DATA = os.environ.get("KERAS_GEN_DATA")
pytestmark = pytest.mark.skipif(not DATA, reason="KERAS_GEN_DATA is not set to a folder of real data")


def test_mnist():
    path = Path(DATA) / "mnist.npz"
    data = load(path)
    assert data.media == Image(28, 28, 1) and data.num_classes == 10
    assert [len(data.arrays(split)[0]) for split in ("train", "val", "test")] == [55000, 5000, 10000]
    with np.load(path) as original:
        np.testing.assert_array_equal(data.arrays("test")[0][..., 0], original["x_test"])
        np.testing.assert_array_equal(data.arrays("test")[1], original["y_test"])
        counts = sum(np.bincount(data.arrays(split)[1]) for split in ("train", "val"))
        np.testing.assert_array_equal(counts, np.bincount(original["y_train"]))
    drawn = np.concatenate([labels for _, labels in data.train.as_numpy_iterator()])
    assert drawn.shape == (55000 // 64 * 64,)


def test_cifar10_zip(tmp_path):
    with (
        zipfile.ZipFile(Path(DATA) / "cifar10_jpg.zip") as whole,
        zipfile.ZipFile(tmp_path / "some.zip", "w") as some,
    ):
        for name in sorted(whole.namelist())[::20]:
            some.writestr(name, whole.read(name))
    data = load(tmp_path / "some.zip", size=32)
    classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    assert data.class_names == classes
    assert [len(data.arrays(split)[0]) for split in ("train", "val", "test")] == [2250, 250, 500]
    np.testing.assert_array_equal(np.bincount(data.arrays("test")[1]), [50] * 10)
    # The mean color known for CIFAR-10.
    mean = data.arrays("train")[0].mean(axis=(0, 1, 2)) / 255
    np.testing.assert_allclose(mean, [0.4914, 0.4822, 0.4465], atol=0.015)
