"""A training or a search on Kubernetes: an indexed Job, and the Service by which its pods find each other."""

from pathlib import PurePosixPath

from keras_gen.engines import HOSTS
from keras_gen.errors import InputError
from keras_gen.launch.templates import render

RESTARTS = 6  # of each pod: one that is lost ends the others, too


def manifest(job, image, volumes=(), minutes=2):
    """A Service and a Job whose pods, a worker each, find each other.

    A pod that ends in failure or is lost is started again, with the same index; so are those that trained
    with it, and they go on from the checkpoint.

    Args:
        job: a `Job`, with the folder of its run as the pods see it.
        image: name of a container image in which the kit is installed.
        volumes: list of "CLAIM:PATH", persistent volume claims and where the pods see them.
        minutes: int >= 1, how long a pod that is asked to stop may take to write a checkpoint.

    Returns:
        Text in YAML.

    Raises:
        InputError: a volume is malformed, or the run would be lost with its pods.
    """
    mounts = [volume.partition(":") for volume in volumes]
    for claim, _, path in mounts:
        if not claim or not path.startswith("/"):
            raise InputError(f"--volume must be CLAIM:/PATH, not {f'{claim}:{path}'!r}.")
    folder = PurePosixPath(job.folder)
    if not any(folder.is_relative_to(path) for *_, path in mounts):
        raise InputError(
            f"{folder} would be lost with its pods: give --output with a folder of a volume, and --volume "
            "CLAIM:/PATH for one that all of them see."
        )
    hosts = ",".join(f"{job.name}-{index}.{job.name}" for index in range(job.processes))
    limits = {"cpu": job.cpus, "nvidia.com/gpu": job.gpus or None}
    return render(
        "kubernetes.yaml.j2",
        job=job,
        command=["keras-gen", *job.arguments, "--cluster", "auto"],
        image=image,
        environment={HOSTS: hosts},
        limits={name: str(limit) for name, limit in limits.items() if limit},
        mounts=[(claim, path) for claim, _, path in mounts],
        restarts=RESTARTS * job.processes,
        seconds=60 * minutes,
    )
