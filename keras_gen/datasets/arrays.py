"""Images and waveforms in NumPy arrays and .npz files."""

import math
import zipfile
from collections.abc import Iterator

import keras
import numpy as np
import PIL.Image
import tensorflow as tf

from keras_gen.datasets.account import Account
from keras_gen.datasets.labels import number_given
from keras_gen.datasets.memory import empty
from keras_gen.datasets.packing import pack_all
from keras_gen.errors import InputError
from keras_gen.media.image import Image
from keras_gen.media.pillow import to_uint8

NAMES = ("x", "y", *(f"{kind}_{split}" for split in ("train", "val", "test") for kind in "xy"))
# A small file can claim to unpack to any amount.
MOST_BYTES = 2**32
HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_npz(path):
    """Read raw images, or packed waveforms, from an .npz file.

    Args:
        path: a file with the arrays x_train [, y_train] [, x_val, y_val] [, x_test, y_test], as
            `keras.datasets` names them, or x [, y].

    Returns:
        The splits, name -> (images, labels or None), as they are in the file.

    Raises:
        InputError: the file cannot be read; its arrays hold Python objects, contradict their headers or
            unpack to more than 4 GiB together; or x_train and x are missing. Other arrays are ignored.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
            wanted = [name for name in NAMES if name in names]
            arrays = _read_members(archive, wanted)
    except Exception as error:  # a damaged archive fails in as many ways as it has layers
        raise InputError(f"{path} could not be read as an .npz file of plain arrays: {error}.") from error
    if "x" in arrays:
        return {"train": (arrays["x"], arrays.get("y"))}
    if "x_train" not in arrays:
        raise InputError(f"{path} must hold x_train or x, but holds {', '.join(names) or 'nothing'}.")
    return {
        split: (arrays[f"x_{split}"], arrays.get(f"y_{split}"))
        for split in ("train", "val", "test")
        if f"x_{split}" in arrays
    }


def _read_members(archive, names):
    """The arrays of an open .npz file. All headers are checked before any array is unpacked."""
    sizes = {name: _size_of(archive, name) for name in names}
    if sum(sizes.values()) > MOST_BYTES:
        raise ValueError(
            f"{', '.join(names)} unpack to {sum(sizes.values()) / 2**30:.3g} GiB, more than "
            f"{MOST_BYTES / 2**30:g}: give a folder or .zip of images, or fewer"
        )
    return {name: _read_member(archive, name) for name in names}


def _read_member(archive, name):
    """An array whose header is checked."""
    with archive.open(f"{name}.npy") as member:
        shape, is_fortran, dtype = HEADERS[np.lib.format.read_magic(member)](member)
        array = empty(shape[::-1] if is_fortran else shape, dtype)
        # In parts, since what is read at once is held twice.
        rest = memoryview(array.reshape(-1).view(np.uint8))
        while len(rest):
            part = member.read(min(len(rest), 2**20))
            if not part:
                raise ValueError(f"{name} ends before its last value")
            rest[: len(part)], rest = part, rest[len(part) :]
        member.read()  # which checks the sum of all bytes
    return array.T if is_fortran else array


def _size_of(archive, name):
    """The bytes that an array takes according to its header."""
    member = archive.getinfo(f"{name}.npy")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is packed in a way that NumPy does not pack")
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        if version not in HEADERS:
            raise ValueError(f"{name} is of the version {version}, which no plain array needs")
        shape, _, dtype = HEADERS[version](file)
        size = math.prod(shape) * dtype.itemsize
        if dtype.hasobject:
            raise ValueError(f"{name} holds Python objects")
        if min(shape, default=0) < 0 or file.tell() + size != member.file_size:
            raise ValueError(
                f"{name} is {dtype} of the shape {shape} by its header, which its {member.file_size} bytes "
                "do not fit"
            )
    return size


def pack_arrays(splits, media=None, size=None, channels=None):
    """Check and pack raw arrays.

    Args:
        splits: name -> (images, labels or None). Images are (N, H, W) or (N, H, W, 1, 3 or 4) in the types
            that `Image.pack` takes, or a list of such arrays or `PIL.Image.Image`. Labels are as in
            `number_labels`.
        media: the `Image` to pack as, or None for one of `size` and `channels`.
        size: (height, width) of the packed images; by default their own.
        channels: 1, 3 or 4; by default their own, but 3 of those with alpha.

    Returns:
        The `Image`; the splits with uint8 images and int32 labels or None; the class names, which are the
        given labels, or None; and the `Account`.

    Raises:
        InputError: shapes, types, ranges or lengths are not as above, or only some splits have labels.
    """
    splits = {split: (_images(x, media, size, channels), y) for split, (x, y) in splits.items()}
    _, height, width, depth = splits["train"][0].shape
    return _labeled(media or Image(*(size or (height, width)), channels or min(depth, 3)), splits)


def pack_waveforms(splits, media):
    """Check waveforms that are packed already.

    Args:
        splits: name -> (int16 waveforms (N, media.samples), labels or None), labels as in `pack_arrays`.
        media: the `Audio` that they are of.

    Returns:
        `media`, the splits, the names of the classes and the `Account`, as `pack_arrays` returns them.

    Raises:
        InputError: if waveforms are not of this shape and type, or labels do not fit.
    """
    try:
        splits = {split: (np.asarray(x), y) for split, (x, y) in splits.items()}
    except ValueError as error:
        raise InputError(
            f"Waveforms must be of one length, an array (N, {media.samples}): {error}."
        ) from error
    for x, _ in splits.values():
        if x.dtype != np.int16 or x.shape[1:] != media.shape or not len(x):
            raise InputError(
                f"Waveforms must be int16 of the shape (N, {media.samples}), not empty, but are {x.dtype} of "
                f"the shape {x.shape}: pack them with media.pack."
            )
    return _labeled(media, splits)


def _labeled(media, splits):
    """Packs what is not packed yet, and checks the labels."""
    splits, class_names = number_given(splits, media.plural, stacklevel=8)
    packed, account = {}, Account(media.plural)
    for split, (x, numbers) in splits.items():
        kept = np.arange(len(x))
        # Packing gives what is not seen a color that all have in common.
        if x.shape[1:] != media.shape or x.ndim == 4 and x.shape[-1] == 4:
            x, kept = pack_all(media, kept, x.__getitem__, account)
        else:
            account.found += len(x)
        packed[split] = (x, None if numbers is None else numbers[kept])
    return media, packed, class_names, account


def check_examples(x):
    """Raises `InputError` for anything but an array or a list."""
    if isinstance(x, tf.data.Dataset | keras.utils.PyDataset) or isinstance(x, Iterator):
        name = "tf.data.Dataset" if isinstance(x, tf.data.Dataset) else type(x).__name__
        raise InputError(
            f"A {name} cannot be loaded: give its batches to fit, packed as the model wants them, or gather "
            "arrays (x, y) from it."
        )
    if isinstance(x, dict):
        raise InputError(
            "A dict cannot be loaded: give its arrays as a tuple (x, y), not the keys "
            f"{', '.join(map(repr, list(x)[:5]))}."
        )
    if not isinstance(x, list | tuple) and not hasattr(x, "__array__"):
        raise InputError(
            f"What is of the type {type(x).__name__} cannot be loaded: give a name, a path, an array, a list "
            "of arrays or PIL images, or a tuple (x, y)."
        )


def _images(x, media, size, channels):
    if isinstance(x, list | tuple) or (isinstance(x, np.ndarray) and x.dtype == object and x.ndim == 1):
        x = _stacked(list(x), media, size, channels)
    x = to_uint8(x)
    if x.ndim == 3:
        x = x[..., np.newaxis]
    if x.ndim != 4 or x.shape[3] not in (1, 3, 4) or not x.size:
        raise InputError(
            f"Images must be of the shape (N, H, W) or (N, H, W, 1, 3 or 4), not empty, but are {x.shape}."
        )
    return x


def _stacked(images, media, size, channels):
    """The images of a list as one array: stacked if they are arrays of one shape, else packed."""
    if not any(isinstance(image, PIL.Image.Image | np.ndarray) for image in images):
        try:
            return np.asarray(images)
        except ValueError as error:
            raise InputError(f"A list of images must hold arrays or PIL images: {error}.") from error
    sizes, are_gray = set(), []
    for i, image in enumerate(images):
        if isinstance(image, PIL.Image.Image):
            sizes.add((image.height, image.width))
            are_gray.append(PIL.Image.getmodebase(image.mode) == "L")
        elif isinstance(image, np.ndarray) and image.ndim in (2, 3):
            sizes.add(image.shape[:2])
            are_gray.append(image.shape[2:] in ((), (1,)))
        else:
            found = (
                f"is of the shape {image.shape}"
                if hasattr(image, "shape")
                else f"is a {type(image).__name__}"
            )
            raise InputError(
                f"A list is loaded as images, (H, W) or (H, W, C) each, but entry {i} {found}: give examples "
                "and labels as a tuple (x, y)."
            )
    if media is None and size is None and len(sizes) > 1:
        raise InputError(f"The images of the list are of {len(sizes)} sizes: pass size, such as size=64.")
    shapes = {getattr(image, "shape", None) for image in images}  # None for PIL images
    if len(shapes) == 1 and None not in shapes:
        return np.stack(images)
    media = media or Image(*(size or sizes.pop()), channels or (1 if all(are_gray) else 3))
    return np.stack([_packed(media, i, image) for i, image in enumerate(images)])


def _packed(media, i, image):
    try:
        return media.pack(image)
    except InputError as error:
        raise InputError(f"Entry {i} of the list cannot be used: {error}") from error
