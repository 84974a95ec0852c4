"""A training or a search as a job of Slurm: a script for `sbatch`."""

import shlex
import sys
from pathlib import Path

from keras_gen.errors import InputError
from keras_gen.launch.templates import render

RESTARTS = 20  # of a worker of a search that is killed


def script(job, options=(), minutes=2):
    """A batch script whose tasks, a worker each, find each other.

    Before the time of the job is over, Slurm signals the script, which has the workers write a checkpoint and
    puts the job back in the queue; a job whose machine fails goes there by itself. What is started again goes
    on from the checkpoint. Of a search, a worker that is killed is started again at once.

    Args:
        job: a `Job`.
        options: list of options of `sbatch` without their hyphens, such as "time=02:00:00".
        minutes: int >= 1, how long before its end the job is stopped.

    Returns:
        Text of the script, which works in the folder that it was written for.

    Raises:
        InputError: an option is malformed.
    """
    for option in options:
        if not option or option.startswith("-") or "\n" in option:
            raise InputError(
                f"--sbatch takes an option without hyphens, such as time=02:00:00, not {option!r}."
            )
    own = {
        "job-name": job.name,
        "ntasks": job.processes,
        # A worker takes all GPUs of its machine that it is given; trials may share one.
        "ntasks-per-node": None if job.is_search else 1,
        "cpus-per-task": job.cpus,
        "gpus-per-task": job.gpus or None,
        "signal": f"B:USR1@{60 * minutes}",
        "open-mode": "append",
    }
    given = {option.partition("=")[0] for option in options}
    return render(
        "slurm.sh.j2",
        job=job,
        options=[
            *(f"{name}={value}" for name, value in own.items() if value is not None and name not in given),
            "requeue",
            *options,
        ],
        folder=shlex.quote(str(Path.cwd())),
        restarts=RESTARTS,
        command=shlex.join([sys.executable, "-m", "keras_gen", *job.arguments, "--cluster", "auto"]),
    )
