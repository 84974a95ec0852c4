"""Where the outputs of a network lie by construction, and whether its place in a model takes such outputs.

A network that ends in a sigmoid gives values from 0 to 1 whatever it learns. Two tables meet here: `RANGES`
says where the values of an activation lie, `PLACES` what each place in a model takes. Learned layers without
an activation give any value, and so does what cannot be looked into, such as a layer of the user's own.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np

from keras_gen.errors import doubt, refuse
from keras_gen.training.keras_internals import source_of

INF = math.inf
LARGE_LOGIT = 5.0  # by which a probability is as good as certain: 0.993
LATENT_REACH = 2.0  # of a standard normal, within which 95% of it lies


class Span(NamedTuple):
    """From where to where values lie.

    Args:
        low: float or -infinity.
        high: float or infinity.
        source: name of the activation that bounds them, or None.
    """

    low: float
    high: float
    source: str | None = None


ANY = Span(-INF, INF)

# activation, layer or operation of Keras -> where its values lie
RANGES = {
    "abs": (0.0, INF),
    "absolute": (0.0, INF),
    "arctan": (-math.pi / 2, math.pi / 2),
    "celu": (-1.0, INF),
    "cos": (-1.0, 1.0),
    "elu": (-1.0, INF),
    "erf": (-1.0, 1.0),
    "exp": (0.0, INF),
    "exponential": (0.0, INF),
    "gelu": (-0.17, INF),
    "hard_sigmoid": (0.0, 1.0),
    "hard_silu": (-0.375, INF),
    "hard_swish": (-0.375, INF),
    "hard_tanh": (-1.0, 1.0),
    "log_sigmoid": (-INF, 0.0),
    "log_softmax": (-INF, 0.0),
    "mish": (-0.31, INF),
    "relu": (0.0, INF),
    "relu6": (0.0, 6.0),
    "selu": (-1.76, INF),
    "sigmoid": (0.0, 1.0),
    "sign": (-1.0, 1.0),
    "silu": (-0.28, INF),
    "sin": (-1.0, 1.0),
    "softmax": (0.0, 1.0),
    "softplus": (0.0, INF),
    "softsign": (-1.0, 1.0),
    "sparse_plus": (0.0, INF),
    "sparse_sigmoid": (0.0, 1.0),
    "sparsemax": (0.0, 1.0),
    "sqrt": (0.0, INF),
    "square": (0.0, INF),
    "squareplus": (0.0, INF),
    "swish": (-0.28, INF),
    "tanh": (-1.0, 1.0),
}

# Layers and operations of Keras that move values, leave some out or average them, so that they lie where they
# lay before.
KEEPING = """
    average average_pooling1d average_pooling2d average_pooling3d alpha_dropout activity_regularization
    broadcast_to cast concatenate copy cropping1d cropping2d cropping3d dropout expand_dims flatten flip
    gaussian_dropout gaussian_noise get_item global_average_pooling1d global_average_pooling2d
    global_average_pooling3d global_max_pooling1d global_max_pooling2d global_max_pooling3d identity
    max_pooling1d max_pooling2d max_pooling3d mean moveaxis permute ravel repeat repeat_vector reshape
    roll spatial_dropout1d spatial_dropout2d spatial_dropout3d squeeze stack stop_gradient swapaxes
    transpose up_sampling1d up_sampling2d up_sampling3d zero_padding1d zero_padding2d zero_padding3d
""".split()


def _plain(name):
    """A name as it is compared: `LeakyReLU` of a layer and `leaky_relu` of a function are one."""
    return name.replace("_", "").lower()


RANGES = {_plain(name): ends for name, ends in RANGES.items()}
KEEPING = {_plain(name) for name in KEEPING}


# What places take.


class Place(NamedTuple):
    """What a place in a model takes.

    Args:
        wanted: what it takes, in words.
        remedy: what the network should end in.
        is_wrong: function of the ends of a range, (low, high) -> whether values within it cannot be what is
            wanted.
        is_doubtful: likewise, whether they hardly can.
    """

    wanted: str
    remedy: str
    is_wrong: Callable
    is_doubtful: Callable


PLACES = {
    "media": Place(
        "media in [-1, 1]",
        "in tanh, or in no activation",
        lambda low, high: low > -0.5 or high < 0.5,
        lambda low, high: low > -0.95 or high < 0.95 or (-INF < low < -1.05 and 1.05 < high < INF),
    ),
    "logits": Place(
        "logits, numbers of either sign and any size,",
        "in no activation",
        lambda low, high: low >= 0 or high <= 0,
        lambda low, high: low > -LARGE_LOGIT or high < LARGE_LOGIT,
    ),
    "levels": Place(  # only the differences between the logits of levels count
        "logits of levels, numbers of any size,",
        "in no activation",
        lambda low, high: high - low <= 1,
        lambda low, high: low > -LARGE_LOGIT,
    ),
    "means": Place(
        "means of latents, numbers of either sign,",
        "in no activation",
        lambda low, high: False,
        lambda low, high: low > -LATENT_REACH or high < LATENT_REACH,
    ),
    "log_variances": Place(
        "logarithms of variances, negative where a variance is below 1,",
        "in no activation",
        lambda low, high: low >= 0,
        lambda low, high: low > -LATENT_REACH,
    ),
}


def check_outputs(name, network, takes, place=0):
    """Refuses a network whose outputs cannot be what its place takes, and warns where they hardly can.

    Args:
        name: of the network or its output, for messages.
        network: built functional or sequential keras Model.
        takes: a key of `PLACES`, or None for a place that takes anything.
        place: number of the output.

    Raises:
        InputError: they cannot.
    """
    if takes is None:
        return
    span, wanted = span_of(network.outputs[place]), PLACES[takes]
    message = (
        f"The {name} ends in {span.source} and gives values {_told(span)}, but {wanted.wanted} are wanted: "
        f"end it {wanted.remedy}."
    )
    if wanted.is_wrong(*span[:2]):
        refuse(message)
    elif wanted.is_doubtful(*span[:2]):
        doubt(message)


def _told(span):
    if span.low == -INF:
        return f"of at most {span.high:g}"
    return f"of at least {span.low:g}" if span.high == INF else f"from {span.low:g} to {span.high:g}"


# Where outputs lie.


def span_of(tensor, known=None):
    """Where a tensor of a functional model lies.

    Args:
        tensor: `keras.KerasTensor`.
        known: dict, id of a tensor -> `Span`, of what is known already: the inputs of a model within a model.

    Returns:
        A `Span`.
    """
    known = {} if known is None else known
    if id(tensor) not in known:
        operation, number, place = source_of(tensor)
        known[id(tensor)] = _span(operation, operation._inbound_nodes[number], place, known)
    return known[id(tensor)]


def _span(operation, node, place, known):
    """Where an output of an operation lies, at the node of a graph in which it is called."""
    name = _plain(type(operation).__name__)
    if not type(operation).call.__module__.startswith(("keras.", "keras_gen.")):
        return ANY  # a layer of the user's own may do anything
    if isinstance(operation, keras.Model):
        inputs = [span_of(tensor, known) for tensor in node.input_tensors]
        inner = dict(zip(map(id, operation.inputs), inputs, strict=True))
        return span_of(operation.outputs[place], inner)
    if isinstance(operation, keras.layers.Wrapper):
        return _span(operation.layer, node, place, known)
    if getattr(operation, "activation", None) is not None:
        return _span_of_activation(operation, node, place, known)
    if name in KEEPING:
        return _hull([span_of(tensor, known) for tensor in node.input_tensors])
    if name in COMPUTING:
        operands = [_operand(value, known) for value in keras.tree.flatten(node.arguments.args)]
        return COMPUTING[name](operation, *operands)
    return Span(*RANGES[name], type(operation).__name__) if name in RANGES else ANY


def _span_of_activation(layer, node, place, known):
    """Where the output of a layer with an activation lies."""
    activation = layer.activation
    if isinstance(activation, keras.layers.Layer):
        return _span(activation, node, place, known)
    name = getattr(activation, "__name__", "")
    if name == "linear" and isinstance(layer, keras.layers.Activation):
        return span_of(node.input_tensors[0], known)
    of_library = str(getattr(activation, "__module__", "")).startswith(("keras.", "tensorflow."))
    return Span(*RANGES[_plain(name)], name) if of_library and _plain(name) in RANGES else ANY


def _operand(value, known):
    """Where a tensor or a number lies that an operation computes with."""
    if isinstance(value, keras.KerasTensor):
        return span_of(value, known)
    if isinstance(value, (int, float, np.ndarray, np.number)):
        return Span(float(np.min(value)), float(np.max(value)))
    return ANY


def _hull(spans):
    """What holds all of the spans."""
    return _between([end for span in spans for end in span[:2]], spans)


def _between(ends, spans):
    """From the least to the greatest of the ends, of the source that the spans have."""
    source = next((span.source for span in spans if span.source is not None), None)
    return Span(min(ends), max(ends) + 0.0, source)  # which makes -0 a 0


def _sum(layer, *spans):
    return _between([sum(span.low for span in spans), sum(span.high for span in spans)], spans)


def _difference(layer, one, other):
    return _sum(layer, one, Span(-other.high, -other.low, other.source))


def _product(layer, *spans):
    ends = [1.0]
    for span in spans:
        ends = [0.0 if 0.0 in (end, own) else end * own for end in ends for own in span[:2]]
    return _between(ends, spans)


def _quotient(layer, one, other):
    if other.low <= 0 <= other.high:
        return ANY
    return _product(layer, one, Span(1.0 / other.high, 1.0 / other.low, other.source))


def _maximum(layer, *spans):
    return Span(max(span.low for span in spans), max(span.high for span in spans), "a maximum")


def _minimum(layer, *spans):
    return Span(min(span.low for span in spans), min(span.high for span in spans), "a minimum")


def _rescaled(layer, span):
    scale, offset = (Span(float(np.min(each)), float(np.max(each))) for each in (layer.scale, layer.offset))
    return _sum(layer, _product(layer, span, scale), offset)


def _clipped(operation, span):
    low, high = float(np.min(operation.x_min)), float(np.max(operation.x_max))
    return Span(min(max(span.low, low), high), max(min(span.high, high), low), span.source or "clip")


def _rectified(layer, span):
    """Of the layer `ReLU` and the operation `Relu`."""
    slope, most = getattr(layer, "negative_slope", 0.0), getattr(layer, "max_value", None)
    return Span(-INF if slope else 0.0, INF if most is None else float(most), type(layer).__name__)


def _bent(layer, span):
    """Of what is alpha (exp(x) - 1) below 0."""
    return Span(-float(getattr(layer, "alpha", 1.0)), INF, type(layer).__name__)


# Layers and operations of Keras that compute with where values lie, or whose ranges depend on their settings.
COMPUTING = {
    "add": _sum,
    "celu": _bent,
    "clip": _clipped,
    "divide": _quotient,
    "elu": _bent,
    "maximum": _maximum,
    "minimum": _minimum,
    "multiply": _product,
    "negative": lambda operation, span: _between([-span.high, -span.low], [span]),
    "relu": _rectified,
    "rescaling": _rescaled,
    "subtract": _difference,
    "truedivide": _quotient,
}
