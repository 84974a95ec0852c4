"""The page over HTTP, by the client of its library."""

import threading
import urllib.error
import urllib.request

import pytest

from keras_gen.demo import demo
from keras_gen.demo.models import IN_TURN
from keras_gen.demo.server import Settings
from keras_gen.errors import InputError
from keras_gen.media import read_origin

pytest.importorskip("gradio")
gradio_client = pytest.importorskip("gradio_client")

MOST = 20_000  # bytes of a file


@pytest.fixture(scope="module")
def address(spoken):
    started, found, failures = threading.Event(), [], []

    def run():
        try:
            settings = Settings(port=0, max_bytes=MOST, max_seconds=1.0)
            demo(spoken.folder, settings, lambda *running: (found.extend(running), started.set()))
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            started.set()

    thread = threading.Thread(target=run)
    thread.start()
    started.wait()
    assert not failures
    yield found[0]
    found[1]()
    thread.join(20)
    assert not thread.is_alive() and not failures


def test_a_visitor_draws_sends_and_is_refused_without_a_traceback(address, tmp_path, capfd):
    client = gradio_client.Client(address, verbose=False, download_files=str(tmp_path))
    players = client.predict(3, 2, 7, IN_TURN, 1.0, api_name="/draw")
    path = players[0]["value"]
    assert read_origin(path).system.startswith("fsdd-vae (keras_gen")
    sent = gradio_client.handle_file(path)
    walked = client.predict(sent, sent, 2, 7, 0, 7, 0, api_name="/walk")
    assert read_origin(walked[1]["value"]).is_synthetic and not walked[2]["visible"]

    (tmp_path / "words.wav").write_text("no sound")
    words = gradio_client.handle_file(str(tmp_path / "words.wav"))
    for ask, told in (
        (lambda: client.predict(words, sent, 2, 7, 0, 7, 0, api_name="/walk"), "could not be read"),
        (lambda: client.predict(3, 99, 7, 0, 1.0, api_name="/draw"), "greater than maximum value 12"),
        (lambda: client.predict(3, "many", 7, 0, 1.0, api_name="/draw"), "Recordings cannot be .*many"),
        (lambda: client.predict(3, 2, 77, 0, 1.0, api_name="/draw"), "not in the list of choices"),
    ):
        with pytest.raises(gradio_client.exceptions.AppError, match=told):
            ask()
    assert "Traceback" not in capfd.readouterr().err


def test_a_file_that_is_too_large_is_refused(address):
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.wav"\r\n\r\n'
    for size, code in ((MOST // 2, 200), (MOST + 1, 413)):
        asked = urllib.request.Request(
            f"{address}/gradio_api/upload",
            head + bytes(size) + b"\r\n--x--\r\n",
            {"Content-Type": "multipart/form-data; boundary=x"},
        )
        try:
            with urllib.request.urlopen(asked) as answer:
                found = answer.status
        except urllib.error.HTTPError as error:
            found = error.code
        assert found == code


def test_the_page_says_that_it_is_synthetic_and_loads_nothing_from_elsewhere(address):
    with urllib.request.urlopen(address) as answer:
        text, policy = answer.read().decode(), answer.headers["Content-Security-Policy"]
    assert "that this page makes is **synthetic**, made by fsdd-vae (keras_gen" in text
    assert policy.startswith("default-src 'self'") and "http" not in policy
    assert '"analytics_enabled":false' in text.replace(" ", "")


def test_settings_and_ports_are_checked(address, tmp_path):
    for wrong in ({"port": 1 << 16}, {"max_bytes": 0}, {"max_seconds": float("nan")}):
        with pytest.raises(InputError, match="must be"):
            Settings(**wrong)
    with pytest.raises(InputError, match="cannot be had"):
        demo(tmp_path, Settings(port=int(address.rpartition(":")[2])))
