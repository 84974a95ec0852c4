"""Pictures and waveforms in NumPy arrays and .npz files."""

import numpy as np

from keras_gen.datasets.packing import pack_all
from keras_gen.errors import InputError
from keras_gen.media.image import Image, to_uint8

MAX_CLASSES = 65536


def read_npz(path):
    """Read raw pictures, or packed waveforms, from an .npz file.

    Args:
        path: a file with the arrays x_train [, y_train] [, x_val, y_val] [, x_test, y_test], as
            `keras.datasets` names them, or x [, y].

    Returns:
        The splits, name -> (pictures, labels or None), as they are in the file.

    Raises:
        InputError: if the file cannot be read, holds Python objects, or lacks x_train or x.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except Exception as error:  # a damaged archive fails in as many ways as it has layers
        raise InputError(f"{path} could not be read as an .npz file of plain arrays: {error}.") from error
    if "x" in arrays:
        return {"train": (arrays["x"], arrays.get("y"))}
    if "x_train" not in arrays:
        raise InputError(f"{path} must hold x_train or x, but holds {', '.join(arrays) or 'nothing'}.")
    return {
        split: (arrays[f"x_{split}"], arrays.get(f"y_{split}"))
        for split in ("train", "val", "test")
        if f"x_{split}" in arrays
    }


def pack_arrays(splits, size=None, channels=None):
    """Check and pack raw arrays.

    Args:
        splits: name -> (pictures, labels or None). Pictures: (N, H, W) or (N, H, W, 1, 3 or 4) in the types
            that `Image.pack` takes. Labels: integers from 0, (N,) or (N, 1).
        size: height and width of the packed pictures; by default their own, if square.
        channels: 1 or 3; by default their own.

    Returns:
        The `Image`, the splits with uint8 pictures and int32 labels or None, and the names of the classes
        ("0", "1", ...) or None.

    Raises:
        InputError: if shapes, types, ranges or lengths are not as above, or only some splits have labels.
    """
    splits = {split: (_pictures(x), y) for split, (x, y) in splits.items()}
    _, height, width, depth = splits["train"][0].shape
    if size is None and height != width:
        raise InputError(f"The pictures are {height} x {width}, not square: pass size, such as size=64.")
    media = Image(size or height, size or width, channels or min(depth, 3))
    return _labelled(media, splits)


def pack_waveforms(splits, media):
    """Check waveforms that are packed already.

    Args:
        splits: name -> (int16 waveforms (N, media.samples), labels or None), labels as in `pack_arrays`.
        media: the `Audio` that they are of.

    Returns:
        `media`, the splits and the names of the classes, as `pack_arrays` returns them.

    Raises:
        InputError: if waveforms are not of this shape and type, or labels do not fit.
    """
    splits = {split: (np.asarray(x), y) for split, (x, y) in splits.items()}
    for x, _ in splits.values():
        if x.dtype != np.int16 or x.shape[1:] != media.shape or not len(x):
            raise InputError(
                f"Waveforms must be int16 of the shape (N, {media.samples}), not empty, but are {x.dtype} of the shape "
                f"{x.shape}: pack them with media.pack."
            )
    return _labelled(media, splits)


def _labelled(media, splits):
    """Packs what is not packed yet, and checks the labels."""
    labelled = {split for split, (_, y) in splits.items() if y is not None}
    if labelled and labelled != splits.keys():
        raise InputError(
            f"Labels must come with every split or none, but come with {', '.join(sorted(labelled))} only."
        )
    packed = {}
    for split, (x, y) in splits.items():
        labels = None if y is None else _labels(y, len(x), media.plural)
        if x.shape[1:] != media.shape:
            x, _ = pack_all(media, range(len(x)), x.__getitem__)
        packed[split] = (x, labels)
    if not labelled:
        return media, packed, None
    num_classes = 1 + max(int(y.max()) for _, y in packed.values())
    return media, packed, [str(label) for label in range(num_classes)]


def _pictures(x):
    x = to_uint8(x)
    if x.ndim == 3:
        x = x[..., np.newaxis]
    if x.ndim != 4 or x.shape[3] not in (1, 3, 4) or not x.size:
        raise InputError(
            f"Pictures must be of the shape (N, H, W) or (N, H, W, 1, 3 or 4), not empty, but are {x.shape}."
        )
    return x


def _labels(y, count, plural):
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.shape != (count,):
        raise InputError(
            f"Labels must have one entry for each of the {count} {plural}, but have the shape {y.shape}."
        )
    if not np.issubdtype(y.dtype, np.integer):
        raise InputError(f"Labels must be integers, but are of type {y.dtype}.")
    if y.min() < 0 or y.max() >= MAX_CLASSES:
        raise InputError(f"Labels must lie in 0 to {MAX_CLASSES - 1}, but range from {y.min()} to {y.max()}.")
    return y.astype(np.int32)
