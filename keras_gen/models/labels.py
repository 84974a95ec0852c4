"""The labels that a conditional model is asked with."""

import numpy as np

from keras_gen.errors import InputError


def labels_for(num, labels, num_classes):
    """Labels as users give them, for so many examples.

    Args:
        num: int >= 1.
        labels: an int for all, `num` ints, or None to go through the classes in turn.
        num_classes: of the model, or None for an unconditional one.

    Returns:
        int32 (num,), or None for an unconditional model.

    Raises:
        InputError: the labels do not fit the model.
    """
    if num_classes is None:
        if labels is not None:
            raise InputError("This model is not conditional: leave labels out.")
        return None
    if labels is None:
        return np.arange(num, dtype=np.int32) % num_classes
    labels = np.asarray(labels)
    if labels.ndim == 0:
        labels = np.full(num, labels)
    if not np.issubdtype(labels.dtype, np.integer) or labels.shape != (num,):
        raise InputError(f"labels must be one integer or {num} of them, not {labels.dtype} {labels.shape}.")
    if labels.min() < 0 or labels.max() >= num_classes:
        raise InputError(
            f"labels must lie between 0 and {num_classes - 1}, not {labels.min()}-{labels.max()}."
        )
    return labels.astype(np.int32)


def check_label(label, num_classes):
    """Raises `InputError` where a conditional model is asked to walk without a label."""
    if num_classes is not None and label is None:
        raise InputError(f"The model is conditional: give the label to walk in, 0 to {num_classes - 1}.")
