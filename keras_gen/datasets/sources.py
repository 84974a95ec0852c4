"""Where the examples of a split are read from, by index: memory, or the shards of a prepared set."""

import threading
from pathlib import Path

import numpy as np
import tensorflow as tf

from keras_gen.datasets.memory import tensor
from keras_gen.datasets.shards import BUFFER, READING, array_record
from keras_gen.errors import InputError
from keras_gen.media import Text
from keras_gen.training.resident import gathered

AT_ONCE = 2**24  # bytes of records that are read before they become arrays


class InMemory:
    """Examples of a split in memory.

    Args:
        examples: packed media (count, *media.shape).
        labels: int32 (count,), of n labels (count, n), or None.
    """

    def __init__(self, examples, labels=None):
        self._examples = tensor(np.asarray(examples))
        self._labels = None if labels is None else tensor(np.asarray(labels, np.int32))

    def __len__(self):
        return len(self._examples)

    @property
    def is_labeled(self):
        return self._labels is not None

    def batches(self, rows):
        """A `tf.data.Dataset` of the examples of each element of `rows`, int64 (batch,)."""
        return gathered(self._examples if self._labels is None else (self._examples, self._labels), rows)

    def arrays(self, rows=None):
        """The examples and labels of some rows, or of all, which then share memory with the batches."""
        examples, labels = np.asarray(self._examples), self._labels
        labels = None if labels is None else np.asarray(labels)
        if rows is None:
            return examples, labels
        return examples[rows], None if labels is None else labels[rows]


class Sharded:
    """Examples of a split in the shards of a prepared set, which are read when they are asked for.

    Args:
        folder: of the set.
        index: the `Index` of it.
        split: "train", "val" or "test".

    Raises:
        InputError: a shard is missing or damaged, or holds more or fewer records than the index says.
    """

    def __init__(self, folder, index, split):
        self._layout = index.layout(split)
        self._shards = [Path(folder) / shard.file for shard in index.splits[split].shards]
        self._counts = [shard.count for shard in index.splits[split].shards]
        self._readers = [_reader(*shard) for shard in zip(self._shards, self._counts, strict=True)]
        self._locks = [threading.Lock() for _ in self._shards]
        self._ends = np.cumsum(self._counts)
        columns = index.class_names.values() if isinstance(index.class_names, dict) else [index.class_names]
        self._num_classes = np.array([len(names) for names in columns]) if self._layout.labels else None

    def __len__(self):
        return int(self._ends[-1])

    @property
    def is_labeled(self):
        return bool(self._layout.labels)

    def batches(self, rows):
        """A `tf.data.Dataset` of the examples of each element of `rows`, int64 (batch,)."""
        media, labels = self._layout.media, self._layout.labels
        types = [tf.as_dtype(media.dtype)] + [tf.int32] * bool(labels)
        shapes = [media.shape, self._layout.label_shape]
        size = rows.element_spec.shape[0]

        def read(rows):
            # The library lets go of Python's lock, so that TensorFlow's threads read batches side by side.
            batch = tf.numpy_function(self._batch, [rows], types, stateful=False)
            for array, shape in zip(batch, shapes, strict=False):
                array.set_shape((size, *shape))
            return tuple(batch) if labels else batch[0]

        batches = rows.map(read, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        return batches.prefetch(tf.data.AUTOTUNE)

    def arrays(self, rows=None):
        """The examples and labels of some rows, or of all."""
        rows = np.arange(len(self)) if rows is None else np.asarray(rows)
        examples = np.empty((len(rows), *self._layout.media.shape), self._layout.media.dtype)
        labels = np.empty((len(rows), *self._layout.label_shape), np.int32) if self.is_labeled else None
        step = max(1, AT_ONCE // self._layout.dtype.itemsize)
        for start in range(0, len(rows), step):
            some = slice(start, start + step)
            part, told = self._read(rows[some])
            examples[some] = part
            if labels is not None:
                labels[some] = told
        return examples, labels

    def _batch(self, rows):
        examples, labels = self._read(rows)
        return [examples] if labels is None else [examples, labels]

    def _read(self, rows):
        """Examples and labels of some rows, in their order."""
        shards = np.searchsorted(self._ends, rows, side="right")
        places = rows - np.concatenate([[0], self._ends])[shards]
        records = [b""] * len(rows)
        for shard in np.unique(shards):
            mine = np.flatnonzero(shards == shard)
            for row, record in zip(mine, self._records(shard, places[mine].tolist()), strict=True):
                records[row] = record
        examples, labels = self._layout.arrays(records)
        self._check(examples, labels, shards, places)
        return examples, labels

    def _records(self, shard, places):
        """The records at some places of a shard, as bytes."""
        size, records = self._layout.dtype.itemsize, []
        with self._locks[shard]:  # since a reader has one position
            for place in places:
                reader = self._readers[shard]
                # The library's own reading of many places takes four times as long: its threads wait busily.
                try:
                    reader.seek(place)
                    record = reader.read()
                except RuntimeError as error:
                    # A reader that has failed once fails from then on.
                    self._readers[shard] = _reader(self._shards[shard], self._counts[shard])
                    reason = str(error).partition("; ")[0].partition(" (")[0]
                    raise _damaged(self._shards[shard], place, reason) from error
                if len(record) != size:
                    raise _damaged(self._shards[shard], place, f"it has {len(record):,} bytes, not {size:,}")
                records.append(record)
        return records

    def _check(self, examples, labels, shards, places):
        """Refuses what is of no class, or no token, which would be looked up beyond the end of a table."""
        wrong = np.zeros(len(examples), bool)
        if labels is not None:
            told = labels.reshape(len(labels), -1)
            wrong |= ((told < 0) | (told >= self._num_classes)).any(axis=1)
        if isinstance(self._layout.media, Text):
            size = self._layout.media.vocabulary_size
            wrong |= ((examples < 0) | (examples >= size)).any(axis=1)
        if wrong.any():
            row = wrong.argmax()
            raise _damaged(self._shards[shards[row]], places[row], "its labels or tokens are out of range")


def _reader(path, count):
    if not path.is_file():
        raise InputError(f"The shard {path} is missing: bring it back, or prepare the set again.")
    try:
        reader = array_record().ArrayRecordReader(str(path), READING, file_reader_buffer_size=BUFFER)
        found = reader.num_records()
    except (RuntimeError, ValueError) as error:
        raise InputError(f"The shard {path} cannot be read ({error}): prepare the set again.") from error
    if found != count:
        raise InputError(
            f"The shard {path} holds {found:,} records that can be read, not {count:,}: it is damaged, so "
            "prepare the set again."
        )
    return reader


def _damaged(path, place, reason):
    return InputError(
        f"Record {place} of the shard {path} is damaged ({reason}): bring the file back, or prepare the set "
        "again."
    )
