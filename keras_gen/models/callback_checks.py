"""Refusing callbacks of Keras that would wait for ever for what a model does not have."""

import keras

from keras_gen.errors import InputError


def check_callbacks(model, callbacks):
    """Raises `InputError` where one of the callbacks given to `fit` cannot work with the model.

    Args:
        model: a compiled `GenerativeModel`.
        callbacks: callback, list of these, or None.
    """
    names = sorted(metric.name for metric in model.metrics)
    for callback in keras.tree.flatten(callbacks or []):
        if isinstance(callback, keras.callbacks.TerminateOnNaN) and "loss" not in names:
            raise InputError(
                f"TerminateOnNaN waits for a NaN in 'loss', but a {type(model).__name__} reports {', '.join(names)}: leave it "
                "out, since steps that are not finite are skipped and told."
            )
        if isinstance(callback, keras.callbacks.SwapEMAWeights) and len(model.optimizers) > 1:
            raise InputError(
                f"SwapEMAWeights is of one optimizer, but this {type(model).__name__} has {len(model.optimizers)}: leave it "
                "out; compile of a GAN has ema instead."
            )
