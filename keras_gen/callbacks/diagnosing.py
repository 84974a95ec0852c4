"""A callback that tells what goes wrong while a model is trained."""

import json
from pathlib import Path

import keras

from keras_gen.callbacks.diagnosis import RULES, Finding, diagnose
from keras_gen.errors import InputError, unknown
from keras_gen.files import write_atomically
from keras_gen.logs import log
from keras_gen.training import distribution


class Diagnose(keras.callbacks.Callback):
    """Tells in one line what goes wrong as soon as it is seen, and keeps it in a file.

    It goes by the logs: give it after `Monitor`, whose logs most rules need.

    Args:
        path: of a .json file, a list of dicts of name, since, seen and advice; None writes none.
        epochs: int, of the whole training, of which a `fit` may be a part; None for those of `fit`.
        stop_at: names in `keras_gen.callbacks.diagnosis.RULES` that end training.

    Attributes:
        findings: list of the `Finding`s so far, in the order in which they were first seen.

    Raises:
        InputError: a name is unknown; in training, several processes would not stop together.
    """

    def __init__(self, path=None, epochs=None, stop_at=()):
        super().__init__()
        for name in stop_at:
            if name not in RULES:
                raise unknown("finding", name, RULES)
        self.path, self.epochs, self.stop_at = None if path is None else Path(path), epochs, tuple(stop_at)
        self.rows, self.findings = [], []

    def get_state(self):
        return {"rows": self.rows, "findings": [finding._asdict() for finding in self.findings]}

    def set_state(self, state):
        self.rows, self.findings = state["rows"], [Finding(**finding) for finding in state["findings"]]
        self._write()

    def on_train_begin(self, logs=None):
        if self.stop_at and distribution.spans_processes(self.model.distribute_strategy):
            raise InputError("Several processes would not stop together: leave stop_at out.")

    def on_epoch_end(self, epoch, logs=None):
        self.rows.append({"epoch": epoch, **{name: float(value) for name, value in (logs or {}).items()}})
        known = {finding.name for finding in self.findings}
        found = [f for f in diagnose(self.rows, self.epochs or self.params["epochs"]) if f.name not in known]
        for finding in found:
            log.warning("%s", finding)
        self.findings += found
        self._write()
        if any(finding.name in self.stop_at for finding in found):
            self.model.stop_training = True

    def _write(self):
        if self.path is not None:
            told = [finding._asdict() for finding in self.findings]
            write_atomically(self.path, json.dumps(told, indent=2) + "\n")
