"""Refusing what Keras has and a `GenerativeModel` has not: methods, arguments of `compile`, callbacks."""

import functools
import inspect

import keras

from keras_gen.errors import InputError, unknown
from keras_gen.logs import log
from keras_gen.training import devices
from keras_gen.training.keras_internals import layers_of

REFUSED = {  # methods of Keras that would change nothing here -> what does
    "add_loss": "give the model another loss or objective",
    "add_metric": "add it to the logs in a callback",
    "compute_loss": "call fit, train_on_batch or evaluate",
    "compute_metrics": "call fit, train_on_batch or evaluate",
    "get_state_tree": "call get_weights or save_weights, since its networks' variables may have equal names",
    "quantize": "give precision when the networks are built, such as mixed_bfloat16",
    "set_state_tree": "call set_weights or load_weights, since its networks' variables may have equal names",
    "stateless_compute_loss": "call fit, train_on_batch or evaluate",
}


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
                f"TerminateOnNaN waits for a NaN in 'loss', but a {type(model).__name__} reports "
                f"{', '.join(names)}: leave it out, since steps that are not finite are skipped and told."
            )
        if isinstance(callback, keras.callbacks.SwapEMAWeights) and len(model.optimizers) > 1:
            raise InputError(
                f"SwapEMAWeights is of one optimizer, but this {type(model).__name__} has "
                f"{len(model.optimizers)}: leave it out; compile of a GAN has ema instead."
            )


def refuse_methods(cls):
    """Puts a refusal in the place of each method of Keras that would change nothing; a class decorator."""
    for method, advice in REFUSED.items():
        setattr(cls, method, _refusal(method, advice))
    return cls


def _refusal(method, advice):
    def refused(self, *args, **kwargs):
        raise InputError(f"{method} has no use for a {type(self).__name__}: {advice}.")

    refused.__name__ = method
    refused.__doc__ = f"Refused: {advice}."
    return refused


def naming_unknown_arguments(name, compile):
    """A `compile` that names an argument of Keras that it does not have, and the nearest that it has."""
    known = inspect.signature(compile).parameters.keys() - {"self"}

    @functools.wraps(compile)
    def checked(self, *args, **kwargs):
        for argument in kwargs.keys() - known:
            raise unknown(f"argument of {name}.compile", argument, known)
        return compile(self, *args, **kwargs)

    return checked


def check_execution(steps_per_execution):
    """Raises `InputError` where this is no number of steps that one call may take."""
    if not isinstance(steps_per_execution, int) or steps_per_execution < 1:
        raise InputError(
            f"steps_per_execution must be a whole number from 1, such as 10, not {steps_per_execution!r}."
        )


def has_layers_without_xla(model):
    """Whether layers alone keep XLA from compiling a model on a GPU; if so, a line names them.

    Args:
        model: on which Keras' `compile` with `jit_compile="auto"` has decided.
    """
    kinds = sorted({type(layer).__name__ for layer in layers_of(model) if not layer.supports_jit})
    if model.run_eagerly or devices.accelerator() is None or not kinds:
        return False
    log.info("XLA cannot compile %s: the model trains without it, which is slower.", ", ".join(kinds))
    return True
