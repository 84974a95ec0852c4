"""Refusing data that a model cannot be trained on, before a graph is traced for them."""

import contextlib
import os
import re

import keras
import numpy as np
import tensorflow as tf

from keras_gen.datasets import Dataset
from keras_gen.datasets.dataset import sample
from keras_gen.errors import InputError
from keras_gen.models.checks.labels import check_labels
from keras_gen.models.checks.text import warn_of_unknown
from keras_gen.sampling.labels import label_shape, labels_for
from keras_gen.training.replicas import is_array

# An `InputError` within a pipeline, as TensorFlow tells of it.
READ_ERROR = re.compile(r"\bInputError: (.+)")
# How Keras begins to tell of data that it cannot take batches from, before it prints all of them.
UNREADABLE = ("Unrecognized data type", "When passing a Python generator")


def brought(model, x, y):
    """Data as users bring them, see `as_arrays`, with arrays checked as a whole."""
    x, y = as_arrays(x, y, model.media)
    if is_array(x):
        check_examples(model, x, y)
    return x, y


@contextlib.contextmanager
def refusing_other_containers(*containers):
    """Tells by their type of data that Keras cannot take batches from, and of records that are damaged."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        told = READ_ERROR.search(error.message)
        if told is None:
            raise
        raise InputError(told[1]) from error
    except ValueError as error:
        if str(error).startswith("Invalid dtype"):
            raise InputError(
                f"Batches hold what is no number ({error}): pack media with model.media.pack, and number the "
                "classes from 0."
            ) from error
        if not str(error).startswith(UNREADABLE):
            raise
        kinds = " or ".join(type(container).__name__ for container in containers if container is not None)
        raise InputError(
            "Data must be an array, a tf.data.Dataset, a PyDataset, a DataLoader, or a generator of tuples "
            f"such as (x,) or (x, y), not of type {kinds}."
        ) from error


def media_and_labels(batch, media):
    """The two parts of a batch, in any of the forms that containers of batches give.

    Args:
        batch: media; a tuple of media [, labels [, None]]; or a dict of these as TensorFlow Datasets names
            them: "image", "audio" or "text", and perhaps "label".
        media: the `Media` of the model.

    Returns:
        (media, labels or None).

    Raises:
        InputError: the dict has other keys, or the examples are weighted.
    """
    x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
    if weights is not None:
        raise InputError("Every example counts alike here: leave the weights out of the batches.")
    if isinstance(x, dict):
        if media.key not in x:
            raise InputError(
                f"A dict of {media.plural} must have the key {media.key!r}, and perhaps 'label', but has "
                f"{', '.join(map(repr, x)) or 'none'}."
            )
        x, y = x[media.key], x.get("label", y)
    return x, y


def as_labels(model, labels):
    """Labels of a batch -> int32 (batch,), of n labels (batch, n); None for an unconditional model."""
    if model.num_classes is None:
        return None
    return tf.reshape(tf.cast(labels, tf.int32), (-1, *label_shape(model.num_classes)))


def as_arrays(x, y, media):
    """What is given to `fit` as arrays, lists or a dict of these -> (array, array or None); all else as it
    is.

    Raises:
        InputError: it is none of what holds examples or batches.
    """
    if isinstance(x, dict):
        x, y = media_and_labels((x, y), media)
    if isinstance(x, Dataset):
        raise InputError(
            "x is a whole Dataset: give one of its splits, such as fit(dataset.train, "
            "validation_data=dataset.val)."
        )
    if isinstance(x, str | os.PathLike):
        raise InputError(
            f"x is a path: load {str(x)!r} with keras_gen.datasets.load, and give its train split."
        )
    if isinstance(x, list | tuple):
        x = _rows(x, media)
    if isinstance(x, np.ndarray) and x.dtype.kind in "UO" and media.key == "text":
        x = media.pack(x.tolist())
    if _is_foreign_array(x):
        x = np.asarray(x)
    if isinstance(y, list | tuple) or _is_foreign_array(y):
        y = np.asarray(y)
    return x, y


def _rows(rows, media):
    if len(rows) == 2 and getattr(rows[0], "shape", (0,))[1:] == media.shape:
        raise InputError("x is a pair: give media and labels apart, as fit(x, y).")
    try:
        return np.asarray(rows)
    except ValueError as error:
        raise InputError(
            f"x is a list of examples of several shapes, but {media.plural} of the shape {media.shape} are "
            "wanted: pack each with model.media.pack."
        ) from error


def _is_foreign_array(values):
    """Whether this is an array of another library, such as a tensor of PyTorch."""
    return hasattr(values, "__array__") and hasattr(values, "shape") and not tf.is_tensor(values)


def check_examples(model, x, y=None):
    """Checks examples by type, shape and range.

    Args:
        model: a `GenerativeModel`.
        x: packed media, an array or tensor (num, *media.shape), or of text strings (num,).
        y: labels, or None.

    Raises:
        InputError: the examples do not fit the model's media, or the labels are missing or out of range.
    """
    media = model.media
    if not is_array(x):
        raise InputError(
            f"The model takes {media.plural} as an array, but a batch of x is of the type "
            f"{type(x).__name__}: pack them with model.media.pack."
        )
    if x.dtype == tf.string and media.key == "text":
        x = media.pack_in_graph(x)
    shape, dtype = tuple(x.shape)[1:], getattr(x.dtype, "name", str(x.dtype))
    if shape != media.shape or dtype != media.dtype:
        raise InputError(
            f"The model takes {media.dtype} examples of shape {media.shape}, but x has {dtype} examples of "
            f"shape {shape}: pack them with model.media.pack, take a split of keras_gen.datasets.load, such "
            "as dataset.train, or build the model for that shape."
        )
    if media.key == "text":
        warn_of_unknown(media, x)
    model.check_support(x)
    if model.num_classes is not None:
        check_labels(y, len(x), model.num_classes)


def examples_of(model, x, labels=None):
    """Packed media and labels as arrays, of which there is at least one row.

    Args:
        model: a `GenerativeModel`.
        x: packed media (num, *media.shape).
        labels: for a conditional model `num` of them; of an unconditional one they are left out.

    Returns:
        (array, int32 array or None).

    Raises:
        InputError: media or labels do not fit the model or its likelihood.
    """
    x = np.asarray(x)
    if x.shape[1:] != model.media.shape or x.dtype != model.media.dtype or not len(x):
        raise InputError(
            f"The model takes {model.media.dtype} examples (num, *{model.media.shape}), not {x.dtype} of "
            f"shape {x.shape}: pack them with model.media.pack."
        )
    if model.num_classes is not None and labels is None:
        raise InputError(
            f"The model is conditional on {model.num_classes} classes: give the labels of the examples."
        )
    model.check_support(x)
    return x, labels_for(len(x), labels, model.num_classes)


def held_out(model, real):
    """The examples that a score is taken over.

    Args:
        model: a `GenerativeModel`.
        real: a `Dataset`, whose test split counts; packed media; or a pair of packed media and labels.

    Returns:
        Arrays of packed media and of labels, or None in their place.

    Raises:
        InputError: media or labels do not fit the model or its likelihood.
    """
    if hasattr(real, "arrays"):
        real = sample(real, "test")
    if isinstance(real, (tuple, list)) and len(real) != 2:
        raise InputError(
            f"A score takes a Dataset, media, or a pair of media and labels, not {len(real)} things."
        )
    x, labels = real if isinstance(real, (tuple, list)) else (real, None)
    return examples_of(model, x, labels if model.num_classes is not None else None)
