"""Splits by hash: an example stays in its own, whatever is added beside it."""

import hashlib

import numpy as np

from keras_gen.datasets.held_out import check_not_given, check_share
from keras_gen.errors import InputError

SHARE = 0.1  # held out for validation, and for testing, where nothing else is asked
# The constants of SplitMix64, a mixing of 64 bits, https://doi.org/10.1145/2714064.2660195
STEP, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def hash_of(content):
    """16 bytes that stand for an array, bytes or a str: contents that differ have others."""
    if isinstance(content, str):
        content = content.encode("utf-8", "surrogatepass")
    elif isinstance(content, np.ndarray):
        content = np.ascontiguousarray(content)
    return hashlib.blake2b(content, digest_size=16).digest()


def as_numbers(hashes):
    """The first 64 bits of each of several hashes, uint64 (N,)."""
    return np.array([int.from_bytes(each[:8], "little") for each in hashes], np.uint64)


def splits_by_hash(numbers, validation, test, seed):
    """The split of each example.

    Args:
        numbers: uint64 (N,), of hashes of what is to stay together.
        validation: share for validation, from 0 to below 1.
        test: share for testing, likewise.
        seed: another one makes other splits.

    Returns:
        Array of str (N,), each "train", "val" or "test".

    Example:

    >>> numbers = as_numbers(map(hash_of, "abcdefghi"))
    >>> splits_by_hash(numbers, 0.25, 0.25, seed=0)[:4].tolist()
    ['train', 'train', 'test', 'train']
    """
    place = _mixed(numbers ^ _mixed(np.array([seed], np.uint64))) / 2.0**64
    return np.select([place < test, place < test + validation], ["test", "val"], "train")


def check_shares(name, plural, present, validation, test):
    """The shares to hold out by hash, of the splits that a source does not bring.

    Args:
        name: of the source, for messages.
        plural: what examples are called.
        present: splits that the source brings.
        validation: share or None, as given.
        test: likewise.

    Returns:
        The shares for validation and testing, 0 where the source brings that split.

    Raises:
        InputError: a share is out of range, or of a split that is there, or nothing would be left.
    """
    shares = []
    for split, argument, share in (("val", "validation", validation), ("test", "test", test)):
        if split in present:
            check_not_given(argument, share, split, name)
            shares.append(0.0)
        else:
            share = SHARE if share is None else share
            check_share(argument, share, plural)
            shares.append(float(share))
    if sum(shares) >= 1:
        raise InputError(f"validation and test leave no {plural} to train on: lower them.")
    return shares


def _mixed(numbers):
    with np.errstate(over="ignore"):
        numbers = numbers + np.uint64(STEP)
        numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(FIRST)
        numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(SECOND)
        return numbers ^ (numbers >> np.uint64(31))
