"""Numbering of labels from 0, and a warning of classes without training examples."""

import re
import warnings

import numpy as np

from keras_gen.datasets.account import some
from keras_gen.errors import InputError

MOST_CLASSES = 65536
MOST_NAMED = 20
LARGEST_FLOAT = 2**53  # up to which a float64 tells every whole number from the next


def number_given(splits, plural, stacklevel):
    """Number the labels that were given with examples, if any were.

    Args:
        splits: name -> (examples, labels as in `number_labels`, or None).
        plural: what examples are called.
        stacklevel: of a warning, seen from the caller.

    Returns:
        The splits, name -> (examples, int32 labels or None), and the class names or None.

    Raises:
        InputError: only some splits have labels, or as in `number_labels`.
    """
    labeled = {split for split, (_, y) in splits.items() if y is not None}
    if not labeled:
        return splits, None
    if labeled != splits.keys():
        raise InputError(
            f"Labels must come with every split or none, but come with {', '.join(sorted(labeled))} only."
        )
    counts = {split: len(x) for split, (x, _) in splits.items()}
    given = {split: y for split, (_, y) in splits.items()}
    numbers, class_names = number_labels(given, counts, plural, stacklevel + 1)
    return {split: (x, numbers[split]) for split, (x, _) in splits.items()}, class_names


def number_labels(splits, counts, plural, stacklevel=2):
    """Number the labels of all splits together, from 0.

    Args:
        splits: name -> labels: whole numbers from 0, bool, str or bytes of shape (N,) or (N, 1), or one-hot
            rows (N, C).
        counts: name -> N.
        plural: what examples are called.
        stacklevel: of a warning, seen from here.

    Returns:
        name -> int32 (N,); and the class names, which are the given labels or, for one-hot rows, the columns.
        A warning tells if the labels were not 0, 1, 2, ... already.

    Raises:
        InputError: there is not one label for each example, numbers are negative, not whole or not finite,
            rows are not one-hot, splits differ in kind, or there are more than 65536 classes.
    """
    splits = {split: _rows(labels, counts[split], plural) for split, labels in splits.items()}
    if len({(labels.dtype.kind, labels.shape[1:]) for labels in splits.values()}) > 1:
        raise InputError(
            "Labels must be of one kind in all splits: "
            + ", ".join(f"{y.dtype} of the shape {y.shape} in {split}" for split, y in splits.items())
            + "."
        )
    first = next(iter(splits.values()))
    if first.ndim == 2:
        known = list(range(first.shape[1]))
        numbers = {split: labels.argmax(axis=1).astype(np.int32) for split, labels in splits.items()}
        given = f"one-hot rows of {first.shape[1]}"
    else:
        known = np.unique(np.concatenate(list(splits.values()))).tolist()
        numbers = {split: np.searchsorted(known, y).astype(np.int32) for split, y in splits.items()}
        given = ", ".join(map(repr, known[:3])) + (f", ..., {known[-1]!r}" if len(known) > 3 else "")
    if len(known) > MOST_CLASSES:
        raise InputError(f"Labels must be of at most {MOST_CLASSES} classes, but are of {len(known)}.")
    if known != list(range(len(known))) or first.ndim == 2 or first.dtype == bool:
        warnings.warn(
            f"Labels are numbered from 0 to {len(known) - 1}: they were given as {given}, which the names "
            "of the classes tell.",
            stacklevel=stacklevel,
        )
    return numbers, [str(value) for value in known]


def number_texts(values):
    """Number labels that are text, from 0, in alphabetical order; where all are numbers, by their size.

    Args:
        values: array of str (N,).

    Returns:
        The names of the classes, list of str, and int32 (N,).

    Example:

    >>> number_texts(np.array(["10", "9", "10"]))[0]
    ['9', '10']
    """
    names, numbers = np.unique(values, return_inverse=True)
    if all(re.fullmatch("[0-9]+", name) for name in names):
        order = np.array(sorted(range(len(names)), key=lambda place: _size(names[place])), int)
        names, numbers = names[order], np.argsort(order)[numbers]
    return names.tolist(), numbers.astype(np.int32)


def _size(digits):
    """What sorts texts of digits by their size, however long they are."""
    digits = digits.lstrip("0")
    return len(digits), digits


def warn_of_missing(class_names, labels):
    """Warn of classes without training examples, by name.

    Args:
        class_names: list of names, or a dict, name of a label -> such a list, or None.
        labels: of the training examples, int32 (N,) or (N, n), or None.
    """
    if class_names is None:
        return
    several = class_names if isinstance(class_names, dict) else {"": class_names}
    columns = labels.reshape(len(labels), -1).T
    missing = [
        f"{label}={name}" if label else name
        for (label, names), column in zip(several.items(), columns, strict=True)
        for name in np.array(names)[np.bincount(column, minlength=len(names)) == 0]
    ]
    if missing:
        warnings.warn(
            f"No training example is of some classes ({some(missing, MOST_NAMED)}): a model that is "
            "conditional on classes cannot learn these.",
            stacklevel=3,
        )


def _rows(labels, count, plural):
    """Labels as int64, bool or str (N,), or one-hot (N, C)."""
    try:
        labels = np.asarray(labels)
    except ValueError as error:
        raise InputError(
            f"Labels must be an array of one for each of the {count} {plural}: {error}."
        ) from error
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape[:1] != (count,) or labels.ndim > 2:
        raise InputError(
            f"Labels must have one entry for each of the {count} {plural}, but have the shape {labels.shape}."
        )
    if labels.ndim == 2:
        return _one_hot(labels)
    if labels.dtype == object and len({type(label) for label in labels}) == 1:
        labels = np.array(labels.tolist())
    if labels.dtype.kind == "S":
        try:
            labels = np.char.decode(labels, "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"Labels of type bytes must be UTF-8: {error}.") from error
    if labels.dtype.kind in "bU":
        return labels
    if labels.dtype.kind not in "iuf":
        raise InputError(f"Labels must be whole numbers from 0, or str, but are of type {labels.dtype}.")
    # Written so that NaN, too, is out of range.
    if not (labels.min() >= 0 and labels.max() <= LARGEST_FLOAT):
        raise InputError(
            f"Labels must be whole numbers from 0 to 2**53, or str, but range from {labels.min()} to "
            f"{labels.max()}."
        )
    if (labels % 1 != 0).any():
        raise InputError(
            f"Labels must be whole numbers from 0, or str, but one is {labels[labels % 1 != 0][0]}."
        )
    return labels.astype(np.int64)


def _one_hot(labels):
    wrong = np.flatnonzero(~((labels == 1).sum(axis=1) == 1) | ~np.isin(labels, (0, 1)).all(axis=1))
    if len(wrong):
        raise InputError(
            f"Labels of the shape {labels.shape} must be one-hot, with a single 1 in each row and 0 "
            f"elsewhere, but row {wrong[0]} is not: give one label for each example."
        )
    return labels.astype(bool)
