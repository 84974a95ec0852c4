"""SavedModels with named signatures, for TensorFlow Serving and every other loader of SavedModels."""

import contextlib
import json
import os
import tempfile
from pathlib import Path

import keras
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.export import description, warm_up
from keras_gen.export.checks import checked
from keras_gen.export.description import EXTRA
from keras_gen.files import sync, sync_entry
from keras_gen.registry import register

# Of what is served nobody takes gradients, and to trace those of convolutions takes longer than to write.
WITHOUT_GRADIENTS = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
LONGEST_CAUSE = 200  # characters


@register("export")
def export(model, path, provenance=None, watermark=None):
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
            is kept in `assets.extra/provenance.json`. `assets.extra/model.json` says what the model is, see
            `keras_gen.export.Description`.
        watermark: `keras_gen.media.Watermark` that every signature puts into the images or recordings that it
            gives, or None. Both files tell of it, without its key.

    Returns:
        `pathlib.Path` of the folder.

    Raises:
        InputError: there is something at the path already, it cannot be written, or a watermark is to be put
            into text.
    """
    path = Path(path)
    if path.exists():
        raise InputError(
            f"{path} exists already: export to another version, such as {next_version(path.parent)}."
        )
    if watermark is not None:
        watermark.check(model.media)
        provenance = (provenance or {}) | {"watermark": watermark.told()}
    archive = keras.export.ExportArchive()
    for network in model.exported_networks():
        archive.track(network)
    for name, (function, signature) in model.endpoints().items():
        function = checked(_marking(function, model.media, watermark), signature, model)
        archive.add_endpoint(name, function, input_signature=signature)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".partial-") as scratch:
            complete = Path(scratch) / path.name
            with _quiet_tensorflow():
                archive.write_out(str(complete), WITHOUT_GRADIENTS, verbose=False)
            (complete / EXTRA).mkdir(exist_ok=True)
            if provenance:
                told = json.dumps(provenance, indent=2) + "\n"
                (complete / EXTRA / "provenance.json").write_text(told, encoding="utf-8")
            warm_up.write_requests(model, complete)
            description.write(complete, description.describe(model, complete, provenance))
            put_in_place(complete, path)
    except (OSError, tf.errors.OpError) as error:
        raise InputError(f"{path} cannot be written: {cause_of(error)}.") from error
    return path


def _marking(function, media, watermark):
    """A signature's function whose raw media are marked, if it gives any."""
    name = media.raw_spec.name

    def endpoint(*inputs):
        given = function(*inputs)
        if watermark is None or name not in given:
            return given
        return given | {name: watermark.mark_examples(given[name], media)}

    return endpoint


def put_in_place(complete, path):
    """Moves a folder to where nothing is, once all that is in it is on the disk."""
    sync(complete)
    os.rename(complete, path)
    sync_entry(path.parent)


def cause_of(error):
    """Why a folder could not be written, in a line."""
    message = getattr(error, "strerror", None) or getattr(error, "message", None) or str(error)
    # TensorFlow puts the node and the file in front.
    return message.splitlines()[0].rpartition("; ")[2][:LONGEST_CAUSE].rstrip(".")


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
