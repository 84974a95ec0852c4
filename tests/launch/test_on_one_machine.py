"""What launchers write runs, with an engine's variables and a stand-in for its programs on this machine."""

import os
import signal
import subprocess
import sys
import time

import pytest
import yaml
from slurm_programs import install

from keras_gen.runs.processes import free_ports

pytestmark = pytest.mark.slow

SHORT = ["--set", "width=8", "--set", "batch_size=32", "--set", "steps_per_epoch=20", "--no-score"]
PATIENCE = 900  # seconds, so that a machine with much else to do is no failure


def wait_for(found, process):
    deadline = time.monotonic() + PATIENCE
    while not found():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()[0]
        time.sleep(0.05)


def test_what_slurm_stops_goes_on_as_pods_of_kubernetes(run_cli, tmp_path, monkeypatch):
    install(tmp_path)
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    run = tmp_path / "my runs" / "digits"
    train = ["train", "digits-gan", *SHORT, "--epochs", 6, "--output", run]
    assert run_cli("launch", "slurm", "--workers", 2, *train)[0] == 0
    variables = {
        "SLURM_JOB_ID": str(os.getpid()),
        "SLURM_NTASKS": "2",
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
    }
    training = subprocess.Popen(
        ["bash", tmp_path / "digits.sbatch"],
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_for(lambda: list(run.glob("checkpoints/0*.keras")), training)
    training.send_signal(signal.SIGUSR1)
    said = training.communicate(timeout=PATIENCE)[0]
    assert training.returncode == 0, said
    assert "Slurm started this process as worker 1 of 2" in said and said.count("Stopped: ") == 2
    assert f"scontrol requeue {os.getpid()}" in said and not (run / "model.keras").exists()

    volume = f"runs:{run.parent}"
    code, said = run_cli("launch", "kubernetes", "--workers", 2, "--image", "kit", "--volume", volume, *train)
    assert code == 0, said
    _, job = yaml.safe_load_all((tmp_path / "digits.yaml").read_text())
    (container,) = job["spec"]["template"]["spec"]["containers"]
    program, *arguments = container["command"]
    assert program == "keras-gen" and container["env"][0]["name"] == "KERAS_GEN_HOSTS"
    here = ",".join(f"127.0.0.1:{port}" for port in free_ports(2))  # where pods have names
    pods = [
        subprocess.Popen(
            [sys.executable, "-m", "keras_gen", *arguments],
            env=os.environ | {"KERAS_GEN_HOSTS": here, "JOB_COMPLETION_INDEX": str(index)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for index in range(2)
    ]
    told = [pod.communicate(timeout=PATIENCE)[0] for pod in pods]
    assert [pod.returncode for pod in pods] == [0, 0], told
    assert all("Going on after" in each for each in told)
    assert "An indexed Job of Kubernetes started this process as worker 0 of 2" in told[0]
    assert (run / "model.keras").is_file() and len((run / "history.csv").read_text().splitlines()) == 7
