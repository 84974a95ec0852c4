"""Whether an exported model gives what the model in memory gives."""

import time

import numpy as np
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.export import description, warm_up
from keras_gen.export.examples import is_close
from keras_gen.sampling.requests import seeds_of

SEEDS = 100
FEWEST_ALONE = 10
LONGEST_ALONE = 10.0  # seconds; sentences and long recordings take longer one by one


def verify(model, folder, watermark=None):
    """Compares a SavedModel with the model that it was exported from.

    It is asked for 100 seeds together and in another order, and for each alone as long as ten seconds allow,
    for ten at least. Sentences must be the same; pixels may differ by a level and numbers by 1e-4 of the
    largest, as on other processors. It also has to answer the requests that it is warmed up with.

    Args:
        model: a `GenerativeModel`.
        folder: `pathlib.Path` of the SavedModel.
        watermark: `keras_gen.media.Watermark` that it was exported with, or None.

    Raises:
        InputError: it differs, cannot be loaded, or a file of it is not what was written.
    """
    changed = description.changes(folder, description.read(folder))
    if changed:
        raise InputError(f"{folder} was not written as it was meant to be ({', '.join(changed)}): try again.")
    try:
        signatures = tf.saved_model.load(str(folder)).signatures
        for name, inputs in warm_up.read_requests(folder):
            signatures[name](**{key: tf.constant(values) for key, values in inputs.items()})
        _compare(model, signatures["serving_default"], watermark)
    except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
        raise InputError(f"{folder} cannot be used after it was exported: {error}") from error


def _compare(model, signature, watermark):
    seeds, labels = seeds_of(0, SEEDS), model.labels_for(SEEDS)
    expected = model.generate(SEEDS, labels, seed=0)
    if watermark is not None:
        expected = watermark.mark_examples(expected, model.media)

    def asked(rows):
        inputs = {"seed": seeds[rows]} | ({} if labels is None else {"label": labels[rows]})
        (given,) = signature(**{name: tf.constant(values) for name, values in inputs.items()}).values()
        return model.media.as_array(given)

    def check(rows, how):
        if not is_close(asked(rows), expected[rows]):
            raise InputError(
                f"The exported model does not give what the model gives for {len(rows)} seeds {how}: it is "
                "not published."
            )

    every = np.arange(SEEDS)
    check(every, "together")
    check(np.random.default_rng(0).permutation(SEEDS), "in another order")
    started = time.perf_counter()
    for row in every:
        if row >= FEWEST_ALONE and time.perf_counter() - started > LONGEST_ALONE:
            break
        check(every[row : row + 1], "alone")
