"""The outcome of a trial, kept in its folder: KerasTuner loses a worker's reason for a failure."""

import dataclasses
import json
import re
from pathlib import Path

import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.files import write_atomically
from keras_gen.runs.run import renamed

LONGEST_REASON = 300  # characters


@dataclasses.dataclass
class Outcome:
    """The end of a trial.

    Args:
        metrics: name -> mean over its executions; empty where it failed.
        executions: list of dicts, the metrics of each.
        seconds: that it took since it was last begun.
        reason: sentence on why it failed, or None.
    """

    metrics: dict
    executions: list
    seconds: float
    reason: str | None = None

    @classmethod
    def read(cls, folder):
        """The outcome in the folder of a trial, or None while it is running."""
        try:
            found = cls(**json.loads((Path(folder) / "outcome.json").read_text(encoding="utf-8")))
            found.metrics = renamed(found.metrics)
            found.executions = [renamed(metrics) for metrics in found.executions]
        except (OSError, ValueError, TypeError, AttributeError):
            return None
        return found

    def write(self, folder):
        write_atomically(Path(folder) / "outcome.json", json.dumps(dataclasses.asdict(self), indent=2) + "\n")


def is_fault_of_machine(error):
    """Whether the machine, not the settings, caused an exception, such as a full disk or a locked file."""
    while error is not None:
        if isinstance(error, OSError) or "No space left" in str(error):
            return True
        error = error.__cause__
    return False


def reason(error):
    """A sentence on an exception."""
    if isinstance(error, InputError):
        return str(error)
    lines = str(getattr(error, "message", error)).strip().splitlines() or [""]
    # TensorFlow begins with the node of a graph that failed.
    told = re.sub(r"\{\{.*?\}\} ?", "", lines[0])[:LONGEST_REASON].strip()
    if isinstance(error, MemoryError | tf.errors.ResourceExhaustedError):
        return f"Out of memory: {told}"
    return f"{type(error).__name__}: {told}"


def told(values):
    """Settings in a line."""
    return ", ".join(f"{field}={value}" for field, value in values.items())
