"""Packed examples, and the batches drawn from them."""

import copy
import functools

import numpy as np
import tensorflow as tf

from keras_gen.datasets.sources import InMemory, Sharded
from keras_gen.errors import InputError, unknown
from keras_gen.training.replicas import with_its_seed_alone

MOST_SAMPLED = 2**28  # bytes of a split in shards that statistics are taken of


class Dataset:
    """Packed images, recordings or sentences, with or without labels, in up to three splits.

    A batch is packed media (batch, *media.shape) or, with labels, a pair of these and int32 labels: (batch,)
    for one label, (batch, n) for n. Held-out examples may lack labels that training examples have. Arrays are
    held in memory once; the examples of a prepared set stay on the disk.

    Args:
        media: the `Media` that packed the examples.
        train: packed media (count, *media.shape); int32 labels (count,) or (count, n), or None; and, with
            factor_names, the int32 values of the factors (count, len(factor_names)). Or a source of
            `keras_gen.datasets.sources`.
        val: the same for validation, or None.
        test: the same for testing, or None.
        class_names: names of the classes in the order of their labels; for n labels a dict, name of a label
            -> names of its classes; None without labels.
        factor_names: names of the known factors of variation, or None.
        group_name: what the groups are, such as "speaker", or None.
        groups: dict, name of a split -> the group of each of its examples, array of str (count,), or None.
        pattern: text of the `NamePattern` of the source's file names, or None.
        batch_size: examples in a batch, from 1 to the number of training examples.
        seed: decides the order of training, an integer from 0 to 2**31 - 1.
        name: what `repr` shows.
        account: the `Account` of what was found and left out, or None.
        fingerprint: of a prepared set, which stands for its content, or None.
        license: of the data, as it was told when they were prepared, or None.

    Attributes:
        tested: name of the split that stands for the test split, see `tested_on`.

    Raises:
        InputError: if there are fewer training examples than a batch holds.
    """

    def __init__(
        self,
        media,
        train,
        val=None,
        test=None,
        *,
        class_names=None,
        factor_names=None,
        group_name=None,
        groups=None,
        pattern=None,
        batch_size=64,
        seed=0,
        name="arrays",
        account=None,
        fingerprint=None,
        license=None,
    ):
        if not isinstance(batch_size, int) or batch_size < 1:
            raise InputError(f"batch_size must be a positive integer, but is {batch_size!r}.")
        splits = {"train": train, "val": val, "test": test}
        splits = {split: given for split, given in splits.items() if given}
        self._sources = {split: _source(given) for split, given in splits.items()}
        self._factors = {split: arrays[2] for split, arrays in splits.items()} if factor_names else {}
        found = self.count("train")
        if batch_size > found:
            raise InputError(
                f"batch_size={batch_size} is more than the {found} training {media.plural}: take a "
                f"batch_size of at most {found} (of a recipe: --set batch_size={found}), or more "
                f"{media.plural}."
            )
        self.media = media
        self.class_names = class_names
        self.factor_names = factor_names
        self.group_name = group_name
        self._groups = groups or {}
        self.tested = "test"
        self.pattern = pattern
        self.batch_size = batch_size
        self.seed = seed
        self.name = name
        self.account = account
        self.fingerprint = fingerprint
        self.license = license

    @property
    def num_classes(self):
        """The number of classes; for n labels a tuple of n numbers; None without labels."""
        if isinstance(self.class_names, dict):
            return tuple(len(names) for names in self.class_names.values())
        return len(self.class_names) if self.class_names else None

    @property
    def steps_per_epoch(self):
        """Batches in one epoch of training; the remainder that fills no batch is dropped."""
        return self.count("train") // self.batch_size

    @functools.cached_property
    def train(self):
        """One epoch of training, a `tf.data.Dataset` in a new order each time it is iterated over.

        The sequence of orders follows from the seed. Each example comes at most once an epoch; the remainder
        is dropped, so that the shape of a batch is static.
        """
        # This pipeline redraws its one element at each iteration, which tells epochs apart.
        epochs = with_its_seed_alone(
            lambda: tf.data.Dataset.random(self.seed, rerandomize_each_iteration=True).take(1)
        )
        steps = tf.data.Dataset.range(self.steps_per_epoch)
        places = epochs.flat_map(lambda epoch: steps.map(lambda step: (epoch, step * self.batch_size)))
        known = tf.data.experimental.assert_cardinality(self.steps_per_epoch)
        return self._shuffled("train", places.apply(known), self.batch_size)

    @functools.cached_property
    def val(self):
        """The validation examples in one shuffled order, a `tf.data.Dataset`, or None without that split.

        The order follows from the seed. Files are often sorted by class, and what is estimated from a batch,
        such as mutual information, needs batches that are like the whole.
        """
        if "val" not in self._sources:
            return None
        places = tf.data.Dataset.range(self.count("val")).batch(self.batch_size)
        return self._sources["val"].batches(places.map(functools.partial(self._rows, "val", 0)))

    @functools.cached_property
    def test(self):
        """The test examples in order, a `tf.data.Dataset`, or None without that split."""
        if "test" not in self._sources:
            return None
        return self._sources["test"].batches(tf.data.Dataset.range(self.count("test")).batch(self.batch_size))

    def batches(self, split="train", start=0, context=None):
        """Endless shuffled batches; batch s depends on the seed and s alone.

        Training that stopped after s batches continues exactly with `start=s`. Every epoch is a new
        permutation, whose remainder that fills no batch is dropped.

        Args:
            split: "train", "val" or "test".
            start: the first step, at least 0.
            context: a `tf.distribute.InputContext`, as `distribute_datasets_from_function` gives it. Elements
                are then the parts of each batch for the replicas that this pipeline feeds. None for whole
                batches.

        Returns:
            An endless `tf.data.Dataset` of batches of static shape.

        Raises:
            InputError: if there is no such split, it holds less than a batch, or replicas cannot have equal
                parts of one.
        """
        steps_per_epoch = self.count(split) // self.batch_size
        if not steps_per_epoch:
            raise InputError(
                f"batch_size={self.batch_size} is more than the {self.count(split)} {self.media.plural} of "
                f"{split}: pass a batch_size of at most {self.count(split)}."
            )
        if start < 0:
            raise InputError(f"start must be a step, 0 or later, but is {start!r}.")
        replicas, fed, first = 1, 1, 0
        if context is not None:
            replicas = context.num_replicas_in_sync
            fed = replicas // context.num_input_pipelines
            first = context.input_pipeline_id * fed
        if self.batch_size % replicas:
            raise InputError(
                f"A batch of {self.batch_size} cannot be divided among {replicas} replicas: take a multiple "
                f"of {replicas}."
            )
        size = self.batch_size // replicas

        def place(element):
            step, replica = element // fed, first + element % fed
            return step // steps_per_epoch, step % steps_per_epoch * self.batch_size + replica * size

        return self._shuffled(split, tf.data.Dataset.counter(start * fed).map(place), size)

    def count(self, split):
        """The number of examples of a split.

        Args:
            split: "train", "val" or "test".

        Raises:
            InputError: if there is no such split.
        """
        if split not in self._sources:
            raise unknown("split", split, self._sources)
        return len(self._sources[split])

    def is_labeled(self, split):
        """Whether the examples of a split have labels.

        Args:
            split: "train", "val" or "test".

        Raises:
            InputError: if there is no such split.
        """
        self.count(split)
        return self._sources[split].is_labeled

    def arrays(self, split, rows=None):
        """A whole split, or some rows of it, as arrays.

        A whole split in memory is read-only and shares memory with the batches' source. One of a prepared set
        is read from the disk, however large it is: `sample` takes no more than fits.

        Args:
            split: "train", "val" or "test".
            rows: int array (num,), from 0 to below the count of the split; None for all.

        Returns:
            Packed media (count, *media.shape), and int32 labels (count,), of n labels (count, n), or None.

        Raises:
            InputError: if there is no such split, or a record is damaged.
        """
        self.count(split)
        return self._sources[split].arrays(rows)

    def sample(self, split):
        """A split as arrays for statistics: all of it, or 256 MiB of it where it is larger and in shards.

        The examples are drawn by the seed, the same each time, and come in their order.

        Args:
            split: "train", "val" or "test".

        Returns:
            Packed media and labels, as `arrays` gives them.

        Raises:
            InputError: if there is no such split, or a record is damaged.
        """
        count, size = self.count(split), np.dtype((self.media.dtype, self.media.shape)).itemsize
        most = max(1, MOST_SAMPLED // size)
        if isinstance(self._sources[split], InMemory) or count <= most:
            return self.arrays(split)
        return self.arrays(split, np.sort(self._rows(split, 0, tf.range(most, dtype=tf.int64))))

    def tested_on(self, split):
        """The same data with another split as the test split; the real test examples are dropped.

        Args:
            split: "train" or "val".

        Returns:
            A `Dataset`, which shares memory with this one.

        Raises:
            InputError: if there is no such split.
        """
        self.count(split)
        other = copy.copy(self)
        other.tested = split
        vars(other).pop("test", None)
        other._sources = {**self._sources, "test": self._sources[split]}
        for name in ("_factors", "_groups"):
            parts = getattr(self, name)
            setattr(other, name, {**parts, "test": parts[split]} if parts else {})
        return other

    def factors(self, split):
        """The known factors of variation that each example of a split was drawn from.

        Args:
            split: "train", "val" or "test".

        Returns:
            int32 (count, len(factor_names)), in the order of `arrays`; a copy.

        Raises:
            InputError: if the factors of this data set are not known, or there is no such split.
        """
        if self.factor_names is None:
            raise InputError(
                f"The factors of variation of {self.name} are not known: those of load('shapes') and "
                "load('vowels') are."
            )
        self.count(split)
        return self._factors[split].copy()

    def groups(self, split):
        """The group of each example of a split, such as who speaks, where the source's names tell it.

        Args:
            split: "train", "val" or "test".

        Returns:
            Array of str (count,), in the order of `arrays`; None where no groups are known.

        Raises:
            InputError: if there is no such split.
        """
        self.count(split)
        return self._groups.get(split)

    def _shuffled(self, split, places, size):
        """Batches of a size; `places` gives the epoch and the position in its order where each begins."""

        def rows(epoch, place):
            return self._rows(split, epoch, place + tf.range(size, dtype=tf.int64))

        return self._sources[split].batches(places.map(rows))

    def _rows(self, split, epoch, places):
        """The examples at these places in the order of an epoch."""
        seed = tf.stack([self.seed, epoch])
        return tf.random.experimental.index_shuffle(places, seed, self.count(split) - 1)

    def __repr__(self):
        counts = ", ".join(f"{self.count(split)} {split}" for split in self._sources)
        classes = "no labels"
        if isinstance(self.class_names, dict):
            told = (f"{len(names)} of {label}" for label, names in self.class_names.items())
            classes = f"labels {', '.join(told)}"
        elif self.class_names:
            shown = ", ".join(self.class_names[:3]) + (", ..." if self.num_classes > 3 else "")
            classes = f"{self.num_classes} classes ({shown})"
        return f"Dataset({self.name!r}: {counts}, {self.media}, {classes}, batches of {self.batch_size})"


def sample(dataset, split):
    """`Dataset.sample`; of an object that has only `arrays`, these."""
    return dataset.sample(split) if hasattr(dataset, "sample") else dataset.arrays(split)


def _source(given):
    return given if isinstance(given, InMemory | Sharded) else InMemory(*given[:2])
