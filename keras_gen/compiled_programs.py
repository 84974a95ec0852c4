"""Keeping what XLA compiled for a GPU, so that the next process does not compile it again."""

import os
import re
from pathlib import Path

FLAG = "--tf_xla_persistent_cache_directory"


def keep(cards="/proc/driver/nvidia/gpus"):
    """Has TensorFlow keep its programs in KERAS_GEN_CACHE, or ~/.cache/keras_gen, where an NVIDIA GPU is.

    It goes by the environment variable TF_XLA_FLAGS, which TensorFlow reads with its first graph; a folder
    that is named there stays. A program is of one version of TensorFlow and one kind of GPU.

    Args:
        cards: folder in which the driver tells of each GPU.
    """
    flags, told = os.environ.get("TF_XLA_FLAGS", ""), sorted(Path(cards).glob("*/information"))
    if FLAG in flags or not told:
        return
    from importlib import metadata  # here, since it takes long

    try:
        version = metadata.version("tensorflow")
        card = re.search(r"Model:\s*(.+)", told[0].read_text())[1]
        cache = Path(os.environ.get("KERAS_GEN_CACHE") or "~/.cache/keras_gen").expanduser()
        folder = cache / "xla" / re.sub(r"\W+", "-", f"{version} {card}")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (TypeError, OSError, metadata.PackageNotFoundError):
        return  # an unknown GPU, or nowhere to keep anything: XLA then compiles each time
    if not re.search(r"\s", str(folder)):  # which would end the flag
        # Those of processors are quick to make, and another one may not run them.
        ours = f"{FLAG}={folder} --tf_xla_persistent_cache_device_types=GPU"
        os.environ["TF_XLA_FLAGS"] = f"{flags} {ours}".strip()
