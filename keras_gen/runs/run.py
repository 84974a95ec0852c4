"""The folder of a run: what lies where, and whether it may be gone on with."""

import contextlib
import json
import warnings
from pathlib import Path

from keras_gen import pretrained, recipes
from keras_gen.errors import InputError
from keras_gen.files import checksum, damage, locked, make_folder, read_json, remove_partial, write_atomically
from keras_gen.pretrained import run_folder
from keras_gen.recipes.settings import flat, override
from keras_gen.runs.classes import Classes

OLDER_NAMES = dict(kernel="kid", kernel_std="kid_std")  # of measures, in files of older kits


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
        self.page_file = self.folder / "report.html"
        self.card_file = self.folder / "model_card.md"
        self.scores_file = self.folder / "scores.json"
        self.history_file = self.folder / "history.csv"
        self.sounds = self.folder / "waveforms"
        self.classes_file = self.folder / "classes.json"
        self.finished_file = self.folder / "finished.json"
        self.savedmodel = self.folder / "savedmodel"
        self.diagnosis_file = self.folder / "diagnosis.json"

    @classmethod
    def open(cls, folder):
        """A run that exists, or the pretrained model of this name, which is found as a run.

        Raises:
            InputError: there is neither, or its `config.json` is damaged.
        """
        run = cls(run_folder(folder))
        recipes.saved(run.config_file)
        return run

    @property
    def is_pretrained(self):
        """Whether it came with the kit, so that nothing is written there."""
        return self.folder.parent == pretrained.FOLDER

    def samples(self, ending):
        """The file of samples that a finished run shows, by its ending."""
        return self.folder / f"samples{ending}"

    @staticmethod
    def of_split(path, split):
        """The file in the place of one about test examples, such as `report-val.html`."""
        return path if split == "test" else path.with_stem(f"{path.stem}-{split}")

    def metrics(self):
        """The scores of a finished run, name -> number; None where there are none, or the file is damaged."""
        try:
            found = read_json(self.metrics_file)
        except InputError:
            return None
        numbers = found.values() if isinstance(found, dict) else [None]
        if not found or not all(isinstance(number, int | float) for number in numbers):
            return None
        return renamed(found)

    def sheets(self):
        """The paths of what shows examples of a finished model: images, or texts."""
        names = ("samples", "reconstructions", "traversals")
        paths = [self.folder / f"{name}{ending}" for ending in (".png", ".txt") for name in names]
        return [path for path in paths if path.is_file()]

    def finished(self):
        """What `finished.json` says once all but the scores is written; None before, or where it is damaged.

        Returns:
            A dict of `savedmodel`, the path of the exported model, and `training_minutes`, or None.
        """
        try:
            found = read_json(self.finished_file)
        except InputError:
            return None
        if not isinstance(found, dict) or not {"savedmodel", "training_minutes"} <= found.keys():
            return None
        # Older kits exported elsewhere.
        is_here = found["savedmodel"] == self.savedmodel.name
        return found | {"savedmodel": str(self.savedmodel)} if is_here else found

    @property
    def has_results(self):
        """Whether the model and its samples are there, and undamaged; scores may be missing."""
        try:
            self.classes()
        except InputError:
            return False
        sheets = (self.samples(".png"), self.samples(".txt"))
        return any(sheet.is_file() for sheet in sheets) and damage(self.model_file) is None

    @property
    def complete(self):
        """Whether a training has left all that it leaves in the end, and none of it is damaged."""
        return self.metrics() is not None and self.report_file.is_file() and self.has_results

    def settings(self):
        """The name of the run's recipe and its resolved config.

        Raises:
            InputError: `config.json` is damaged, or of a recipe or fields that do not exist.
        """
        return recipes.read(self.config_file)

    @property
    def fingerprint(self):
        """That of the prepared set that the run is trained on, or None."""
        return recipes.saved(self.config_file).get(recipes.FINGERPRINT)

    def provenance(self):
        """What an exported model says of its making: dict; under "model" the checksum of its file."""
        from keras_gen.callbacks import trained_file  # which imports TensorFlow

        saved = recipes.saved(self.config_file)
        found = {
            name: saved[name] for name in ("recipe", recipes.VERSIONS, recipes.FINGERPRINT) if name in saved
        }
        # Of folders, no more than their name is published.
        data = Path(saved.get("data", "")).name
        classes = self.classes()
        found |= {"class_names": classes.names} if classes else {}
        return found | {"data": data, "model": f"sha256:{checksum(trained_file(self.folder))}"}

    def origin(self, model):
        """The `Origin` of what the run's model, as `load_model` gives it, makes."""
        from keras_gen.media import Origin  # which imports TensorFlow

        saved = recipes.saved(self.config_file)
        version = f"after {int(model.examples_seen.numpy()):,} examples"
        if damage(self.model_file) is None:
            version = f"sha256:{checksum(self.model_file)}"
        kit = recipes.versions()["keras_gen"]
        name = f"{recipes.short_name(saved['recipe'])}{', pretrained' if self.is_pretrained else ''}"
        return Origin(f"{name} (keras_gen {kit})", version)

    @property
    def has_learned(self):
        """Whether there is a model in the folder, or a part of one."""
        return any(self.checkpoints.glob("*.keras")) or self.model_file.is_file()

    def is_shorter(self, config):
        """Whether what the folder holds is, but for more epochs, the run of a config."""
        return self.has_learned and self.settings()[1].epochs < config.epochs

    def check(self, recipe, config):
        """Refuses a folder that holds another run; the same one may be trained for more epochs.

        Raises:
            InputError: the folder holds a model trained with other settings, or one whose settings are lost.
        """
        if self.has_learned:
            self._refuse_changes(recipe, config)

    def start(self, recipe, config, fingerprint=None):
        """Makes the folder, or finds in it an earlier start of the same run.

        Warns where that was made with other versions, which may compute other bits.

        Args:
            recipe: name of the recipe.
            config: its settings.
            fingerprint: of the data, where they are a prepared set, or None.

        Raises:
            InputError: the folder holds a model trained with other settings or on another prepared set,
                another process trains there, it came with the kit, or it cannot be written.
        """
        if self.is_pretrained:
            name = self.folder.name
            raise InputError(
                f"{name} came with keras_gen, and nothing is written there: {self.scores_file} has its "
                f"scores. keras-gen evaluate {name} --data DATA scores it on data of yours."
            )
        make_folder(self.folder)
        self.check(recipe, config)
        if self.has_learned and self.fingerprint not in (None, fingerprint):
            raise InputError(
                f"{config.data} is not what {self.folder} was begun with, whose fingerprint is "
                f"{self.fingerprint}: bring that back, or choose another --output."
            )
        make_folder(self.checkpoints)
        if self.has_learned:
            self._warn_of_versions()
        if self.is_shorter(config):
            from keras_gen.runs.longer import lengthen  # which imports TensorFlow

            with self.held():
                lengthen(self, config)
        write_atomically(self.config_file, recipes.dump(recipe, config, fingerprint))

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
            return Classes(**read_json(self.classes_file))
        except TypeError as error:
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

    def _refuse_changes(self, recipe, config):
        if not self.config_file.is_file():
            raise InputError(
                f"{self.folder} holds a run whose config.json is lost, so that its settings are not known: "
                "put it back, or choose another --output."
            )
        found, wanted = (
            {"recipe": recipes.full_name(name), **flat(c)} for name, c in (self.settings(), (recipe, config))
        )
        changed = sorted(key for key in found.keys() | wanted.keys() if found.get(key) != wanted.get(key))
        if changed == ["epochs"] and found["epochs"] < wanted["epochs"]:
            return
        if changed:
            differences = ", ".join(
                f"{key} is {found.get(key)} there, {wanted.get(key)} here" for key in changed
            )
            further = ""
            if self.model_file.is_file() and found["recipe"] == wanted["recipe"]:
                further = f", or train it further with --from {self.folder} --output ANOTHER"
            raise InputError(
                f"{self.folder} holds a run of other settings ({differences}): choose another "
                f"--output{further}."
            )

    def _warn_of_versions(self):
        made_with = recipes.saved(self.config_file).get(recipes.VERSIONS)
        made_with = made_with if isinstance(made_with, dict) else {}
        changed = [
            f"{name} is {made_with[name]} there, {version} here"
            for name, version in recipes.versions().items()
            if made_with.get(name, version) != version
        ]
        if changed:
            warnings.warn(
                f"{self.folder} was begun with other versions ({', '.join(changed)}): what it goes on with "
                "may differ in its last bits from a run that never stopped.",
                stacklevel=2,
            )

    def load_model(self):
        """The trained model; where it is damaged, or training is not over, the latest checkpoint.

        Raises:
            InputError: the run has no whole model yet.
        """
        from keras_gen.callbacks import trained_model  # which imports TensorFlow

        recipe = recipes.saved(self.config_file)["recipe"]
        if recipes.is_file(recipe) and Path(recipe).is_file():
            recipes.get(recipe)  # which registers classes of one's own with Keras
        return trained_model(self.folder)


def renamed(metrics):
    """Scores under today's names: dict, name -> number."""
    return {OLDER_NAMES.get(name, name): number for name, number in metrics.items()}


def fine_tuned(recipe, start, fields):
    """The config that fine-tunes an earlier run: its settings, at a tenth of its learning rates.

    Training begins with the weights of the run, without warm-up.

    Args:
        recipe: name of the recipe.
        start: folder of a run of it.
        fields: field -> value or text of a value, in the place of the run's.

    Returns:
        A `Recipe`.

    Raises:
        InputError: the run is of another recipe or has no model yet, or a field or value is not valid.
    """
    run = Run.open(start)
    begun, config = run.settings()
    if begun != recipes.full_name(recipe):
        raise InputError(f"{start} is a run of {begun}, not of {recipe}: give that recipe, or another run.")
    if not run.model_file.is_file():
        raise InputError(f"{start} is not finished, as it has no model.keras: let its training end first.")
    return override(config.further(start), fields)
