"""The folder of a run: what lies where, and whether it may be gone on with."""

import contextlib
import dataclasses
import fcntl
import json
from pathlib import Path

from keras_gen import recipes
from keras_gen.errors import InputError
from keras_gen.files import make_folder, remove_partial, write_atomically
from keras_gen.recipes.classes import Classes


class Run:
    """A run folder.

    Args:
        folder: path; created by `start`.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.config_file = self.folder / "config.json"
        self.checkpoints = self.folder / "checkpoints"
        self.model_file = self.folder / "model.keras"
        self.metrics_file = self.folder / "metrics.json"
        self.report_file = self.folder / "report.md"
        self.history_file = self.folder / "history.csv"
        self.sounds = self.folder / "waveforms"
        self.classes_file = self.folder / "classes.json"

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

    def samples(self, ending):
        """The file of samples that a finished run shows, by its ending."""
        return self.folder / f"samples{ending}"

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

    def check(self, recipe, config):
        """Refuses a folder that holds an earlier start of another run.

        Raises:
            InputError: the folder holds a model trained with other settings.
        """
        if any(self.checkpoints.glob("*.keras")) or self.model_file.is_file():
            self._refuse_changes(self._wanted(recipe, config))

    def start(self, recipe, config):
        """Makes the folder, or finds in it an earlier start of the same run.

        Raises:
            InputError: the folder holds a model trained with other settings, or cannot be written.
        """
        make_folder(self.folder)
        self.check(recipe, config)
        write_atomically(self.config_file, json.dumps(self._wanted(recipe, config), indent=2) + "\n")

    def write_classes(self, dataset):
        """Keeps what the labels of the data stand for, where they have any."""
        if dataset.class_names:
            classes = {"pattern": dataset.pattern, "names": dataset.class_names}
            write_atomically(self.classes_file, json.dumps(classes, indent=2) + "\n")

    def classes(self):
        """The `Classes` of the data, or None where they have no labels.

        Raises:
            InputError: `classes.json` is damaged.
        """
        if not self.classes_file.is_file():
            return None
        try:
            return Classes(**json.loads(self.classes_file.read_text()))
        except (OSError, ValueError, TypeError) as error:
            raise InputError(f"{self.classes_file} cannot be read: {error}.") from error

    @contextlib.contextmanager
    def held(self):
        """Keeps other processes from training in the folder, which exists, while this one does.

        Raises:
            InputError: another one does.
        """
        with open(self.folder / ".lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise InputError(
                    f"Another process is training in {self.folder}: wait for it, or stop it first."
                ) from error
            remove_partial(self.folder)
            yield

    def _wanted(self, recipe, config):
        # As it comes back from the file: a tuple as a list.
        return json.loads(json.dumps({"recipe": recipe, **dataclasses.asdict(config)}))

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
        from keras_gen.callbacks import latest_checkpoint
        from keras_gen.models import load_model

        path = self.model_file if self.model_file.is_file() else latest_checkpoint(self.checkpoints)
        if path is None:
            raise InputError(f"{self.folder} has no model yet: its training has not reached a checkpoint.")
        return load_model(path)
