"""Training data that live on a GPU, where a step gathers its batch by rows instead of waiting for a copy."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from keras_gen.training import devices
from keras_gen.training.replicas import is_array


class Rows(NamedTuple):
    """A batch as the rows of its examples among those that live on the GPU.

    Args:
        rows: int64 (batch,).
    """

    rows: tf.Tensor


def gathered(examples, rows):
    """Batches of examples in memory, which `placed` can put on a GPU.

    Args:
        examples: tensors (count, ...) in the processor's memory.
        rows: `tf.data.Dataset` of int64 (batch,).

    Returns:
        A `tf.data.Dataset` of tensors (batch, ...).
    """
    # As an element of the pipeline, since captured tensors would be copied into its graph.
    whole = tf.data.Dataset.from_tensors(examples).repeat()
    batches = tf.data.Dataset.zip(whole, rows).map(_take, num_parallel_calls=tf.data.AUTOTUNE)
    # Optimizing a pipeline copies the tensors in it, for good.
    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False
    batches = batches.prefetch(tf.data.AUTOTUNE).with_options(options)
    batches.examples_and_rows = examples, rows
    return batches


def placed(x, y, batch_size, shuffle, ahead):
    """Puts training data on the GPU, where they fit in their share of its memory.

    Args:
        x: what `gathered` gave, an array, or any other data.
        y: labels of an array, or None.
        batch_size: int, examples in a batch of an array; None stands for Keras' 32.
        shuffle: bool, whether an array is put in another order in each epoch.
        ahead: bool, whether other datasets copy each batch there before its step asks for it.

    Returns:
        (x, y, batch_size) for Keras and the examples: a dataset of `Rows`, None and None, and tensors on the
        GPU; or the data, and None.
    """
    if is_array(x):
        examples = x if y is None else (x, y)
        rows = tf.data.Dataset.range(len(x))
        rows = (rows.shuffle(len(x)) if shuffle else rows).batch(batch_size or 32)
    else:
        examples, rows = getattr(x, "examples_and_rows", (None, None))
    if rows is not None and devices.holds(sum(np.asarray(each).nbytes for each in tf.nest.flatten(examples))):
        with tf.device(devices.accelerator()):
            examples = tf.nest.map_structure(lambda each: tf.identity(tf.convert_to_tensor(each)), examples)
        return rows.map(Rows).prefetch(tf.data.AUTOTUNE), None, None, examples
    if ahead and isinstance(x, tf.data.Dataset) and not holds_strings(x.element_spec):
        x = x.apply(tf.data.experimental.prefetch_to_device(devices.accelerator()))
    return x, y, batch_size, None


def holds_strings(batch):
    """Whether an array of a batch, or of its specification, is of strings, which no GPU takes."""
    return any(array.dtype == tf.string for array in tf.nest.flatten(batch))


def looked_up(examples, batch):
    """A batch as a step takes it: the examples of its rows, or itself where it holds examples."""
    return _take(examples, batch.rows) if isinstance(batch, Rows) else batch


def _take(examples, rows):
    return tf.nest.map_structure(lambda array: tf.gather(array, rows), examples)
