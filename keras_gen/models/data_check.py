"""Refusing data that a model cannot be trained on, before a graph is traced for them."""

import keras
import numpy as np
import tensorflow as tf

from keras_gen.errors import InputError


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
    if not hasattr(x, "shape") or not hasattr(x, "dtype"):
        return
    shape, dtype = tuple(x.shape)[1:], tf.as_dtype(x.dtype).name
    if shape != model.media.shape or dtype != model.media.dtype:
        raise InputError(
            f"The model takes {model.media.dtype} examples of shape {model.media.shape}, but x has {dtype} examples "
            f"of shape {shape}: pack them with model.media.pack, or build the model for that shape."
        )
    if model.num_classes is None:
        return
    if y is None:
        raise InputError(
            f"The model is conditional on {model.num_classes} classes, but the data have no labels: give y, or build "
            "the model with num_classes=None."
        )
    if isinstance(y, np.ndarray) and (y.min() < 0 or y.max() >= model.num_classes):
        raise InputError(
            f"Labels must be integers from 0 to {model.num_classes - 1}, but y spans {y.min()} to {y.max()}."
        )
