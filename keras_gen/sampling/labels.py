"""The labels that a conditional model is asked with."""

import math

import numpy as np
import tensorflow as tf

from keras_gen.errors import InputError


def label_shape(num_classes):
    """The shape of an example's label: () where it has one, (n,) where it has n.

    Args:
        num_classes: int, or a tuple of n ints, or the list that a saved tuple comes back as.
    """
    return (len(num_classes),) if isinstance(num_classes, (tuple, list)) else ()


def label_spec(num_classes):
    """What an endpoint takes after its first input: a list with a label, or empty."""
    if num_classes is None:
        return []
    return [tf.TensorSpec((None, *label_shape(num_classes)), tf.int32, name="label")]


def labels_for(num, labels, num_classes):
    """Labels as users give them, for so many examples.

    Args:
        num: int >= 1.
        labels: an int for all, `num` ints, or None to go through the classes in turn. Where an example has n
            labels, n ints for all, `num` times n, or None to go through all combinations, the first label
            changing fastest.
        num_classes: of the model, a tuple of n ints for n labels, or None for an unconditional one.

    Returns:
        int32 (num,), of n labels (num, n), or None for an unconditional model.

    Raises:
        InputError: the labels do not fit the model.
    """
    if num_classes is None:
        if labels is not None:
            raise InputError("This model is not conditional: leave labels out.")
        return None
    shape = label_shape(num_classes)
    classes = np.reshape(num_classes, (-1,))
    if labels is None:
        places = np.arange(num) % math.prod(classes.tolist())
        combinations = np.stack(np.unravel_index(places, classes, order="F"), axis=-1)
        return combinations.reshape(num, *shape).astype(np.int32)
    labels = np.asarray(labels)
    if labels.shape == shape:
        labels = np.broadcast_to(labels, (num, *shape))
    if not np.issubdtype(labels.dtype, np.integer) or labels.shape != (num, *shape):
        one = "one integer" if shape == () else f"{shape[0]} integers"
        raise InputError(f"labels must be {one} or {num} of them, not {labels.dtype} {labels.shape}.")
    if (labels < 0).any() or (labels >= np.reshape(classes, shape)).any():
        raise InputError(
            f"labels must lie between 0 and {_last(num_classes)}, not {labels.min()}-{labels.max()}."
        )
    return labels.astype(np.int32)


def check_label(label, num_classes):
    """Raises `InputError` where a conditional model is asked to walk without a label."""
    if num_classes is not None and label is None:
        raise InputError(f"The model is conditional: give the label to walk in, 0 to {_last(num_classes)}.")


def _last(num_classes):
    return tuple(count - 1 for count in num_classes) if isinstance(num_classes, tuple) else num_classes - 1
