"""What lies in a folder of models: names, versions, labels, and which versions are whole."""

import json
import re
from pathlib import Path
from typing import NamedTuple

from keras_gen.errors import InputError
from keras_gen.files import read_json

GRAPH, INDEX = "saved_model.pb", "variables/variables.index"
OF_RUN = "savedmodel"  # in the folder of a run
LABELS = "labels.json"
LABEL = re.compile(r"[a-zA-Z0-9_]+")
SHARD = re.compile(r"variables\.data-\d+-of-(\d+)")
LAST = 2**63 - 1  # the largest version that requests can name


class Found(NamedTuple):
    """A model as it lies in its folder.

    Args:
        versions: dict, int -> `pathlib.Path` of a SavedModel.
        labels: dict, str -> int.
    """

    versions: dict
    labels: dict


def models_in(folder):
    """The models of a folder.

    Args:
        folder: `pathlib.Path` with NAME/VERSION in it, or VERSION, or the folder of one SavedModel or of a
            run, whose SavedModel is version 1.

    Returns:
        Dict, name -> `Found`; empty where there are none.

    Raises:
        InputError: `labels.json` of a model is damaged.
    """
    folder = folder.absolute()
    if (folder / GRAPH).is_file():
        if _is_version(folder):
            return {folder.parent.name: Found({int(folder.name): folder}, {})}
        name = folder.parent.name if folder.name == OF_RUN else folder.name
        return {name: Found({1: folder}, {})}
    if (folder / OF_RUN / GRAPH).is_file():
        return {folder.name: Found({1: folder / OF_RUN}, {})}
    of_one = _versions(folder)
    if of_one:
        return {folder.name: Found(of_one, _labels(folder))}
    several = {child.name: _versions(child) for child in folder.iterdir() if child.is_dir()}
    return {name: Found(found, _labels(folder / name)) for name, found in sorted(several.items()) if found}


def _versions(folder):
    return {int(path.name): path for path in folder.iterdir() if _is_version(path) and path.is_dir()}


def _is_version(path):
    return path.name.isascii() and path.name.isdecimal() and int(path.name) <= LAST


def _labels(folder):
    path = folder / LABELS
    if not path.is_file():
        return {}
    told = read_json(path)
    is_right = isinstance(told, dict) and all(
        LABEL.fullmatch(label) and type(version) is int for label, version in told.items()
    )
    if not is_right:
        raise InputError(
            f"{path} must give versions by label, such as {json.dumps({'stable': 3, 'canary': 4})}."
        )
    return told


def stamp(path):
    """What changes when a SavedModel does: its files with their sizes and times; None while it is not whole.

    Args:
        path: `pathlib.Path` of its folder.
    """
    try:
        files = {file.relative_to(path): file.stat() for file in path.rglob("*") if file.is_file()}
    except OSError:  # it is being moved or removed
        return None
    names = [name.as_posix() for name in files]
    shards = [SHARD.fullmatch(Path(name).name) for name in names if name.startswith("variables/")]
    shards = [int(shard[1]) for shard in shards if shard]
    if GRAPH not in names or INDEX not in names or not shards or len(shards) != shards[0]:
        return None
    return tuple(sorted((str(name), told.st_size, told.st_mtime_ns) for name, told in files.items()))
