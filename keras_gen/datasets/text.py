"""Sentences by split, from files, folders and lists."""

import warnings
from collections import Counter, defaultdict
from pathlib import PurePosixPath

import numpy as np

from keras_gen.datasets.docstrings import read_docstrings
from keras_gen.datasets.packing import reasons, some
from keras_gen.datasets.splits import splits_of_folders
from keras_gen.datasets.text_files import read_sentences, splits_of_files
from keras_gen.errors import InputError
from keras_gen.logs import log
from keras_gen.media.text import MOST_UNKNOWN

SPLITS = ("train", "val", "test")


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
    return read_text_files([path.name], lambda _: path.read_bytes(), field, ["train"])


def read_text_tree(tree, field=None):
    """The sentences of the files of a `Tree`; folders or file names tell the splits. See `read_text_files`.

    Raises:
        InputError: there are no such files, or none that can be used, or they tell some splits only.
    """
    names = tree.of("sentences")
    if not names:
        raise InputError(f"{tree.source} holds no files of sentences, such as sentences.txt.")
    splits, _ = splits_of_folders(tree.source, [PurePosixPath(name).parts for name in names])
    return read_text_files(names, tree.read, field, splits or splits_of_files(names))


def read_text_files(names, read, field, splits):
    """Read the sentences of files; one warning counts and names what cannot be used.

    Args:
        names: of the files.
        read: function from a name to the bytes of the file; an `OSError` or `InputError` in it sets the file
            aside, unless it is the only one.
        field: see `read_sentences`.
        splits: of the files, a name for each.

    Returns:
        The splits, name -> (array of str, None).

    Raises:
        InputError: no sentence is left, or the only file cannot be used.
    """
    found, failures, faults = defaultdict(list), {}, Counter()
    for name, split in zip(names, splits, strict=True):
        try:
            sentences, lost = read_sentences(name, read(name), field)
        except (OSError, InputError) as error:
            if len(names) == 1:
                raise InputError(f"{error}") from error
            # Without the file's name, so that equal reasons are counted together.
            failures[name] = f"{error}".removeprefix(f"{name} ").rstrip(".")
            continue
        found[split] += sentences
        faults += lost
    told = [f"{reason} ({count:,} line{'s' * (count > 1)})" for reason, count in faults.items()]
    told = "; ".join(told + reasons(failures))
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


def pack_sentences(media, splits, each_once=False):
    """Pack the sentences of all splits, with the vocabulary of those for training where there is none yet.

    Args:
        media: a `Text`.
        splits: name -> (sequence of str, None).
        each_once: whether sentences are left out that are packed as one before, in the same split or another.

    Returns:
        The `Text` and the packed splits. A warning tells if more than a fifth of the words of a split are
        unknown, a line how many held-out sentences are also training sentences.
    """
    was_learned = media.is_learned
    media = media.learn(splits["train"][0])
    packed = {split: media.tokenize(sentences) for split, (sentences, _) in splits.items()}
    if each_once:
        packed = _each_once(packed)
    else:
        _tell_shared(packed)
    shares = {split: media.unknown_share(sentences) for split, sentences in packed.items()}
    if max(shares.values()) > MOST_UNKNOWN:
        told = ", ".join(f"{share:.0%} of {split}" for split, share in shares.items())
        advice = "take tokenizer='bytes', which knows every text"
        if was_learned:
            advice = f"give a Text without vocabulary, which learns theirs, or {advice}"
        elif len(media.vocabulary) >= media.most_words:
            advice = f"raise most_words, or {advice}"
        warnings.warn(
            f"Many words are unknown to the vocabulary of {media}, and packed as unknown ({told}): {advice}.",
            stacklevel=3,
        )
    return media, {split: (sentences, None) for split, sentences in packed.items()}


def _each_once(packed):
    """The sentences of all splits without those that are packed as one before; a line counts them."""
    kept, seen = {}, set()
    for split in sorted(packed, key=SPLITS.index):
        is_new = []
        for sentence in map(bytes, packed[split]):
            is_new.append(sentence not in seen)
            seen.add(sentence)
        kept[split] = packed[split][is_new]
    counts = {split: len(packed[split]) - len(sentences) for split, sentences in kept.items()}
    told = ", ".join(f"{count} of {split}" for split, count in counts.items() if count)
    if told:
        log.info("Sentences that are packed as others are left out: %s.", told)
    return kept


def _tell_shared(packed):
    """Tells of held-out sentences that are packed as training sentences are."""
    learned = set(map(bytes, packed["train"]))
    counts = {
        split: sum(bytes(sentence) in learned for sentence in packed[split])
        for split in SPLITS[1:]
        if split in packed
    }
    told = " and ".join(
        f"{count:,} of {len(packed[split]):,} sentences of {split}"
        for split, count in counts.items()
        if count
    )
    if told:
        log.info(
            "%s are also training sentences, as they are packed, so that what is measured on them is better "
            "than it will be on others.",
            told,
        )
