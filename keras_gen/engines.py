"""`--cluster auto`: what engines tell the workers that they start, as `TF_CONFIG` would say it."""

import itertools
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from keras_gen.cluster import rank_and_addresses, read_cluster, search_variables
from keras_gen.errors import InputError, unknown
from keras_gen.files import read_json

HOSTS = "KERAS_GEN_HOSTS"
PORT = 2222  # of worker 0, as is usual; each listens on one of its own, as several may share a machine
SLURM_PORTS, SLURM_JOBS, SLURM_SPREAD = 12_000, 1_000, 16  # jobs that share a machine listen apart
SAGEMAKER_FILE = Path("/opt/ml/input/config/resourceconfig.json")


def cluster_from(environ, sagemaker_file=SAGEMAKER_FILE):
    """The workers that an engine started, of which this process is one.

    Args:
        environ: dict of environment variables. `TF_CONFIG` counts before all others.
        sagemaker_file: path of the file in which SageMaker lists its machines.

    Returns:
        (what `TF_CONFIG` is to say, a dict; a sentence that tells what was found).

    Raises:
        InputError: no engine started this process, several did, or one that does not tell enough.

    Example:

    >>> environ = {"JOB_COMPLETION_INDEX": "1", "KERAS_GEN_HOSTS": "mnist-0.mnist,mnist-1.mnist"}
    >>> config, sentence = cluster_from(environ)
    >>> config["cluster"]["worker"], config["task"]
    (['mnist-0.mnist:2222', 'mnist-1.mnist:2223'], {'type': 'worker', 'index': 1})
    >>> sentence
    'An indexed Job of Kubernetes started this process as worker 1 of 2, at mnist-1.mnist:2223.'
    """
    config = read_cluster(environ)
    if config is not None:
        rank, addresses = rank_and_addresses(config)
        return config, told("TF_CONFIG names", rank, addresses)
    found = [name for name, (marks, _) in ENGINES.items() if any(mark in environ for mark in marks)]
    if not found and Path(sagemaker_file).is_file():
        found = ["SageMaker"]
    if len(found) > 1:
        raise InputError(
            f"{' and '.join(found)} say that they started this process: unset the variables of all but "
            "one, or set TF_CONFIG, which counts before all of them."
        )
    if not found:
        raise InputError(_none_found(environ))
    (name,) = found
    rank, addresses = ENGINES[name][1](environ, Path(sagemaker_file))
    if not 0 <= rank < len(addresses):
        raise InputError(f"{name} says that this is worker {rank}, but tells of {len(addresses)}.")
    config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": rank}}
    return config, told(f"{name} started", rank, addresses)


def told(what, rank, addresses):
    return f"{what} this process as worker {rank} of {len(addresses)}, at {addresses[rank]}."


def join(name, workers, environ=os.environ):
    """Sets `TF_CONFIG` as `--cluster` asks.

    Args:
        name: "auto", or None for nothing to be done.
        workers: how many processes `--workers` asks for on this machine, or None.
        environ: dict of environment variables, which is changed.

    Returns:
        A sentence that tells what was found, or None.

    Raises:
        InputError: as `cluster_from`, or the name is unknown, or both options are given.
    """
    if name is None:
        return None
    if name != "auto":
        raise unknown("cluster", name, ["auto"])
    if workers:
        raise InputError(
            "--cluster takes the workers that an engine started, --workers starts them on this machine: "
            "leave one of them out."
        )
    config, sentence = cluster_from(environ)
    environ["TF_CONFIG"] = json.dumps(config)
    return sentence


def join_search(name, workers, environ=os.environ):
    """Sets KerasTuner's variables as `--cluster` asks: the first process becomes the chief of a search.

    Args, returns and raises as `join`.
    """
    sentence = join(name, workers, environ)
    if sentence is not None:
        environ |= search_variables(json.loads(environ.pop("TF_CONFIG")))
    return sentence


# Not TensorFlow's own resolvers: that for Slurm sorts hosts by name, though Slurm numbers tasks in the order
# of its list, asks for nvidia-smi and sets CUDA_VISIBLE_DEVICES; that for SageMaker is not public.


def _slurm(environ, _):
    advice = "start the command by srun, as one task of each worker"
    rank = _number(environ, "SLURM_PROCID", advice)
    num = _number(environ, "SLURM_STEP_NUM_TASKS", advice)
    nodes = expand_hosts(_needed(environ, "SLURM_STEP_NODELIST", advice), environ.get("PATH"))
    text = _needed(environ, "SLURM_STEP_TASKS_PER_NODE", advice)
    parts = [re.fullmatch(r"(\d+)(?:\(x(\d+)\))?", part) for part in text.split(",")]
    if not all(parts):
        raise InputError(f"SLURM_STEP_TASKS_PER_NODE must look like 2(x3),1, not {text!r}.")
    tasks = [int(part[1]) for part in parts for _ in range(int(part[2] or 1))]
    if len(tasks) != len(nodes) or sum(tasks) != num:
        raise InputError(
            f"Slurm tells of {num} tasks, {text} of them on the nodes {environ['SLURM_STEP_NODELIST']}, "
            f"which does not fit: {advice}."
        )
    hosts = [node for node, count in zip(nodes, tasks, strict=True) for _ in range(count)]
    node = environ.get("SLURM_NODEID", "")
    if node.isdigit() and rank < num and nodes[int(node)] != hosts[rank]:
        raise InputError(
            f"Slurm deals its tasks out in an order in which task {rank} is on {nodes[int(node)]}, not on "
            f"{hosts[rank]}: give srun --distribution=block."
        )
    job = environ.get("SLURM_JOB_ID", "")
    port = SLURM_PORTS + SLURM_SPREAD * (int(job) % SLURM_JOBS) if job.isdigit() else PORT
    return rank, [f"{host}:{port + index}" for index, host in enumerate(hosts)]


def expand_hosts(text, path=None):
    """The hosts of a list as Slurm writes it, by `scontrol` where it is there.

    Args:
        text: such as "n[1-2,07],m5".
        path: where to look for programs, as `PATH` says; None for that of this process.

    Returns:
        List of str, in Slurm's order.

    Raises:
        InputError: it is no such list.

    >>> expand_hosts("n[1-2,07],rack[1-2]-m[09-10]", path="")
    ['n1', 'n2', 'n07', 'rack1-m09', 'rack1-m10', 'rack2-m09', 'rack2-m10']
    """
    scontrol = shutil.which("scontrol", path=path)
    if scontrol:
        done = subprocess.run(
            [scontrol, "show", "hostnames", text], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return done.stdout.split()
    parts = r"(?:[^,\[\]]|\[\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*\])+"
    if not re.fullmatch(f"{parts}(?:,{parts})*", text):
        raise InputError(f"Slurm's list of nodes must look like n[1-2,07],m5, not {text!r}.")
    hosts = []
    for part in re.findall(parts, text):
        pieces = re.split(r"\[(.*?)\]", part)
        choices = [_numbers(piece) if odd % 2 else [piece] for odd, piece in enumerate(pieces)]
        hosts += ["".join(chosen) for chosen in itertools.product(*choices)]
    return hosts


def _numbers(ranges):
    """ "1-2,07" -> ["1", "2", "07"]."""
    for each in ranges.split(","):
        first, _, last = each.partition("-")
        yield from (str(number).zfill(len(first)) for number in range(int(first), int(last or first) + 1))


def _open_mpi(environ, _):
    advice = "start the command by mpirun"
    rank, num = (_number(environ, f"OMPI_COMM_WORLD_{name}", advice) for name in ("RANK", "SIZE"))
    if HOSTS not in environ and environ.get("OMPI_COMM_WORLD_LOCAL_SIZE") == str(num):
        return rank, [f"127.0.0.1:{PORT + index}" for index in range(num)]
    advice = (
        "Open MPI tells its processes how many they are, but not where: give mpirun -x "
        f"{HOSTS}=HOST,HOST,... with the host of each"
    )
    return rank, _listed(_needed(environ, HOSTS, advice), num)


def _kubernetes(environ, _):
    rank = _number(environ, "JOB_COMPLETION_INDEX", "take a Job with completionMode: Indexed")
    advice = (
        "set it in the Job to the pods' names in its headless Service, such as mnist-0.mnist,mnist-1.mnist, "
        "or let keras-gen launch kubernetes write the Job"
    )
    return rank, _listed(_needed(environ, HOSTS, advice))


def _sagemaker(environ, file):
    if "SM_HOSTS" not in environ and file.is_file():
        said, where = read_json(file), str(file)
        hosts, own = said.get("hosts"), said.get("current_host")
    else:
        advice = "SageMaker's training toolkit sets both"
        hosts, own = _json(environ, "SM_HOSTS", advice), _needed(environ, "SM_CURRENT_HOST", advice)
        where = "SM_HOSTS"
    if not isinstance(hosts, list) or own not in hosts:
        raise InputError(f"{where} must be a list of hosts with {own!r} among them, but is {hosts!r}.")
    return sorted(hosts).index(own), [f"{host}:{PORT + index}" for index, host in enumerate(sorted(hosts))]


def _vertex(environ, _):
    said = _json(environ, "CLUSTER_SPEC", "")
    try:
        pools = {name: list(said["cluster"][name]) for name in sorted(said["cluster"])}
        kind, index = said["task"]["type"], int(said["task"]["index"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"CLUSTER_SPEC is malformed ({error!r}): it must be as Vertex AI sets it."
        ) from error
    others = [name for name, addresses in pools.items() if addresses and name not in VERTEX_POOLS]
    if others:
        raise InputError(
            f"Vertex AI started machines of {', '.join(others)}, for servers that have no part here: give "
            "machines to the first two worker pools alone."
        )
    before = itertools.takewhile(lambda name: name != kind, pools)
    return index + sum(len(pools[name]) for name in before), [
        each for some in pools.values() for each in some
    ]


VERTEX_POOLS = ("workerpool0", "workerpool1")
ENGINES = {
    "Slurm": (("SLURM_JOB_ID", "SLURM_PROCID"), _slurm),
    "Open MPI": (("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"), _open_mpi),
    "An indexed Job of Kubernetes": (("JOB_COMPLETION_INDEX",), _kubernetes),
    "SageMaker": (("SM_HOSTS", "SM_CURRENT_HOST"), _sagemaker),
    "Vertex AI": (("CLUSTER_SPEC",), _vertex),
}


def _none_found(environ):
    if "KUBERNETES_SERVICE_HOST" in environ:
        return (
            "--cluster auto finds a pod of Kubernetes without JOB_COMPLETION_INDEX: take a Job with "
            "completionMode: Indexed."
        )
    return (
        "--cluster auto finds no workers, since none of "
        f"{', '.join(['TF_CONFIG', *(marks[0] for marks, _ in ENGINES.values())])} is set: start the command "
        "by Slurm's srun, as an indexed Job of Kubernetes, on SageMaker or Vertex AI or by Open MPI's "
        "mpirun, or leave --cluster out."
    )


def _needed(environ, name, advice):
    if not environ.get(name):
        raise InputError(f"--cluster auto needs {name}, which is not set: {advice}.")
    return environ[name]


def _number(environ, name, advice):
    text = _needed(environ, name, advice)
    if not text.isdecimal():
        raise InputError(f"{name} must be a whole number, not {text!r}.")
    return int(text)


def _json(environ, name, advice):
    text = _needed(environ, name, advice)
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError(f"{name} is malformed ({error}): {text!r}.") from error


def _listed(text, num=None):
    """The addresses of hosts that are listed with or without ports."""
    hosts = [host.strip() for host in text.split(",")]
    if not all(hosts) or (num is not None and len(hosts) != num):
        raise InputError(
            f"{HOSTS} must be a list of {'' if num is None else f'{num} '}hosts, one for each worker, such "
            f"as a,b or a:2222,b:2222, not {text!r}."
        )
    return [
        host if host.rpartition(":")[2].isdigit() and ":" in host else f"{host}:{PORT + index}"
        for index, host in enumerate(hosts)
    ]
