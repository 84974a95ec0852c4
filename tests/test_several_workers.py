"""Workers in processes of their own, which find each other on this machine."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from keras_gen.models import load_model
from keras_gen.runs.processes import free_ports

pytestmark = pytest.mark.slow

TESTS = Path(__file__).parent
TRAIN = ["digits-gan", "--set", "width=8", "--set", "batch_size=32", "--set", "steps_per_epoch=40"]
EPOCHS = 6
PATIENCE = 300  # seconds, so that a machine with much else to do is no failure


def start(*command, **environment):
    return subprocess.Popen(
        [sys.executable, *map(str, command)],
        env={**os.environ, "TF_NUM_INTRAOP_THREADS": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for_a_checkpoint(training, run):
    deadline = time.monotonic() + PATIENCE
    while not list(run.glob("checkpoints/0*.keras")):
        assert training.poll() is None and time.monotonic() < deadline, training.communicate()[0]
        time.sleep(0.05)


def test_workers_end_with_the_same_weights(tmp_path):
    num = 3
    addresses = [f"127.0.0.1:{port}" for port in free_ports(num)]
    workers = []
    for index in range(num):
        config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        path = tmp_path / f"{index}.npz"
        workers.append(start(TESTS / "one_worker.py", path, TF_CONFIG=json.dumps(config)))
    said = [worker.communicate(timeout=PATIENCE)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * num, said
    ends = [np.load(tmp_path / f"{index}.npz") for index in range(num)]
    assert [bool(end["chief"]) for end in ends] == [True] + [False] * (num - 1)
    for name in ends[0].files:
        if name not in ("chief", "read"):
            for end in ends[1:]:
                np.testing.assert_array_equal(end[name], ends[0][name], name)
    assert ends[0]["GAN greatest"] == 8
    assert any("augment" in name or "probability" in name for name in ends[0].files)
    # What each reads of a batch is its own: together it is the batch, nothing twice.
    for batch in zip(*(end["read"] for end in ends), strict=True):
        rows = np.concatenate(batch).reshape(12, -1)
        assert len(np.unique(rows, axis=0)) == 12


def test_workers_are_stopped_and_go_on_by_one_command(tmp_path, run_cli):
    run = tmp_path / "run"
    command = ["-m", "keras_gen", "train", *TRAIN, "--workers", 2, "--output", run, "--epochs", EPOCHS]
    training = start(*command)
    wait_for_a_checkpoint(training, run)
    training.send_signal(signal.SIGTERM)
    said = training.communicate(timeout=PATIENCE)[0]
    assert training.returncode == 143, said
    assert "the same command goes on" in said and "failed" not in said
    stopped_at = max(int(path.stem) for path in run.glob("checkpoints/*.keras"))
    assert stopped_at < EPOCHS * 40 * 32

    code, said = run_cli("train", *TRAIN, "--output", run, "--epochs", EPOCHS)
    assert code == 2 and "was begun by 2 replica(s), which 1 cannot go on from exactly" in said

    again = start(*command)
    said = again.communicate(timeout=PATIENCE)[0]
    assert again.returncode == 0, said
    assert f"Going on after {stopped_at:,} examples" in said

    command[command.index(run)] = tmp_path / "straight"
    straight = start(*command)
    assert straight.communicate(timeout=PATIENCE)[0] and straight.returncode == 0
    models = [load_model(tmp_path / name / "model.keras") for name in ("run", "straight")]
    assert models[0].examples_seen.numpy() == EPOCHS * 40 * 32
    for a, b in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (run / "history.csv").read_text() == (tmp_path / "straight" / "history.csv").read_text()


def test_where_a_worker_is_lost_the_others_are_ended(tmp_path):
    run = tmp_path / "run"
    training = start("-m", "keras_gen", "train", *TRAIN, "--workers", 2, "--output", run, "--epochs", 500)
    wait_for_a_checkpoint(training, run)
    children = Path(f"/proc/{training.pid}/task/{training.pid}/children").read_text().split()
    os.kill(int(children[1]), signal.SIGKILL)
    said = training.communicate(timeout=PATIENCE)[0]
    assert training.returncode == 137, said
    assert "Worker 1 failed: see" in said
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_a_mistake_is_told_once(tmp_path, run_cli):
    run = tmp_path / "run"
    code, said = run_cli("train", *TRAIN, "--workers", 2, "--strategy", "mirrored")
    assert code == 2 and "strategy multiworker, not mirrored" in said

    training = start(
        "-m", "keras_gen", "train", *TRAIN, "--set", "batch_size=33", "--workers", 2, "--output", run
    )
    said = training.communicate(timeout=PATIENCE)[0]
    assert training.returncode == 2
    assert "A batch of 33 cannot be divided among 2 replicas: take a multiple of 2" in " ".join(said.split())
    assert not list(run.glob("checkpoints/*"))
