"""A training of several machines on one, to try it: a process each, which find each other through `TF_CONFIG`."""

import contextlib
import json
import socket
import subprocess
import sys
import time

from keras_gen.errors import InputError
from keras_gen.files import make_folder
from keras_gen.processes import on_stop, start_worker

POLL = 0.1  # seconds between two looks at the workers
PATIENCE = 10  # seconds that the others have to end by themselves


def train_with_workers(num, run, strategy, arguments):
    """Starts workers on this machine, and waits for them.

    The first writes the run and is seen; what the others say goes to `<run>/workers/<index>.log`. Signals reach all of them.
    Where one fails, the others, which would wait for it for ever, are ended.

    Args:
        num: int >= 1.
        run: a `Run`.
        strategy: name of the strategy that was asked for.
        arguments: of `keras-gen`, the same for every worker.

    Returns:
        Exit status: 0, or that of the first worker that failed.

    Raises:
        InputError: the strategy has no workers, or the folder cannot be written.
    """
    if strategy not in ("auto", "multiworker"):
        raise InputError(f"--workers are of the strategy multiworker, not {strategy}: leave --strategy out.")
    logs = run.folder / "workers"
    make_folder(logs)
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(num)]}
    processes, passed_on = [], []

    def pass_on(number, _):
        passed_on.append(number)
        for process in processes:
            process.send_signal(number)

    with contextlib.ExitStack() as stack:
        stack.enter_context(on_stop(pass_on))
        for index in range(num):
            log = stack.enter_context(open(logs / f"{index}.log", "w")) if index else None
            task = {"type": "worker", "index": index}
            config = {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})}
            processes.append(start_worker(arguments, num, config, log))
            for number in passed_on:  # before it was there
                processes[-1].send_signal(number)
        while not any(process.poll() for process in processes):
            if all(process.poll() == 0 for process in processes):
                return 0
            time.sleep(POLL)
        failed, status = next((i, process.poll()) for i, process in enumerate(processes) if process.poll())
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                # Who was asked to stop may take its time to write what it has.
                process.wait(timeout=None if passed_on else PATIENCE)
            process.kill()
            process.wait()
    if failed and not passed_on:
        print(f"Worker {failed} failed: see {logs / f'{failed}.log'}", file=sys.stderr)
    return status if status > 0 else 128 - status


def free_ports(num):
    """Ports of this machine that nothing listens on: list of `num` ints."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(num)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
