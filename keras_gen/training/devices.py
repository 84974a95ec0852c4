"""The GPU or TPU that models train on, where there is one."""

import tensorflow as tf

from keras_gen.training import keras_internals

SHARE = 0.25  # of the memory of a GPU that training data may take


def accelerator():
    """The name of the first GPU or TPU, such as "GPU:0", or None where processors alone are visible."""
    for kind in ("GPU", "TPU"):
        if tf.config.get_visible_devices(kind):
            return f"{kind}:0"
    return None


def holds(num_bytes):
    """Whether so many bytes of training data fit in their share of the accelerator's memory."""
    return num_bytes <= SHARE * keras_internals.memory_of(accelerator())


def has_bfloat16():
    """Whether the accelerator multiplies matrices in bfloat16: TPUs do, and GPUs since compute capability
    8.0.
    """
    if accelerator() == "GPU:0":
        details = tf.config.experimental.get_device_details(tf.config.get_visible_devices("GPU")[0])
        return details.get("compute_capability", (0, 0)) >= (8, 0)
    return accelerator() is not None
