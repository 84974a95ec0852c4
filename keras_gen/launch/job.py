"""What an engine is to start: a command of the kit, and how often."""

import dataclasses
import re
import shlex

from keras_gen.errors import InputError

NAME = re.compile(r"[a-z]([-a-z0-9]{0,50}[a-z0-9])?")  # of a host, with a number behind it


@dataclasses.dataclass(frozen=True)
class Job:
    """A command that several processes run together.

    Args:
        arguments: of `keras-gen`, a list of str: "train" or "tune" first.
        workers: int >= 1, how many train together, or run trials.
        folder: `pathlib.Path` of the run or the search, which all of them see.
        name: what engines call it: letters, digits and hyphens.
        cpus: int >= 1, cores of each process, or None for what the engine gives.
        gpus: int >= 0 of each.

    Raises:
        InputError: no engine can call it so.
    """

    arguments: list
    workers: int
    folder: object
    name: str
    cpus: int | None = None
    gpus: int = 0

    def __post_init__(self):
        if not NAME.fullmatch(self.name):
            raise InputError(
                f"A job cannot be called {self.name!r}: give --name with at most 52 small letters, digits "
                "and hyphens, a letter first."
            )

    @property
    def is_search(self):
        return self.arguments[0] == "tune"

    @property
    def processes(self):
        """How many are started: a search has a chief besides, which hands out trials."""
        return self.workers + self.is_search

    @property
    def description(self):
        """The command in a line."""
        return " ".join(shlex.join(["keras-gen", *self.arguments]).splitlines())


def name_of(folder):
    """A name for a job, after the folder of its run."""
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")[:40].strip("-")
    return name if name[:1].isalpha() else f"run-{name}".strip("-")
