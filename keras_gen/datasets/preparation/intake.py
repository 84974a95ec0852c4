"""What `prepare` packs, block by block: files of a tree, sentences, or what a reader gives as arrays."""

import bisect
import collections
import dataclasses
import itertools

import numpy as np

from keras_gen.datasets.folders import number_values
from keras_gen.datasets.held_out import check_groups
from keras_gen.datasets.labels import number_texts
from keras_gen.datasets.manifest import Table
from keras_gen.datasets.packing import note_pieces, tell_of_cut, tell_of_failures
from keras_gen.datasets.preparation.blocks import Job, as_json, pack_files, write_block
from keras_gen.datasets.preparation.hash_split import hash_of
from keras_gen.datasets.preparation.sentence_blocks import keep_list, learned, pack_texts, read_texts
from keras_gen.datasets.remote import is_remote
from keras_gen.datasets.shards import SPLITS
from keras_gen.datasets.text import check_one_kind, note_texts
from keras_gen.errors import InputError
from keras_gen.files import read_json
from keras_gen.media import Audio, Text
from keras_gen.media.text import MOST_UNKNOWN

BLOCK_BYTES = 2**24  # of packed examples, about
BLOCK_FILES = 512  # at most
BLOCK_FILES_IN_PIECES = 16  # at most, of which each may be an hour of sound
READ_FILES = 64  # files of sentences that are read in one task
MANY = 2000  # files above which several processes are quicker than one, though they start slowly


class Files:
    """Images or recordings, a file each.

    Args:
        request: the `Request`.
        media: the `Media`.
        listing: the `Listing` of the files.
        path: from which any process can read them, see `reader_of`.
        contents: text that is another one if the source is.

    Attributes:
        media: the `Media`.
        account: the `Account`.
        names: of the entries, in the order of their splits.
        blocks: list of ranges of entries.
        splits: the split of each block.
        brought: set of the splits that the source tells.
        groups: text of the group of each entry, or None.
        in_pieces: whether a file may be packed as several examples.
        is_one: whether all is one recording, whose pieces are divided by time.
        contents: text that is another one if the source is.
        is_many: whether there is work for several processes.
    """

    def __init__(self, request, media, listing, path, contents):
        self.media, self.account, self.request = media, listing.account, request
        self._path = path
        order = np.argsort([SPLITS.index(split) for split in listing.splits], kind="stable")
        self.names = [listing.names[place] for place in order]
        self.classes = listing.classes[order]
        splits = listing.splits[order]
        self.groups = None
        if listing.groups is not None:
            groups = listing.groups[order]
            check_groups({str(split): groups[splits == split] for split in np.unique(splits)}, request.name)
            self.groups = groups.tolist()
        # One recording is no set of examples; its pieces are.
        self.is_one = isinstance(media, Audio) and len(self.names) == 1 and self.groups is None
        self.in_pieces = request.chunks or self.is_one
        most = BLOCK_FILES_IN_PIECES if self.in_pieces else BLOCK_FILES
        bytes_each = int(np.prod(media.shape)) * np.dtype(media.dtype).itemsize
        self.blocks = ranges(splits, min(most, max(1, BLOCK_BYTES // bytes_each)))
        self.splits = [str(splits[block.start]) for block in self.blocks]
        self.brought = set(self.splits)
        labels = repr([self.classes.tolist(), splits.tolist()])  # which a table tells, too
        self.contents = hash_of(contents + labels).hex()
        self.is_many = len(self.names) > MANY

    def job(self, folder):
        request = self.request
        return Job(
            folder, str(self._path), as_json(self.media), self.in_pieces, request.field, request.column
        )

    def tasks(self, job):
        """The function that packs a block, and its arguments for each one."""
        return pack_files, [
            (job, number, self.names[block.start : block.stop]) for number, block in enumerate(self.blocks)
        ]

    def name_of(self, entry):
        return self.names[entry]

    def note(self, packed):
        """Notes in the account what became of the files."""
        tell_of_failures(
            {self.names[entry]: reason for entry, reason in packed.failures.items()},
            len(self.names),
            self.account,
        )
        if isinstance(self.media, Audio):
            lengths = np.array(packed.lengths)
            if self.in_pieces:
                counts = np.unique(packed.entries, return_counts=True)[1]
                note_pieces(self.media, lengths, counts, self.account)
            else:
                tell_of_cut(self.media, lengths, self.account)

    def labels(self, entries):
        """The names of the classes, or None, and the labels of entries, int32 (N,) or (N, n), or None."""
        is_table = isinstance(self.request.labels, Table)
        return number_values(self.classes[entries], self.request.pattern, is_table)


class Sentences:
    """The sentences of files, or of a list; the attributes are those of `Files`.

    Args:
        request: the `Request`.
        account: the `Account`.
        splits: the split of each file.
        lists: function that yields (split, name, list of sentences, list of labels as str or None).
        brought: splits that the lists are of.
        contents: see `Files`, of the lists.
    """

    groups = None
    is_one = False

    def __init__(
        self, request, account, tree=None, names=None, splits=None, lists=None, brought=(), contents=""
    ):
        self.media, self.account, self.request, self.lists = request.media or Text(), account, request, lists
        self.files, self.brought, self.contents, self.is_many = names, set(brought), contents, lists is None
        if lists is None:
            check_one_kind(names, request.field)
            order = np.argsort([SPLITS.index(split) for split in splits], kind="stable")
            self.files, splits = [names[place] for place in order], np.array(splits)[order]
            self._reads = ranges(splits, READ_FILES)
            self._splits = [str(splits[some.start]) for some in self._reads]
            self.brought, self.contents = set(self._splits), contents_of(tree, self.files)
            self._path = tree.path

    def job(self, folder):
        request = self.request
        source = "" if self.lists else str(self._path)
        return Job(folder, source, as_json(self.media), False, request.field, request.column)

    def read(self, job, pool, choose):
        """Reads all sentences, notes what cannot be used, and learns the vocabulary where there is none yet.

        Args:
            job: the `Job`.
            pool: the `Pool`.
            choose: function from numbers of hashes, uint64 (N,), to which are for training, bool (N,).

        Returns:
            The `Job` with the media that can pack.
        """
        if self.lists:
            self._splits, self.files = [], []
            for number, (split, name, texts, labels) in enumerate(self.lists()):
                keep_list(job, number, name, texts, labels)
                self._splits.append(split)
                self.files.append(name)
        else:
            tasks = [
                (job, number, self.files[some.start : some.stop])
                for number, some in enumerate(self._reads)
                if not job.path(number, ".read.json").is_file()
            ]
            for _ in pool.each(read_texts, tasks):
                pass
        faults, faulty, failures = collections.Counter(), collections.defaultdict(list), {}
        self.parts, self.splits, self.origins, self.blocks, labels = [], [], [], [], []
        for number, split in enumerate(self._splits):
            told = read_json(job.path(number, ".read.json"))
            failures |= told["failures"]
            for reason, fault in told["faults"].items():
                faults[reason] += fault["count"]
                faulty[reason] += fault["names"]
            for part in range(told["parts"]):
                self._add(job.path(number, f".{part:07d}.texts.json"), split, labels)
        count = self.blocks[-1].stop if self.blocks else 0
        if self.lists is None or not self.account.found:
            note_texts(self.files, count, faults, faulty, failures, self.account)
        if not count:
            raise InputError("There are no sentences: give at least one line of text.")
        self.values = np.array(labels) if labels else None
        for_training = [file for file, split in zip(self.parts, self.splits, strict=True) if split == "train"]
        self.media = learned(self.media, for_training, choose)
        return dataclasses.replace(job, media=as_json(self.media))

    def _add(self, file, split, labels):
        told = read_json(file)
        first = self.blocks[-1].stop if self.blocks else 0
        self.parts.append(file)
        self.splits.append(split)
        self.origins.append(told["origins"])
        self.blocks.append(range(first, first + len(told["texts"])))
        labels += told["labels"] or []

    def tasks(self, job):
        return pack_texts, [(job, number, str(file)) for number, file in enumerate(self.parts)]

    def name_of(self, entry):
        block = bisect.bisect_right(self.blocks, entry, key=lambda block: block.stop)
        place = entry - self.blocks[block].start
        for name, first, count in self.origins[block]:
            if place < count:
                return f"{name}, sentence {first + place + 1}"
            place -= count

    def note(self, packed):
        unknown, tokens = packed.unknown
        if unknown > MOST_UNKNOWN * max(tokens, 1):
            self.account.tell(
                f"Many {self.media.tokenizer} are unknown to the vocabulary of {self.media}, and packed as "
                f"unknown ({unknown / tokens:.0%}): raise most_words, or take tokenizer='bytes', which knows "
                "every text."
            )

    def labels(self, entries):
        if self.values is None:
            return None, None
        return number_texts(self.values[entries])


class Arrays:
    """What a reader gives as packed arrays; the attributes are those of `Files`.

    Args:
        found: `Found`.
    """

    groups = None
    is_one = is_many = False

    def __init__(self, found):
        self.media, self.account, self.class_names = found.media, found.account, found.class_names
        present = [split for split in SPLITS if split in found.splits]
        self.examples = [found.splits[split][0] for split in present]
        self.values = [found.splits[split][1] for split in present]
        counts = [len(examples) for examples in self.examples]
        self.starts = np.cumsum([0, *counts])
        self.present = present
        self.blocks = ranges(np.repeat(present, counts), BLOCK_FILES)
        self.splits = [self._place(block.start)[0] for block in self.blocks]
        self.brought = set(present)
        told = [found.class_names, present, counts]
        told += [None if each is None else hash_of(each).hex() for each in (*self.examples, *self.values)]
        self.contents = hash_of(repr(told)).hex()

    def job(self, folder):
        return Job(folder, "", as_json(self.media))

    def _place(self, entry):
        """The split of an entry, its number there, and that of the split."""
        which = int(np.searchsorted(self.starts, entry, side="right")) - 1
        return self.present[which], entry - self.starts[which], which

    def tasks(self, job):
        return self._keep, [(job, number) for number in range(len(self.blocks))]

    def _keep(self, job, number):
        """Keeps a block, which is packed already."""
        block = self.blocks[number]
        _, first, which = self._place(block.start)
        examples = self.examples[which][first : first + len(block)]
        keys = [hash_of(example).hex() for example in examples]
        places = list(range(len(block)))
        write_block(job, number, examples, places=places, keys=keys, lengths=[], failures={}, steps={})

    def name_of(self, entry):
        split, place, _ = self._place(entry)
        return f"{split} {place}"

    def note(self, packed):
        pass

    def labels(self, entries):
        if self.class_names is None:
            return None, None
        labeled = [
            y if y is not None else np.full(len(x), -1)
            for x, y in zip(self.examples, self.values, strict=True)
        ]
        return self.class_names, np.concatenate(labeled)[entries].astype(np.int32)


def contents_of(tree, names, *known):
    """A text that is another one where files were added, removed or changed: a hash of names and sizes.

    Args:
        tree: the `Tree`.
        names: of the files.
        *known: arrays of what else is known of them, such as from a table beside them.
    """
    path = tree.source
    if path.is_dir():
        told = [(name, *_stat(path / name)) for name in names]
    else:
        told = [*names, _stat(path)]
    return hash_of(repr([told, *(array.tolist() for array in known)])).hex()


def _stat(path):
    if is_remote(path):
        return path.stat()
    try:
        told = path.stat()
    except OSError:
        return None, None
    return told.st_size, told.st_mtime_ns


def ranges(splits, most):
    """Ranges of entries that lie in one split each.

    Args:
        splits: of the entries, array (N,) whose equal values are side by side.
        most: entries in a range at most.
    """
    borders = [0, *(np.flatnonzero(splits[1:] != splits[:-1]) + 1).tolist(), len(splits)]
    return [
        range(begin, min(begin + most, end))
        for start, end in itertools.pairwise(borders)
        for begin in range(start, end, most)
    ]
