"""Pairs of examples that are nearly the same: by fingerprints of bits, and by parts of sentences."""

import re
import zlib

import numpy as np

from keras_gen.datasets.progress import watched
from keras_gen.errors import InputError

MOST_PAIRS = 4_000_000_000  # that are compared; beyond, a sample of the examples is compared with all
MOST_SENTENCES = 200_000  # beyond, near duplicates are sought in a sample
MOST_FOUND = 100_000  # pairs that are kept
MOST_CANDIDATES = 200  # sentences that one is compared with, in a set where all are alike
BLOCK = 4096  # rows to a matrix product
PART = 5  # characters of the parts by which sentences are compared
LEAST_ALIKE = 0.7  # share of the parts that two near duplicates have in common
PERMUTATIONS = 64
BRINGS = "pip install 'keras_gen[prepare]' brings it"


def near_pairs(fingerprints, most, seed=0):
    """The pairs of fingerprints that differ in few bits.

    All pairs are compared, or, where these would be too many, those of a seeded sample with all examples.

    Args:
        fingerprints: uint8 (count, bytes), eight bits to a byte.
        most: bits, at most, in which a pair differs.
        seed: of the sample.

    Returns:
        int (pairs, 3): the smaller place, the larger place, and the bits in which they differ, the closest
        first, at most `MOST_FOUND`; and the number of examples that were compared with all.
    """
    count, bits = len(fingerprints), 8 * fingerprints.shape[1]
    compared = np.arange(count)
    if count**2 > MOST_PAIRS:
        sample = np.random.default_rng(seed).choice(count, MOST_PAIRS // count, replace=False)
        compared = np.sort(sample)
    is_compared = np.zeros(count, bool)
    is_compared[compared] = True
    found = [np.empty((0, 3), int)]
    starts = range(0, len(compared), BLOCK)
    for start in watched(starts, "Comparing", len(starts), "examples", BLOCK):
        rows = compared[start : start + BLOCK]
        signs = _signs(fingerprints[rows])
        for first in range(0, count, BLOCK):
            last = min(first + BLOCK, count)
            # Pairs of compared examples come once: with the other behind.
            if last <= rows[0] and is_compared[first:last].all():
                continue
            agreeing = signs @ _signs(fingerprints[first:last]).T
            near, others = np.nonzero(agreeing >= bits - 2 * most)
            one, other = rows[near], others + first
            once = (one < other) | ((one > other) & ~is_compared[other])
            distances = (bits - agreeing[near, others].astype(int)) // 2
            pairs = np.stack([one, other, distances], axis=1)[once]
            found.append(pairs)
        if sum(map(len, found)) > 2 * MOST_FOUND:
            found = [_closest(np.concatenate(found))]
    pairs = _closest(np.concatenate(found))
    pairs[:, :2].sort(axis=1)
    return pairs, len(compared)


def _signs(fingerprints):
    return np.unpackbits(fingerprints, axis=1).astype(np.float32) * 2 - 1


def _closest(pairs):
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0], pairs[:, 2]))][:MOST_FOUND]


def near_sentences(sentences, seed=0):
    """The pairs of sentences that have most of their parts of five characters in common.

    MinHash and locality-sensitive hashing (Broder 1997; Indyk & Motwani 1998) find candidates, of which the
    shares of common parts, Jaccard's index, are then calculated. Case and punctuation do not count. Sentences
    that are equal without them are pairs too.

    Args:
        sentences: sequence of str.
        seed: of the sample that is taken of more than `MOST_SENTENCES`.

    Returns:
        List of (smaller place, larger place, share of common parts), the most alike first, at most
        `MOST_FOUND`; and the number of sentences that were compared.

    Raises:
        InputError: datasketch is not installed.
    """
    try:
        from datasketch import MinHash, MinHashLSH
    except ImportError as error:
        raise InputError(f"Near duplicates of sentences need datasketch: {BRINGS}.") from error
    compared = np.arange(len(sentences))
    if len(compared) > MOST_SENTENCES:
        sample = np.random.default_rng(seed).choice(len(compared), MOST_SENTENCES, replace=False)
        compared = np.sort(sample)
    index = MinHashLSH(threshold=LEAST_ALIKE - 0.1, num_perm=PERMUTATIONS)
    parts = ([part.encode() for part in _parts(sentences[place])] for place in compared)
    hashes = MinHash.generator(parts, num_perm=PERMUTATIONS, hashfunc=zlib.crc32)
    found, done = [], 0
    work = zip(compared.tolist(), hashes, strict=True)
    for place, hashed in watched(work, "Comparing", len(compared), "sentences"):
        mine = _parts(sentences[place])
        for other in sorted(index.query(hashed))[:MOST_CANDIDATES]:
            theirs = _parts(sentences[other])
            alike = len(mine & theirs) / len(mine | theirs)
            if alike >= LEAST_ALIKE:
                found.append((other, place, alike))
        index.insert(place, hashed)
        done += 1
        if len(found) >= MOST_FOUND:
            break
    return sorted(found, key=lambda pair: (-pair[2], pair[:2])), done


def _parts(sentence):
    """All parts of five characters in a row, letters and digits alone, in small letters."""
    text = " ".join(re.findall(r"\w+", sentence.casefold())) or sentence
    return {text[start : start + PART] for start in range(max(1, len(text) - PART + 1))}
