"""What several replicas need of a model, and of the data that they share."""

import keras
import numpy as np
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.training import distribution
from keras_gen.training.keras_internals import GENERATOR, layers_of

UNSET = 87654321  # the global seed that TensorFlow mixes in where none is set


def share(model):
    """Makes a model ready to be trained by several replicas.

    Args:
        model: a compiled `GenerativeModel`.

    Raises:
        InputError: it was made outside the scope of its strategy, or is compiled by XLA.
    """
    if model.jit_compile:
        raise InputError("XLA compiles for one replica only: compile with jit_compile=False for several.")
    of_optimizers = [variable for optimizer in model.optimizers.values() for variable in optimizer.variables]
    distribution.check_scope([*model.variables, *of_optimizers], model.distribute_strategy)
    for network in model.trained_networks():
        for layer in layers_of(network, keras.layers.BatchNormalization):
            layer.synchronized = True  # or each replica has statistics of its own


def generators_of(model):
    """The states of the random generators that layers, such as dropout, have of their own."""
    return [variable for variable in model.variables if variable.path.endswith(GENERATOR)]


def give_own_generators(model):
    """Sets the generators of layers apart, which are alike: replica r counts from their seed plus r."""
    generators = generators_of(model)
    alike = [variable.numpy() for variable in generators]

    def set_apart():
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        for variable, state in zip(generators, alike, strict=True):
            variable.assign(state + tf.stack([tf.cast(replica, state.dtype), tf.zeros((), state.dtype)]))

    if model.distribute_strategy.num_replicas_in_sync > 1:
        model.distribute_strategy.run(set_apart)


def is_array(x):
    """Whether this is an array of NumPy or TensorFlow, with a row for each example."""
    return isinstance(x, np.ndarray) or tf.is_tensor(x)


def whole_batches(x, y, batch_size, replicas, seed):
    """Batches of one size, of which each replica gets an equal share.

    Args:
        x: packed media as an array; or a `tf.data.Dataset`, which stays as it is.
        y: labels of an array, or None.
        batch_size: int, examples in a batch of an array; None stands for Keras' 32.
        replicas: int.
        seed: int, decides the order of an array; None keeps it as it is.

    Returns:
        A dataset, of an array without the examples that do not fill a batch.

    Raises:
        InputError: the size of a batch is open, more than there are examples, or not divisible by the number
            of replicas; or `x` is neither an array nor a dataset.
    """
    if isinstance(x, tf.distribute.DistributedDataset):
        return x  # divided already
    if isinstance(x, tf.data.Dataset):
        batch_size = tf.nest.flatten(x.element_spec)[0].shape[0]
        if batch_size is None:
            raise InputError(
                f"{replicas} replicas need batches of one size, but those of x are of any: batch with "
                "drop_remainder=True."
            )
    elif is_array(x):
        batch_size = batch_size or 32
        if batch_size > len(x):
            raise InputError(f"A batch of {batch_size} is more than the {len(x)} examples of x.")
    else:
        raise InputError(
            f"{replicas} replicas share the batches of an array or a tf.data.Dataset, not of a "
            f"{type(x).__name__}."
        )
    if batch_size % replicas:
        raise InputError(
            f"A batch of {batch_size} cannot be divided among {replicas} replicas: take a multiple of "
            f"{replicas}."
        )
    if isinstance(x, tf.data.Dataset):
        return x
    examples = x if y is None else (x, y)
    ordered = tf.data.Dataset.from_tensor_slices(examples)
    if seed is not None:
        ordered = with_its_seed_alone(lambda ordered: ordered.shuffle(len(x), seed), ordered)
    return ordered.batch(batch_size, drop_remainder=True).prefetch(tf.data.AUTOTUNE)


def with_its_seed_alone(pipeline, *datasets):
    """A pipeline that draws by a seed of its own, and so alike in every process.

    TensorFlow mixes its global seed into any other one, and processes may have set it differently.

    Args:
        pipeline: function of datasets that returns a `tf.data.Dataset`.
        datasets: what it takes.

    Returns:
        What it returns.
    """

    @tf.function(autograph=False)
    def in_graph(*datasets):
        tf.compat.v1.set_random_seed(UNSET)  # of this graph alone
        return pipeline(*datasets)

    return in_graph(*datasets)
