"""The folder of a run: what lies where, and whether it may be gone on with."""

import contextlib
import dataclasses
import json
from pathlib import Path

from keras_gen import recipes
from keras_gen.errors import InputError
from keras_gen.files import locked, make_folder, remove_partial, write_atomically
from keras_gen.recipes.classes import Classes
from keras_gen.recipes.fields import override

SLOWER = 0.1  # share of the learning rates that fine-tuning begins with


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
        recipes.saved(run.config_file)
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
        return recipes.read(self.config_file)

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
        with locked(self.folder, "training"):
            remove_partial(self.folder)
            yield

    def _wanted(self, recipe, config):
        # As it comes back from the file: a tuple as a list.
        return json.loads(json.dumps({"recipe": recipe, **dataclasses.asdict(config)}))

    def _refuse_changes(self, wanted):
        found = recipes.saved(self.config_file)
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


def fine_tuned(recipe, start, fields):
    """The config that goes on from an earlier run: its settings and weights, at a tenth of its learning rates, without warm-up.

    Args:
        recipe: name of the recipe.
        start: folder of a run of it.
        fields: field -> value or text of a value, in the place of the run's.

    Returns:
        A validated dataclass.

    Raises:
        InputError: the run is of another recipe or has no model yet, or a field or value is not valid.
    """
    run = Run.open(start)
    begun, config = run.settings()
    if begun != recipe:
        raise InputError(f"{start} is a run of {begun}, not of {recipe}: give that recipe, or another run.")
    if not run.model_file.is_file():
        raise InputError(f"{start} is not finished: let its training end first.")
    rates = {name: SLOWER * getattr(config, name) for name in config.learning_rates}
    return override(config, {"start": str(start), **config.once_begun, **rates, **fields})
