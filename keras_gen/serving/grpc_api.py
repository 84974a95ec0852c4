"""The gRPC API of TensorFlow Serving: predictions, metadata and states of models."""

import contextlib
import functools
import math

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import model_service_pb2_grpc, predict_pb2, prediction_service_pb2_grpc

from keras_gen.errors import InputError
from keras_gen.logs import log
from keras_gen.serving import descriptions
from keras_gen.serving.access import admit, within
from keras_gen.serving.refusals import Refused

DEEPEST = 8  # dimensions of a tensor


def server(models, settings, metrics):
    """A `grpc.aio.Server` that listens, not started yet, and its port.

    Args:
        models: `Models`.
        settings: `Settings`.
        metrics: `Metrics`.

    Raises:
        InputError: the port cannot be had.
    """
    made = grpc.aio.server(
        interceptors=[_Admission(settings.token)],
        options=[
            ("grpc.max_receive_message_length", settings.max_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.compression_enabled_algorithms_bitset", 1),  # none: a message holds what was sent
            ("grpc.so_reuseport", 0),  # or a second server would quietly take half of the calls
        ],
        maximum_concurrent_rpcs=settings.max_connections,
    )
    answers = functools.partial(_answered, metrics)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        _Predictions(models, settings, metrics, answers), made
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(_States(models, answers), made)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    try:
        return made, made.add_insecure_port(f"{host}:{settings.grpc_port}")
    except RuntimeError as error:
        raise InputError(
            f"Port {settings.grpc_port} of {settings.host} cannot be had for gRPC: give another --grpc-port."
        ) from error


class _Admission(grpc.aio.ServerInterceptor):
    def __init__(self, token):
        self._token = token

    async def intercept_service(self, continuation, details):
        given = dict(details.invocation_metadata or ()).get("authorization", "")
        try:
            admit(given if isinstance(given, str) else "", self._token)
        except Refused as error:
            return grpc.unary_unary_rpc_method_handler(functools.partial(_refuse, error))
        return await continuation(details)


async def _refuse(error, request, context):
    await context.abort(grpc.StatusCode[error.code], str(error))


@contextlib.asynccontextmanager
async def _answered(metrics, models, name, context):
    """Tells and counts how what is within ends."""
    code = "OK"
    try:
        yield
    except Refused as error:
        code = error.code
        await _refuse(error, None, context)
    except Exception:
        code = "INTERNAL"
        log.exception("A call could not be answered")
        await context.abort(
            grpc.StatusCode.INTERNAL, "Something went wrong here; the server's log tells what."
        )
    finally:
        metrics.requests.labels(name if name in models.names else "", "gRPC", code).inc()


class _Predictions(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, models, settings, metrics, answers):
        self._models, self._settings, self._metrics, self._answers = models, settings, metrics, answers

    async def Predict(self, request, context):
        spec = request.model_spec
        async with self._answers(self._models, spec.name, context):
            version = self._models.find(*_asked(spec))
            with self._metrics.seconds.labels(spec.name, "gRPC").time():
                return await within(self._settings.timeout, self._predict(request, version))

    async def _predict(self, request, version):
        name = request.model_spec.signature_name or "serving_default"
        if name not in version.signatures:
            raise Refused(f'Serving signature key "{name}" not found.', "precondition")
        signature, wanted = version.signature(name), list(request.output_filter)
        for alias in wanted:
            if alias not in signature.outputs:
                raise Refused(
                    f"output tensor alias not found in signature: {alias} Outputs expected to be in the set "
                    f"{{{','.join(signature.outputs)}}}."
                )
            if wanted.count(alias) > 1:
                raise Refused(f"duplicate output tensor alias: {alias}")
        inputs = {
            key: array_of(key, tensor, signature.inputs.get(key), self._settings.max_bytes)
            for key, tensor in request.inputs.items()
        }
        outputs = await signature.answer(inputs)
        told = predict_pb2.PredictResponse()
        told.model_spec.name, told.model_spec.signature_name = version.name, name
        told.model_spec.version.value = version.number
        for key in wanted or outputs:
            told.outputs[key].CopyFrom(tf.make_tensor_proto(outputs[key]))
        return told

    async def GetModelMetadata(self, request, context):
        async with self._answers(self._models, request.model_spec.name, context):
            if not request.HasField("model_spec"):
                raise Refused("Missing ModelSpec")
            for field in request.metadata_field:
                if field != descriptions.DEFINITIONS:
                    raise Refused(f"Metadata field {field} is not supported")
            return descriptions.metadata(self._models.find(*_asked(request.model_spec)))[0]


class _States(model_service_pb2_grpc.ModelServiceServicer):
    def __init__(self, models, answers):
        self._models, self._answers = models, answers

    async def GetModelStatus(self, request, context):
        async with self._answers(self._models, request.model_spec.name, context):
            if not request.HasField("model_spec"):
                raise Refused("Missing ModelSpec")
            return descriptions.status(self._models.states(*_asked(request.model_spec)))


def _asked(spec):
    return spec.name, spec.version.value if spec.HasField("version") else None, spec.version_label


def array_of(name, tensor, spec, max_bytes):
    """The array that a `TensorProto` claims to be.

    A few bytes may claim any number of equal values, so that the claim is checked before it is believed.

    Args:
        name: str, of the input.
        tensor: `TensorProto`.
        spec: `tf.TensorSpec` of the input, or None where there is none of this name.
        max_bytes: int, of the array.

    Raises:
        Refused: it is of another type, too large or contradicts itself.
    """
    if spec is not None and tensor.dtype != spec.dtype.as_datatype_enum:
        given = tf.dtypes.DType(tensor.dtype).name if tensor.dtype in _KNOWN else tensor.dtype
        raise Refused(f"input {name} must be {spec.dtype.name}, not {given}.")
    if spec is None:
        return np.empty(0)  # which is refused by its name
    shape = [side.size for side in tensor.tensor_shape.dim]
    if tensor.tensor_shape.unknown_rank or len(shape) > DEEPEST or any(side < 0 for side in shape):
        raise Refused(f"input {name} has no shape of at most {DEEPEST} known dimensions.")
    if math.prod(shape) * spec.dtype.size > max_bytes:
        raise Refused(f"input {name} of shape {shape} holds more than {max_bytes} bytes.")
    if len(tensor.string_val) > math.prod(shape):
        raise Refused(f"input {name} has more values than its shape {shape}.")
    try:
        return tf.make_ndarray(tensor)
    except (ValueError, TypeError) as error:
        raise Refused(f"input {name} contradicts itself: {error}") from error


_KNOWN = {dtype.as_datatype_enum for dtype in vars(tf.dtypes).values() if isinstance(dtype, tf.DType)}
