"""Processes of `keras-gen` that share this machine, and end with the one that started them."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time

from keras_gen.cores import available_cores
from keras_gen.errors import InputError
from keras_gen.files import make_folder
from keras_gen.logs import log
from keras_gen.signals import on_stop

LAUNCHED = "KERAS_GEN_LAUNCHED"
POLL = 0.1  # seconds between two looks at the processes
PATIENCE = 10  # seconds that the others have to end by themselves


class Workers:
    """Processes that share this machine; while this is entered, they get the signals that ask to stop.

    Args:
        num: int >= 1, how many share the cores.
        arguments: of `keras-gen`, the same for every worker.
        environment: function of the index of a worker -> dict of variables that count for it.
        log_file: function of the index -> path that the worker's output is added to, or None to show it here.

    Attributes:
        processes: dict, index -> `subprocess.Popen`.
        signals: list of the numbers of the signals that were passed on.
    """

    def __init__(self, num, arguments, environment, log_file):
        self.num, self.arguments = num, arguments
        self.environment, self.log_file = environment, log_file
        self.processes, self.signals = {}, []
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        self._stack.enter_context(on_stop(self._pass_on))
        for index in range(self.num):
            self.start(index)
        return self

    def __exit__(self, *_):
        for process in self.processes.values():
            process.kill()
            process.wait()
        self._stack.close()

    def _pass_on(self, number, _):
        self.signals.append(number)
        for process in self.processes.values():
            process.send_signal(number)

    def start(self, index):
        """Starts a worker, or starts it again."""
        path = self.log_file(index)
        output = path and self._stack.enter_context(open(path, "a"))
        threads = str(max(1, available_cores() // self.num))
        self.processes[index] = subprocess.Popen(
            [sys.executable, "-m", "keras_gen", *self.arguments],
            env={
                "TF_NUM_INTRAOP_THREADS": threads,
                "TF_NUM_INTEROP_THREADS": threads,
                **os.environ,
                **self.environment(index),
                LAUNCHED: "1",
            },
            stdin=subprocess.PIPE,  # which closes when this process is gone, however that ended
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        for number in self.signals:  # which came before it was there
            self.processes[index].send_signal(number)

    def ended(self):
        """The exit statuses of the workers that have ended: dict, index -> int, below 0 for a signal."""
        statuses = {index: process.poll() for index, process in self.processes.items()}
        return {index: status for index, status in statuses.items() if status is not None}

    def wait(self, patience):
        """Waits for all to end by themselves, each for some seconds at most, or None for ever."""
        for process in self.processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)


def train_with_workers(num, run, strategy, arguments):
    """Trains as several machines would, on this one: the workers find each other through `TF_CONFIG`.

    The first writes the run and is seen; what the others say goes to `<run>/workers/<index>.log`. Where one
    fails, the others, which would wait for it for ever, are ended.

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

    def environment(index):
        task = {"type": "worker", "index": index}
        return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})}

    with Workers(num, arguments, environment, lambda i: logs / f"{i}.log" if i else None) as workers:
        while not any((ended := workers.ended()).values()):
            if len(ended) == num:
                return 0
            time.sleep(POLL)
        failed, status = next((index, status) for index, status in ended.items() if status)
        # A worker that was asked to stop may take its time to write what it has.
        workers.wait(None if workers.signals else PATIENCE)
    if failed and not workers.signals:
        log.error("Worker %d failed: see %s", failed, logs / f"{failed}.log")
    return status if status > 0 else 128 - status


def free_ports(num):
    """Ports of this machine that nothing listens on: list of `num` ints."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(num)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def end_with_parent():
    """Ends this worker when the process that started it is gone."""
    if LAUNCHED in os.environ:
        # By the descriptor: Python aborts where a thread holds its standard input to the end.
        threading.Thread(target=lambda: (os.read(0, 1), os._exit(1)), daemon=True).start()
