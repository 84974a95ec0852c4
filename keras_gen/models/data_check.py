"""Refusing data that a model cannot be trained on, before a graph is traced for them."""

import keras
import numpy as np
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.models.labels import label_shape

PART = 1024


def check_data(model, x, y=None):
    """Checks what `fit` was given, as far as it shows its shapes without being read.

    Args:
        model: a `GenerativeModel`.
        x: packed media as an array or tensor; a `tf.data.Dataset` of it or of (packed media, labels); anything else,
            and None, passes.
        y: labels, where `x` is an array or tensor.

    Raises:
        InputError: the data do not fit the model's media, or the labels are missing or out of range.
    """
    if isinstance(x, tf.data.Dataset):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(x.element_spec)
    if not hasattr(x, "shape") or not hasattr(x, "dtype") or x.shape is None:
        return
    shape, dtype = tuple(x.shape)[1:], tf.as_dtype(x.dtype).name
    if shape != model.media.shape or dtype != model.media.dtype:
        raise InputError(
            f"The model takes {model.media.dtype} examples of shape {model.media.shape}, but x has {dtype} examples "
            f"of shape {shape}: pack them with model.media.pack, or build the model for that shape."
        )
    if model.num_classes is not None:
        _check_labels(y, model.num_classes)


def _check_labels(y, num_classes):
    if y is None:
        raise InputError(
            f"The model is conditional on {num_classes} classes, but the data have no labels: give y, or build "
            "the model with num_classes=None."
        )
    y = y if isinstance(y, tf.TensorSpec) else np.asarray(y)
    shape = label_shape(num_classes)
    if tuple(y.shape)[1:] not in (shape, shape or (1,)) or not tf.as_dtype(y.dtype).is_integer:
        wanted = f"{shape[0]} integers" if shape else "one integer"
        raise InputError(
            f"Labels must be {wanted} an example, but y is {tf.as_dtype(y.dtype).name} of shape {tuple(y.shape)}."
        )
    last = np.reshape(num_classes, shape) - 1
    if isinstance(y, np.ndarray) and ((y < 0) | (y > last)).any():
        raise InputError(
            f"Labels must be integers from 0 to {last.tolist()}, but y spans {y.min()} to {y.max()}."
        )


def examples_of(x, media):
    """Packed examples that show what `fit` was given: arrays whole, in parts; the first batch of a `tf.data.Dataset`."""
    if isinstance(x, tf.data.Dataset):
        parts = [keras.utils.unpack_x_y_sample_weight(batch)[0] for batch in x.take(1)]
    elif hasattr(x, "shape") and tuple(x.shape)[1:] == media.shape:
        parts = [np.asarray(x[i : i + PART]) for i in range(0, len(x), PART)]
    else:
        parts = []
    return [part for part in parts if tuple(part.shape)[1:] == media.shape]


def whole_batches(x, y, batch_size, replicas, seed):
    """Batches of one size, of which each replica gets an equal share.

    Args:
        x: packed media as an array; or a `tf.data.Dataset`, which stays as it is.
        y: labels of an array, or None.
        batch_size: int, examples in a batch of an array; None stands for Keras' 32.
        replicas: int.
        seed: int, decides the order of an array; None keeps it as it is.

    Returns:
        A dataset, of an array without the examples that do not fill a batch.

    Raises:
        InputError: the size of a batch is open, more than there are examples, or not divisible by the number of replicas; or
            `x` is neither an array nor a dataset.
    """
    if isinstance(x, tf.distribute.DistributedDataset):
        return x  # divided already
    if isinstance(x, tf.data.Dataset):
        batch_size = tf.nest.flatten(x.element_spec)[0].shape[0]
        if batch_size is None:
            raise InputError(
                f"{replicas} replicas need batches of one size, but those of x are of any: batch with drop_remainder=True."
            )
    elif hasattr(x, "shape"):
        batch_size = batch_size or 32
        if batch_size > len(x):
            raise InputError(f"A batch of {batch_size} is more than the {len(x)} examples of x.")
    else:
        raise InputError(
            f"{replicas} replicas share the batches of an array or a tf.data.Dataset, not of a {type(x).__name__}."
        )
    if batch_size % replicas:
        raise InputError(
            f"A batch of {batch_size} cannot be divided among {replicas} replicas: take a multiple of {replicas}."
        )
    if isinstance(x, tf.data.Dataset):
        return x
    examples = x if y is None else (x, y)
    ordered = tf.data.Dataset.from_tensor_slices(examples)
    ordered = ordered if seed is None else ordered.shuffle(len(x), seed)
    return ordered.batch(batch_size, drop_remainder=True).prefetch(tf.data.AUTOTUNE)
