"""A training or a search on Ray: actors in a placement group, each with a process of the kit.

By Ray's core alone: the TensorFlow trainer of Ray Train has TensorFlow take Keras 2.
"""

import json
import os
import signal
import time
from pathlib import Path

from keras_gen.cluster import search_variables
from keras_gen.errors import InputError
from keras_gen.files import make_folder
from keras_gen.logs import log
from keras_gen.runs.processes import Workers, free_ports
from keras_gen.signals import leave, on_stop

POLL = 0.3  # seconds between two looks at the workers
PATIENCE = 10  # seconds that the others have to end where one has failed
ROOM = 600  # seconds that Ray has to find room, or to start machines
MOST_RESTARTS = 20
LOST = -signal.SIGKILL  # the status of a worker whose actor is gone


class Worker:
    """An actor: runs a command of the kit in a process that ends with the actor."""

    def address(self):
        import ray

        return f"{ray.util.get_node_ip_address()}:{free_ports(1)[0]}"

    def start(self, folder, arguments, environment, log_file):
        """Starts the command in a folder; what it says is added to a file there."""
        os.chdir(folder)
        self.log_file = Path(log_file)
        self.told = self.log_file.stat().st_size if self.log_file.exists() else 0
        self.process = Workers(1, arguments, lambda _: environment, lambda _: log_file)
        self.process.start(0)

    def poll(self):
        """(exit status of the command or None, what it has said since the last call)."""
        status = self.process.ended().get(0)
        with open(self.log_file, "rb") as file:
            file.seek(self.told)
            said = file.read()
        self.told += len(said)
        return status, said.decode(errors="replace")

    def stop(self, number):
        self.process.processes[0].send_signal(number)


class Group:
    """The actors of a job, which begin and end together.

    Args:
        job: a `Job`.
        signals: list of the signals that asked this process to stop, which grows.
    """

    def __init__(self, job, signals):
        from ray.util.placement_group import placement_group

        self.job, self.signals, self.actors = job, signals, []
        self.demand = {"CPU": job.cpus or 1} | ({"GPU": job.gpus} if job.gpus else {})
        self.placement = placement_group([self.demand] * job.processes, strategy="SPREAD")

    def begin(self):
        """Waits for room and starts all workers.

        Raises:
            InputError: Ray has no room for them.
        """
        import ray

        deadline, num = time.monotonic() + ROOM, self.job.processes
        while not self.placement.wait(POLL):
            if self.signals:
                leave(self.signals[0])
            if time.monotonic() > deadline:
                raise InputError(
                    f"Ray has no room for {num} times {self.demand}: it has {ray.cluster_resources()}."
                )
        self.actors += [self.place(index) for index in range(num)]
        self.addresses = ray.get([actor.address.remote() for actor in self.actors])
        ray.get([self.start(index) for index in range(num)])

    def place(self, index):
        import ray
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        place = PlacementGroupSchedulingStrategy(self.placement, placement_group_bundle_index=index)
        options = {"num_cpus": self.demand["CPU"], "num_gpus": self.job.gpus, "scheduling_strategy": place}
        return ray.remote(Worker).options(**options).remote()

    def start(self, index):
        config = {"cluster": {"worker": self.addresses}, "task": {"type": "worker", "index": index}}
        variables = search_variables(config) if self.job.is_search else {"TF_CONFIG": json.dumps(config)}
        threads = str(self.demand["CPU"])
        variables |= {"TF_NUM_INTRAOP_THREADS": threads, "TF_NUM_INTEROP_THREADS": threads}
        log_file = str(self.job.folder / "workers" / f"{index}.log")
        return self.actors[index].start.remote(os.getcwd(), self.job.arguments, variables, log_file)

    def replace(self, index):
        """Starts a worker again, alone."""
        import ray

        ray.kill(self.actors[index])
        self.actors[index] = self.place(index)
        ray.get(self.start(index))

    def ended(self):
        """The exit statuses of workers that have ended: dict, index -> int, below 0 for one that is lost."""
        import ray

        statuses = {}
        for index, reference in enumerate([actor.poll.remote() for actor in self.actors]):
            try:
                status, said = ray.get(reference)
            except ray.exceptions.RayActorError:
                status, said = LOST, ""
            if index == 0:
                print(said, end="", flush=True)
            if status is not None:
                statuses[index] = status
        return statuses

    def wait(self):
        """Waits for the end of the job.

        Returns:
            0, the exit status of a worker that failed, or `LOST` where one is lost without which the others
            cannot go on.
        """
        passed, deadline, replaced = 0, None, 0
        while True:
            for number in self.signals[passed:]:
                for actor in self.actors:
                    actor.stop.remote(number)
            passed = len(self.signals)
            ended = self.ended()
            if self.job.is_search and not self.signals:
                for index in [index for index, status in ended.items() if index and status < 0]:
                    replaced += 1
                    if replaced > MOST_RESTARTS:
                        return LOST
                    log.info("Worker %d is lost, and is started again", index)
                    self.replace(index)
                    del ended[index]
            statuses = ended.values()
            if not self.signals and min(statuses, default=0) < 0:
                return LOST
            # One that failed may have failed since another one is lost, which may yet turn out.
            if not self.signals and any(statuses) and deadline is None:
                deadline = time.monotonic() + PATIENCE
            if len(ended) == len(self.actors) or (deadline and time.monotonic() > deadline):
                return max(statuses)
            time.sleep(POLL)

    def end(self):
        import ray
        from ray.util.placement_group import remove_placement_group

        for actor in self.actors:
            ray.kill(actor)
        remove_placement_group(self.placement)


def run(job, address=None):
    """Runs a job on Ray to its end. Where a worker of a training is lost, all go on from the checkpoint.

    Args:
        job: a `Job`; its folder and the one that this process works in are there on all machines.
        address: of a cluster, as `ray.init` takes it; None for the one that is there, or one of this machine.

    Returns:
        Exit status: 0, or that of a worker that failed.

    Raises:
        InputError: Ray is not installed or has no room, or workers were lost again and again.
        KeyboardInterrupt: on SIGINT, when the workers have written a checkpoint.
        SystemExit: on SIGTERM and SIGHUP, likewise.
    """
    try:
        import ray
    except ImportError as error:
        raise InputError(
            'keras-gen launch ray needs ray, which is not installed: pip install "keras_gen[ray]".'
        ) from error
    if not ray.is_initialized():
        try:
            ray.init(address, log_to_driver=False, logging_level="warning")
        except (ConnectionError, ValueError) as error:
            raise InputError(f"There is no Ray at {address}: {error}") from error
    make_folder(job.folder / "workers")
    signals = []
    with on_stop(lambda number, _: signals.append(number)):
        for _ in range(MOST_RESTARTS):
            group = Group(job, signals)
            try:
                group.begin()
                status = group.wait()
            except ray.exceptions.RayActorError:
                status = LOST
            finally:
                group.end()
            if signals:
                leave(signals[0])
            if status >= 0:
                return status
            log.info("A worker is lost: all are started again, and go on from the checkpoint")
    raise InputError(f"Workers were lost {MOST_RESTARTS} times: see {job.folder / 'workers'}.")
