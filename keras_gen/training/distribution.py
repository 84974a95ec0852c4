"""Training on several devices and machines: a strategy by its name, and the rules of replicas in one place.

Every replica holds the whole model and sees its part of each batch. A batch is always the whole one, of all
replicas together. What a step leaves behind is the same on each: gradients are averaged before they meet the
weights, and a replica draws its own noise only for its own examples.
"""

import functools

import tensorflow as tf

from keras_gen.cluster import read_cluster
from keras_gen.errors import InputError, unknown
from keras_gen.training import noise

NAMES = ("auto", "one", "mirrored", "multiworker", "tpu")
REFUSED = {
    "central_storage": "Keras 3 has no fit for weights that are kept on one device",
    "parameter_server": "Keras 3 has no fit for weights that are kept on servers of their own",
}


def strategy(name="auto"):
    """The `tf.distribute.Strategy` of a name; build the model in its `scope()`.

    Args:
        name: "one": one device; "mirrored": all GPUs of this machine, or all its logical CPUs where there is
            none; "multiworker": all machines that the environment variable `TF_CONFIG` lists; "tpu": a TPU of
            the environment; "auto": "multiworker" where `TF_CONFIG` lists several machines, else "mirrored"
            where there are several GPUs, else "one".

    Returns:
        A strategy. Under "multiworker" it has connected to the other machines.

    Raises:
        InputError: there is no such name, `TF_CONFIG` is malformed, or there is no TPU.

    Example:

    >>> strategy("one").num_replicas_in_sync
    1
    """
    if name in REFUSED:
        raise InputError(
            f"The strategy {name!r} cannot train here: {REFUSED[name]}. Take mirrored or multiworker."
        )
    if name not in NAMES:
        raise unknown("strategy", name, NAMES)
    if name == "auto":
        several_machines = len(_workers(read_cluster() or {})) > 1
        several_gpus = len(tf.config.list_physical_devices("GPU")) > 1
        name = "multiworker" if several_machines else "mirrored" if several_gpus else "one"
    return {
        "one": tf.distribute.get_strategy,
        "mirrored": _mirrored,
        "multiworker": _multiworker,
        "tpu": _tpu,
    }[name]()


# Kept: the collective operations of two strategies over the same devices are taken for each other's.
@functools.cache
def _mirrored():
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy([device.name for device in devices])


@functools.cache
def _multiworker():
    if read_cluster() is None:
        raise InputError(
            "The strategy 'multiworker' takes the machines from the environment variable TF_CONFIG, which is "
            "not set: set it, or give --workers to try several on this machine."
        )
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as error:
        raise InputError(
            f"The strategy 'multiworker' must be asked for before TensorFlow computes anything ({error}): "
            "call keras_gen.distribution.strategy first."
        ) from error


def _tpu():
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver.connect()
    except Exception as error:  # as many kinds as there are ways to have no TPU
        raise InputError(f"There is no TPU to train on: {str(error).partition(chr(10))[0][:200]}") from error
    return tf.distribute.TPUStrategy(resolver)


def _workers(config):
    return [address for addresses in config.get("cluster", {}).values() for address in addresses]


def is_chief(strategy=None):
    """Whether this process, of all that train together, is the one that writes files.

    Args:
        strategy: of the training; None asks `TF_CONFIG` alone.
    """
    if strategy is not None and not spans_processes(strategy):
        return True
    config = read_cluster()
    if config is None:
        return True
    task = config["task"]
    return task["type"] == "chief" or ("chief" not in config["cluster"] and task["index"] == 0)


def spans_processes(strategy):
    """Whether the replicas of a strategy live in several processes."""
    resolver = strategy.cluster_resolver
    return resolver is not None and len(_workers({"cluster": resolver.cluster_spec().as_dict()})) > 1


def greatest(strategy, number):
    """The greatest of the int64 that each process of a strategy gives, on all of them."""
    if not spans_processes(strategy):
        return int(number)
    return int(_greatest(strategy, tf.constant(number, tf.int64)))


@tf.function
def _greatest(strategy, number):
    gathered = strategy.run(lambda number: gather(number[tf.newaxis]), args=(number,))
    return tf.reduce_max(strategy.experimental_local_results(gathered)[0])


def values_of_replicas(strategy, variable):
    """What each replica of all processes has in a variable of its own, such as running means.

    Args:
        strategy: of the training; all of its processes must ask.
        variable: a Keras variable.

    Returns:
        An array (replicas, *variable.shape).
    """

    if strategy.num_replicas_in_sync == 1:
        return tf.convert_to_tensor(variable)[tf.newaxis].numpy()

    @tf.function(autograph=False)
    def gathered():
        own = strategy.run(lambda: gather(tf.convert_to_tensor(variable)[tf.newaxis]))
        return strategy.experimental_local_results(own)[0]

    return gathered().numpy()


def assign_to_replicas(strategy, variable, values):
    """Puts back what `values_of_replicas` gave."""
    values = tf.constant(values, variable.dtype)

    def assign():
        variable.assign(values[tf.distribute.get_replica_context().replica_id_in_sync_group])

    tf.function(strategy.run)(assign)


def check_scope(variables, strategy=None):
    """Refuses variables that replicas cannot share: one replica may take any but those of several.

    Args:
        variables: list of Keras variables.
        strategy: of the training; None for the one in force.

    Raises:
        InputError: one was made outside the scope of the strategy.
    """
    strategy = tf.distribute.get_strategy() if strategy is None else strategy
    several = strategy.num_replicas_in_sync > 1
    for variable in variables:
        spread = several or isinstance(variable.value, tf.distribute.DistributedValues)
        if spread and not strategy.extended.variable_created_in_scope(variable.value):
            raise InputError(
                f"The variable {variable.path} was made outside the scope of the strategy: build networks, "
                "augmentations and optimizers, and compile, under `with strategy.scope():`."
            )


# What a step may ask and do on each replica. With one replica all of it costs nothing.


def num_replicas():
    """How many replicas share a batch, int."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def own_seed(seed):
    """A seed of this replica alone, two integers; with one replica it stays as it is."""
    if num_replicas() == 1:
        return seed
    replica = tf.distribute.get_replica_context().replica_id_in_sync_group
    return noise.fold_in(seed, tf.cast(replica, seed.dtype))


def mean_over_replicas(tensors):
    """The mean of each tensor over the replicas, the same on each of them."""
    replicas = num_replicas()
    if replicas == 1:
        return list(tensors)
    # Divided before they are added, so that half precision does not overflow.
    shares = [tensor / tf.cast(replicas, tensor.dtype) for tensor in tensors]
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, shares)


def gather(tensor):
    """The rows of all replicas in their order: (batch, ...) -> (replicas * batch, ...)."""
    if num_replicas() == 1:
        return tensor
    rows = tf.distribute.get_replica_context().all_gather(tensor, axis=0)
    return tf.ensure_shape(rows, (None, *tensor.shape[1:]))


def when(condition, update):
    """Calls `update` where a condition holds that is the same on all replicas.

    An update that changes weights has the replicas meet, which they cannot do within a `tf.cond` of each; so
    they meet first, and the condition is taken for all of them.

    Args:
        condition: bool scalar.
        update: function without arguments, whose result is not used.
    """

    def done(update):
        update()
        return tf.constant(True)

    def on_all(strategy, condition, update):
        condition = strategy.experimental_local_results(condition)[0]
        call = strategy.extended.call_for_each_replica
        tf.cond(
            condition, lambda: done(lambda: call(lambda own: own(), (update,))), lambda: tf.constant(False)
        )

    if num_replicas() == 1:
        tf.cond(condition, lambda: done(update), lambda: tf.constant(False))
    else:
        tf.distribute.get_replica_context().merge_call(on_all, args=(condition, update))


def computed_when(condition, function, idle):
    """What a function computes where a condition holds; elsewhere its result has no meaning.

    One replica saves itself the work. Several compute always, since layers such as synchronized batch
    normalization have the replicas meet, also on the way back.

    Args:
        condition: bool scalar.
        function: function without arguments that returns tensors and changes nothing.
        idle: tensors of the same structure.
    """
    return tf.cond(condition, function, lambda: idle) if num_replicas() == 1 else function()
