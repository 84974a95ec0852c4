"""Half precision inside networks; losses, gradients and likelihoods are always float32."""

import contextlib

import keras
import tensorflow as tf
from keras import ops

from keras_gen.logs import log
from keras_gen.training import devices
from keras_gen.training.keras_internals import layers_of


def run(network, inputs, labels=None, training=False):
    """What a network makes of inputs and perhaps labels, as float32 whatever it computes in."""
    outputs = network(inputs if labels is None else [inputs, labels], training=training)
    return keras.tree.map_structure(lambda output: ops.cast(output, "float32"), outputs)


def scaled(optimizer, *networks):
    """An optimizer that scales the loss where a network that its gradients pass through computes in float16.

    Small gradients would be lost there (Micikevicius et al. 2018, arXiv 1710.03740). The layers are asked,
    not the policy of the process: a model may have been saved in another one.

    Args:
        optimizer: keras Optimizer.
        *networks: keras Models.

    Returns:
        A `LossScaleOptimizer` around it, or the optimizer itself where there is nothing to scale or it does
        so already.
    """
    layers = [layer for network in networks for layer in layers_of(network) if layer is not network]
    half = any(layer.weights and layer.compute_dtype == "float16" for layer in layers)
    if not half or isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return optimizer
    return keras.optimizers.LossScaleOptimizer(optimizer)


def fastest():
    """The dtype policy in which XLA trains convolutional networks fastest: "mixed_bfloat16" on an accelerator
    that has it, else "float32". Several replicas do without XLA, and gain nothing.
    """
    if devices.accelerator() is None or not devices.has_bfloat16() or tf.distribute.has_strategy():
        return "float32"
    log.info("The networks compute in bfloat16; precision=float32 has them compute in float32.")
    return "mixed_bfloat16"


@contextlib.contextmanager
def policy(name):
    """The dtype policy of this name for all layers that are made within, such as "mixed_bfloat16"."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextlib.contextmanager
def weights_in_float32():
    """Makes inputs and weights in float32 within; a mixed policy stays as it is."""
    before = keras.config.floatx()
    keras.config.set_floatx("float32")
    try:
        with policy(policy_of_weights_in_float32()):
            yield
    finally:
        keras.config.set_floatx(before)


def policy_of_weights_in_float32():
    """The policy of the process where it keeps weights in float32, as mixed ones do; else float32."""
    of_process = keras.config.dtype_policy()
    return of_process if of_process.variable_dtype == "float32" else keras.DTypePolicy("float32")
