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

from keras_gen import datasets
from keras_gen.models import load_model
from keras_gen.runs.processes import free_ports

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


def newest_checkpoint(run):
    """Examples seen at the newest checkpoint of a run, 0 before there is one."""
    return max((int(path.stem) for path in run.glob("checkpoints/0*.keras")), default=0)


def wait_for_a_checkpoint(training, run):
    deadline = time.monotonic() + PATIENCE
    while not newest_checkpoint(run):
        assert training.poll() is None and time.monotonic() < deadline, training.communicate()[0]
        time.sleep(0.05)


def children_of(training):
    children = Path(f"/proc/{training.pid}/task/{training.pid}/children").read_text()
    return [int(child) for child in children.split()]


def assert_ended_alike(*runs):
    models = [load_model(run / "model.keras") for run in runs]
    assert models[0].examples_seen.numpy() == EPOCHS * 40 * 32
    for a, b in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(a, b)
    histories = [(run / "history.csv").read_text() for run in runs]
    assert histories[0] == histories[1]


@pytest.fixture
def in_memory_and_in_shards(tmp_path, monkeypatch):
    """Writes the same examples, in the same order, to an `.npz` and as a prepared set of several shards."""
    monkeypatch.setattr("keras_gen.datasets.preparation.shard_tasks.SHARD_BYTES", 1000)

    def write(**arrays):
        memory, shards = tmp_path / "images.npz", tmp_path / "set"
        np.savez(memory, **arrays)
        datasets.prepare(memory, shards)
        assert len(list(shards.glob("train-*.array_record"))) > 1
        return memory, shards

    return write


def digits():
    found = datasets.load("digits")
    arrays = {}
    for split in ("train", "val", "test"):
        arrays[f"x_{split}"], arrays[f"y_{split}"] = found.arrays(split)
    return arrays


def ends_of_workers(num, source, folder):
    """What each of some workers that train together on a source ends with."""
    folder.mkdir()
    addresses = [f"127.0.0.1:{port}" for port in free_ports(num)]
    workers = []
    for index in range(num):
        config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        path = folder / f"{index}.npz"
        workers.append(start(TESTS / "one_worker.py", source, path, TF_CONFIG=json.dumps(config)))
    said = [worker.communicate(timeout=PATIENCE)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * num, said
    return [np.load(folder / f"{index}.npz") for index in range(num)]


@pytest.mark.exhaustive
def test_workers_end_with_the_same_weights(tmp_path):
    num = 3
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8, 1), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", x_train=images[:48], x_val=images[48:54], x_test=images[54:])
    ends = ends_of_workers(num, tmp_path / "images.npz", tmp_path / "ends")
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


@pytest.mark.parametrize(
    "how",
    [pytest.param("killed", marks=pytest.mark.slow), pytest.param("stopped", marks=pytest.mark.exhaustive)],
)
def test_workers_interrupted_on_shards_end_as_those_left_alone_in_memory(
    how, tmp_path, run_cli, in_memory_and_in_shards
):
    memory, shards = in_memory_and_in_shards(**digits())
    straight, interrupted = tmp_path / "straight", tmp_path / "interrupted"
    command = ["-m", "keras_gen", "train", *TRAIN, "--workers", 2, "--epochs", EPOCHS, "--no-score"]
    on_shards = [*command, "--data", shards, "--output", interrupted]
    training = start(*on_shards)
    wait_for_a_checkpoint(training, interrupted)
    workers = children_of(training)
    assert len(workers) == 2
    if how == "stopped":
        training.send_signal(signal.SIGTERM)
    else:
        os.kill(workers[1], signal.SIGKILL)
    said = training.communicate(timeout=PATIENCE)[0]
    if how == "stopped":
        assert training.returncode == 143, said
        assert "the same command goes on" in said and "failed" not in said
    else:
        # Where a worker is lost, the others are ended.
        assert training.returncode == 137 and "Worker 1 failed: see" in said, said
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    assert not (interrupted / "model.keras").exists()
    seen = newest_checkpoint(interrupted)
    assert seen < EPOCHS * 40 * 32

    code, said = run_cli("train", *TRAIN, "--data", shards, "--output", interrupted, "--epochs", EPOCHS)
    assert code == 2 and "was begun by 2 replica(s), which 1 cannot go on from exactly" in said

    for last in (on_shards, [*command, "--data", memory, "--output", straight]):
        training = start(*last)
        said = training.communicate(timeout=PATIENCE)[0]
        assert training.returncode == 0, said
        assert (f"Going on after {seen:,} examples" in said) == (last == on_shards)
    assert_ended_alike(interrupted, straight)


@pytest.mark.slow
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
