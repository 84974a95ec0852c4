"""The folder of a run: what lies where, and whether it may be gone on with."""

import dataclasses
import json
import os
import tempfile
from pathlib import Path

from keras_gen import recipes
from keras_gen.errors import InputError


class Run:
    """A run folder.

    Args:
        folder: path; created by `start`.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.config_file = self.folder / "config.json"
        self.checkpoint = self.folder / "checkpoints" / "last.keras"
        self.model_file = self.folder / "model.keras"
        self.metrics_file = self.folder / "metrics.json"
        self.report_file = self.folder / "report.md"
        self.history_file = self.folder / "history.csv"
        self.pictures = self.folder / "samples.png"

    @classmethod
    def open(cls, folder):
        """A run that exists.

        Raises:
            InputError: there is no run in the folder, or its `config.json` is damaged.
        """
        run = cls(folder)
        if not run.config_file.is_file():
            raise InputError(f"{folder} is not the folder of a run: it has no config.json.")
        run._read()
        return run

    @property
    def complete(self):
        return self.metrics_file.is_file()

    def settings(self):
        """The name of the run's recipe and its resolved config.

        Raises:
            InputError: `config.json` is damaged, or of a recipe or fields that do not exist.
        """
        saved = self._read()
        recipe = saved.pop("recipe")
        return recipe, recipes.resolve(recipe, saved)

    def _read(self):
        try:
            saved = json.loads(self.config_file.read_text())
        except (OSError, ValueError) as error:
            raise InputError(f"{self.config_file} cannot be read: {error}.") from error
        if not isinstance(saved, dict) or "recipe" not in saved:
            raise InputError(f"{self.config_file} is not the config of a run: it names no recipe.")
        return saved

    def start(self, recipe, config):
        """Makes the folder, or finds in it an earlier start of the same run.

        Raises:
            InputError: the folder holds a model trained with other settings, or cannot be written.
        """
        wanted = {"recipe": recipe, **dataclasses.asdict(config)}
        make_folder(self.folder)
        if self.checkpoint.is_file() or self.model_file.is_file():
            self._refuse_changes(wanted)
        write_atomically(self.config_file, json.dumps(wanted, indent=2) + "\n")

    def _refuse_changes(self, wanted):
        found = self._read()
        changed = [key for key in found.keys() | wanted.keys() if found.get(key) != wanted.get(key)]
        if changed:
            differences = ", ".join(
                f"{key} is {found.get(key)} there, {wanted.get(key)} here" for key in sorted(changed)
            )
            raise InputError(
                f"{self.folder} holds a run of other settings ({differences}): choose another --output."
            )

    def load_model(self):
        """The trained model, or the latest checkpoint of a run that is not complete.

        Raises:
            InputError: the run has saved no model yet.
        """
        from keras_gen.models import load_model

        for path in (self.model_file, self.checkpoint):
            if path.is_file():
                return load_model(path)
        raise InputError(f"{self.folder} has no model yet: its training has not finished an epoch.")


def make_folder(folder):
    """Makes a folder that can be written to, or finds it.

    Raises:
        InputError: there is no such folder to be had.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be written: {error.strerror or error}.") from error


def write_atomically(path, text):
    """Writes a text file that is never seen half written."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text)
    os.replace(partial, path)
