"""Versions of a SavedModel in a folder, as TensorFlow Serving reads them."""

import os
import tempfile
from pathlib import Path

from keras_gen.errors import InputError
from keras_gen.export.savedmodel import next_version
from keras_gen.files import PARTIAL, locked, make_folder, read_json, remove_partial

PATIENCE = 600.0  # seconds; another process exports for less, unless it hangs


def publish(folder, provenance, write):
    """Writes the next version of a model, unless the same trained model is there.

    One process at a time writes to the folder; others wait, and remove what killed ones have left.

    Args:
        folder: path, of the versions of one model.
        provenance: dict, as in `export`: with the checksum of a trained "model", its "recipe" and "data".
        write: function of a path that writes the SavedModel there, with this provenance.

    Returns:
        (`pathlib.Path` of the version, bool: whether it is new).

    Raises:
        InputError: the folder holds versions of another model, or cannot be written.
    """
    folder = Path(folder)
    make_folder(folder)
    with locked(folder, "exporting", PATIENCE):
        remove_partial(folder)
        versions = [path for path in folder.iterdir() if path.is_dir() and path.name.isdigit()]
        for version in versions:
            told = exported_from(version)
            if told.get("model") == provenance["model"]:
                return version, False
            if told.get("recipe") != provenance["recipe"] or told.get("data", "") not in (
                "",
                provenance["data"],
            ):
                raise InputError(
                    f"{folder} holds versions of another model{_of(told)}, not{_of(provenance)}: give "
                    "another --name."
                )
        version = next_version(folder)
        try:
            with tempfile.TemporaryDirectory(dir=folder, prefix=PARTIAL) as scratch:
                complete = Path(scratch) / version.name
                write(complete)
                os.rename(complete, version)
        except OSError as error:
            raise InputError(f"{version} cannot be written: {error.strerror or error}.") from error
    return version, True


def exported_from(savedmodel):
    """What a SavedModel says of its making: dict, empty where it says nothing."""
    try:
        found = read_json(Path(savedmodel) / "assets.extra" / "provenance.json")
    except InputError:
        return {}
    return found if isinstance(found, dict) else {}


def _of(provenance):
    """Words for the model that was exported."""
    if not provenance.get("recipe"):
        return ""
    return f" of {provenance['recipe']}" + (f" on {provenance['data']}" if provenance.get("data") else "")
