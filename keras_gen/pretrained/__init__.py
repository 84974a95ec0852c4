"""Small models that come with the kit, each a folder such as a finished run leaves, without what is large.

`benchmarks/make_pretrained.py` makes them. `manifest.json` says of each which command trained it, with which
seed and versions, and the checksum of every file. Nothing is read before a model is asked for by its name.
"""

import functools
from pathlib import Path

from keras_gen.errors import InputError
from keras_gen.files import checksum, read_json
from keras_gen.logs import log

FOLDER = Path(__file__).parent
MANIFEST = "manifest.json"
CONFIG = "config.json"  # which every folder of a run has


def names():
    """The names of the models: list of str."""
    return sorted(path.parent.name for path in FOLDER.glob(f"*/{MANIFEST}"))


def run_folder(given):
    """The folder of a run, or that of the pretrained model of this name where there is no such run.

    Args:
        given: path of a run, or the name of a pretrained model.

    Returns:
        `pathlib.Path` of a folder with a `config.json`.

    Raises:
        InputError: there is neither, or a file of the pretrained model is not what came with the kit.
    """
    if (Path(given) / CONFIG).is_file():
        return Path(given)
    known = names()
    if str(given) not in known:
        raise InputError(
            f"{given} is not the folder of a run: it has no {CONFIG}. Pretrained models: {', '.join(known)}."
        )
    return _announced(FOLDER / given)


@functools.cache
def _announced(folder):
    """The folder of a pretrained model, once it is found to be whole and its user has been told of it."""
    manifest = read_json(folder / MANIFEST)
    for name, expected in manifest["files"].items():
        if not (folder / name).is_file() or checksum(folder / name) != expected:
            raise InputError(
                f"{folder / name} is damaged or was changed: install keras_gen again for the pretrained "
                f"{folder.name}."
            )
    log.info("Using the pretrained %s that came with keras_gen", folder.name)
    return folder
