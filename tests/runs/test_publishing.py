"""A run on the hub: what is uploaded, and what is refused."""

import base64
import http.server
import json
import threading

import pytest

from keras_gen.errors import InputError
from keras_gen.runs.publishing import files_of
from keras_gen.runs.run import Run


@pytest.fixture
def hub(monkeypatch):
    """A server that speaks as the hub does: its repositories, name -> path -> bytes."""
    pytest.importorskip("huggingface_hub")
    repositories, tokens = {}, []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            tokens.append(self.headers["Authorization"])
            if self.path == "/api/repos/create":
                asked = json.loads(body)
                name = f"{asked.get('organization') or 'me'}/{asked['name']}"
                repositories[name] = {"private": asked.get("private") or asked.get("visibility") == "private"}
                return self._say({"url": f"http://{self.headers['Host']}/{name}", "id": name})
            if self.path == "/api/validate-yaml":
                return self._say({"errors": [], "warnings": []})
            owner, name, verb = self.path.split("/")[3:6]
            if verb == "preupload":
                paths = [each["path"] for each in json.loads(body)["files"]]
                modes = [{"path": path, "uploadMode": "regular", "shouldIgnore": False} for path in paths]
                return self._say({"files": modes})
            if owner == "forbidden":
                return self._say({"error": "You may not write here."}, 403)
            for line in body.splitlines():
                each = json.loads(line)
                if each["key"] == "file":
                    content = base64.b64decode(each["value"]["content"])
                    repositories[f"{owner}/{name}"][each["value"]["path"]] = content
            self._say(
                {"commitUrl": f"http://{self.headers['Host']}/{owner}/{name}/commit/1", "commitOid": "1"}
            )

        def _say(self, answer, code=200):
            body = json.dumps(answer).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
    monkeypatch.setenv("HF_ENDPOINT", address)
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    yield repositories, tokens
    server.shutdown()
    server.server_close()


@pytest.fixture
def run(tmp_path):
    """The folder of a scored run, whose model is never loaded."""
    for name, text in {
        "config.json": '{"recipe": "digits-gan", "data": "/home/me/secret"}',
        "model.keras": "weights",
        "metrics.json": '{"kid": 0.1}',
        "scores.json": "{}",
        "model_card.md": "---\nlicense: unknown\n---\n*What is it for?*\n",
        "report.html": "neighbors among training examples",
        "samples.png": "sheet",
        "reconstructions.png": "test examples",
        "savedmodel/saved_model.pb": "graph",
        "savedmodel/variables/variables.index": "index",
    }.items():
        path = tmp_path / "run" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Run(tmp_path / "run")


def test_a_run_is_uploaded_with_its_card_and_without_what_shows_the_data(run, hub, run_cli):
    repositories, tokens = hub
    code, printed = run_cli("publish", run.folder, "hf://me/digits", "--private")
    assert code == 0 and "Published: http://127.0.0.1" in printed
    assert "still asks you 1 questions" in " ".join(printed.split())
    found = dict(repositories["me/digits"])
    assert found.pop("private") is True and set(tokens) == {"Bearer hf_mine"}
    assert found == {there: here.read_bytes() for there, here in files_of(run).items()}
    assert found["README.md"] == run.card_file.read_bytes()
    assert not {"config.json", "report.html", "reconstructions.png"} & found.keys()


@pytest.mark.parametrize(
    "target, message",
    [
        ("digits", "digits is no place to publish to: give hf://USER/NAME"),
        ("hf://me/../you", "is no place to publish to"),
        ("hf://forbidden/digits", "hf://forbidden/digits cannot be published to: "),
    ],
)
def test_what_cannot_be_published_is_told_in_a_sentence(run, hub, run_cli, target, message):
    code, printed = run_cli("publish", run.folder, target)
    assert code == 2 and message in " ".join(printed.split()) and "Traceback" not in printed


def test_a_run_without_scores_is_not_published(run):
    run.card_file.unlink()
    with pytest.raises(InputError, match=r"has no model_card\.md: run keras-gen score .* first"):
        files_of(run)
