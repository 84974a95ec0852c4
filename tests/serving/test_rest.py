import base64
import io
import json
import re
import socket

import numpy as np
import PIL.Image
import pytest
import soundfile

from keras_gen.media import read_origin

from .conftest import RATE, TOKEN


def test_rows_and_columns_are_answered_as_they_were_asked(client):
    rows, columns = {"instances": [[1, 2], [0.1, -4e3]]}, {"inputs": [[1, 2], [0.1, -4e3]]}
    assert client.predict(rows).told == {"predictions": [[2.0, 4.0], [0.2, -8000.0]]}
    answer = client.predict(columns)
    assert answer.told == {"outputs": [[2.0, 4.0], [0.2, -8000.0]]}  # 0.2, not what float64 makes of it
    assert answer.status == 200 and answer.headers["content-type"] == "application/json"
    assert client.predict({"inputs": {"x": [[1, 2]]}}).told == {"outputs": [[2.0, 4.0]]}
    assert client.predict({"instances": [{"x": [1, 2]}]}).told == {"predictions": [[2.0, 4.0]]}


def test_several_outputs_are_objects_and_bytes_are_base64(client):
    raw = {"b64": base64.b64encode(b"\xff\x00").decode()}
    row = {"number": 2**62, "text": "ä"}
    answer = client.predict({"signature_name": "both", "instances": [row, {"number": -1, "text": raw}]})
    assert answer.told["predictions"] == [
        {"next": 2**62 + 1, "raw_bytes": {"b64": "w6Q="}, "text": "ä"},
        {"next": 0, "raw_bytes": raw, "text": raw},  # which is no UTF-8
    ]
    columns = {"number": [5], "text": ["a"]}
    assert client.predict({"signature_name": "both", "inputs": columns}).told["outputs"] == {
        "next": [6],
        "raw_bytes": [{"b64": "YQ=="}],
        "text": ["a"],
    }


def test_models_tell_their_states_and_signatures(client):
    available = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    for path in ("/v1/models/tiny", "/v1/models/tiny/versions/1", "/V1/MODELS/tiny"):
        assert client.ask("GET", path).told == {"model_version_status": [available]}
    told = client.ask("GET", "/v1/models/tiny/versions/1/metadata").told
    assert told["model_spec"]["name"] == "tiny" and told["model_spec"]["version"] == "1"
    signatures = told["metadata"]["signature_def"]["signature_def"]
    assert signatures["both"]["inputs"]["number"]["dtype"] == "DT_INT64"
    assert signatures["both"]["inputs"]["number"]["tensor_shape"]["dim"] == [{"size": "-1", "name": ""}]


# Requests, and how TensorFlow Serving refuses them; tests of other kinds are below.
REFUSED = [
    ("", "JSON Parse error: The document is empty"),
    ("{", "JSON Parse error: .* at offset: 1"),
    ("\xff".encode("latin-1"), "JSON Parse error: 'utf-8'"),
    ("[1]", r"JSON Value: \[1\] Is not object"),
    ('{"instances": [NaN, 1]}', "JSON Parse error: NaN is no number here"),
    ('{"instances": [[-Infinity, 1]]}', "JSON Parse error: -Infinity is no number here"),
    ('{"instances": [[1e999, 1]]}', "Type: Number is not of expected type: float"),
    ('{"instances": [[1e39, 1]]}', "Type: Number is not of expected type: float"),
    ('{"instances": ' + "[" * 9999 + "]" * 9999 + "}", "JSON Parse error: lists are nested too deep"),
    ('{"instances": [[' + "9" * 5000 + ", 1]]}", "JSON Parse error: Exceeds the limit"),
    ({}, "Missing 'inputs' or 'instances' key"),
    ({"inputs": [[1, 2]], "instances": [[1, 2]]}, "expecting only one of 'inputs' or 'instances' keys to exist"),
    ({"instances": 1}, "Expecting 'instances' to be an list/array"),
    ({"instances": []}, "No values in 'instances' array"),
    ({"inputs": []}, r"input x must have shape \[\?,2\], not \[0\]"),
    ({"instances": [[1, 2]], "signature_name": 3}, "'signature_name' key must be a string value"),
    ({"instances": [[1, 2]], "signature_name": "no"}, 'Serving signature name: "no" not found in signature def'),
    ({"instances": [["1", 2]]}, 'Failed to process element: 0 of .* JSON Value: "1" Type: String is not of expected type: float'),
    ({"instances": [[True, 2]]}, "JSON Value: true Type: True is not of expected type: float"),
    ({"instances": [[None, 2]]}, "JSON Value: null Type: Null is not of expected type: float"),
    ({"instances": [[1, 2], [1]]}, r"Failed to process element: 1 of .* Expecting shape \[2\] but got: \[1\]"),
    ({"instances": [[[1, 2], [3]]]}, "Encountered list at unexpected size: 1 at level: 1 expected size: 2"),
    ({"instances": [[1, [2]]]}, "Encountered list at unexpected level: 1 expected < 1"),
    ({"instances": [[[1], 2]]}, "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2"),
    ({"instances": [[1, 2, 3]]}, r"input x must have shape \[\?,2\], not \[1,3\]"),
    ({"instances": [[1, 2], {"x": [1, 2]}]}, "Expecting value/list but got object at item 1 of input list"),
    ({"instances": [{"x": [1, 2]}, [1, 2]]}, "Expecting object but got list at item 1 of input list"),
    ({"instances": [{"z": [1, 2]}]}, "JSON object: does not have named input: z"),
    ({"instances": [{}]}, "keys must be equal to: x"),
    ({"inputs": {"z": [[1, 2]]}}, "Missing named input: x in 'inputs' object."),
    ({"instances": [[1, 2]] * 9}, "A request has 1 to 8 rows, not 9"),
    ({"instances": [1], "signature_name": "both"}, "instances is a plain list, but expecting list of objects"),
    ({"inputs": [1], "signature_name": "both"}, "inputs is a plain value/list, but expecting an object"),
    ({"instances": [{"number": 1.5, "text": "a"}], "signature_name": "both"}, "key: number of .* JSON Value: 1.5 Type: Number is not of expected type: int64"),
    ({"instances": [{"number": 2**63, "text": "a"}], "signature_name": "both"}, "is not of expected type: int64"),
    ({"instances": [{"number": 1, "text": {"b": 1}}], "signature_name": "both"}, "not formatted correctly for base64 data"),
    ({"instances": [{"number": 1, "text": {"b64": "?"}}], "signature_name": "both"}, "Unable to base64 decode"),
    ({"instances": [{"number": 1, "text": "\ud800"}], "signature_name": "both"}, "half of a surrogate pair"),
    ({"inputs": {"number": [1, 2], "text": ["a"]}, "signature_name": "both"}, r"number and text must have equally many rows, not \[2, 1\]"),
    ({"instances": [[[[256, 0, 0]]]], "signature_name": "negative"}, "JSON Value: 256 Type: Number is not of expected type: uint8"),
    ({"instances": [{"b64": "aGk="}], "signature_name": "negative"}, "The image could not be read"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "message"), REFUSED)
def test_wrong_requests_are_refused_in_words(client, body, message):
    answer = client.predict(body)
    assert answer.status == 400
    assert [*answer.told] == ["error"]
    assert re.search(message, answer.told["error"], re.DOTALL), answer.told["error"]


def test_what_is_not_there_is_not_found(client):
    for method, path, status, message in (
        ("GET", "/v1/models/none", 404, "Could not find any versions of model none"),
        ("GET", "/v1/models/tiny/versions/2", 404, "Could not find version 2 of model tiny"),
        ("GET", "/v1/models/none/metadata", 404, "Servable not found for request: Latest(none)"),
        (
            "POST",
            "/v1/models/tiny/versions/2:predict",
            404,
            "Servable not found for request: Specific(tiny, 2)",
        ),
        ("POST", "/v1/models/tiny/labels/x:predict", 400, "Unrecognized servable version label: x"),
        ("POST", f"/v1/models/tiny/versions/{10**30}:predict", 400, "to numeric."),
        ("POST", "/v1/models/..%2F..%2Fetc:predict", 404, "Latest(../../etc)"),
        ("POST", "/v1/models/../../etc/passwd:predict", 400, "Malformed request: POST"),
        ("POST", "/v1/models/tiny:explain", 400, "Malformed request: POST /v1/models/tiny:explain"),
        ("GET", "/v1/models/tiny:predict", 400, "Malformed request: GET"),
        ("DELETE", "/v1/models/tiny", 400, "Malformed request: DELETE"),
        ("POST", "/v1/models/tiny:classify", 400, "Expected classification signature method_name"),
        ("GET", "/", 404, "Malformed request: GET /"),
    ):
        answer = client.ask(method, path, "{}")
        assert (answer.status, message in answer.told["error"]) == (status, True), answer.body


def test_images_go_in_and_come_out_as_files(client, picture, tmp_path):
    def file_of(array):
        file = io.BytesIO()
        PIL.Image.fromarray(array).save(file, "PNG")
        return {"b64": base64.b64encode(file.getvalue()).decode()}

    body = {"signature_name": "negative", "instances": [file_of(picture), file_of(picture[::-1])]}
    lists = client.predict(body).told["predictions"]
    np.testing.assert_array_equal(lists, [255 - picture, 255 - picture[::-1]])
    first = client.predict(body, Accept="image/png")
    assert first.headers["content-type"] == "image/png"
    np.testing.assert_array_equal(np.asarray(PIL.Image.open(io.BytesIO(first.body))), 255 - picture)
    (tmp_path / "image.png").write_bytes(first.body)
    origin = read_origin(tmp_path / "image.png")
    assert (origin.system, origin.version, origin.is_synthetic) == ("tiny", "version 1", True)
    each = client.predict(body, Accept="application/json;media=png").told["predictions"]
    second = PIL.Image.open(io.BytesIO(base64.b64decode(each[1]["b64"])))
    np.testing.assert_array_equal(np.asarray(second), 255 - picture[::-1])

    other = {"signature_name": "negative", "instances": [file_of(picture), file_of(picture[1:])]}
    assert "must have one size" in client.predict(other).told["error"]
    bomb = file_of(np.zeros((100, 100, 3), np.uint8))
    assert len(bomb["b64"]) < 500
    answer = client.predict({"signature_name": "negative", "instances": [bomb]})
    assert answer.status == 413 and "100 x 100 pixels" in answer.told["error"]
    assert client.predict({"instances": [[1, 2]]}, Accept="image/png").status == 406


def test_recordings_go_in_and_come_out_as_files(client, tmp_path):
    tone = np.sin(np.arange(800) * (2 * np.pi * 100 / RATE)).astype("float32") / 2

    def file_of(waveform, rate):
        file = io.BytesIO()
        soundfile.write(file, waveform, rate, "FLOAT", format="WAV")
        return {"b64": base64.b64encode(file.getvalue()).decode()}

    body = {"signature_name": "softer", "instances": [file_of(tone, RATE)]}
    (found,) = client.predict(body).told["predictions"]
    np.testing.assert_array_equal(np.array(found, "float32"), tone / 2)
    quick = file_of(np.stack([tone, np.zeros_like(tone)], axis=1), 2 * RATE)  # in stereo, at another rate
    (found,) = client.predict(body | {"instances": [quick]}).told["predictions"]
    np.testing.assert_allclose(found[50:-50], tone[::2][50:-50] / 4, atol=1e-3)
    (tmp_path / "sound.wav").write_bytes(client.predict(body, Accept="audio/wav").body)
    heard, rate = soundfile.read(tmp_path / "sound.wav")
    np.testing.assert_allclose(heard, tone / 2, atol=2**-15)
    assert rate == RATE and read_origin(tmp_path / "sound.wav").system == "tiny"
    long = file_of(np.zeros(7000, "int16"), 2 * RATE)
    bomb = io.BytesIO()
    soundfile.write(bomb, np.zeros(10**6), RATE, format="FLAC")
    bomb = {"b64": base64.b64encode(bomb.getvalue()).decode()}
    for file in (long, bomb):
        answer = client.predict(body | {"instances": [file]})
        assert answer.status == 413, answer.body


def test_whoever_has_no_token_is_told_nothing(client):
    for path in ("/v1/models/tiny", "/metrics", "/v1/models/none"):
        for token in (None, "other", "secret"):
            answer = client.ask("GET", path, token=token)
            assert answer.status == 401 and answer.headers["www-authenticate"] == "Bearer"
    assert client.ask("GET", "/healthz", token=None).status == 200
    assert client.ask("GET", "/readyz", token=None).status == 200


def test_metrics_count_requests_and_rows(client):
    client.predict({"instances": [[1, 2]] * 3})
    client.ask("GET", "/v1/models/hostile")
    for path in ("/metrics", "/monitoring/prometheus/metrics"):
        page = client.ask("GET", path).body.decode()
        assert 'keras_gen_requests_total{code="200",entrypoint="REST",model="tiny"}' in page
        assert 'keras_gen_batch_rows_count{model="tiny",signature="serving_default"}' in page
        assert 'keras_gen_versions{model="tiny"} 1.0' in page
        assert "process_resident_memory_bytes" in page and "hostile" not in page


def test_bodies_are_read_as_far_as_the_limit(client):
    assert client.predict(" " * 30_000).status == 413
    chunks = (b"[" * 1000 for _ in range(10**6))  # a gigabyte, of which no more than the limit is taken
    try:
        assert client.predict(chunks).status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass  # closed before the answer was read
    answer = client.predict(b"\x1f\x8b", **{"Content-Encoding": "gzip"})
    assert answer.status == 415 and "send the body as it is" in answer.told["error"]


def raw(client, sent, amount=65536):
    """What a connection gives until it is closed."""
    with socket.create_connection(client.address, timeout=20) as connection:
        connection.sendall(sent)
        found = b""
        while part := connection.recv(amount):
            found += part
        return found


def test_slow_and_broken_clients_are_let_go(client):
    head = f"POST /v1/models/tiny:predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    assert b" 400 " in raw(client, b"no http\r\n\r\n")
    assert b" 400 " in raw(client, b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 100_000)
    assert b" 408 " in raw(client, f"{head}Content-Length: 100\r\n\r\n[1".encode())
    for unfinished in (b"", b"GET /v1/models/tiny HTTP/1.1\r\n"):
        try:
            assert raw(client, unfinished) == b""
        except ConnectionResetError:
            pass
    assert client.predict({"instances": [[1, 2]]}).status == 200


def test_too_many_connections_are_closed(client):
    held = [socket.create_connection(client.address) for _ in range(20)]
    try:
        with pytest.raises((ConnectionError, OSError)):
            client.ask("GET", "/healthz")
    finally:
        for connection in held:
            connection.close()
    # The server sees them close one after the other.
    for _ in range(1000):
        try:
            if client.ask("GET", "/healthz").status == 200:
                break
        except (ConnectionError, OSError):
            continue
    else:
        raise AssertionError("the server does not recover")


def test_answers_are_json_of_the_outputs_bits(client):
    values = np.random.default_rng(0).normal(size=(8, 2)).astype("float32")
    told = client.predict({"inputs": values.tolist()}).body
    np.testing.assert_array_equal(np.array(json.loads(told)["outputs"], "float32"), 2 * values)
