"""Images, recordings and sentences in folders and zip archives."""

import contextlib
import warnings
import zipfile
from pathlib import PurePosixPath

import numpy as np

from keras_gen.datasets.packing import pack_all, pack_all_chunks, some
from keras_gen.datasets.splits import splits_of_folders
from keras_gen.errors import InputError

MOST_BYTES = 2**30
# Unpack a little at a time, since zipfile cuts a member to its stated size only afterwards. Stored and
# deflated members give no more than was asked for; with other methods a few bytes may become megabytes.
PORTIONS = {zipfile.ZIP_STORED: 2**16, zipfile.ZIP_DEFLATED: 2**16}
LEAST_PORTION = 2**6
RECORDINGS = (".wav", ".flac", ".ogg", ".mp3")
IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm")
TEXTS = (".txt", ".txt.gz", ".jsonl", ".jsonl.gz", ".csv", ".csv.gz")
ENDINGS = {"images": IMAGES, "waveforms": RECORDINGS, "sentences": TEXTS}


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
        """The names that end as such media do, "images", "waveforms" or "sentences"."""
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
        # A small archive can claim to hold any amount. No permitted example is larger than this.
        if archive.getinfo(name).file_size > MOST_BYTES:
            raise InputError("A file is larger than a gigabyte.")
        try:
            with archive.open(name) as member:
                portion = PORTIONS.get(archive.getinfo(name).compress_type, LEAST_PORTION)
                member.MIN_READ_SIZE = portion
                return b"".join(iter(lambda: member.read(portion), b""))
        # The member is encrypted, damaged or packed by an unknown method; each has errors of its own.
        except Exception as error:
            raise InputError(f"A file could not be unpacked: {error}.") from error

    with archive:
        yield Tree(path, [name for name in archive.namelist() if not name.endswith("/")], read)


def read_tree(tree, media, pattern=None, is_test=None, chunks=False):
    """Read the images or recordings of a tree, whose layout tells splits and classes.

    Top folders named by a word of `SPLITS` are splits. Other folders are classes, unless a pattern reads
    labels from file names. A single top folder is skipped. Hidden files, __MACOSX and files with other
    endings are ignored.

    Args:
        tree: a `Tree`.
        media: the `Media` that packs them.
        pattern: the `NamePattern` of the files' names without their endings, or None.
        is_test: the `Selection` of names that are of the test split, or None.
        chunks: whether a recording is packed as consecutive pieces.

    Returns:
        The splits, name -> (packed examples, int32 labels or None); the sorted class names (for several
        labels a dict, label -> names) or None; and the number of the file of each training example.

    Raises:
        InputError: no file can be used, files lie beside class folders, or the folders make no splits (see
            `splits_of_folders`).
    """
    names = tree.of(media.plural)
    if not names:
        raise InputError(
            f"{tree.source} holds no {media.plural}: their names should end in "
            f"{', '.join(ENDINGS[media.plural])}."
        )
    splits, classes = _layout(tree.source, [PurePosixPath(name).parts for name in names], pattern is None)
    if pattern is not None:
        names, splits, classes = _by_pattern(tree.source, names, splits, pattern, is_test)
    examples, places = (pack_all_chunks if chunks else pack_all)(media, names, tree.read)
    _warn_of_lost(classes, classes[places])
    class_names, labels = _numbered(classes[places], pattern)
    splits = splits[places]
    found = {}
    for split in np.unique(splits):
        rows = splits == split
        found[str(split)] = (examples[rows], None if labels is None else labels[rows])
    return found, class_names, places[splits == "train"]


def _by_pattern(source, names, splits, pattern, is_test):
    """The files whose names match a pattern, their splits, and the values of their labels (files, labels)."""
    fields = [pattern.read(PurePosixPath(name).stem) for name in names]
    matching = np.array([values is not None for values in fields])
    if not matching.any():
        raise InputError(
            f"No name in {source} is of the pattern {pattern.pattern}, the first being {names[0]}."
        )
    if not matching.all():
        lost = [name for name, fits in zip(names, matching, strict=True) if not fits]
        warnings.warn(
            f"{len(lost)} of {len(names)} names are not of the pattern {pattern.pattern}, and their files "
            f"were set aside ({some(lost)}).",
            stacklevel=4,
        )
    names = [name for name, fits in zip(names, matching, strict=True) if fits]
    fields, splits = [values for values in fields if values is not None], splits[matching]
    if is_test is not None:
        is_test.check(source, fields)
        splits = np.where([is_test(values) for values in fields], "test", splits)
    return names, splits, np.array([[values[label] for label in pattern.labels] for values in fields])


def _warn_of_lost(classes, kept):
    columns = zip(classes.reshape(len(classes), -1).T, kept.reshape(len(kept), -1).T, strict=True)
    lost = [str(name) for column, rest in columns for name in np.setdiff1d(column, rest)]
    if lost:
        warnings.warn(
            f"No file of some classes can be used, which are left out ({some(lost)}).", stacklevel=4
        )


def _numbered(classes, pattern):
    """Class names and int32 labels of examples, from the values of their labels."""
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
    """The split and the class of each path, two arrays of names; the class is "" if there is none."""
    splits, depth = splits_of_folders(source, paths)
    classes = [path[depth] if len(path) > depth + 1 else "" for path in paths]
    splits, classes = np.array(splits or ["train"] * len(paths)), np.array(classes)
    is_bare = classes == ""
    if classes_are_folders and is_bare.any() and not is_bare.all():
        beside = "/".join(paths[is_bare.argmax()])
        flat = set(splits[is_bare]) - set(splits[~is_bare])
        if flat:
            raise InputError(
                f"{source} holds class folders for {', '.join(sorted(set(splits[~is_bare])))}, but none for "
                f"{', '.join(sorted(flat))}, such as for {beside}: sort these files into the same classes, "
                "or move them out."
            )
        raise InputError(
            f"{source} holds files both in class folders and beside them, such as {beside} ({is_bare.sum()} "
            f"of {len(paths)}): move every one into the folder of its class, or, where there are no classes, "
            "all into one folder."
        )
    return splits, classes
