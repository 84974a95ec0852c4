"""Blocks of sentences: read first, since a vocabulary is learned from all of them, and packed then."""

import collections
import heapq
import json

import numpy as np

from keras_gen.datasets.preparation.blocks import from_json, reader_of, write_block
from keras_gen.datasets.preparation.hash_split import as_numbers, hash_of
from keras_gen.datasets.text_files import FieldNeeded, read_sentences
from keras_gen.errors import InputError
from keras_gen.files import read_json, write_atomically
from keras_gen.media.tokenizers import END, PADDING, UNKNOWN

SENTENCES = 10_000  # of a block
LEARNED_FROM = 500_000  # sentences at most, of which a vocabulary is learned


def read_texts(job, number, names):
    """Reads the sentences of some files of one split, and keeps them in blocks of their own.

    Args:
        job: a `Job`.
        number: of these files.
        names: of the files.

    Raises:
        FieldNeeded: a file could be read if the user said where in it the sentences are.
    """
    read = reader_of(job.source)
    faults, failures, part = {}, {}, 0
    kept = _Sentences()
    for name in names:
        try:
            sentences, labels, lost = read_sentences(name, read(name), job.field, job.label)
        except FieldNeeded:
            raise
        except (OSError, InputError) as error:
            # Without the file's name, so that equal reasons are counted together.
            failures[name] = f"{error}".removeprefix(f"{name} ").rstrip(".")
            continue
        for reason, count in lost.items():
            fault = faults.setdefault(reason, {"count": 0, "names": []})
            fault["count"] += count
            fault["names"].append(name)
        for first in range(0, len(sentences), SENTENCES):
            rows = slice(first, first + SENTENCES)
            kept.add(name, first, sentences[rows], labels and labels[rows])
            if len(kept.texts) >= SENTENCES:
                keep_texts(job, number, part, kept)
                kept, part = _Sentences(), part + 1
    if kept.texts:
        keep_texts(job, number, part, kept)
        part += 1
    told = {"faults": faults, "failures": failures, "parts": part}
    write_atomically(job.path(number, ".read.json"), json.dumps(told))


class _Sentences:
    """Sentences and where they come from."""

    def __init__(self):
        self.texts, self.labels, self.origins = [], [], []

    def add(self, name, first, texts, labels):
        self.texts += texts
        self.labels += labels or []
        self.origins.append([name, first, len(texts)])


def keep_texts(job, number, part, kept):
    """Writes sentences that were read, with hashes of what becomes of them, which decide their splits."""
    clean = from_json(job.media).clean(kept.texts).numpy()
    told = {
        "texts": kept.texts,
        "labels": kept.labels or None,
        "origins": kept.origins,
        "keys": [hash_of(text).hex() for text in clean],
    }
    write_atomically(job.path(number, f".{part:07d}.texts.json"), json.dumps(told))


def keep_list(job, number, name, texts, labels):
    """Writes the sentences of a list, as `read_texts` does those of files, without what cannot be used."""
    is_text = [isinstance(text, str) and bool(text.strip()) for text in texts]
    is_known = [label is not None for label in labels] if labels is not None else [True] * len(texts)
    rows = [row for row in range(len(texts)) if is_text[row] and is_known[row]]
    parts = range(0, len(rows), SENTENCES)
    for part, first in enumerate(parts):
        some, kept = rows[first : first + SENTENCES], _Sentences()
        kept.add(
            name, first, [texts[row] for row in some], labels is not None and [labels[row] for row in some]
        )
        keep_texts(job, number, part, kept)
    empty = is_text.count(False)
    counts = {"it is empty": empty, "it has no label": len(texts) - len(rows) - empty}
    faults = {reason: {"count": count, "names": [name]} for reason, count in counts.items() if count}
    told = {"faults": faults, "failures": {}, "parts": len(parts)}
    write_atomically(job.path(number, ".read.json"), json.dumps(told))


def learned(media, files, chosen):
    """A `Text` with the vocabulary of sentences, of a sample by hash where there are very many.

    Args:
        media: a `Text`.
        files: paths of what `keep_texts` wrote, of sentences that may be learned from.
        chosen: function from the numbers of the hashes, uint64 (N,), to which of them, bool (N,).
    """
    if media.is_learned:
        return media
    numbers = (as_numbers(map(bytes.fromhex, read_json(file)["keys"])) for file in files)
    smallest = heapq.nsmallest(LEARNED_FROM, (int(n) for some in numbers for n in some[chosen(some)]))
    last, texts = smallest[-1] if smallest else -1, []
    for file in files:
        told = read_json(file)
        some = as_numbers(map(bytes.fromhex, told["keys"]))
        texts += [told["texts"][row] for row in np.flatnonzero(chosen(some) & (some <= last))]
    return media.learn(texts)


def pack_texts(job, number, file):
    """Packs the sentences of a file that `keep_texts` wrote."""
    media, told = from_json(job.media), read_json(file)
    packed = media.tokenize(told["texts"])
    steps = collections.Counter()
    steps["cut"] = int(np.count_nonzero(~(packed == END).any(axis=1)))
    clean = media.clean(told["texts"]).numpy()
    steps["normalized"] = sum(
        text.encode() != other for text, other in zip(told["texts"], clean, strict=True)
    )
    tokens = int(np.count_nonzero((packed != PADDING) & (packed != END)))
    write_block(
        job,
        number,
        packed,
        places=list(range(len(packed))),
        keys=told["keys"],
        lengths=[0] * len(packed),
        failures={},
        steps={step: count for step, count in steps.items() if count},
        unknown=0 if media.tokenizer == "bytes" else int(np.count_nonzero(packed == UNKNOWN)),
        tokens=tokens,
    )
