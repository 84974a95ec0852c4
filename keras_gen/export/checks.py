"""What exported signatures refuse: the graph itself checks its inputs, as Python checks arguments.

XLA and LiteRT leave these assertions out.
"""

import numpy as np
import tensorflow as tf

LOUDEST = 2.0  # times full scale: decoders overshoot a little, other scales much more


def checked(function, signature, model):
    """A signature's function that first checks its inputs, each by the kind that its name tells.

    Args:
        function: of tensors, as in `GenerativeModel.endpoints`.
        signature: list of `tf.TensorSpec`, the inputs by name.
        model: the `GenerativeModel`.

    Returns:
        Function of the same tensors. It raises `tf.errors.InvalidArgumentError` where inputs have unequal numbers of rows, or a
        value is out of its range.
    """
    names = [spec.name for spec in signature]

    def endpoint(*inputs):
        assertions = [_equally_many_rows(names, inputs)]
        for name, values in zip(names, inputs, strict=True):
            for wanted, checked_values, fits in CHECKS.get(name, _anything)(values, model):
                assertions.append(_all_fit(f"{name} must be {wanted}, not", checked_values, fits))
        with tf.control_dependencies(assertions):
            return function(*map(tf.identity, inputs))

    return endpoint


# For each kind of input: what values must be, the values, and whether each of them is.


def _anything(values, model):
    return []


def _label(label, model):
    last = np.subtract(model.num_classes, 1)
    yield f"whole numbers from 0 to {last.tolist()}", label, (label >= 0) & (label <= last)


def _latents(latents, model):
    if model.latent_range is None:
        yield "finite numbers", latents, tf.math.is_finite(latents)
    else:
        low, high = model.latent_range
        yield f"numbers from {low} to below {high}", latents, (latents >= low) & (latents < high)


def _temperature(temperature, model):
    yield "finite and at least 0", temperature, tf.math.is_finite(temperature) & (temperature >= 0.0)


def _top_p(top_p, model):
    yield "above 0", top_p, top_p > 0.0


def _images(images, model):
    size = tf.shape(images)[1:3]
    yield "at least 1 pixel high and wide", size, size > 0


def _waveforms(waveforms, model):
    samples = tf.shape(waveforms)[1:]
    yield "at least 1 sample long", samples, samples > 0
    yield "finite numbers in [-1, 1]", waveforms, tf.abs(waveforms) <= LOUDEST


CHECKS = {
    "label": _label,
    "latents": _latents,
    "temperature": _temperature,
    "top_p": _top_p,
    "images": _images,
    "audio": _waveforms,
}


def _equally_many_rows(names, inputs):
    rows = tf.stack([tf.shape(values)[0] for values in inputs])
    return _assert(
        tf.reduce_all(rows == rows[0]), f"{' and '.join(names)} must have equally many rows, not", rows
    )


def _all_fit(message, values, fits):
    """Asserts that all values fit, and shows the first that does not."""
    # Nothing is negated: TensorFlow makes "not above" of it "at most", which NaN is not.
    values, fits = tf.reshape(values, [-1]), tf.reshape(fits, [-1])
    # What does not fit is put behind the values, so that there is always a first one.
    first = tf.argmin(tf.cast(tf.concat([fits, [False]], axis=0), tf.int32))
    shown = tf.gather(tf.concat([values, tf.zeros(1, values.dtype)], axis=0), first)
    return _assert(tf.reduce_all(fits), message, shown)


def _assert(condition, message, shown):
    # tf.debugging.Assert puts a condition around it, which other formats lack.
    return tf.raw_ops.Assert(condition=condition, data=[message, shown], summarize=10)
