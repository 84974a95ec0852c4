"""Refusing labels that do not fit a conditional model, and telling of classes without examples."""

import warnings

import numpy as np

from keras_gen.errors import InputError
from keras_gen.sampling.labels import label_shape

CLASSES_NAMED = 5


def check_labels(y, num, num_classes):
    """Raises `InputError` where y are no labels of `num` examples, whole numbers below `num_classes`."""
    if y is None:
        raise InputError(
            f"The model is conditional on {num_classes} classes, but the data have no labels: give y, or "
            "build the model with num_classes=None."
        )
    y, shape = np.asarray(y), label_shape(num_classes)
    wanted = f"{shape[0]} integers" if shape else "one integer"
    given = f"Labels must be {wanted} an example, but y is {y.dtype.name} of shape {y.shape}"
    if y.dtype.kind not in "iufb":
        raise InputError(f"{given}: number the classes from 0, as keras_gen.datasets.load does.")
    if y.shape == (num, num_classes) and num_classes != 1 and (np.sort(y)[:, -2:] == (0, 1)).all():
        raise InputError(f"{given}, one-hot: give y.argmax(axis=-1).")
    if y.shape[1:] not in (shape, shape or (1,)) or len(y) != num:
        raise InputError(f"{given}, for {num} examples.")
    if y.dtype.kind not in "iu":
        raise InputError(f"{given}: give integers, such as y.astype('int32').")
    last = np.reshape(num_classes, shape) - 1
    if ((y < 0) | (y > last)).any():
        from_one = y.min() == 1 and y.max() == np.max(num_classes)
        raise InputError(
            f"Labels must be integers from 0 to {last.tolist()}, but y spans {y.min()} to {y.max()}"
            f"{': give y - 1' if from_one else ''}."
        )


def warn_of_missing_classes(y, num_classes):
    """Warns where training examples leave some class out, of which samples will be drawn all the same.

    Args:
        y: labels (num,), of n labels (num, n).
        num_classes: int, or a tuple of n ints.
    """
    for place, (labels, count) in enumerate(
        zip(np.reshape(y, (len(y), -1)).T, np.reshape(num_classes, -1), strict=True)
    ):
        missing = np.setdiff1d(np.arange(count), labels)
        if len(missing):
            named = ", ".join(map(str, missing[:CLASSES_NAMED])) + ", ..." * (len(missing) > CLASSES_NAMED)
            of = f" of label {place}" if isinstance(num_classes, tuple) else ""
            warnings.warn(
                f"{len(missing)} of {count} classes{of} have no training example ({named}): what is "
                "generated of them is not learned.",
                stacklevel=3,
            )
