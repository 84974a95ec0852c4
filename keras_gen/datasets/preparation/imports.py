"""Sets in the forms of other tools, which `prepare` imports: those of Hugging Face, Parquet, WebDataset.

An import has examples by name, as a `Tree` has files, and tells their splits and classes itself.
"""

import collections
import functools
import itertools
import json
import os
import re
from pathlib import Path

import numpy as np

from keras_gen.datasets.account import Account, some
from keras_gen.datasets.files import MOST_BYTES, endings, open_tree
from keras_gen.datasets.folders import Listing
from keras_gen.datasets.preparation.hash_split import hash_of
from keras_gen.datasets.splits import SPLITS, split_word
from keras_gen.datasets.tars import open_tar
from keras_gen.errors import InputError

PREFIXES = ("hf:", "parquet:", "webdataset:")
PARQUET = ".parquet"
MEDIA_COLUMNS = {"images": ("image", "img", "jpg", "png"), "waveforms": ("audio", "wav", "flac")}
TEXT_COLUMNS = ("text", "sentence", "caption")


def is_import(source):
    """Whether a source is one that is imported, by its prefix or its ending."""
    name = str(source) if isinstance(source, str | os.PathLike) else ""
    return name.startswith(PREFIXES) or name.lower().endswith(PARQUET)


def open_import(source, field=None, label=None):
    """What is in a set of another tool.

    Args:
        source: "hf:NAME" or "hf:NAME:CONFIG", which the library `datasets` downloads; "parquet:PATH", of a
            file or a folder; a path that ends in .parquet; or "webdataset:PATH", of a .tar archive or a
            folder of these.
        field: column of the examples; by default one that is named as such columns are.
        label: column, or key of the JSON beside an example, of its class.

    Returns:
        A `Parquet` or a `WebDataset`.

    Raises:
        InputError: there is no such path, it holds nothing of the kind, or a library is not installed.
    """
    kind, path = str(source).split(":", 1) if str(source).startswith(PREFIXES) else ("parquet", str(source))
    if kind == "hf":
        kind, path = "parquet", _from_hugging_face(path)
    return {"parquet": Parquet, "webdataset": WebDataset}[kind](Path(path).expanduser(), field, label)


def _from_hugging_face(name):
    """The folder of Parquet files that the library `datasets` makes of a set. It runs no code of the set."""
    try:
        import datasets
    except ImportError as error:
        raise InputError(
            f'hf:{name} needs the library datasets: install it with pip install "keras_gen[hf]".'
        ) from error
    cache = Path(os.environ.get("KERAS_GEN_CACHE") or "~/.cache/keras_gen").expanduser()
    folder = cache / "hf" / hash_of(name).hex()
    try:
        builder = datasets.load_dataset_builder(*name.split(":", 1))
        builder.download_and_prepare(str(folder), file_format="parquet")
    # Unknown names, failed downloads, sets that need code and damaged files each raise errors of their own.
    except Exception as error:
        raise InputError(f"hf:{name} could not be loaded: {str(error)[:300]}.") from error
    return folder


def _files(path, ending):
    """The files of an ending that a path is of, or has below it: dict, name below the path -> path."""
    if path.is_dir():
        with open_tree(path) as tree:
            found = {name: path / name for name in tree.names if name.lower().endswith(ending)}
    else:
        found = {path.name: path} if path.is_file() else {}
    if not found:
        raise InputError(f"{path} holds no files that end in {ending}.")
    return found


def _contents(files):
    """A text that is another one where files were added, removed or changed."""
    told = [(name, file.stat().st_size, file.stat().st_mtime_ns) for name, file in files.items()]
    return hash_of(repr(told)).hex()


def _split_of(name):
    """The split that the name of a file, or else of its folders, tells by its last such word, or "train"."""
    words = ["train", *filter(None, map(split_word, re.split(r"[ ._/-]", name)))]
    return SPLITS[words[-1]]


def _listing(names, splits, classes, plural):
    """The `Listing` of examples, without those of no class where others of their split have one."""
    splits, classes, account = np.array(splits), np.array(classes), Account(plural)
    is_bare, with_classes = classes == "", np.unique(splits[classes != ""])
    if len(with_classes) and "train" in splits and "train" not in with_classes:
        raise InputError(f"No class is told for train, but for {', '.join(with_classes)}: give labels=None.")
    is_lost = is_bare & np.isin(splits, with_classes)
    lost = list(itertools.compress(names, is_lost))
    if lost:
        account.found += len(lost)
        account.set_apart(
            "it has no class",
            lost,
            told=f"{len(lost)} of {len(names)} {plural} have no class, and are set aside ({some(lost)}).",
        )
    return Listing(list(itertools.compress(names, ~is_lost)), splits[~is_lost], classes[~is_lost], account)


class WebDataset:
    """Archives in which files that are alike up to the first dot are one example: 7.jpg, 7.cls.

    The class stands in a file that ends in .cls, or in a .json of the key `label`.
    """

    is_text = False

    def __init__(self, path, field, label):
        self.archives, self.path, self.label = _files(path, ".tar"), f"webdataset:{path}", label
        self.contents = _contents(self.archives)
        if field is not None:
            raise InputError(
                "field has no use for a WebDataset, whose files tell by their ending: leave it out."
            )

    @functools.lru_cache(4)  # noqa: B019  the import lives as long as its process
    def _open(self, archive):
        context = open_tar(self.archives[archive], MOST_BYTES)
        _, names, read, lost = context.__enter__()
        return context, names, read, lost

    def read(self, name):
        """The bytes of the media of an example."""
        archive, _, member = name.partition("::")
        return self._open(archive)[2](member)

    def listing(self, labeled=True):
        """The medium and the `Listing` of the examples, with their classes where these are wanted."""
        found = {"images": [], "waveforms": []}
        beside = {}
        for archive in self.archives:
            members = collections.defaultdict(dict)
            for name in self._open(archive)[1]:
                folder, _, base = name.rpartition("/")
                key, _, ending = base.partition(".")
                members[f"{folder}/{key}"][f".{ending.lower()}"] = name
            for parts in members.values():
                for plural, names in found.items():
                    media = next((ending for ending in endings(plural) if ending in parts), None)
                    if media:
                        names.append(f"{archive}::{parts[media]}")
                        beside[names[-1]] = archive, parts
        plural = max(found, key=lambda plural: len(found[plural]))
        names = found[plural]
        if not names:
            raise InputError("The archives hold no images or recordings.")
        classes = [self._class(*beside[name]) if labeled else "" for name in names]
        splits = [_split_of(name.partition("::")[0]) for name in names]
        return plural, _listing(names, splits, classes, plural)

    def _class(self, archive, parts):
        read = self._open(archive)[2]
        try:
            if self.label is None and ".cls" in parts:
                return read(parts[".cls"]).decode().strip()
            if self.label is not None and ".json" in parts:
                return str(json.loads(read(parts[".json"]))[self.label])
        except (ValueError, KeyError, TypeError, RecursionError):
            return ""
        return ""


class Parquet:
    """Tables in Parquet files, a row for each example, as Hugging Face keeps them.

    Media are bytes, or structs with a field `bytes`; sentences are strings.
    """

    def __init__(self, path, field, label):
        try:
            import pyarrow.parquet
        except ImportError as error:
            raise InputError(
                'Parquet files are read with pyarrow: install it with pip install "keras_gen[parquet]".'
            ) from error
        self._library = pyarrow
        self.files, self.path = _files(path, PARQUET), f"parquet:{path}"
        self.contents, self.brought = _contents(self.files), set(map(_split_of, self.files))
        self.field, self.label = field, label
        schema = self._table(next(iter(self.files))).schema_arrow
        self.column = self._column(schema)
        if label is not None and label not in schema.names:
            raise InputError(f"{path} has no column {label!r}: it has {', '.join(schema.names)}.")
        self.class_names = self._class_names(schema)

    @functools.lru_cache(4)  # noqa: B019  the import lives as long as its process
    def _table(self, file):
        try:
            return self._library.parquet.ParquetFile(self.files[file])
        except (OSError, ValueError, self._library.ArrowException) as error:
            raise InputError(f"{self.files[file]} could not be read as Parquet: {error}.") from error

    def _column(self, schema):
        known = [*MEDIA_COLUMNS["images"], *MEDIA_COLUMNS["waveforms"], *TEXT_COLUMNS]
        wanted = [self.field] if self.field is not None else known
        column = next((name for name in wanted if name in schema.names), None)
        if column is None:
            raise InputError(
                f"The Parquet files have no column {self.field or 'of a known name'!r}: give field, one of "
                f"{', '.join(schema.names)}."
            )
        return column

    def _class_names(self, schema):
        """The names of the classes of a column of numbers, which Hugging Face keeps beside the schema."""
        try:
            told = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"][self.label]
            names = told["names"]
            return names if all(isinstance(name, str) for name in names) else None
        except (KeyError, TypeError, ValueError, RecursionError):
            return None

    @property
    def is_text(self):
        kind = self._table(next(iter(self.files))).schema_arrow.field(self.column).type
        return self._library.types.is_string(kind) or self._library.types.is_large_string(kind)

    def _groups(self):
        """The file, split and number of each group of rows."""
        for name in self.files:
            for group in range(self._table(name).num_row_groups):
                yield name, _split_of(name), group

    def _labels(self, name, group):
        """The class of each row, None for one without, or None where none are asked for."""
        if self.label is None:
            return None
        values = self._rows(name, group, self.label).to_pylist()
        if self.class_names is None:
            return [None if value is None else str(value) for value in values]
        known = range(len(self.class_names))
        return [self.class_names[value] if value in known else None for value in values]

    def _rows(self, name, group, column):
        table = self._table(name)
        if column not in table.schema_arrow.names:
            raise InputError(f"{self.files[name]} has no column {column!r}, which others have: take it out.")
        return table.read_row_group(group, [column]).column(0)

    @functools.lru_cache(2)  # noqa: B019  the import lives as long as its process
    def _values(self, name, group):
        return self._rows(name, group, self.column)

    def read(self, name):
        """The bytes of the media of a row."""
        file, group, row = re.fullmatch(r"(.*)::(\d+)\.(\d+)", name).groups()
        value = self._values(file, int(group))[int(row)].as_py()
        raw = value.get("bytes") if isinstance(value, dict) else value
        if not isinstance(raw, bytes):
            raise InputError("The row holds no bytes of a file.")
        return raw

    def listing(self, labeled=True):
        """The medium and the `Listing` of the rows, with their classes where these are wanted."""
        names, splits, classes = [], [], []
        for name, split, group in self._groups():
            count = self._table(name).metadata.row_group(group).num_rows
            names += [f"{name}::{group}.{row}" for row in range(count)]
            splits += [split] * count
            told = self._labels(name, group) if labeled else None
            classes += [value or "" for value in told or [""] * count]
        if not names:
            raise InputError("The Parquet files hold no rows.")
        plural = "waveforms" if self.column in MEDIA_COLUMNS["waveforms"] else "images"
        return plural, _listing(names, splits, classes, plural)

    def sentences(self):
        """The sentences of each group of rows: yields (split, name, list of str, list of labels or None)."""
        for name, split, group in self._groups():
            texts = self._rows(name, group, self.column).to_pylist()
            yield split, f"{name}, row group {group}", texts, self._labels(name, group)
