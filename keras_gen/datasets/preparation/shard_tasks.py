"""From blocks of packed examples to shards, each written by any process and only once."""

import dataclasses
import functools
import json
from pathlib import Path

import numpy as np

from keras_gen.datasets.preparation.blocks import from_json
from keras_gen.datasets.shards import Layout, Shard, Split, shard_name, write_shard
from keras_gen.files import read_json, write_atomically

SHARD_BYTES = 2**26  # of a shard, at most
MOST_SHARDS = 128  # of a split, all of which are open while it is read; of more bytes they are larger


def write_splits(folder, job, pool, packed, chosen, labels, advance):
    """Writes the shards of all splits that are not written yet.

    Args:
        folder: path of the set.
        job: the `Job`.
        pool: the `Pool`.
        packed: `Packed`.
        chosen: name of a split -> places of its examples, int (N,).
        labels: name of a split -> their labels, int32 (N,) or (N, n), or None.
        advance: function of how many examples are written.

    Returns:
        Dict, name of a split -> `Split`.
    """
    tasks, files = [], {}
    for split, places in chosen.items():
        told = labels[split]
        width = 0 if told is None else told.reshape(len(told), -1).shape[1]
        bytes_each = Layout(from_json(job.media), width).dtype.itemsize
        count = min(-(-len(places) * bytes_each // SHARD_BYTES), MOST_SHARDS)
        parts = np.array_split(np.arange(len(places)), count)
        files[split] = [shard_name(split, number, len(parts)) for number in range(len(parts))]
        for name, part in zip(files[split], parts, strict=True):
            if _note(job, name).is_file():
                advance(len(part))
                continue
            where = packed.blocks[places[part]], packed.rows[places[part]]
            tasks.append((job, str(folder / name), width, *where, None if told is None else told[part]))
    for place, _ in pool.each(write_blocks, tasks):
        advance(len(tasks[place][3]))
    return {
        split: Split(tuple(Shard(**read_json(_note(job, name))) for name in names), labels[split] is not None)
        for split, names in files.items()
    }


def write_blocks(job, path, width, blocks, rows, labels):
    """Writes one shard, and then notes that it is written.

    Args:
        job: the `Job`.
        path: of the shard.
        width: how many labels an example has.
        blocks: the block of each example, int (N,).
        rows: its row there, int (N,).
        labels: int32 (N,) or (N, n), or None.
    """
    blocks_of = functools.lru_cache(1)(lambda number: np.load(job.path(number, ".npy"), mmap_mode="r"))
    examples = (
        (None if labels is None else labels[i], blocks_of(int(blocks[i]))[rows[i]]) for i in range(len(rows))
    )
    shard = write_shard(path, Layout(from_json(job.media), width), examples)
    write_atomically(_note(job, shard.file), json.dumps(dataclasses.asdict(shard)))


def _note(job, name):
    return Path(job.folder) / f"{name}.json"
