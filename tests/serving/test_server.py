import concurrent.futures
import gc
import io
import shutil
import threading
import weakref

import grpc
import numpy as np
import PIL.Image
import pytest
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from keras_gen.media import read_origin
from keras_gen.serving.signatures import WARMUP

from .conftest import TOKEN, serving, write_tiny

AUTHORIZATION = [("authorization", f"Bearer {TOKEN}")]


def channel(client):
    return grpc.insecure_channel(f"127.0.0.1:{client.running.grpc_port}")


def request(name="tiny", signature="", version=None, version_label="", **inputs):
    asked = predict_pb2.PredictRequest()
    asked.model_spec.name, asked.model_spec.signature_name = name, signature
    if version is not None:
        asked.model_spec.version.value = version
    if version_label:
        asked.model_spec.version_label = version_label
    for key, values in inputs.items():
        asked.inputs[key].CopyFrom(tf.make_tensor_proto(values))
    return asked


@pytest.fixture(scope="module")
def stub(client):
    with channel(client) as opened:
        ask = prediction_service_pb2_grpc.PredictionServiceStub(opened).Predict
        yield lambda *args, **inputs: ask(request(*args, **inputs), 20, metadata=AUTHORIZATION)


def refusal(call, *args, **kwargs):
    with pytest.raises(grpc.RpcError) as error:
        call(*args, **kwargs)
    return error.value.code().name, error.value.details()


def test_the_official_client_gets_the_bits_that_http_gives(small_gan, tmp_path):
    provenance = {"recipe": "tests-gan", "versions": {"keras_gen": "1.2"}, "model": "sha256:f00d"}
    small_gan(num_classes=3).export(tmp_path / "gan" / "1", provenance=provenance)
    seed, label = np.array([5, -(2**60), 7]), np.array([0, 2, 1], "int32")
    with serving(tmp_path) as client, channel(client) as opened:
        ask = prediction_service_pb2_grpc.PredictionServiceStub(opened).Predict
        told = ask(request("gan", seed=seed, label=label), 20, metadata=AUTHORIZATION)
        assert told.model_spec.version.value == 1 and told.model_spec.signature_name == "serving_default"
        images = tf.make_ndarray(told.outputs["images"])
        rows = [{"seed": int(s), "label": int(c)} for s, c in zip(seed, label, strict=True)]
        lists = client.predict({"instances": rows}, "gan").told["predictions"]
        np.testing.assert_array_equal(np.array(lists, "uint8"), images)
        inputs = {"images": images, "label": label}
        logits = ask(request("gan", "discriminate", **inputs), 20, metadata=AUTHORIZATION).outputs["logits"]
        columns = {key: values.tolist() for key, values in inputs.items()}
        told = client.predict({"signature_name": "discriminate", "inputs": columns}, "gan").told["outputs"]
        np.testing.assert_array_equal(np.array(told, "float32"), tf.make_ndarray(logits))

        wrong = {"instances": [rows[0], rows[0] | {"label": 9}]}
        answer = client.predict(wrong, "gan")
        assert (answer.status, answer.told["error"]) == (
            400,
            "label must be whole numbers from 0 to 2, not 9.",
        )
        bad = request("gan", seed=seed[:1], label=np.array([9], "int32"))
        assert refusal(ask, bad, 20, metadata=AUTHORIZATION) == ("INVALID_ARGUMENT", answer.told["error"])

        picture = client.predict({"instances": rows}, "gan", Accept="image/png").body
        np.testing.assert_array_equal(np.asarray(PIL.Image.open(io.BytesIO(picture))), images[0, :, :, 0])
        (tmp_path / "image.png").write_bytes(picture)
        origin = read_origin(tmp_path / "image.png")
        assert (origin.system, origin.version) == ("tests-gan (keras_gen 1.2)", "sha256:f00d")


def test_calls_are_refused_as_by_tensorflow_serving(client, stub):
    good = np.ones((1, 2), "float32")
    for (args, inputs), (code, message) in (
        ((("none",), {"x": good}), ("NOT_FOUND", "Servable not found for request: Latest(none)")),
        ((("tiny", "", 7), {"x": good}), ("NOT_FOUND", "Specific(tiny, 7)")),
        ((("tiny", "", None, "old"), {"x": good}), ("INVALID_ARGUMENT", "Unrecognized servable version label: old")),
        ((("tiny", "no"), {"x": good}), ("FAILED_PRECONDITION", 'Serving signature key "no" not found.')),
        ((("tiny",), {"z": good}), ("INVALID_ARGUMENT", "Sent extra: {z}. Missing but required: {x}.")),
        ((("tiny",), {"x": [[1, 2]]}), ("INVALID_ARGUMENT", "input x must be float32, not int32")),
        ((("tiny",), {"x": good[0]}), ("INVALID_ARGUMENT", "input x must have shape [?,2], not [2]")),
        ((("tiny",), {"x": np.ones((9, 2), "float32")}), ("INVALID_ARGUMENT", "1 to 8 rows, not 9")),
        ((("tiny",), {"x": np.ones((9000, 2), "float32")}), ("RESOURCE_EXHAUSTED", "")),
    ):  # fmt: skip
        found = refusal(stub, *args, **inputs)
        assert found[0] == code and message in found[1]


def test_claims_of_a_tensor_are_not_believed(client):
    with channel(client) as opened:
        ask = prediction_service_pb2_grpc.PredictionServiceStub(opened).Predict
        for shape, values, wanted in (
            ([10**9, 2], {"float_val": [1.0]}, "holds more than"),
            ([-1, 2], {"float_val": [1.0]}, "known dimensions"),
            ([1] * 9, {"float_val": [1.0]}, "known dimensions"),
            ([1, 2], {"tensor_content": b"123"}, "contradicts itself"),
            ([1, 2], {"float_val": [1.0] * 3}, "contradicts itself"),
            ([0, 2], {}, "1 to 8 rows, not 0"),
        ):
            asked = request()
            asked.inputs["x"].CopyFrom(TensorProto(dtype=1, **values))
            for side in shape:
                asked.inputs["x"].tensor_shape.dim.add(size=side)
            code, told = refusal(ask, asked, 20, metadata=AUTHORIZATION)
            assert code == "INVALID_ARGUMENT" and wanted in told


def test_messages_are_not_decompressed(client):
    with channel(client) as opened:
        ask = prediction_service_pb2_grpc.PredictionServiceStub(opened).Predict
        bomb = request(x=np.zeros((100_000, 2), "float32"))
        gzip = grpc.Compression.Gzip
        assert refusal(ask, bomb, 20, metadata=AUTHORIZATION, compression=gzip)[0] == "UNIMPLEMENTED"


def test_outputs_metadata_and_states_are_told(client):
    with channel(client) as opened:
        predictions = prediction_service_pb2_grpc.PredictionServiceStub(opened)
        asked = request("tiny", "both", number=np.array([1]), text=np.array([b"a"]))
        asked.output_filter.append("next")
        assert [*predictions.Predict(asked, 20, metadata=AUTHORIZATION).outputs] == ["next"]
        asked.output_filter.append("none")
        assert (
            "alias not found in signature: none"
            in refusal(predictions.Predict, asked, 20, metadata=AUTHORIZATION)[1]
        )

        asked = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        asked.model_spec.name = "tiny"
        packed = predictions.GetModelMetadata(asked, 20, metadata=AUTHORIZATION).metadata["signature_def"]
        signatures = get_model_metadata_pb2.SignatureDefMap()
        assert packed.Unpack(signatures) and signatures.signature_def["both"].inputs["number"].dtype == 9

        asked = get_model_status_pb2.GetModelStatusRequest()
        asked.model_spec.name = "tiny"
        states = model_service_pb2_grpc.ModelServiceStub(opened).GetModelStatus(
            asked, 20, metadata=AUTHORIZATION
        )
        assert [(told.version, told.state) for told in states.model_version_status] == [(1, 30)]  # available

        for metadata in ([], [("authorization", "Bearer other")]):
            code, told = refusal(predictions.Predict, request(), 20, metadata=metadata)
            assert code == "UNAUTHENTICATED"


def test_a_new_version_takes_over_under_load_without_a_failure(tmp_path):
    first = write_tiny(tmp_path / "tiny" / "1")
    enough = threading.Event()
    with serving(tmp_path, batch_timeout=1.0) as client, channel(client) as opened:
        ask = prediction_service_pb2_grpc.PredictionServiceStub(opened).Predict

        def load_rest():
            found = []
            while not enough.is_set():
                found.append(client.predict({"instances": [[1, 2]]}).told)
            return found

        def load_grpc():
            versions = []
            while not enough.is_set():
                told = ask(request(x=np.ones((1, 2), "float32")), 20, metadata=AUTHORIZATION)
                versions.append(told.model_spec.version.value)
                if versions[-1] == 3:
                    enough.set()
            return versions

        old = weakref.ref(client.running.models.find("tiny"))
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            rest, calls = [pool.submit(load_rest) for _ in range(2)], pool.submit(load_grpc)
            half = tmp_path / "tiny" / "2"
            half.mkdir()
            shutil.copy(first / "saved_model.pb", half)  # and no more of it
            shutil.copytree(first, tmp_path / "copy")
            (tmp_path / "copy").rename(tmp_path / "tiny" / "3")
            versions = calls.result(60)
            answers = [answer for load in rest for answer in load.result(60)]
        assert versions[0] == 1 and versions[-1] == 3 and versions == sorted(versions) and 2 not in versions
        gc.collect()
        assert old() is None  # and its memory is free
        assert answers and all(answer == {"predictions": [[2.0, 4.0]]} for answer in answers)


def test_warm_up_requests_are_called_and_must_fit(tmp_path):
    from tensorflow_serving.apis import prediction_log_pb2

    def write(number, **inputs):
        path = write_tiny(tmp_path / "tiny" / str(number))
        log = prediction_log_pb2.PredictionLog()
        log.predict_log.request.CopyFrom(request(**inputs))
        with tf.io.TFRecordWriter(str(path / WARMUP)) as writer:
            writer.write(log.SerializeToString())

    write(1, x=np.ones((3, 2), "float32"))
    write(2, x=np.ones((3, 5), "float32"))
    with serving(tmp_path) as client:
        states = client.ask("GET", "/v1/models/tiny").told["model_version_status"]
        assert [told["state"] for told in states] == ["END", "AVAILABLE"]
        assert "refuses its own warm-up requests" in states[0]["status"]["error_message"]


def test_requests_in_flight_are_answered_before_the_end(models):
    with serving(models, batch_timeout=500.0) as client:
        version = client.running.models.find("tiny")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            asked = pool.submit(client.predict, {"instances": [[1, 2]]})
            while not version.signatures["serving_default"].waiting:
                pass
            client.running.stop()
            assert asked.result(20).told == {"predictions": [[2.0, 4.0]]}
        client.thread.join(20)
        assert not client.thread.is_alive()
        with pytest.raises(OSError):
            client.ask("GET", "/healthz")


def test_a_request_that_takes_too_long_is_told_so(models):
    with serving(models, batch_timeout=5000.0, timeout=0.2) as client, channel(client) as opened:
        assert client.predict({"instances": [[1, 2]]}).status == 504
        ask = prediction_service_pb2_grpc.PredictionServiceStub(opened).Predict
        asked = request(x=np.ones((1, 2), "float32"))
        code, told = refusal(ask, asked, 20, metadata=AUTHORIZATION)
        assert code == "DEADLINE_EXCEEDED" and "within 0.2 seconds" in told


def test_the_command_says_what_cannot_be_served(run_cli, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    assert run_cli("serve", "empty") == (
        2,
        "keras-gen: empty holds no exported model: keras-gen export RUN --to empty publishes one there.",
    )
    assert run_cli("serve", "none")[0] == 2
    assert "port must be from 0 to 65535" in run_cli("serve", "empty", "--port", "99999")[1]
    assert "none cannot be read" in run_cli("serve", "empty", "--token-file", "none")[1]
    monkeypatch.setenv("KERAS_GEN_TOKEN", "two words")
    assert "one word of ASCII" in run_cli("serve", "empty")[1]
