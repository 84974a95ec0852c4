"""Workers end with the process that started them, and get its signals."""

import signal
import subprocess
import sys

import pytest

PARENT = """
import sys
from keras_gen.runs.processes import Workers
sys.executable = {shell!r}
workers = Workers(1, [], lambda index: {{}}, lambda index: None)
workers.start(0)
workers.wait(None)
"""
WORKER = """#!/bin/sh
exec {python!r} -c 'from keras_gen.runs import processes
processes.end_with_parent()
print("begun", flush=True)
import threading; threading.Event().wait()'
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_a_worker_ends_with_its_parent_however_that_ends(tmp_path, number):
    shell = tmp_path / "worker"
    shell.write_text(WORKER.format(python=sys.executable))
    shell.chmod(0o755)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(shell=str(shell))], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout.readline() == "begun\n"
    parent.send_signal(number)
    # The end of what the worker can write to is the end of the worker.
    assert parent.communicate(timeout=60)[0] == ""
    assert parent.returncode == -number
