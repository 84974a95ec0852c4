"""The precision of networks: weights are float32, whatever Keras' global settings."""

import contextlib

import keras


@contextlib.contextmanager
def policy(name):
    """Sets the global dtype policy within, such as "mixed_bfloat16"."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextlib.contextmanager
def weights_in_float32():
    """Makes inputs and weights float32 within; a mixed policy, whose weights are float32, stays."""
    before = keras.config.floatx()
    keras.config.set_floatx("float32")
    try:
        with policy(policy_of_weights_in_float32()):
            yield
    finally:
        keras.config.set_floatx(before)


def policy_of_weights_in_float32():
    """The global dtype policy if its weights are float32, as in mixed policies; else float32."""
    of_process = keras.config.dtype_policy()
    return of_process if of_process.variable_dtype == "float32" else keras.DTypePolicy("float32")
