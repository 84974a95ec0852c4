"""What ends a process, and processes that end with the one that started them."""

import contextlib
import os
import signal
import subprocess
import sys
import threading

LAUNCHED = "KERAS_GEN_LAUNCHED"
NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


def stop_signals():
    """The signals that ask this process to stop, without SIGHUP where `nohup` has it ignored: list of `signal.Signals`."""
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    return [
        n
        for n in numbers
        if n is not getattr(signal, "SIGHUP", None) or signal.getsignal(n) != signal.SIG_IGN
    ]


@contextlib.contextmanager
def on_stop(handler):
    """Has a function called by the signals that ask to stop, while it is entered.

    Args:
        handler: function of the number of the signal and a frame.
    """
    with contextlib.ExitStack() as stack:
        for number in stop_signals():
            stack.callback(signal.signal, number, signal.signal(number, handler))
        yield


def let_end_at_once():
    """Has the next signal that asks to stop end this process, whatever it is doing."""
    for number in stop_signals():
        signal.signal(number, signal.SIG_DFL)


def exit_on_stop(number, _):
    """A handler for `on_stop`, which ends this process in order: files are closed, and what is temporary is removed.

    Raises:
        SystemExit: with the exit status that shells give a process that the signal ended.
    """
    let_end_at_once()
    raise SystemExit(128 + number)


def start_worker(arguments, num, environment, log):
    """Starts `keras-gen` as one of several processes that share this machine, and end with this one.

    Args:
        arguments: of `keras-gen`.
        num: int, how many share the cores.
        environment: dict of variables that count for this worker.
        log: open file for what it says, or None to say it here.

    Returns:
        `subprocess.Popen`.
    """
    threads = str(max(1, (os.cpu_count() or 1) // num))
    return subprocess.Popen(
        [sys.executable, "-m", "keras_gen", *arguments],
        env={
            "TF_NUM_INTRAOP_THREADS": threads,
            "TF_NUM_INTEROP_THREADS": threads,
            **os.environ,
            **environment,
            LAUNCHED: "1",
        },
        stdin=subprocess.PIPE,  # which closes when this process is gone, however that ended
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def end_with_parent():
    """Ends a worker when the process that started it is gone."""
    if LAUNCHED in os.environ:
        # By the descriptor: Python aborts where a thread holds its standard input to the end.
        threading.Thread(target=lambda: (os.read(0, 1), os._exit(1)), daemon=True).start()
