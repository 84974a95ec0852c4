"""A search by several processes: a chief that hands out trials, and workers that run them."""

import contextlib
import ipaddress
import json
import os
import threading
import time
import uuid

import tensorflow as tf

from keras_gen.cluster import SEARCH_VARIABLES as VARIABLES
from keras_gen.errors import InputError
from keras_gen.files import make_folder, read_json, write_atomically
from keras_gen.logs import log
from keras_gen.runs.processes import Workers, free_ports
from keras_gen.signals import leave
from keras_gen.tuners.kerastuner_internals import serve
from keras_gen.tuners.outcome import reason

CHIEF = "chief.json"  # in the folder of the search: which start of the chief hands out its trials
POLL = 0.2  # seconds between two looks at the workers, or at their chief
FAREWELL = 5  # seconds that workers may take to ask again, and hear that the search is over
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


def answering_address(environ=os.environ):
    """Where a chief listens: at its address, or wherever it can be reached where that is a name.

    To itself its name may mean the loopback, or nothing yet, as that of a pod that has just begun.
    """
    host, port = (environ[name] for name in VARIABLES[1:])
    with contextlib.suppress(ValueError):
        return f"[{host}]:{port}" if ipaddress.ip_address(host).version == 6 else f"{host}:{port}"
    return f"[::]:{port}"


def hand_out(tuner):
    """Answers workers, also those that come when the search is over, until `tuner` is gone.

    Args:
        tuner: the chief's `RecipeTuner`.

    Raises:
        InputError: the port cannot be listened on.
    """
    tuner.clock.write()
    tuner.save()
    # Before the first answer: workers tell a chief by it.
    write_atomically(tuner.folder / CHIEF, json.dumps({"chief": uuid.uuid4().hex}) + "\n")
    address = answering_address()
    try:
        tuner.server = serve(tuner.oracle, address)
    except RuntimeError as error:
        raise InputError(f"The chief cannot hand out trials: {reason(error)}") from error


def search_as_chief(tuner):
    """Hands out trials to workers on other machines, until none is left and none is running.

    Args:
        tuner: the chief's `RecipeTuner`.

    Raises:
        InputError: the port cannot be listened on.
    """
    oracle, clock = tuner.oracle, tuner.clock
    hand_out(tuner)
    if oracle.is_exhausted or clock.is_over:
        return
    while not (oracle.is_over and not oracle.ongoing_trials):
        if clock.is_over and time.monotonic() > clock.begun + 60 * clock.minutes + LATE:
            return
        time.sleep(POLL)
    farewell = time.monotonic() + FAREWELL
    while oracle.tuner_ids and time.monotonic() < farewell:
        time.sleep(POLL)


def is_over(tuner):
    """Whether a worker has come when nothing is left to try, and the chief perhaps gone."""
    found = read_json(tuner.oracle_file) if tuner.oracle_file.is_file() else {}
    most = tuner.oracle.max_trials
    return tuner.clock.is_over or bool(most) and len(found.get("end_order", ())) >= most


def follow_chief(tuner):
    """Waits for the chief, and ends this worker when another one has taken its place.

    That one hands out again what was unfinished, so that two would be at the trial of this worker.

    Args:
        tuner: the worker's `RecipeTuner`.
    """
    tuner.oracle.get_space()
    file = tuner.folder / CHIEF
    chief = read_json(file)

    def watch():
        found = chief
        while found == chief:
            time.sleep(POLL)
            with contextlib.suppress(InputError):  # a shared folder may fail for a moment
                found = read_json(file)
        log.error("The chief of this search was started again: start this worker again, too.")
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


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
    hand_out(tuner)

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
            if failed:
                raise InputError(f"Worker {failed[0]} failed: see {log_file(failed[0])}.")
            if len(ended) == num and not killed:
                break
            time.sleep(POLL)
    if workers.signals:
        leave(workers.signals[0])
