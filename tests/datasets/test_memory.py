"""Packed examples lie in memory once."""

import mmap

import numpy as np
import pytest

from keras_gen.datasets import load, memory
from keras_gen.datasets.memory import divided, empty, tensor


def filled(shape, dtype=np.uint8):
    array = empty(shape, dtype)
    array[...] = np.random.default_rng(0).integers(1, 100, shape)
    return array


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32])
def test_a_tensor_shares_the_memory_of_its_array_and_never_that_of_a_user(dtype):
    array = filled((5, 3, 7), dtype)
    shared = tensor(array)
    assert np.shares_memory(np.asarray(shared), array) and "CPU" in shared.device
    for given in (np.ones((5, 3), dtype), array[1:], array.transpose(1, 0, 2), np.ones((0, 3), dtype)):
        copy = tensor(given)
        np.testing.assert_array_equal(copy, given)
        assert not np.shares_memory(np.asarray(copy), given)


def test_rows_are_divided_and_the_memory_of_the_array_is_given_back(monkeypatch):
    monkeypatch.setattr(memory, "AT_ONCE", 1000)
    array = filled((3000, 7))
    whole, chosen = array.copy(), np.random.default_rng(1).random(3000) < 0.3
    parts = divided(array, {"some": chosen, "others": ~chosen})
    np.testing.assert_array_equal(parts["some"], whole[chosen])
    np.testing.assert_array_equal(parts["others"], whole[~chosen])
    if memory.GIVES_BACK:  # what was given back is read as zeros
        assert not array.reshape(-1)[: array.nbytes // mmap.PAGESIZE * mmap.PAGESIZE].any()
    for given in (whole, np.array(["a", "b"], object)):
        kept = given.copy()
        assert len(divided(given, {"first": np.arange(len(given)) < 1})["first"]) == 1
        np.testing.assert_array_equal(given, kept)
    assert divided(whole, {"all": np.ones(3000, bool)})["all"] is whole


def test_arrays_of_a_user_stay_as_they_are():
    x = filled((40, 8, 8)).copy()
    kept = x.copy()
    data = load(x, batch_size=4, test=0.5, duplicates="keep")
    np.testing.assert_array_equal(x, kept)
    x[...] = 0
    assert all(data.arrays(split)[0].any() for split in ("train", "val", "test"))


def test_npz_of_either_order_is_read(tmp_path):
    x = filled((20, 8, 9)).copy()
    for order in "CF":
        np.savez_compressed(tmp_path / "x.npz", x=np.asarray(x, order=order), y=np.array(["a", "b"] * 10))
        data = load(tmp_path / "x.npz", size=8, batch_size=4, validation=0, test=0)
        assert data.class_names == ["a", "b"]
        again = load((x, np.array(["a", "b"] * 10)), size=8, batch_size=4, validation=0, test=0)
        np.testing.assert_array_equal(data.arrays("train")[0], again.arrays("train")[0])
