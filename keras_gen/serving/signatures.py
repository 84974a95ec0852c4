"""A version of a model in memory, and its signatures."""

import contextlib
import functools
import re

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from keras_gen.errors import InputError
from keras_gen.export import exported_from
from keras_gen.files import read_json
from keras_gen.media import Origin
from keras_gen.serving.batching import Batcher
from keras_gen.serving.folders import GRAPH
from keras_gen.serving.refusals import Refused

DEFAULT = "serving_default"
RATES = {"model.json": "media", "config.json": "audio"}  # files that tell a rate, and where
WARMUP = "assets.extra/tf_serving_warmup_requests"
EXAMPLE_SIDE = 16  # of a warm-up example's sides that a signature leaves open, such as pixels
ASSERTION = re.compile(r"assertion failed: \[(.*?)\] \[(.*)\]")  # the sentence, and the first wrong value


class Signature:
    """A signature: what it takes and gives, and its answers.

    Args:
        function: of `tf.saved_model.load`.
        batcher: function of a function of arrays that returns a `Batcher` of it.
        settings: `Settings`.

    Attributes:
        inputs: dict, name -> `tf.TensorSpec`.
        outputs: the same.

    Raises:
        InputError: an input or output has not its rows first.
    """

    def __init__(self, function, batcher, settings):
        self._function, self._settings = function, settings
        self.inputs, self.outputs = function.structured_input_signature[1], function.structured_outputs
        for name, spec in {**self.inputs, **self.outputs}.items():
            if not spec.shape.rank or spec.shape[0] is not None:
                raise InputError(f"its tensor {name} has shape {spec.shape}, without open rows in front")
        self._batcher = batcher(self.call)

    @property
    def waiting(self):
        """How many requests wait or are calculated."""
        return self._batcher.length

    def call(self, inputs):
        """The outputs of arrays, both dicts; what TensorFlow refuses is `Refused`."""
        try:
            outputs = self._function(**{name: tf.constant(values) for name, values in inputs.items()})
        except tf.errors.ResourceExhaustedError as error:
            raise Refused("The machine has not enough memory for it: ask for fewer rows.", "full") from error
        except tf.errors.InvalidArgumentError as error:
            raise Refused(told_by(error)) from error
        return {name: values.numpy() for name, values in outputs.items()}

    async def answer(self, inputs):
        """The outputs of arrays, both dicts.

        Raises:
            Refused: names, types, shapes, numbers of rows or values are wrong, or too many requests wait.
        """
        self.check(inputs)
        rows = len(next(iter(inputs.values())))
        if not 1 <= rows <= self._settings.max_rows:
            raise Refused(f"A request has 1 to {self._settings.max_rows} rows, not {rows}.")
        return await self._batcher.answer(inputs)

    def check(self, inputs):
        """Refuses arrays whose names, types, shapes or numbers of rows do not fit."""
        if inputs.keys() != self.inputs.keys():
            given, wanted = sorted(inputs), sorted(self.inputs)
            raise Refused(
                f"input size does not match signature: {len(given)}!={len(wanted)} len({_set(given)}) != "
                f"len({_set(wanted)}). Sent extra: {_set(set(given) - set(wanted))}. Missing but required: "
                f"{_set(set(wanted) - set(given))}."
            )
        for name, values in inputs.items():
            spec = self.inputs[name]
            if values.dtype != spec.dtype.as_numpy_dtype:
                raise Refused(f"input {name} must be {spec.dtype.name}, not {values.dtype.name}.")
            if not spec.shape.is_compatible_with(values.shape):
                raise Refused(
                    f"input {name} must have shape {shape_of(spec.shape)}, not {shape_of(values.shape)}."
                )
        rows = {name: len(inputs[name]) for name in sorted(inputs)}
        if len(set(rows.values())) > 1:
            raise Refused(f"{' and '.join(rows)} must have equally many rows, not {list(rows.values())}.")


def shape_of(shape):
    """A shape as TensorFlow Serving tells it."""
    return f"[{','.join('?' if side is None else str(side) for side in shape)}]"


def _set(names):
    return f"{{{','.join(sorted(names))}}}"


def told_by(error):
    """An assertion of the graph as a sentence; of other errors their first line."""
    found = ASSERTION.search(error.message)
    if found:
        return f"{found[1]} {found[2]}."
    return error.message.strip().splitlines()[0]


class Version:
    """A SavedModel in memory, warmed up.

    Args:
        name: str, of the model.
        number: int.
        path: `pathlib.Path` of the SavedModel.
        settings: `Settings`.
        pool: `concurrent.futures.Executor` for its calls.
        metrics: `Metrics`.

    Attributes:
        definitions: dict, name -> `SignatureDef`.
        origin: `keras_gen.media.Origin` of what it makes.
        rate: int, Hz of its recordings; None where it makes none, or does not tell.

    Raises:
        InputError: it cannot be loaded, or refuses the warm-up requests that lie with it.
    """

    def __init__(self, name, number, path, settings, pool, metrics):
        self.name, self.number = name, number
        self._told, self.rate = exported_from(path), rate_of(path)
        try:
            graphs = saved_model_pb2.SavedModel.FromString((path / GRAPH).read_bytes()).meta_graphs
            self._loaded = tf.saved_model.load(str(path))
        except Exception as error:  # noqa: BLE001 - a damaged file may make TensorFlow raise anything
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise InputError(f"{path} cannot be loaded: {reason}") from error
        self.definitions = {name: found for graph in graphs for name, found in graph.signature_def.items()}
        self.signatures = {}
        for key, function in self._loaded.signatures.items():
            observe = metrics.rows.labels(name, key).observe
            batcher = functools.partial(Batcher, settings=settings, pool=pool, observe=observe)
            try:
                self.signatures[key] = Signature(function, batcher, settings)
            except InputError as error:
                raise InputError(f"{path} cannot be served: {error}.") from error
        if not self.signatures:
            raise InputError(f"{path} has no signatures: give an exported model.")
        self._warm_up(path)

    @property
    def origin(self):
        """Where what it makes comes from."""
        return origin_of(self._told, self.name, self.number)

    def signature(self, name):
        """The `Signature` of a name, or the default one of none.

        Raises:
            Refused: there is no such signature.
        """
        name = name or DEFAULT
        if name not in self.signatures:
            raise Refused(f'Serving signature name: "{name}" not found in signature def')
        return self.signatures[name]

    def _warm_up(self, path):
        """Calls signatures as requests will, since the first call of each takes long."""
        if (path / WARMUP).is_file():
            for request in _warmup_requests(path / WARMUP):
                inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
                try:
                    signature = self.signature(request.model_spec.signature_name)
                    signature.check(inputs)
                    signature.call(inputs)
                except Refused as error:
                    raise InputError(f"{path} refuses its own warm-up requests: {error}") from error
            return
        for signature in self.signatures.values():
            try:
                signature.call({name: _example(spec) for name, spec in signature.inputs.items()})
            except Refused:  # an example of ones fits most signatures; a wrong one has still built the graph
                pass


def origin_of(told, name, number):
    """The `Origin` of what a SavedModel makes.

    Args:
        told: dict, what it says of its making, as `keras_gen.export.exported_from` gives it.
        name: of the model.
        number: int, its version.
    """
    kit = told.get("versions", {}).get("keras_gen", "")
    system = f"{told.get('recipe') or name} (keras_gen {kit})" if kit else name
    return Origin(system, str(told.get("model") or f"version {number}"))


def rate_of(path):
    """Hz of a model's recordings, as it says of itself, or the settings that lie with it; else None.

    Args:
        path: `pathlib.Path` of a SavedModel.
    """
    for file, part in RATES.items():
        with contextlib.suppress(InputError, LookupError, TypeError, ValueError):
            return int(read_json(path / "assets.extra" / file)[part]["rate"])
    return None


def _warmup_requests(path):
    from tensorflow_serving.apis import prediction_log_pb2

    for record in tf.data.TFRecordDataset(str(path)):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        if log.HasField("predict_log"):
            yield log.predict_log.request


def _example(spec):
    shape = [1, *(EXAMPLE_SIDE if side is None else side for side in spec.shape[1:])]
    if spec.dtype == tf.string:
        return np.full(shape, b"a", object)
    # The first label is always there, but nothing else is sure to be valid at 0.
    return np.full(shape, 0 if spec.name == "label" else 1, spec.dtype.as_numpy_dtype)
