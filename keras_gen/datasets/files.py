"""Pictures in folders and zip archives."""

import zipfile
import zlib
from pathlib import PurePosixPath

import numpy as np

from keras_gen.datasets.packing import pack_all
from keras_gen.errors import InputError

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm")
SPLITS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}


def read_folder(folder, media):
    """Read the pictures below a folder, whose layout tells splits and classes.

    Folders named train and test (and val) on top are splits; the folders below, or on top, are classes. A top
    folder that is alone is skipped. Hidden files, __MACOSX and what does not end as a picture does are
    ignored.

    Args:
        folder: a `pathlib.Path`.
        media: the `Image` that packs the pictures.

    Returns:
        The splits, name -> (uint8 pictures, int32 labels or None), and the sorted names of the classes or
        None.

    Raises:
        InputError: if there is no picture, none that can be read, or pictures lie beside class folders.
    """
    names = [file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()]
    return _read_tree(folder, names, lambda name: (folder / name).read_bytes(), media)


def read_zip(path, media):
    """Read the pictures in a zip archive, in place, of the same layouts as `read_folder`.

    Args, returns and errors are those of `read_folder`; it is also an `InputError` if the archive is damaged.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} could not be opened as a zip archive: {error}.") from error

    def read(name):
        # A small archive can claim to hold any amount; no picture of a permitted size is larger than this.
        if archive.getinfo(name).file_size > 2**29:
            raise InputError(f"{name} is larger than half a gigabyte.")
        try:
            return archive.read(name)
        # RuntimeError: encrypted, or packed by an unknown method.
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            raise InputError(f"{name} could not be unpacked: {error}.") from error

    with archive:
        return _read_tree(path, [name for name in archive.namelist() if not name.endswith("/")], read, media)


def _read_tree(source, names, read, media):
    names = sorted(set(filter(_is_picture, names)))
    if not names:
        raise InputError(f"{source} holds no pictures: their names should end in {', '.join(ENDINGS)}.")
    splits, classes = _layout(source, [PurePosixPath(name).parts for name in names])
    pictures, kept = pack_all(media, names, read)
    splits, classes = splits[kept], classes[kept]
    class_names, labels = np.unique(classes, return_inverse=True)
    # One class tells nothing.
    labelled = len(class_names) > 1
    found = {}
    for split in np.unique(splits):
        rows = splits == split
        found[str(split)] = (pictures[rows], labels[rows].astype(np.int32) if labelled else None)
    return found, [str(name) for name in class_names] if labelled else None


def _is_picture(name):
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return not hidden and name.lower().endswith(ENDINGS)


def _layout(source, paths):
    """The split and the class of each path, as two arrays of names; the class is "" where there is none."""
    depth = 0
    while _below_folders(paths, depth) and len({path[depth] for path in paths}) == 1:
        depth += 1
    splits = ["train"] * len(paths)
    tops = {path[depth].lower() for path in paths}
    if _below_folders(paths, depth) and "train" in tops and tops <= SPLITS.keys():
        splits = [SPLITS[path[depth].lower()] for path in paths]
        depth += 1
    classes = [path[depth] if len(path) > depth + 1 else "" for path in paths]
    if "" in classes and any(classes):
        beside = "/".join(paths[classes.index("")])
        raise InputError(
            f"{source} holds pictures both in class folders and beside them, such as {beside}: "
            "move every picture into the folder of its class."
        )
    return np.array(splits), np.array(classes)


def _below_folders(paths, depth):
    return all(len(path) > depth + 1 for path in paths)
