"""What launchers write runs, with an engine's variables and a stand-in for its programs on this machine."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import yaml
from slurm_programs import install

from keras_gen.runs.processes import free_ports

SHORT = ["--set", "width=8", "--set", "batch_size=32", "--set", "steps_per_epoch=20", "--no-score"]
TUNE = ["tune", "digits-vae", "--tuner", "random", "--trials", "4", "--epochs", "2", "--no-retrain"]
TUNE += ["--set", "width=8", "--set", "network=mlp", "--set", "steps_per_epoch=20", "--set", "nll_samples=2"]
TUNE += ["--set", "num_scored=100", "--output"]
PATIENCE = 900  # seconds, so that a machine with much else to do is no failure


def wait_for(found, process):
    deadline = time.monotonic() + PATIENCE
    while not found():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()[0]
        time.sleep(0.05)


@pytest.mark.exhaustive
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


def trials(output):
    """Name of a trial -> its state, settings and score."""
    found = (json.loads(path.read_text()) for path in output.glob("trials/*/trial.json"))
    return {
        each["trial_id"]: (each["status"], each["hyperparameters"]["values"], each["score"]) for each in found
    }


@pytest.mark.exhaustive
def test_a_search_as_pods_loses_a_worker_and_its_chief_but_no_trial(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    alone, output = tmp_path / "alone", tmp_path / "tuned"
    command = [sys.executable, "-m", "keras_gen", *TUNE]
    subprocess.run([*command, alone], check=True, timeout=PATIENCE)
    hosts = ",".join(f"127.0.0.1:{port}" for port in free_ports(3))

    def start(index):
        return subprocess.Popen(
            [*command, output, "--cluster", "auto"],
            env=os.environ | {"KERAS_GEN_HOSTS": hosts, "JOB_COMPLETION_INDEX": str(index)},
        )

    pods, lost, ended, deadline = [start(index) for index in range(3)], [], [], time.monotonic() + PATIENCE
    # A worker at the first checkpoint, the chief after the first trial; a Job replaces all that fail.
    kills = [(1, "trials/*/execution0/checkpoints/0*.keras"), (0, "trials/*/outcome.json")]
    while len(ended) < 3 and time.monotonic() < deadline:
        if kills and list(output.glob(kills[0][1])):
            pods[kills.pop(0)[0]].kill()
        for index, pod in enumerate(pods):
            if index not in ended and pod.poll() is not None:
                if pod.returncode:
                    lost.append((index, pod.returncode))
                    pods[index] = start(index)
                else:
                    ended.append(index)
        time.sleep(0.05)
    for pod in pods:
        pod.kill()
    assert sorted(ended) == [0, 1, 2]
    # Workers follow their chief; one that was just asking it had no answer.
    assert {(0, -9), (1, -9)} < set(lost) and {status for _, status in lost} <= {-9, 1, 2}
    assert trials(output) == trials(alone) and len(trials(alone)) == 4
