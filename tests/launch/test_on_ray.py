"""Ray runs what `keras-gen train` and `tune` do, also when workers are lost."""

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

pytest.importorskip("ray", reason="Ray is not in the extra test: pip install keras_gen[ray]")
pytestmark = pytest.mark.slow

TRAIN = ["train", "digits-gan", "--set", "width=8", "--set", "batch_size=32", "--set", "steps_per_epoch=30"]
TRAIN += ["--epochs", "4", "--no-score", "--output"]
TUNE = ["tune", "digits-vae", "--tuner", "random", "--trials", "1", "--epochs", "2", "--no-retrain"]
TUNE += ["--set", "width=8", "--set", "network=mlp", "--set", "steps_per_epoch=20", "--set", "nll_samples=2"]
TUNE += ["--set", "num_scored=100", "--output"]
PATIENCE = 900  # seconds, so that a machine with much else to do is no failure


# A cluster of this machine that is as small as can be.
CLUSTER = """
import ray
ray.init(
    num_cpus=2, object_store_memory=80_000_000, include_dashboard=False, log_to_driver=False, logging_level="error"
)
from keras_gen.cli import main
main()
"""


def start(workers, *command):
    return subprocess.Popen(
        [sys.executable, "-c", CLUSTER, "launch", "ray", "--workers", *map(str, (workers, *command))],
        # Ray's workers are nice, and on a busy machine starve.
        env=os.environ | {"TF_NUM_INTRAOP_THREADS": "1", "RAY_ADDRESS": "", "RAY_worker_niceness": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(found, process):
    deadline = time.monotonic() + PATIENCE
    while not found():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()[0]
        time.sleep(0.05)


def commands(output):
    """The processes of the kit that work in a folder, by their number, and the actor that started each."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            variables = dict(
                each.partition(b"=")[::2] for each in (process / "environ").read_bytes().split(b"\0")
            )
        except OSError:
            continue
        if b"keras_gen" in words and str(output).encode() in words:
            task = json.loads(variables.get(b"TF_CONFIG", b"{}")).get("task", {}).get("index")
            name = variables.get(b"KERASTUNER_TUNER_ID", b"").decode()
            found[task if task is not None else name] = (int(process.name), parent)
    return found


def test_a_training_that_is_stopped_and_loses_a_worker_ends_as_one_that_was_left_alone_without_ray(
    tmp_path,
):
    straight, on_ray = tmp_path / "straight", tmp_path / "on_ray"
    training = start(2, *TRAIN, on_ray)
    wait_for(lambda: list(on_ray.glob("checkpoints/0*.keras")), training)
    training.send_signal(signal.SIGTERM)
    said = training.communicate(timeout=PATIENCE)[0]
    assert training.returncode == 143 and "the same command goes on from" in said, said
    left = {path.name for path in on_ray.glob("checkpoints/0*.keras")}

    training = start(2, *TRAIN, on_ray)
    wait_for(lambda: {path.name for path in on_ray.glob("checkpoints/0*.keras")} - left, training)
    _, actor = commands(on_ray)[1]
    os.kill(actor, signal.SIGKILL)
    said = training.communicate(timeout=PATIENCE)[0]
    assert training.returncode == 0, said
    assert "A worker is lost: all are started again" in said and said.count("Going on after") == 2
    assert not commands(on_ray)

    subprocess.run(
        [sys.executable, "-m", "keras_gen", *TRAIN, straight, "--workers", "2"],
        env=os.environ | {"TF_NUM_INTRAOP_THREADS": "1"},
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    models = [load_model(run / "model.keras") for run in (straight, on_ray)]
    for a, b in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (straight / "history.csv").read_text() == (on_ray / "history.csv").read_text()


def test_a_search_replaces_a_worker_that_is_killed(tmp_path):
    output = tmp_path / "tuned"
    search = start(1, *TUNE, output)
    wait_for(lambda: list(output.glob("trials/*/execution0/checkpoints/0*.keras")), search)
    os.kill(commands(output)["tuner0"][0], signal.SIGKILL)
    said = search.communicate(timeout=PATIENCE)[0]
    assert search.returncode == 0, said
    assert "Worker 1 is lost, and is started again" in said and "Best trials" in said
    (trial,) = output.glob("trials/*/trial.json")
    assert json.loads(trial.read_text())["status"] == "COMPLETED"


def test_a_mistake_is_told_once(tmp_path):
    training = start(2, *TRAIN, tmp_path / "run", "--set", "batch_size=33")
    said = training.communicate(timeout=PATIENCE)[0]
    assert training.returncode == 2 and said.count("cannot be divided among 2 replicas") == 1, said
