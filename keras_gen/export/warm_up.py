"""Requests that TensorFlow Serving answers before it says that a model is ready.

It reads them from a file beside the graph: a TFRecord of `PredictionLog`s, of tensorflow-serving-api's
`tensorflow_serving/apis/prediction_log.proto`. The messages are declared here as far as they are used, under
a name of their own, so that an export has them also where that package is not installed.
"""

import tensorflow as tf
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from tensorflow.core.framework import tensor_pb2

from keras_gen.export.description import EXTRA
from keras_gen.export.examples import examples

FILE = "tf_serving_warmup_requests"
ROWS = (1, 8)  # of the requests; networks see rows in multiples of eight
PACKAGE = "keras_gen.serving"
FIELDS = {  # message -> field -> (number, type)
    "PredictionLog": {"predict_log": (6, "PredictLog")},
    "PredictLog": {"request": (1, "PredictRequest")},
    "PredictRequest": {"model_spec": (1, "ModelSpec"), "inputs": (2, "Input")},
    "ModelSpec": {"signature_name": (3, "string")},  # its name is that of the folder, which may change
    # On the wire a map is an entry of key and value each, and a message, here a TensorProto, is its bytes.
    "Input": {"key": (1, "string"), "value": (2, "bytes")},
}
REPEATED = ("inputs",)


def _messages():
    file = descriptor_pb2.FileDescriptorProto(name="warm_up.proto", package=PACKAGE, syntax="proto3")
    kinds = descriptor_pb2.FieldDescriptorProto
    for message, fields in FIELDS.items():
        declared = file.message_type.add(name=message)
        for name, (number, of) in fields.items():
            field = declared.field.add(name=name, number=number)
            field.label = kinds.LABEL_REPEATED if name in REPEATED else kinds.LABEL_OPTIONAL
            if of in FIELDS:
                field.type, field.type_name = kinds.TYPE_MESSAGE, f".{PACKAGE}.{of}"
            else:
                field.type = getattr(kinds, f"TYPE_{of.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool.FindMessageTypeByName(f"{PACKAGE}.PredictionLog")


PredictionLog = message_factory.GetMessageClass(_messages())


def write_requests(model, folder):
    """Writes a request of one row and one of eight for each signature, also `serving_default`.

    Args:
        model: a `GenerativeModel`.
        folder: `pathlib.Path` of its SavedModel.
    """
    endpoints = model.endpoints()
    endpoints["serving_default"] = endpoints["generate"]
    (folder / EXTRA).mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(folder / EXTRA / FILE)) as writer:
        for signature, (_, specs) in endpoints.items():
            for rows in ROWS:
                inputs = dict(zip([s.name for s in specs], examples(model, specs, rows), strict=True))
                writer.write(request(signature, inputs).SerializeToString())


def request(signature, inputs):
    """A `PredictionLog` that asks a signature.

    Args:
        signature: its name.
        inputs: dict, name -> array.
    """
    log = PredictionLog()
    asked = log.predict_log.request
    asked.model_spec.signature_name = signature
    for key, values in sorted(inputs.items()):
        asked.inputs.add(key=key, value=tf.make_tensor_proto(values).SerializeToString())
    return log


def read_requests(folder):
    """The requests that are kept with a SavedModel: list of (signature, dict of input -> array)."""
    found = []
    for record in tf.data.TFRecordDataset(str(folder / EXTRA / FILE)):
        asked = PredictionLog.FromString(record.numpy()).predict_log.request
        inputs = {
            each.key: tf.make_ndarray(tensor_pb2.TensorProto.FromString(each.value)) for each in asked.inputs
        }
        found.append((asked.model_spec.signature_name, inputs))
    return found
