"""As Slurm's programs do, with tasks that are all on this machine; seen of Slurm 22.05.

slurm_programs.py srun [OPTION...] COMMAND...: starts the tasks of a step, ends the others where one fails, and ends
    with the greatest exit status. SIGTERM kills them.
slurm_programs.py scancel --signal=TERM JOB: signals all processes of the tasks.
slurm_programs.py scontrol ...: says what it is asked to do.
"""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

PROGRAMS = ("srun", "scancel", "scontrol")


def install(folder):
    """Puts the programs into a folder, which is to be searched for programs, and in which they meet."""
    for name in PROGRAMS:
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {__file__} {folder} {name} "$@"\n')
        program.chmod(0o755)


def tell(tasks, number):
    for pid in tasks:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, number)


def srun(file, *command):
    command = list(command)
    while command[0].startswith("-"):
        del command[0]
    num = os.environ["SLURM_NTASKS"]
    step = {
        "SLURM_STEP_NODELIST": "127.0.0.1",
        "SLURM_STEP_NUM_TASKS": num,
        "SLURM_STEP_TASKS_PER_NODE": num,
        "SLURM_NODEID": "0",
    }
    tasks = {}
    for rank in range(int(num)):
        own = {"SLURM_PROCID": str(rank), "SLURM_LOCALID": str(rank)}
        task = subprocess.Popen(command, env=os.environ | step | own, start_new_session=True)
        tasks[task.pid] = task
    file.write_text(" ".join(map(str, tasks)))
    signal.signal(signal.SIGTERM, lambda *_: tell(tasks, signal.SIGKILL))
    worst = 0
    while tasks:
        pid, status = os.wait()
        del tasks[pid]
        code = os.waitstatus_to_exitcode(status)
        worst = max(worst, code if code >= 0 else 128 - code)
        if code:
            tell(tasks, signal.SIGTERM)
    sys.exit(worst)


def main():
    folder, program, *arguments = sys.argv[1:]
    file = Path(folder) / "tasks"
    if program == "srun":
        srun(file, *arguments)
    elif program == "scancel" and arguments[0] == "--signal=TERM":
        tell(map(int, file.read_text().split()), signal.SIGTERM)
    elif program == "scontrol" and arguments[0] == "requeue":
        print("scontrol", *arguments)
    else:
        sys.exit(1)


if __name__ == "__main__":
    main()
