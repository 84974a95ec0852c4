"""The machines that train together, as `TF_CONFIG` names them, or run trials, as KerasTuner's variables do.

Nothing here imports TensorFlow, so that a mistake is told at once.
"""

import json
import os

from keras_gen.errors import InputError

SEARCH_VARIABLES = ("KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT")


def read_cluster(environ=os.environ):
    """What `TF_CONFIG` says, checked.

    Args:
        environ: dict of environment variables.

    Returns:
        {"cluster": {type: list of "host:port"}, "task": {"type": str, "index": int}}, or None where it is not
        set.

    Raises:
        InputError: it is malformed, or describes servers that are refused.
    """
    text = environ.get("TF_CONFIG", "")
    if not text:
        return None
    example = '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}'
    try:
        config = json.loads(text)
        cluster, task = config["cluster"], config["task"]
        kind, index = task["type"], task["index"]
        addresses = cluster[kind]
        every_address = [address for some in cluster.values() for address in some]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"TF_CONFIG is malformed ({error!r}): it must look like {example}.") from error
    if not set(cluster) <= {"chief", "worker"}:
        others = ", ".join(sorted(set(cluster) - {"chief", "worker"}))
        raise InputError(
            f"TF_CONFIG lists machines of type {others}, which have no part here: list workers, and perhaps "
            "a chief."
        )
    if not all(
        isinstance(address, str) and address.rpartition(":")[2].isdigit() for address in every_address
    ):
        raise InputError(f"TF_CONFIG must list machines as host:port, but lists {every_address}.")
    if not isinstance(index, int) or not 0 <= index < len(addresses):
        raise InputError(
            f"TF_CONFIG says that this is {kind} {index!r}, but lists {len(addresses)} of that type."
        )
    return config


def rank_and_addresses(config):
    """(number of this process, addresses of all) of a `TF_CONFIG`, the chief's first."""
    cluster, task = config["cluster"], config["task"]
    chiefs, workers = cluster.get("chief", []), cluster.get("worker", [])
    return task["index"] + (len(chiefs) if task["type"] == "worker" else 0), [*chiefs, *workers]


def search_variables(config):
    """KerasTuner's variables for a process that `TF_CONFIG` would describe so; none where it is alone."""
    rank, addresses = rank_and_addresses(config)
    if len(addresses) == 1:
        return {}
    name = f"tuner{rank - 1}" if rank else "chief"
    host, _, port = addresses[0].rpartition(":")
    return dict(zip(SEARCH_VARIABLES, (name, host, port), strict=True))
