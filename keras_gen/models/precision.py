"""Half precision inside networks, single precision outside: losses, input gradients and likelihoods are always float32."""

import keras
from keras import ops


def run(network, inputs, labels=None, training=False):
    """What a network makes of inputs, and of labels where there are any, as float32 whatever it computes in."""
    outputs = network(inputs if labels is None else [inputs, labels], training=training)
    return keras.tree.map_structure(lambda output: ops.cast(output, "float32"), outputs)


def scaled(optimizer, *networks):
    """An optimizer that scales the loss where a network that its gradients pass through computes in float16.

    Small gradients would be lost there (Micikevicius et al. 2018, arXiv 1710.03740). The layers are asked, not the policy of the
    process: a model may have been saved in another one.

    Args:
        optimizer: keras Optimizer.
        *networks: keras Models.

    Returns:
        A `LossScaleOptimizer` around it, or the optimizer itself where there is nothing to scale or it does so already.
    """
    layers = [layer for network in networks for layer in network._flatten_layers(include_self=False)]
    half = any(layer.weights and layer.compute_dtype == "float16" for layer in layers)
    if not half or isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return optimizer
    return keras.optimizers.LossScaleOptimizer(optimizer)
