"""A search by several processes of this machine: a chief that hands out trials, and workers that run them."""

import contextlib
import os
import threading
import time

import tensorflow as tf

from keras_gen.callbacks.interruption import leave
from keras_gen.errors import InputError
from keras_gen.files import make_folder
from keras_gen.processes import on_stop, start_worker
from keras_gen.recipes.workers import free_ports
from keras_gen.tuners.outcome import reason

POLL = 0.2  # seconds between two looks at the workers
FAREWELL = 5  # seconds in which all workers ask again, and hear that the search is over
MOST_RESTARTS = 20  # of workers that were killed
VARIABLES = ("KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT")
LATE = 60  # seconds after the end of its minutes that a chief waits for trials that are being cut off


def check_environment():
    """Refuses KerasTuner's environment variables where some of them are missing.

    Raises:
        InputError: they are.
    """
    missing = [name for name in VARIABLES if name not in os.environ]
    if missing and len(missing) < len(VARIABLES):
        raise InputError(
            f"A search across machines needs {', '.join(missing)} too: set all of {', '.join(VARIABLES)}, or "
            "none."
        )


def is_chief():
    """Whether KerasTuner's environment variables make this process the chief of a search."""
    return "chief" in os.environ.get("KERASTUNER_TUNER_ID", "")


def is_worker():
    """Whether they make it a worker."""
    return "KERASTUNER_TUNER_ID" in os.environ and not is_chief()


@contextlib.contextmanager
def as_chief():
    """Makes this process the chief of a search on this machine, by KerasTuner's environment variables."""
    os.environ |= dict(zip(VARIABLES, ("chief", "127.0.0.1", str(*free_ports(1))), strict=True))
    try:
        yield
    finally:
        for name in VARIABLES:
            del os.environ[name]


def hand_out(tuner):
    """Answers workers, until all that asked have heard that the search is over.

    Args:
        tuner: the chief's `RecipeTuner`.

    Returns:
        (thread that answers, list that an exception is put in if it has to give up).
    """
    troubles = []

    def answer():
        try:
            tuner.search()
        except Exception as error:  # noqa: BLE001 - whatever it is, workers would wait an hour for an answer
            troubles.append(error)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    return thread, troubles


def search_as_chief(tuner):
    """Hands out trials to workers on other machines, until none is left and none is running.

    KerasTuner's own chief waits for ever for a worker that is gone.

    Args:
        tuner: the chief's `RecipeTuner`.

    Raises:
        InputError: the port cannot be listened on.
    """
    oracle, clock = tuner.oracle, tuner.clock
    if oracle.is_exhausted or clock.is_over:
        return
    _, troubles = hand_out(tuner)
    while not (oracle.is_over and not oracle.ongoing_trials):
        if troubles:
            raise InputError(f"The chief cannot hand out trials: {reason(troubles[0])}")
        if clock.is_over and time.monotonic() > clock.begun + 60 * clock.minutes + LATE:
            return
        time.sleep(POLL)
    time.sleep(FAREWELL)


def search_with_workers(num, tuner, arguments, say):
    """Runs a search by workers on this machine; a killed worker restarts and resumes its trial.

    Args:
        num: int >= 1.
        tuner: the chief's `RecipeTuner`, made under `as_chief`.
        arguments: of `keras-gen`, the same for every worker.
        say: function that is told in a line what happens.

    Raises:
        InputError: a worker failed.
        KeyboardInterrupt: on SIGINT, when the workers have written checkpoints.
        SystemExit: on SIGTERM and SIGHUP, likewise.
    """
    if tuner.oracle.is_exhausted or tuner.clock.is_over:
        return
    logs = tuner.folder / "workers"
    make_folder(logs)
    gpus = len(tf.config.list_physical_devices("GPU"))
    passed_on, restarts = [], 0
    chief, troubles = hand_out(tuner)
    with contextlib.ExitStack() as stack:
        processes = {}

        def start(index):
            log = stack.enter_context(open(logs / f"tuner{index}.log", "a"))
            environment = {
                **({"CUDA_VISIBLE_DEVICES": str(index % gpus)} if gpus else {}),
                "TF_FORCE_GPU_ALLOW_GROWTH": "true",
                **os.environ,
                "KERASTUNER_TUNER_ID": f"tuner{index}",
            }
            processes[index] = start_worker(arguments, num, environment, log)
            for number in passed_on:  # before it was there
                processes[index].send_signal(number)

        def pass_on(number, _):
            passed_on.append(number)
            for process in processes.values():
                process.send_signal(number)

        stack.enter_context(on_stop(pass_on))
        stack.callback(lambda: [process.kill() for process in processes.values()])
        for index in range(num):
            start(index)
        while any(process.poll() is None for process in processes.values()) or _killed(processes, passed_on):
            for index in _killed(processes, passed_on):
                restarts += 1
                if restarts > MOST_RESTARTS:
                    raise InputError(f"Workers were killed {MOST_RESTARTS} times: see {logs}.")
                say(f"Worker {index} was killed, and is started again")
                start(index)
            if troubles:
                raise InputError(f"The chief cannot hand out trials: {reason(troubles[0])}")
            if not chief.is_alive():
                break  # a worker that has not asked yet would find nobody
            failed = [index for index, process in processes.items() if (process.poll() or 0) > 0]
            if failed and not passed_on:
                raise InputError(f"Worker {failed[0]} failed: see {logs / f'tuner{failed[0]}.log'}.")
            time.sleep(POLL)
    if passed_on:
        leave(passed_on[0])


def _killed(processes, passed_on):
    """The indices of workers that ended by a signal that was not passed on to them."""
    return [] if passed_on else [index for index, process in processes.items() if (process.poll() or 0) < 0]
