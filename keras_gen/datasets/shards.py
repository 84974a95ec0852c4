"""A prepared set: packed examples in ArrayRecord files that are read by index, and `dataset.json`."""

import dataclasses
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_gen.datasets.labels import MOST_CLASSES
from keras_gen.errors import InputError
from keras_gen.files import checksum, read_json, replace_atomically, write_atomically
from keras_gen.media import Audio, Image, Media, Text

FORMAT = 1
INDEX = "dataset.json"
SPLITS = ("train", "val", "test")
FILE = re.compile(r"(train|val|test)-\d{5}-of-\d{5}\.array_record")
SHA256 = re.compile(r"[0-9a-f]{64}")
MEDIA = {media.__name__: media for media in (Audio, Image, Text)}
# One record a chunk, so that none is decoded in vain. Packed media are small or like noise: on 32-pixel
# images, zstd saves nothing and makes writing four times slower.
WRITING = "group_size:1,uncompressed"
# Without reading ahead, as records are wanted in random order.
READING = "readahead_buffer_size:0,max_parallelism:0"
BUFFER = 4096  # bytes read at once: half the time for a record that the library's default takes
# A small file can claim records of any size.
MOST_BYTES = 2**28
HEAD = 64  # bytes at the beginning of the index that tell it from another JSON file


@dataclasses.dataclass(frozen=True)
class Layout:
    """What a record holds: labels as little-endian int32, then the packed example in C order.

    Args:
        media: the `Media` of the examples.
        labels: int, how many labels an example has, 0 for none.
    """

    media: Media
    labels: int = 0

    @property
    def label_shape(self):
        """The shape of the labels of one example: () for one, (n,) for n."""
        return (self.labels,) if self.labels > 1 else ()

    @property
    def dtype(self):
        """The NumPy type of a record."""
        fields = [("labels", "<i4", (self.labels,))] if self.labels else []
        example = np.dtype(self.media.dtype).newbyteorder("<")
        return np.dtype([*fields, ("example", example, self.media.shape)])

    def record(self, labels, packed):
        """One example -> bytes.

        Args:
            labels: an int, a sequence of `labels` ints, or None without labels.
            packed: array (*media.shape).

        Raises:
            ValueError: they are of another shape or type.
        """
        packed = np.asarray(packed)
        numbers = np.asarray([] if labels is None else labels).reshape(-1)
        if packed.shape != self.media.shape or packed.dtype != self.media.dtype:
            raise ValueError(f"Not a packed example of {self.media}: {packed.dtype} of shape {packed.shape}.")
        if len(numbers) != self.labels:
            raise ValueError(f"{self.labels} labels make a record, not {len(numbers)}.")
        return numbers.astype("<i4").tobytes() + packed.astype(self.dtype["example"].base).tobytes()

    def arrays(self, records):
        """Records -> packed media (count, *media.shape), and int32 labels (count,) or (count, n), or None.

        Args:
            records: list of bytes, each of `dtype.itemsize`.
        """
        rows = np.frombuffer(b"".join(records), self.dtype)
        examples = np.ascontiguousarray(rows["example"], self.media.dtype)
        if not self.labels:
            return examples, None
        labels = np.ascontiguousarray(rows["labels"], np.int32)
        return examples, labels.reshape(-1, *self.label_shape)


@dataclasses.dataclass(frozen=True)
class Shard:
    """One file of a split.

    Attributes:
        file: its name in the folder of the set.
        count: int, its records.
        sha256: of its bytes, in hexadecimal digits.
    """

    file: str
    count: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class Split:
    """Shards of a split, in the order of their examples.

    Attributes:
        shards: tuple of `Shard`.
        labeled: whether its records hold labels, which held-out ones may lack.
    """

    shards: tuple
    labeled: bool = True

    @property
    def count(self):
        """The number of its examples."""
        return sum(shard.count for shard in self.shards)


@dataclasses.dataclass(frozen=True)
class Index:
    """What `dataset.json` says.

    Attributes:
        media: the `Media` of the examples.
        splits: "train", "val", "test" -> `Split`.
        class_names: list of str; for n labels a dict, name of a label -> list; None without labels.
        pattern: text of the `NamePattern` of the source's file names, or None.
        source: whence the examples are, in words, or None.
        license: of the examples, as given, or None.
        fingerprint: SHA-256, in hexadecimal digits, over what decides the content; by default that of the
            other values. It stays as it was written where a newer kit knows more settings of the media.
    """

    media: Media
    splits: dict
    class_names: Any = None
    pattern: str | None = None
    source: str | None = None
    license: str | None = None
    fingerprint: str | None = None

    def __post_init__(self):
        if self.fingerprint is None:
            object.__setattr__(self, "fingerprint", fingerprint_of(self.as_dict()))

    @property
    def labels(self):
        """How many labels an example has."""
        return len(self.class_names) if isinstance(self.class_names, dict) else int(bool(self.class_names))

    def layout(self, split):
        """The `Layout` of the records of a split."""
        return Layout(self.media, self.labels if self.splits[split].labeled else 0)

    def as_dict(self):
        """The index as JSON has it."""
        splits = {
            name: {
                "count": split.count,
                "labeled": split.labeled,
                "shards": [dataclasses.asdict(shard) for shard in split.shards],
            }
            for name, split in self.splits.items()
        }
        return {
            "format": FORMAT,
            # The config as it is, where Keras would say which lists are tuples.
            "media": keras.saving.serialize_keras_object(self.media) | {"config": self.media.get_config()},
            "class_names": self.class_names,
            "pattern": self.pattern,
            "labels": self.labels,
            "splits": splits,
            "source": self.source,
            "license": self.license,
            "fingerprint": self.fingerprint,
        }


def fingerprint_of(told):
    """SHA-256, in hexadecimal digits, over what decides the content of a set: its media, classes and shards.

    Args:
        told: the index as JSON has it.
    """
    media = {name: told["media"][name] for name in ("class_name", "config")}
    decisive = [told["format"], media, told["class_names"], told["pattern"], told["splits"]]
    return hashlib.sha256(json.dumps(decisive, separators=(",", ":")).encode()).hexdigest()


def array_record():
    """The module of the library.

    Raises:
        InputError: it is not installed, as on Windows, where it cannot be.
    """
    try:
        from array_record.python import array_record_module
    except ImportError as error:
        raise InputError(
            "Prepared sets are read and written with array_record, which is not here: install it with pip "
            "install array-record, on Linux or macOS."
        ) from error
    return array_record_module


def shard_name(split, number, total):
    """The name of a shard, such as "train-00000-of-00008.array_record".

    Args:
        split: "train", "val" or "test".
        number: int from 0.
        total: int, the shards of the split.
    """
    return f"{split}-{number:05d}-of-{total:05d}.array_record"


def write_shard(path, layout, examples):
    """Writes a shard, whose bytes depend on its examples alone, and which is never seen half written.

    Args:
        path: of the file, in a folder that exists.
        layout: the `Layout` of its records.
        examples: iterable of (labels, packed), as `Layout.record` takes them; at least one.

    Returns:
        A `Shard`.
    """
    path, library, count = Path(path), array_record(), 0

    def write(partial):
        nonlocal count
        writer = library.ArrayRecordWriter(str(partial), WRITING)
        try:
            for labels, packed in examples:
                writer.write(layout.record(labels, packed))
                count += 1
        finally:
            writer.close()

    replace_atomically(path, write)
    return Shard(path.name, count, checksum(path))


def check_shard(folder, shard):
    """Raises `InputError` where the file of a shard is missing, or is not the one that was written.

    Args:
        folder: of the set.
        shard: a `Shard`.
    """
    path = Path(folder) / shard.file
    try:
        found = checksum(path)
    except OSError as error:
        raise InputError(
            f"The shard {path} cannot be read ({error.strerror or error}): prepare the set again."
        ) from error
    if found != shard.sha256:
        raise InputError(f"The shard {path} is not as it was written: prepare the set again.")


def write_index(folder, index):
    """Writes `dataset.json`, by which a folder becomes a prepared set.

    Args:
        folder: of the set.
        index: an `Index`.
    """
    write_atomically(Path(folder) / INDEX, json.dumps(index.as_dict(), indent=1) + "\n")


def is_prepared(path):
    """Whether a path is the folder of a prepared set, which is complete."""
    try:
        with open(Path(path) / INDEX, "rb") as file:
            head = file.read(HEAD)
    except (OSError, ValueError):  # of which the latter is for a name that no file can have
        return False
    # Others may call a file of sentences so.
    return b'"format"' in head and b'"media"' in head


def read_index(folder):
    """Reads `dataset.json`, of which no value is trusted.

    Args:
        folder: of the set.

    Returns:
        An `Index`.

    Raises:
        InputError: it cannot be read, is of a newer format, or a value is not what the format says.
    """
    path = Path(folder) / INDEX
    found = read_json(path)
    if isinstance(found, dict) and found.get("format") != FORMAT:
        raise InputError(f"{path} is of the format {found.get('format')!r}, but this kit reads {FORMAT}.")
    try:
        index = Index(
            _media(found["media"]),
            {name: _split(name, split) for name, split in found["splits"].items()},
            _class_names(found["class_names"]),
            *(_text_or_none(name, found.get(name)) for name in ("pattern", "source", "license")),
            fingerprint_of(found),
        )
        _check("splits", "train" in index.splits and set(index.splits) <= set(SPLITS))
        files = [shard.file for split in index.splits.values() for shard in split.shards]
        _check("shards", len(set(files)) == len(files))
        _check("labels", found["labels"] == index.labels)
        _check("media", index.layout("train").dtype.itemsize <= MOST_BYTES)
        told = [found["splits"][name]["count"] for name in index.splits]
        _check("count", told == [split.count for split in index.splits.values()])
        _check("fingerprint", found["fingerprint"] == index.fingerprint)
    except InputError as error:
        raise InputError(f"{path} is not the index of a prepared set: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, MemoryError) as error:
        raise InputError(
            f"{path} is not the index of a prepared set ({type(error).__name__}: {str(error)[:200]}): "
            "prepare the set again."
        ) from error
    return index


def _check(what, holds):
    if not holds:
        raise InputError(f"its {what} cannot be right, so prepare the set again.")


def _media(found):
    """Only the kit's own media are made, and of plain values."""
    kind, config = found["class_name"], found["config"]
    _check("media", isinstance(kind, str) and kind in MEDIA and isinstance(config, dict))
    return MEDIA[kind].from_config(config)


def _split(name, found):
    shards = []
    for shard in found["shards"]:
        file, count, sha256 = shard["file"], shard["count"], shard["sha256"]
        named = FILE.fullmatch(file)
        _check("shards", named and named[1] == name and SHA256.fullmatch(sha256))
        _check("count", type(count) is int and 0 < count < 2**40)
        shards.append(Shard(file, count, sha256))
    labeled = found.get("labeled", True)
    _check("splits", shards and isinstance(labeled, bool))
    return Split(tuple(shards), labeled)


def _class_names(found):
    if found is None:
        return None
    for names in found.values() if isinstance(found, dict) else [found]:
        _check("class_names", isinstance(names, list) and 0 < len(names) <= MOST_CLASSES)
        _check("class_names", all(isinstance(name, str) for name in names) and len(set(names)) == len(names))
    _check("class_names", found)
    return found


def _text_or_none(name, found):
    _check(name, found is None or isinstance(found, str))
    return found
