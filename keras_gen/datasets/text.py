"""Sentences by split, from files, folders and lists."""

import warnings
from collections import Counter, defaultdict

import numpy as np

from keras_gen.datasets.docstrings import read_docstrings
from keras_gen.datasets.packing import some
from keras_gen.datasets.text_files import read_sentences, split_of
from keras_gen.errors import InputError


def read_docstring_set():
    """The sentences of Python's own docstrings, all for training."""
    return _splits({"train": read_docstrings()})


def are_strings(examples):
    """Whether what was given are sentences, as a list or an array."""
    return _is_row(examples) and len(examples) > 0 and isinstance(examples[0], str)


def _is_row(examples):
    return isinstance(examples, list) or (isinstance(examples, np.ndarray) and examples.ndim == 1)


def read_strings(sentences):
    """The sentences of a list or array of str, all for training.

    Raises:
        InputError: it is something else, or empty.
    """
    if not _is_row(sentences):
        raise InputError(f"Sentences must be a list or row of str, not of type {type(sentences).__name__}.")
    others = [type(sentence).__name__ for sentence in sentences if not isinstance(sentence, str)]
    if others:
        raise InputError(f"Sentences must be str, not {others[0]}.")
    return _splits({"train": [sentence for sentence in sentences if sentence.strip()]})


def read_text_file(path, field=None):
    """The sentences of one file, all for training; see `read_text_files`."""
    return read_text_files([path.name], lambda _: path.read_bytes(), field)


def read_text_tree(tree, field=None):
    """The sentences of the files of a `Tree`, whose names tell splits; see `read_text_files`.

    Raises:
        InputError: there are no such files, or none that can be used.
    """
    names = tree.of("sentences")
    if not names:
        raise InputError(f"{tree.source} holds no files of sentences, such as sentences.txt.")
    return read_text_files(names, tree.read, field)


def read_text_files(names, read, field=None):
    """Read the sentences of files; what cannot be used is set aside, counted and named in one warning.

    Args:
        names: of the files. Where some are named train, or end so, all others must tell their split too.
        read: function from a name to the bytes of the file; an `OSError` or `InputError` in it sets the file aside, unless it
            is the only one.
        field: see `read_sentences`.

    Returns:
        The splits, name -> (array of str, None).

    Raises:
        InputError: no sentence is left, only some files tell their split, or the only file cannot be used.
    """
    told = [split_of(name) for name in names]
    if "train" not in told:
        told = ["train"] * len(names)
    if None in told:
        raise InputError(
            f"Some files tell their split, but {names[told.index(None)]} does not: end its name in train, val or test."
        )
    found, reasons, faults = defaultdict(list), defaultdict(list), Counter()
    for name, split in zip(names, told, strict=True):
        try:
            sentences, lost = read_sentences(name, read(name), field)
        except (OSError, InputError) as error:
            if len(names) == 1:
                raise InputError(f"{error}") from error
            # Which file it is stands behind, so that those of one reason are told together.
            reasons[f"{error}".removeprefix(f"{name} ").rstrip(".")].append(name)
            continue
        found[split] += sentences
        faults += lost
    told = [f"{reason} ({count:,} line{'s' * (count > 1)})" for reason, count in faults.items()]
    told = "; ".join(told + [f"{reason} ({some(files)})" for reason, files in reasons.items()])
    if told and not any(found.values()):
        raise InputError(f"No sentence can be used ({some(names)}): {told}.")
    if told:
        warnings.warn(f"Some sentences were set aside ({some(names)}): {told}.", stacklevel=5)
    return _splits(found)


def _splits(found):
    if not any(found.values()):
        raise InputError("There are no sentences: give at least one line of text.")
    return {
        split: (np.array(sentences, dtype=object), None) for split, sentences in found.items() if sentences
    }
