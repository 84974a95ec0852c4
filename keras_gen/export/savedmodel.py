"""SavedModels with named signatures, for TensorFlow Serving and every other loader of SavedModels."""

import contextlib
import json
import os
import tempfile
from pathlib import Path

import keras
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.export.checks import checked
from keras_gen.registry import register

# Of what is served nobody takes gradients, and to trace those of convolutions takes longer than to write.
WITHOUT_GRADIENTS = tf.saved_model.SaveOptions(experimental_custom_gradients=False)


@register("export")
def export(model, path, provenance=None):
    """Writes a SavedModel that takes and gives raw media and does not need this package.

    Every signature has a batch dimension: `serving_default` = `generate(seed int64 [, label int32])`,
    `decode(latents)`, and what the model adds, such as `discriminate(images)` of a GAN. On an x86 processor
    equal seeds give equal outputs in any batch. Values out of their ranges raise
    `tf.errors.InvalidArgumentError`, see `keras_gen.export.checks`.

    Args:
        model: a `GenerativeModel`.
        path: folder to write, which appears only when complete; TensorFlow Serving wants `<name>/<integer
            version>`.
        provenance: dict that JSON can hold, of what made the model, such as the fingerprint of its data; it
            is kept in `assets.extra/provenance.json`.

    Returns:
        `pathlib.Path` of the folder.

    Raises:
        InputError: there is something at the path already, or it cannot be written.
    """
    path = Path(path)
    if path.exists():
        raise InputError(
            f"{path} exists already: export to another version, such as {next_version(path.parent)}."
        )
    archive = keras.export.ExportArchive()
    for network in model.exported_networks():
        archive.track(network)
    for name, (function, signature) in model.endpoints().items():
        archive.add_endpoint(name, checked(function, signature, model), input_signature=signature)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".partial-") as scratch:
            complete = Path(scratch) / path.name
            with _quiet_tensorflow():
                archive.write_out(str(complete), WITHOUT_GRADIENTS, verbose=False)
            if provenance:
                (complete / "assets.extra").mkdir(exist_ok=True)
                told = json.dumps(provenance, indent=2) + "\n"
                (complete / "assets.extra" / "provenance.json").write_text(told, encoding="utf-8")
            os.replace(complete, path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from error
    return path


@contextlib.contextmanager
def _quiet_tensorflow():
    """Keeps TensorFlow from logging the temporary folder."""
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel("WARNING")
    try:
        yield
    finally:
        logger.setLevel(level)


def next_version(folder):
    """`folder/N` with the lowest N above all versions in the folder."""
    folder = Path(folder)
    taken = [int(child.name) for child in folder.glob("*") if child.name.isdigit()]
    return folder / str(max(taken, default=0) + 1)
