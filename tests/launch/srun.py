"""As Slurm's srun does: starts the tasks of a step, here all on this machine, passes SIGTERM on to all of their
processes, ends the others where one fails, and ends with the greatest exit status.
"""

import os
import signal
import subprocess
import sys


def main():
    command = sys.argv[1:]
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

    def tell(number):
        for pid in tasks:
            os.killpg(pid, number)

    signal.signal(signal.SIGTERM, lambda number, _: tell(number))
    worst = 0
    while tasks:
        pid, status = os.wait()
        del tasks[pid]
        code = os.waitstatus_to_exitcode(status)
        worst = max(worst, code if code >= 0 else 128 - code)
        if code:
            tell(signal.SIGKILL)
    sys.exit(worst)


if __name__ == "__main__":
    main()
