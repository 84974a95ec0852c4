"""Loading a prepared set, which brings its media, classes and splits."""

import os
from pathlib import Path

from keras_gen.datasets.account import Account
from keras_gen.datasets.builtin import NAMES
from keras_gen.datasets.dataset import Dataset
from keras_gen.datasets.shards import INDEX, MOST_BYTES, is_prepared, read_index
from keras_gen.datasets.sources import Sharded
from keras_gen.errors import InputError
from keras_gen.files import read_json
from keras_gen.media import Image, Text

ACCOUNT = "account.json"
WORK = ".work"  # the folder of what is not needed once the set is complete
BEGUN = "begun.json"  # in that folder
DEFAULTS = {  # of the arguments of `load` that a prepared set has settled
    "labels": "inferred",
    "field": None,
    "chunks": False,
    "validation": None,
    "test": None,
    "groups": None,
    "stratify": "auto",
    "duplicates": "auto",
}


def prepared_folder(source):
    """The folder of the prepared set that a source of `load` is, a `pathlib.Path`, or None.

    Raises:
        InputError: its preparing was stopped.
    """
    if not isinstance(source, str | os.PathLike) or source in NAMES or not os.fspath(source):
        return None
    folder = Path(source).expanduser()
    if is_prepared(folder):
        return folder
    if (folder / WORK / BEGUN).is_file():
        raise InputError(f"{source} is not prepared to the end: give the same keras-gen prepare again.")
    return None


def load_prepared(folder, name, *, batch_size, seed, media=None, size=None, channels=None, **unused):
    """The `Dataset` of a prepared set, whose examples stay on the disk.

    Args:
        folder: `pathlib.Path` of the set.
        name: what messages call it.
        batch_size, seed: as in `load`.
        media, size, channels: as in `load`, but they must be those of the set where they are given.
        **unused: what else `load` was told, argument -> value, of which nothing but `DEFAULTS` has a use.

    Raises:
        InputError: the set cannot be read, something else is wanted than it holds, or something is told that
            has no use.
    """
    index = read_index(folder)
    for argument, value in unused.items():
        if value != DEFAULTS[argument]:
            raise InputError(
                f"{argument}={value!r} has no use: {name} was prepared with its labels and splits. Leave it "
                "out, or prepare another set with it."
            )
    _check_media(name, index.media, media, size, channels)
    if index.pattern is not None and not index.class_names:
        raise InputError(
            f"{folder / INDEX} tells a pattern of labels, but no classes: prepare the set again."
        )
    account = _account(folder, index)
    return Dataset(
        index.media,
        **{split: Sharded(folder, index, split) for split in index.splits},
        class_names=index.class_names,
        pattern=index.pattern,
        batch_size=batch_size,
        seed=seed,
        name=name,
        account=account,
        fingerprint=index.fingerprint,
        license=index.license,
    )


def _account(folder, index):
    """The `Account` that `account.json` tells, of which no value is trusted, or None where there is none.

    Raises:
        InputError: it cannot be read, or is not that of this set.
    """
    path = folder / ACCOUNT
    if not path.is_file():
        return None
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise InputError(f"{path} is of {size:,} bytes, more than {MOST_BYTES:,}: remove it.")
    told = read_json(path)
    try:
        account = Account.from_dict(told)
        counts = {split: part.count for split, part in index.splits.items()}
        if (account.plural, account.used) != (index.media.plural, counts):
            raise ValueError(f"it is not of {counts} {index.media.plural}")
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{path} is not the account of this set ({error}): bring it back, or remove it."
        ) from error
    return account


def _check_media(name, found, media, size, channels):
    height, width = size if isinstance(size, tuple | list) and len(size) == 2 else (size, size)
    wanted = {"height": height, "width": width, "channels": channels} if isinstance(found, Image) else {}
    fits = all(value in (None, getattr(found, setting)) for setting, value in wanted.items())
    if not isinstance(found, Image):
        fits = size is None and channels is None
    if not fits or media is not None and not _is_like(media, found):
        asked = media or ", ".join(
            f"{argument}={value}" for argument, value in (("size", size), ("channels", channels)) if value
        )
        raise InputError(
            f"{name} was prepared as {found!r}, not as {asked}: leave that out, or prepare another set."
        )


def _is_like(wanted, found):
    """Whether media are the same; a `Text` without a vocabulary takes that of the set."""
    if isinstance(wanted, Text) and isinstance(found, Text) and not wanted.is_learned:
        return wanted.get_config() | {"vocabulary": None} == found.get_config() | {"vocabulary": None}
    return wanted == found
