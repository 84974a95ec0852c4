"""A search by several processes of this machine: a chief that hands out trials, and workers that run them."""

import contextlib
import os
import threading
import time

import tensorflow as tf

from keras_gen.cluster import SEARCH_VARIABLES as VARIABLES
from keras_gen.errors import InputError
from keras_gen.files import make_folder
from keras_gen.logs import log
from keras_gen.runs.processes import Workers, free_ports
from keras_gen.signals import leave
from keras_gen.tuners.outcome import reason

POLL = 0.2  # seconds between two looks at the workers
FAREWELL = 5  # seconds in which all workers ask again, and hear that the search is over
MOST_RESTARTS = 20  # of workers that were killed
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


def search_with_workers(num, tuner, arguments):
    """Runs a search by workers on this machine; one that is killed is started again, and goes on with its
    trial.

    Args:
        num: int >= 1.
        tuner: the chief's `RecipeTuner`, made under `as_chief`.
        arguments: of `keras-gen`, the same for every worker.

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
    restarts = 0
    chief, troubles = hand_out(tuner)

    def environment(index):
        return {
            **({"CUDA_VISIBLE_DEVICES": str(index % gpus)} if gpus else {}),
            "TF_FORCE_GPU_ALLOW_GROWTH": "true",
            **os.environ,
            "KERASTUNER_TUNER_ID": f"tuner{index}",
        }

    def log_file(index):
        return logs / f"tuner{index}.log"

    with Workers(num, arguments, environment, log_file) as workers:
        while True:
            ended = workers.ended()
            killed = [index for index, status in ended.items() if status < 0 and not workers.signals]
            failed = [index for index, status in ended.items() if status > 0 and not workers.signals]
            for index in killed:
                restarts += 1
                if restarts > MOST_RESTARTS:
                    raise InputError(f"Workers were killed {MOST_RESTARTS} times: see {logs}.")
                log.info("Worker %d was killed, and is started again", index)
                workers.start(index)
            if troubles:
                raise InputError(f"The chief cannot hand out trials: {reason(troubles[0])}")
            if failed:
                raise InputError(f"Worker {failed[0]} failed: see {log_file(failed[0])}.")
            # Once the chief answers no more, a worker that has not asked yet would find nobody.
            if not chief.is_alive() or (len(ended) == num and not killed):
                break
            time.sleep(POLL)
    if workers.signals:
        leave(workers.signals[0])
