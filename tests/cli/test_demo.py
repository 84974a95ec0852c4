"""`keras-gen demo` as its user meets it."""

import os
import signal
import subprocess
import sys

import pytest


def test_what_is_missing_is_told(run_cli, monkeypatch):
    monkeypatch.setitem(sys.modules, "gradio", None)
    code, printed = run_cli("demo", "nowhere")
    assert code == 2
    assert printed.endswith(
        'A demo page needs gradio, which is not installed: pip install "keras_gen[demo]".'
    )


@pytest.mark.slow
def test_ctrl_c_ends_it_in_order(small_gan, tmp_path):
    pytest.importorskip("gradio")
    small_gan().export(tmp_path / "gan" / "1")
    command = [sys.executable, "-c", "from keras_gen.cli import main; main()", "demo", "gan", "--port", "0"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ
    ) as process:
        line = next(line for line in process.stdout if "gan on http://127.0.0.1:" in line)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(30) == 0 and "Traceback" not in rest, line + rest
