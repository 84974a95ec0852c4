"""Inputs that exported functions can be tried with, and whether two outputs are the same."""

import numpy as np
import tensorflow as tf

from keras_gen.training import noise

CLOSE = 1e-4  # share of the largest value that floats may differ by
LEVELS = 1  # that a pixel may


def examples(model, signature, rows):
    """Right inputs of a function, seeded.

    Args:
        model: a `GenerativeModel`.
        signature: list of `tf.TensorSpec`, the inputs by name. Images of any size get the model's own.
        rows: int >= 1, of each.

    Returns:
        List of arrays, in the order of the signature.
    """
    seeds = tf.range(rows, dtype=tf.int64)
    random = np.random.default_rng(0)
    labels = model.labels_for(rows)
    labels = None if labels is None else tf.constant(labels, tf.int32)

    def latents(spec):
        return model.latents_of_seeds(seeds, labels).numpy()

    def tokens(spec):
        drawn = random.integers(1, model.media.vocabulary_size, (rows, *spec.shape[1:]))
        return drawn.astype(spec.dtype.as_numpy_dtype)

    def uniform(spec):
        return random.random((rows, *spec.shape[1:]), "float32")

    made = {
        "seed": lambda spec: seeds.numpy(),
        "label": lambda spec: labels.numpy(),
        "latents": latents,
        "noise": lambda spec: noise.normal_of_seeds(spec.shape[1:], seeds, noise.LATENTS).numpy(),
        "choice": uniform,
        "uniform": uniform,
        "images": lambda spec: random.integers(0, 256, (rows, *model.media.shape)).astype("uint8"),
        "audio": lambda spec: random.uniform(-0.5, 0.5, (rows, model.media.samples)).astype("float32"),
        "log_mel": lambda spec: model.decode_to_model(latents(spec), labels).numpy(),
        "text": lambda spec: np.full(rows, "a sentence", object),
        "tokens": tokens,
        "temperature": lambda spec: np.ones(rows, "float32"),
        "top_k": lambda spec: np.zeros(rows, "int32"),
        "top_p": lambda spec: np.ones(rows, "float32"),
    }
    return [made[spec.name](spec) for spec in signature]


def difference(given, expected):
    """The largest difference of two arrays of numbers."""
    return float(np.abs(given.astype("float64") - expected.astype("float64")).max())


def is_close(given, expected):
    """Whether two arrays are the same but for rounding: pixels within a level, floats within 1e-4 of the
    largest; whole numbers and texts have to be equal.
    """
    if expected.dtype == np.uint8:
        return difference(given, expected) <= LEVELS
    if expected.dtype.kind == "f":
        return difference(given, expected) <= CLOSE * max(1.0, float(np.abs(expected).max()))
    return np.array_equal(given, expected)
