"""Held-out examples that are also training examples."""

import hashlib

import numpy as np

from keras_gen.errors import InputError

CHOICES = ("auto", "drop", "keep")


def without_duplicates(splits, account, choice, names=None):
    """Count held-out examples that are, packed, also those of the splits before, and leave them out.

    Training examples stay as they are. An example of the test split goes if it is one of validation, too.

    Args:
        splits: name -> tuple of packed examples, and of labels and factors or None.
        account: the `Account` that tells of them.
        choice: "drop" to leave them out, "keep" to count them only, "auto" to leave them out unless nothing
            would be left of a split.
        names: name of a split -> what its examples are called; by default by their places.

    Returns:
        The splits, name -> tuple.

    Raises:
        InputError: nothing would be left of a split.
    """
    known, kept = set(_hashes(splits["train"][0])), dict(splits)
    for split in ("val", "test"):
        if split not in splits:
            continue
        found = _hashes(splits[split][0])
        is_new = np.array([example not in known for example in found], bool)
        known.update(found)
        count = int(np.count_nonzero(~is_new))
        told = f"{count:,} of {len(found):,} {account.plural} of {split} stand in other splits too, as packed"
        if choice == "drop" and not is_new.any():
            raise InputError(f"{told}, so that none would be left: give others, or duplicates='keep'.")
        if count and (choice == "keep" or not is_new.any()):
            account.shared[split] = count
            if choice == "auto":
                account.tell(f"{told}, and are kept, since nothing else would be left.")
        elif count:
            called = range(len(found)) if names is None else names[split]
            account.set_apart(
                f"it is of {split}, and stands in another split too",
                [str(name) for name, new in zip(called, is_new, strict=True) if not new],
                told=f"{told}, and are left out: duplicates='keep' keeps them.",
            )
            kept[split] = tuple(None if array is None else array[is_new] for array in splits[split])
    return kept


def _hashes(examples):
    """16 bytes for each example, which differ where examples do."""
    return [hashlib.blake2b(np.ascontiguousarray(x), digest_size=16).digest() for x in examples]
