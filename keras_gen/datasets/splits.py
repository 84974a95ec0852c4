"""Which examples are for training, validation and testing: as names tell, or held out by a seed."""

from collections import defaultdict

import numpy as np

from keras_gen.datasets.account import MOST_NAMED
from keras_gen.datasets.memory import divided
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


def hold_out(splits, name, plural, validation, test, seed, files=None):
    """Take the splits that a source lacks from its training examples, by a seeded permutation.

    Args:
        splits: name -> tuple of examples, and of labels and factors or None.
        name: of the source, for messages.
        plural: what examples are called.
        validation: share of the training examples, or None for a tenth, at most 5000.
        test: the same for testing, or None for a tenth, of the digits a fifth.
        seed: of the permutation.
        files: name of a split -> the file that each example comes from, or None. Examples of one file, such
            as the pieces of a recording, stay in one split.

    Returns:
        The splits; and the files of their examples, or None.

    Raises:
        InputError: there is nothing to train on, or a share is out of its range, or of a split that is there.
    """
    if "train" not in splits:
        raise InputError(f"{name} leaves no {plural} to train on.")
    train = splits["train"]
    total = len(train[0])
    whole = np.arange(total) if files is None else np.unique(files["train"], return_inverse=True)[1]
    pieces = np.bincount(whole)
    rest = np.random.default_rng(seed).permutation(len(pieces))
    taken = {}
    for split, argument, share, default in (
        ("test", "test", test, 0.2 if name == "digits" else 0.1),
        ("val", "validation", validation, min(0.1, 5000 / total)),
    ):
        if split in splits:
            if share is not None:
                raise InputError(
                    f"{argument}={share!r} has no use: {name} brings a {split} split of its own."
                )
            continue
        share = default if share is None else share
        if not 0 <= share < 1:
            raise InputError(
                f"{argument} must be a share of the {plural}, from 0 to below 1, but is {share!r}."
            )
        wanted = max(1, round(share * total)) if share else 0
        taken[split] = _whole_files(wanted, rest, pieces)
        rest = rest[~np.isin(rest, taken[split])]
    if not len(rest):
        advice = "lower validation and test" if len(pieces) > 2 else "give at least 3, such as shorter ones"
        raise InputError(f"None of {len(pieces)} {plural} would be left to train on: {advice}.")
    taken["train"] = rest
    rows = {split: np.isin(whole, some) for split, some in taken.items() if len(some)}
    examples = divided(train[0], rows)
    held_out = splits | {
        split: (examples[split], *(None if array is None else array[chosen] for array in train[1:]))
        for split, chosen in rows.items()
    }
    if files is not None:
        files = files | {split: files["train"][chosen] for split, chosen in rows.items()}
    return held_out, files


def _whole_files(wanted, order, pieces):
    """The first files, in order, that together have the wanted pieces; far too large ones are skipped."""
    most = max(1.5 * wanted, pieces[order].min(initial=0)) if wanted else 0
    chosen, count = [], 0
    for whole in order:
        if count >= wanted:
            break
        if count + pieces[whole] <= most:
            chosen.append(whole)
            count += pieces[whole]
    return np.array(chosen, int)
