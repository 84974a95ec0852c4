"""Pictures, recordings and sentences in folders and zip archives."""

import contextlib
import warnings
import zipfile
from pathlib import PurePosixPath

import numpy as np

from keras_gen.datasets.packing import pack_all, pack_all_chunks, some
from keras_gen.errors import InputError

RECORDINGS = (".wav", ".flac", ".ogg", ".mp3")
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm")
TEXTS = (".txt", ".txt.gz", ".jsonl", ".jsonl.gz", ".csv", ".csv.gz")
ENDINGS = {"pictures": PICTURES, "waveforms": RECORDINGS, "sentences": TEXTS}
SPLITS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}


class Tree:
    """Files below a folder or in a zip archive, by name.

    Args:
        source: path, for messages.
        names: of all files, with "/" between folders.
        read: function from a name to the bytes of the file.
    """

    def __init__(self, source, names, read):
        self.source, self.read = source, read
        self.names = sorted(name for name in set(names) if not _is_hidden(name))

    def of(self, plural):
        """The names that end as such media do, "pictures", "waveforms" or "sentences"."""
        return [name for name in self.names if name.lower().endswith(ENDINGS[plural])]


@contextlib.contextmanager
def open_tree(path):
    """The `Tree` of a folder or of a .zip archive, which is read in place.

    Raises:
        InputError: the archive is damaged.
    """
    if path.is_dir():
        names = [file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()]
        yield Tree(path, names, lambda name: (path / name).read_bytes())
        return
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} could not be opened as a zip archive: {error}.") from error

    def read(name):
        # A small archive can claim to hold any amount; no example of a permitted size is larger than this.
        if archive.getinfo(name).file_size > 2**30:
            raise InputError(f"A file is larger than a gigabyte: {name}.")
        try:
            return archive.read(name)
        # Encrypted, packed by an unknown method, or damaged, of which each method has an error of its own.
        except Exception as error:
            raise InputError(f"A file could not be unpacked: {error}.") from error

    with archive:
        yield Tree(path, [name for name in archive.namelist() if not name.endswith("/")], read)


def read_tree(tree, media, pattern=None, is_test=None, chunks=False):
    """Read the pictures or recordings of a tree, whose layout tells splits and classes.

    Folders named train and test (and val) on top are splits; the folders below, or on top, are classes, unless the names
    of files tell the labels. A top folder that is alone is skipped. Hidden files, __MACOSX and what does not end as such
    media do are ignored.

    Args:
        tree: a `Tree`.
        media: the `Media` that packs them.
        pattern: the `NamePattern` of the files' names without their endings, or None.
        is_test: the `Selection` of names that are of the test split, or None.
        chunks: whether a recording is packed as consecutive pieces.

    Returns:
        The splits, name -> (packed examples, int32 labels or None); the sorted names of the classes (of several labels a dict,
        label -> names) or None; and the number of the file of each training example.

    Raises:
        InputError: if there is no such file, none that can be used, or files lie beside class folders.
    """
    names = tree.of(media.plural)
    if not names:
        raise InputError(
            f"{tree.source} holds no {media.plural}: their names should end in {', '.join(ENDINGS[media.plural])}."
        )
    splits, classes = _layout(tree.source, [PurePosixPath(name).parts for name in names], pattern is None)
    if pattern is not None:
        names, splits, classes = _by_pattern(tree.source, names, splits, pattern, is_test)
    examples, places = (pack_all_chunks if chunks else pack_all)(media, names, tree.read)
    class_names, labels = _numbered(classes[places], pattern)
    splits = splits[places]
    found = {}
    for split in np.unique(splits):
        rows = splits == split
        found[str(split)] = (examples[rows], None if labels is None else labels[rows])
    return found, class_names, places[splits == "train"]


def _by_pattern(source, names, splits, pattern, is_test):
    """The files whose names match a pattern, their splits and the values of their labels, (files, labels)."""
    fields = [pattern.read(PurePosixPath(name).stem) for name in names]
    matching = np.array([values is not None for values in fields])
    if not matching.any():
        raise InputError(
            f"No name in {source} is of the pattern {pattern.pattern}, the first being {names[0]}."
        )
    if not matching.all():
        lost = [name for name, fits in zip(names, matching, strict=True) if not fits]
        warnings.warn(
            f"{len(lost)} of {len(names)} names are not of the pattern {pattern.pattern}, and their files were set aside "
            f"({some(lost)}).",
            stacklevel=4,
        )
    names = [name for name, fits in zip(names, matching, strict=True) if fits]
    fields, splits = [values for values in fields if values is not None], splits[matching]
    if is_test is not None:
        is_test.check(source, fields)
        splits = np.where([is_test(values) for values in fields], "test", splits)
    return names, splits, np.array([[values[label] for label in pattern.labels] for values in fields])


def _numbered(classes, pattern):
    """Names of classes and int32 labels of examples, from the values of their labels."""
    if pattern is not None and len(pattern.labels) > 1:
        parts = [np.unique(column, return_inverse=True) for column in classes.T]
        class_names = {
            label: [str(name) for name in values]
            for label, (values, _) in zip(pattern.labels, parts, strict=True)
        }
        return class_names, np.stack([labels for _, labels in parts], axis=-1).astype(np.int32)
    values, labels = np.unique(classes.reshape(len(classes)), return_inverse=True)
    # One class tells nothing.
    return (None, None) if len(values) < 2 else ([str(name) for name in values], labels.astype(np.int32))


def _is_hidden(name):
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(name).parts)


def _layout(source, paths, classes_are_folders=True):
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
    if classes_are_folders and "" in classes and any(classes):
        beside = "/".join(paths[classes.index("")])
        raise InputError(
            f"{source} holds files both in class folders and beside them, such as {beside}: "
            "move every one into the folder of its class."
        )
    return np.array(splits), np.array(classes)


def _below_folders(paths, depth):
    return all(len(path) > depth + 1 for path in paths)
