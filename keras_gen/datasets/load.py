"""Loading pictures by name, by path or from arrays."""

import os
from pathlib import Path

import numpy as np

from keras_gen.datasets.arrays import pack_arrays, read_npz
from keras_gen.datasets.builtin import NAMES, read_builtin, read_tfds
from keras_gen.datasets.dataset import Dataset
from keras_gen.datasets.files import read_folder, read_zip
from keras_gen.datasets.shapes import FACTORS, SHAPES, read_shapes
from keras_gen.errors import InputError, unknown
from keras_gen.media.image import Image


def load(source, *, size=None, channels=None, batch_size=64, seed=0, validation=None, test=None):
    """Load pictures, packed in memory and ready to train on.

    A source is one of:
    - a name: "digits" (offline), "shapes" (drawn from factors of variation that `Dataset.factors` tells),
      "mnist", "fashion_mnist", "cifar10", "cifar100" (downloaded by Keras), or "tfds:NAME" (TensorFlow
      Datasets);
    - the path of a folder or .zip of pictures: folders train, test (and val) on top are splits, those below,
      or on top, are classes. What cannot be read is set aside with a warning;
    - the path of an .npz file with x_train, y_train, x_test, y_test, or x and y; labels may be missing;
    - an array of pictures (N, H, W) or (N, H, W, C), or a pair of pictures and labels (N,).

    Args:
        source: a name, a path, an array or a pair of arrays, as above.
        size: height and width in pixels, 8 to 256. By default 64 for files, 32 for the shapes, and for
            arrays and other names their own.
        channels: 1 or 3. By default 3 for files and the shapes, and for arrays and other names their own.
        batch_size: pictures in a batch.
        seed: what the splits and the order of training depend on, 0 to 2**31 - 1.
        validation: share of the training pictures, at least 0 and below 1, held out for validation where the
            source has no such split; 0 for none. By default 0.1, at most 5000 pictures.
        test: the same for testing. By default 0.1, for the digits 0.2.

    Returns:
        A `Dataset`.

    Raises:
        InputError: if the source is unknown, missing, empty, damaged or malformed, an argument is out of its
            range, or a share is asked of a source that brings the split.
    """
    if size is not None:
        _check_size(size)
    if channels not in (None, 1, 3):
        raise InputError(f"channels must be 1 (grey) or 3 (colour), but is {channels!r}.")
    if not isinstance(seed, int) or not 0 <= seed < 2**31:
        raise InputError(f"seed must be an integer from 0 to 2**31 - 1, but is {seed!r}.")
    media, splits, class_names = _read(source, size, channels)
    _check_size(media.height)
    name = str(source) if isinstance(source, str | os.PathLike) else "arrays"
    splits = _hold_out(splits, name, validation, test, seed)
    return Dataset(
        media,
        **splits,
        class_names=class_names,
        # A third array, which the shapes alone bring: a folder may have their name.
        factor_names=list(FACTORS) if len(splits["train"]) == 3 else None,
        batch_size=batch_size,
        seed=seed,
        name=name,
    )


def _read(source, size, channels):
    """The media, the packed splits that the source brings, and the names of the classes or None."""
    if isinstance(source, tuple):
        if len(source) != 2:
            raise InputError(f"A tuple must be a pair of pictures and labels, but has {len(source)} entries.")
        return pack_arrays({"train": source}, size, channels)
    if not isinstance(source, str | os.PathLike):
        return pack_arrays({"train": (source, None)}, size, channels)
    if source == "shapes":
        media = Image(size or 32, size or 32, channels or 3)
        return media, read_shapes(media.height, media.channels), list(SHAPES)
    if source in NAMES:
        splits, class_names = read_builtin(source)
        media, splits, numbers = pack_arrays(splits, size, channels)
        return media, splits, class_names or numbers
    if str(source).startswith("tfds:"):
        return read_tfds(str(source).removeprefix("tfds:"), size, channels)
    path = Path(source).expanduser()
    if not path.exists():
        raise unknown("data set or missing path", str(source), NAMES)
    if path.suffix.lower() == ".npz":
        return pack_arrays(read_npz(path), size, channels)
    media = Image(size or 64, size or 64, channels or 3)
    if path.is_dir():
        return media, *read_folder(path, media)
    if path.suffix.lower() == ".zip":
        return media, *read_zip(path, media)
    raise InputError(
        f"{source} is none of what can be loaded: a folder or .zip of pictures, or an .npz of arrays."
    )


def _check_size(size):
    if not isinstance(size, int | np.integer) or not 8 <= size <= 256:
        raise InputError(
            f"size must be 8 to 256 pixels, but is {size!r}; pass size to have pictures resized."
        )


def _hold_out(splits, name, validation, test, seed):
    """Take the splits that the source does not bring from its training pictures, by a seeded permutation."""
    if "train" not in splits:
        raise InputError(f"{name} has no training picture that can be read.")
    train = splits["train"]
    total = len(train[0])
    rest = np.random.default_rng(seed).permutation(total)
    rows = {}
    for split, argument, share, default in (
        ("test", "test", test, 0.2 if name == "digits" else 0.1),
        ("val", "validation", validation, min(0.1, 5000 / total)),
    ):
        if split in splits:
            if share is not None:
                raise InputError(
                    f"{argument}={share!r} has no use: {name} brings a {split} split of its own."
                )
            continue
        share = default if share is None else share
        if not 0 <= share < 1:
            raise InputError(
                f"{argument} must be a share of the pictures, from 0 to below 1, but is {share!r}."
            )
        count = max(1, round(share * total)) if share else 0
        rows[split], rest = rest[:count], rest[count:]
    if not len(rest):
        raise InputError(f"None of {total} pictures would be left to train on: lower validation and test.")
    rows["train"] = rest
    taken = {split: np.sort(places) for split, places in rows.items() if len(places)}
    return splits | {
        split: tuple(None if array is None else array[places] for array in train)
        for split, places in taken.items()
    }
