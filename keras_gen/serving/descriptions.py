"""What a server tells of its models, as messages of TensorFlow Serving."""

from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

DEFINITIONS = "signature_def"  # the one field of metadata that TensorFlow Serving has
UNKNOWN = 2  # code of an error


def metadata(version):
    """`GetModelMetadataResponse` of a `Version`, and the `SignatureDefMap` that is packed in it."""
    told = get_model_metadata_pb2.GetModelMetadataResponse()
    told.model_spec.name, told.model_spec.version.value = version.name, version.number
    signatures = get_model_metadata_pb2.SignatureDefMap(signature_def=version.definitions)
    told.metadata[DEFINITIONS].Pack(signatures)
    return told, signatures


def status(states):
    """`GetModelStatusResponse` of what `Models.states` gives."""
    told = get_model_status_pb2.GetModelStatusResponse()
    for number, state, wrong in states:
        told.model_version_status.add(
            version=number,
            state=state,
            status={"error_code": UNKNOWN if wrong else 0, "error_message": wrong},
        )
    return told
