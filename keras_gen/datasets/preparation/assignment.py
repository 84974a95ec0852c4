"""Which split each packed example goes to, and which are left out since they are packed as others."""

import collections

import numpy as np

from keras_gen.datasets.held_out import divided_by_time
from keras_gen.datasets.preparation.hash_split import as_numbers, hash_of, splits_by_hash
from keras_gen.datasets.shards import SPLITS

TWIN = "it is packed as another one"
OTHER_CLASS = "it is packed as another one, which is of another class"


class Packed:
    """What was packed into blocks, without the examples themselves.

    Args:
        job: the `Job`.
        blocks: list of ranges of entries.
        splits: of the blocks.

    Attributes:
        blocks: number of the block of each example, int32 (N,).
        rows: its row there, int32 (N,).
        entries: the entry that it comes from, int64 (N,).
        hashes: of the examples, uint64 (N, 2).
        keys: numbers that decide their splits, uint64 (N,).
        given: rank among `SPLITS` of the split that the source gives each, int8 (N,).
        failures: dict, entry -> reason.
        lengths: list of the samples of each recording.
        steps: `Counter` of what packing did.
        unknown: numbers of unknown tokens and of all.
    """

    def __init__(self, job, blocks, splits):
        columns = collections.defaultdict(list)
        self.failures, self.lengths, self.steps, self.unknown = {}, [], collections.Counter(), [0, 0]
        for number, (block, split) in enumerate(zip(blocks, splits, strict=True)):
            told = job.told(number)
            count = len(told["hashes"])
            columns["blocks"].append(np.full(count, number, np.int32))
            columns["rows"].append(np.arange(count, dtype=np.int32))
            columns["entries"].append(block.start + np.array(told["places"], np.int64))
            hashes = np.frombuffer(bytes.fromhex("".join(told["hashes"])), "<u8").reshape(-1, 2)
            columns["hashes"].append(hashes)
            columns["keys"].append(as_numbers(map(bytes.fromhex, told["keys"])))
            columns["given"].append(np.full(count, SPLITS.index(split), np.int8))
            self.failures |= {block.start + int(place): why for place, why in told["failures"].items()}
            self.lengths += told["lengths"]
            self.steps.update(told["steps"])
            self.unknown = [
                a + told.get(b, 0) for a, b in zip(self.unknown, ("unknown", "tokens"), strict=True)
            ]
        for name, parts in columns.items():
            setattr(self, name, np.concatenate(parts))

    def __len__(self):
        return len(self.rows)


def assign(packed, groups, shares, seed):
    """The split of each example: as the source gives it or, of its training examples, by hash.

    Args:
        packed: `Packed`.
        groups: text of the group of each entry, or None where each entry is its own.
        shares: for validation and testing.
        seed: of the hash.

    Returns:
        The rank among `SPLITS` of each split, int8 (N,).
    """
    keys = packed.keys
    if groups is not None:
        known = {group: as_numbers([hash_of(group)])[0] for group in set(groups)}
        keys = np.array([known[groups[entry]] for entry in packed.entries], np.uint64)
    ranks = packed.given.copy()
    free = ranks == SPLITS.index("train")
    told = splits_by_hash(keys[free], *shares, seed)
    ranks[free] = np.select([told == split for split in SPLITS], range(len(SPLITS)))
    return ranks


def assign_by_time(packed, shares):
    """The split of each piece of one recording: the first for training, then for validation, for testing.

    Args:
        packed: `Packed`.
        shares: for validation and testing.

    Returns:
        The rank among `SPLITS` of each split, int8 (N,).
    """
    ranks = packed.given.copy()
    held_out = {split: share for split, share in zip(("test", "val"), reversed(shares), strict=True) if share}
    for split, places in divided_by_time(np.arange(len(packed)), held_out).items():
        ranks[places] = SPLITS.index(split)
    return ranks


def twins(packed, ranks):
    """For each example the first one that is packed alike, in the order of splits and of the source.

    Returns:
        int64 (N,), places of examples; that of the example itself where it is the first.
    """
    order = np.argsort(ranks, kind="stable")
    hashes = np.ascontiguousarray(packed.hashes[order]).view("V16").reshape(-1)
    _, first, which = np.unique(hashes, return_index=True, return_inverse=True)
    found = np.empty(len(packed), np.int64)
    found[order] = order[first[which]]
    return found


def without_twins(packed, ranks, values, source, choice):
    """Leaves out what is packed as an example before it, and notes it in the account.

    Args:
        packed: `Packed`.
        ranks: of the splits of its examples.
        values: text or number of the label of each example, array (N,) or (N, n), or None.
        source: what was packed, with an account and the names of entries.
        choice: "drop", or "keep" to count only those that stand in other splits too.

    Returns:
        Which examples stay, bool (N,).
    """
    account, first = source.account, twins(packed, ranks)
    is_first = first == np.arange(len(packed))
    if choice == "keep":
        for rank, split in enumerate(SPLITS[1:], 1):
            count = int(np.count_nonzero((ranks == rank) & (ranks[first] != rank)))
            account.shared |= {split: count} if count else {}
        return np.ones(len(packed), bool)
    lost = np.flatnonzero(~is_first)
    of_others = np.zeros(len(lost), bool)
    if values is not None:
        differ = values[lost] != values[first[lost]]
        of_others = differ if differ.ndim == 1 else differ.any(axis=1)
    name = _names_of(packed, source)
    for reason, some in ((TWIN, lost[~of_others]), (OTHER_CLASS, lost[of_others])):
        if len(some):
            account.set_apart(
                reason,
                [name(place) for place in some],
                twins=[name(place) for place in first[some]],
            )
    if len(lost):
        conflict = f", {of_others.sum():,} of them as one of another class" if of_others.any() else ""
        account.tell(
            f"{len(lost):,} of {len(packed):,} {account.plural} are packed as others{conflict}, and are left "
            "out: account.json names them and their twins."
        )
    return is_first


def _names_of(packed, source):
    """A function from an example to its name: that of its entry, and which piece of it."""
    counts = np.bincount(packed.entries)
    starts = np.searchsorted(packed.entries, np.arange(len(counts)))

    def name(place):
        entry = packed.entries[place]
        told = source.name_of(int(entry))
        return told if counts[entry] == 1 else f"{told}, piece {place - starts[entry] + 1}"

    return name
