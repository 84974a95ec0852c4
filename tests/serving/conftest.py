import contextlib
import http.client
import json
import threading

import numpy as np
import pytest
import tensorflow as tf

from keras_gen.serving import Settings, serve

TOKEN = "secret-of-the-tests"
RATE = 8000  # Hz, of the recordings of `tiny`


class Answer:
    """A status, headers and body of HTTP."""

    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def told(self):
        return json.loads(self.body)


class Client:
    """Asks a server over HTTP, with its token."""

    def __init__(self, running):
        self.running, self.address = running, ("127.0.0.1", running.port)

    def ask(self, method, path, body=None, token=TOKEN, **headers):
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        with contextlib.closing(connection):
            body = json.dumps(body) if isinstance(body, dict) else body
            connection.request(method, path, body, headers)
            return Answer(connection.getresponse())

    def predict(self, body, name="tiny", **headers):
        return self.ask("POST", f"/v1/models/{name}:predict", body, **headers)


@contextlib.contextmanager
def serving(folder, **settings):
    """A `Client` of a server in a thread, on free ports."""
    given = {"port": 0, "grpc_port": 0, "token": TOKEN, "poll": 0.05, **settings}
    started, found, failures = threading.Event(), [], []

    def run():
        try:
            serve(folder, Settings(**given), lambda running: (found.append(running), started.set()))
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            started.set()

    thread = threading.Thread(target=run)
    thread.start()
    started.wait()
    if failures:
        raise failures[0]
    client = Client(found[0])
    client.thread = thread
    try:
        yield client
    finally:
        found[0].stop()
        thread.join()


def write_tiny(path):
    """A SavedModel of small signatures, each with rows first."""
    module = tf.Module()
    module.weight = tf.Variable(2.0)

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
    def twice(x):
        return {"y": module.weight * x}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.int64, name="number"),
            tf.TensorSpec([None], tf.string, name="text"),
        ]
    )
    def both(number, text):
        return {"next": number + 1, "text": text, "raw_bytes": text}

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8, name="images")])
    def negative(images):
        return {"images": 255 - images}

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.float32, name="audio")])
    def softer(audio):
        return {"audio": audio / 2}

    signatures = {"serving_default": twice, "both": both, "negative": negative, "softer": softer}
    tf.saved_model.save(module, str(path), signatures=signatures)
    (path / "assets.extra").mkdir()
    (path / "assets.extra" / "config.json").write_text(json.dumps({"audio": {"rate": RATE}}))
    return path


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with the model `tiny`."""
    folder = tmp_path_factory.mktemp("models")
    write_tiny(folder / "tiny" / "1")
    return folder


@pytest.fixture(scope="module")
def client(models):
    with serving(models, max_rows=8, max_bytes=25_000, timeout=2.0, max_connections=20) as client:
        yield client


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)
