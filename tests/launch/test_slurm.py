"""What a batch script does with its workers when its time is up, and when one is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from slurm_programs import install

from keras_gen.launch.job import Job
from keras_gen.launch.slurm import script

# In the place of the kit: the first one takes time to write a checkpoint, also when the others are gone.
COMMAND = f"""#!{sys.executable}
import os, pathlib, signal, sys, time
rank = os.environ["SLURM_PROCID"]
def stop(*_):
    task = pathlib.Path("/proc", pathlib.Path("task1").read_text())
    while rank == "0" and task.exists():
        time.sleep(0.01)
    time.sleep(0.2 if rank == "0" else 0)
    os.write(1, f"stopped {{rank}}\\n".encode())
    sys.exit(2 if pathlib.Path("fails").exists() else 143)
signal.signal(signal.SIGTERM, stop)
pathlib.Path("task" + rank).write_text(str(os.getppid()))
os.write(1, (" ".join(["begun", rank, *sys.argv[3:]]) + "\\n").encode())
while not pathlib.Path("over").exists():
    time.sleep(0.01)
"""


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Starts a job of two processes under a stand-in for Slurm; returns it when both have begun."""
    monkeypatch.chdir(tmp_path)
    install(tmp_path)
    Path("command").write_text(COMMAND)
    Path("command").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "command"))

    def begin(command, workers):
        text = script(Job([command, "it's"], workers, tmp_path, "name"))
        environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_JOB_ID": "7", "SLURM_NTASKS": "2"}
        environment["TMPDIR"] = str(tmp_path)
        job = subprocess.Popen(
            ["bash", "-c", text], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert sorted(job.stdout.readline() for _ in range(2)) == [
            f"begun {rank} {command} it's --cluster auto\n" for rank in range(2)
        ]
        return job

    return begin


def kill(rank):
    task = Path(f"task{rank}").read_text()
    (command,) = Path(f"/proc/{task}/task/{task}/children").read_text().split()
    os.kill(int(command), signal.SIGKILL)


def time_is_up(job):
    job.send_signal(signal.SIGUSR1)


def another_takes_its_place(job):
    subprocess.run(["./scancel", "--signal=TERM", "7"], check=True)


@pytest.mark.parametrize("command, workers", [("train", 2), ("tune", 1)])
@pytest.mark.parametrize("happens", [time_is_up, another_takes_its_place])
def test_what_is_stopped_waits_for_its_next_turn(start, happens, command, workers):
    job = start(command, workers)
    happens(job)
    said = job.communicate(timeout=60)[0]
    assert said.splitlines() == ["stopped 1", "stopped 0", "scontrol requeue 7"]
    assert not list(Path().glob("tmp.*"))


def test_what_fails_after_it_was_asked_to_stop_is_not_tried_for_ever(start):
    job = start("train", 2)
    Path("fails").touch()
    time_is_up(job)
    said = job.communicate(timeout=60)[0]
    assert job.returncode and "requeue" not in said


@pytest.mark.parametrize("command, workers, killed", [("train", 2, 1), ("train", 2, 0), ("tune", 1, 0)])
def test_where_one_is_killed_that_the_others_need_all_end(start, command, workers, killed):
    job = start(command, workers)
    kill(killed)
    said = job.communicate(timeout=60)[0]
    assert job.returncode == 137 and "begun" not in said and "requeue" not in said


def test_a_worker_of_a_search_is_replaced(start):
    job = start("tune", 1)
    kill(1)
    while not job.stdout.readline().startswith("begun 1 tune"):
        assert job.poll() is None
    Path("over").touch()
    assert job.wait(timeout=60) == 0
