"""Which examples are for training, validation and testing, as names tell."""

from collections import defaultdict

from keras_gen.datasets.account import MOST_NAMED
from keras_gen.errors import InputError

SPLITS = {
    word: split
    for split, words in {
        "train": ("train", "training"),
        "val": ("val", "valid", "validate", "validation", "dev"),
        "test": ("test", "testing", "eval", "evaluation"),
    }.items()
    for word in words
}


def split_word(part):
    """The word by which a part of a name tells its split, in small letters, or None: "val" of "Val2017"."""
    word = part.lower().rstrip("0123456789")
    return word if word in SPLITS else None


def splits_of_folders(source, paths):
    """The splits that top folders tell. A single top folder is skipped.

    Args:
        source: path, for messages.
        paths: of files, tuples of str.

    Returns:
        The split of each path, None for files beside the folders of splits, or None where folders tell none;
        and the parts of each path down to its class.

    Raises:
        InputError: folders named like splits lie beside others or within class folders, none of them is
            train, or two mean one split.
    """
    depth = 0
    while _below_folders(paths, depth) and len({path[depth] for path in paths}) == 1:
        depth += 1
    splits = None
    words = {path[depth] for path in paths if len(path) > depth + 1 and split_word(path[depth])}
    if words:
        others = sorted({path[depth] for path in paths if len(path) > depth + 1} - words)
        if others:
            raise InputError(
                f"{source} holds {', '.join(sorted(words))}, named like a split, beside "
                f"{', '.join(others[:MOST_NAMED])}{', ...' * (len(others) > MOST_NAMED)}: move out what is "
                "of no split, or rename the folder that is none."
            )
        check_splits(f"{source}: its folders", [split_word(word) for word in words])
        splits = [SPLITS[split_word(path[depth])] if len(path) > depth + 1 else None for path in paths]
        depth += 1
    inner = defaultdict(set)
    for path in paths:
        for level in range(depth, len(path) - 1):
            inner[path[:level]].add(SPLITS.get(split_word(path[level])))
    for folder, found in inner.items():
        if {"train"} < found - {None}:
            raise InputError(
                f"{source} holds splits within {'/'.join(folder)}: folders such as train and test belong on "
                "top, and those of classes within them."
            )
    return splits, depth


def check_splits(what, words):
    """Raises `InputError` unless words such as "valid" name splits that can be used.

    Args:
        what: stands for, for messages.
        words: keys of `SPLITS`.
    """
    told = ", ".join(sorted(set(words)))
    if "train" not in {SPLITS[word] for word in words}:
        raise InputError(
            f"{what} are named {told}, which are splits, but none of them is for training: name one train."
        )
    meanings = [SPLITS[word] for word in set(words)]
    if len(set(meanings)) < len(meanings):
        raise InputError(f"{what} are named {told}, of which two mean one split: put them together.")


def _below_folders(paths, depth):
    return all(len(path) > depth + 1 for path in paths)
