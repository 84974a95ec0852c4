"""Versions of a SavedModel in a folder, as TensorFlow Serving reads them."""

import tempfile
from pathlib import Path

import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.export import description
from keras_gen.export.savedmodel import cause_of, next_version, put_in_place
from keras_gen.files import PARTIAL, locked, make_folder, read_json, remove_partial

PATIENCE = 3600.0  # seconds; twenty that waited for each other on a busy machine took more than 600


def publish(folder, provenance, write):
    """Writes the next version of a model, unless the same trained model with the same watermark is there.

    One process at a time writes to the folder; others wait, and remove what killed ones have left.

    Args:
        folder: path, of the versions of one model.
        provenance: dict, as in `export`: with the checksum of a trained "model", its "recipe" and "data".
        write: function of a path that writes the SavedModel there, with this provenance.

    Returns:
        (`pathlib.Path` of the version, bool: whether it is new).

    Raises:
        InputError: the folder holds versions of another model, the version there is damaged, or the folder
            cannot be written.
    """
    folder = Path(folder)
    make_folder(folder)
    with locked(folder, "exporting", PATIENCE):
        remove_partial(folder)
        versions = [path for path in folder.iterdir() if path.is_dir() and path.name.isdigit()]
        for version in versions:
            told = exported_from(version)
            marks = [which.get("watermark") for which in (told, provenance)]
            if told.get("model") == provenance["model"] and marks[0] == marks[1]:
                _check(version)
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
                put_in_place(complete, version)
        except (OSError, tf.errors.OpError) as error:
            raise InputError(f"{version} cannot be written: {cause_of(error)}.") from error
    return version, True


def exported_from(savedmodel):
    """What a SavedModel says of its making: dict, empty where it says nothing."""
    try:
        found = read_json(Path(savedmodel) / "assets.extra" / "provenance.json")
    except InputError:
        return {}
    return found if isinstance(found, dict) else {}


def _check(version):
    """Raises `InputError` where a version is not what was exported; older kits kept no checksums."""
    if (version / description.EXTRA / description.FILE).is_file():
        changed = description.changes(version, description.read(version))
        if changed:
            raise InputError(
                f"{version} was changed since it was exported ({', '.join(changed)}): remove it, and export "
                "again."
            )


def _of(provenance):
    """Words for the model that was exported."""
    if not provenance.get("recipe"):
        return ""
    return f" of {provenance['recipe']}" + (f" on {provenance['data']}" if provenance.get("data") else "")
