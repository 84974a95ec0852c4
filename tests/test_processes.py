"""What ends a process, and what ends with it."""

import signal
import subprocess
import sys

import pytest

from keras_gen import processes

PARENT = """
import os, sys
from keras_gen import processes
sys.executable = {shell!r}
processes.start_worker([], 2, {{}}, None).wait()
"""
WORKER = """#!/bin/sh
exec {python!r} -c 'from keras_gen import processes
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


def test_a_signal_that_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with processes.on_stop(processes.exit_on_stop):
            signal.raise_signal(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
            with pytest.raises(SystemExit) as end:
                signal.raise_signal(signal.SIGTERM)
            assert end.value.code == 143
            assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL  # the next one is not waited for
    finally:
        signal.signal(signal.SIGHUP, before)
    assert signal.getsignal(signal.SIGTERM) != processes.exit_on_stop
