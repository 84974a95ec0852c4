"""The private names of Keras and TensorFlow that this kit needs, each once and with what it is needed for.

`tests/training/test_keras_internals.py` says what is expected of each, so that a new version that breaks one
fails there.
"""

import itertools

import keras
import tensorflow as tf
from tensorflow.python.client import device_lib
from tensorflow.python.ops import control_flow_util

GENERATOR = "seed_generator_state"  # ends the path of the state of a layer's own random generator


def layers_of(network, kind=keras.layers.Layer):
    """The layers of a class within a network, also those within other layers, and the network itself."""
    return [layer for layer in network._flatten_layers() if isinstance(layer, kind)]


def source_of(tensor):
    """The operation that gives a symbolic tensor, and its place in the graph: (operation, node, tensor)."""
    return tensor._keras_history


def unwrapped(optimizer):
    """The optimizer within a `LossScaleOptimizer`, or the optimizer itself."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def learning_rate_of(optimizer):
    """What an optimizer takes its learning rate from: a schedule or a variable."""
    return unwrapped(optimizer)._learning_rate


def step_counter_of(optimizer):
    """The variable that counts an optimizer's steps."""
    return unwrapped(optimizer)._iterations


def leave_gradients_to_us(optimizer):
    """Keeps an optimizer from adding up over the replicas what has been averaged over them."""
    unwrapped(optimizer)._all_reduce_sum_gradients = lambda grads_and_vars: grads_and_vars


def apply(optimizer, gradients, variables, unclipped=()):
    """Has an optimizer take a step, in which gradients of some variables are not clipped, nor in the norm.

    Keras clips once it has unscaled and accumulated the gradients, so they cannot be clipped beforehand.

    Args:
        optimizer: keras Optimizer.
        gradients: list of tensors.
        variables: list of Keras variables that they belong to.
        unclipped: list of Keras variables.
    """
    inner = unwrapped(optimizer)
    apart = {id(variable) for variable in unclipped}
    is_clipped = [id(variable) not in apart for variable in variables]

    def clip(gradients):
        clipped = iter(type(inner)._clip_gradients(inner, list(itertools.compress(gradients, is_clipped))))
        return [
            next(clipped) if is_one else gradient
            for gradient, is_one in zip(gradients, is_clipped, strict=True)
        ]

    inner._clip_gradients = clip
    optimizer.apply(gradients, variables)


def own_variables_of(layer):
    """The variables that a layer itself saves, without those of its layers, in the order of the file."""
    return layer._trainable_variables + layer._non_trainable_variables


def forget(layer, child):
    """Keeps a layer from saving one that it had and has no more."""
    layer._tracker.untrack(child)


def of_validation_in_fit(arguments):
    """Whether `fit` calls `evaluate` with these arguments, on arrays that it has checked."""
    return bool(arguments.get("_use_cached_eval_dataset"))


def compiled_by_xla():
    """Whether the graph that is being traced is one of a `tf.function` with `jit_compile=True`."""
    return control_flow_util.GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())


def memory_of(device):
    """How many bytes TensorFlow may take of the memory of a device of a name such as "GPU:0"."""
    return next(d.memory_limit for d in device_lib.list_local_devices() if d.name.endswith(device))
