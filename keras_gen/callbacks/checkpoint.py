"""Checkpoints from which training resumes exactly."""

import math
from pathlib import Path

import keras

from keras_gen.callbacks.interruption import Interruption
from keras_gen.callbacks.training_state import TrainingState
from keras_gen.errors import InputError, unknown
from keras_gen.files import damage, replace_atomically
from keras_gen.logs import log
from keras_gen.models import load_model
from keras_gen.pretrained import run_folder
from keras_gen.registry import register
from keras_gen.signals import leave
from keras_gen.training import distribution

SUFFIX = ".keras"
BEST = "best"


class Diverged(Exception):
    """Too many steps in a row were skipped because a loss or gradient was not finite."""


class Checkpoint(keras.callbacks.Callback):
    """Saves all that training needs to resume exactly, and ends training when asked to.

    A checkpoint is one file: a saved model (weights, averages, optimizers, clock, augmentation) with the
    `TrainingState` of the other callbacks. Its name is the number of examples seen. It is written atomically,
    by the chief alone, after every epoch, every `every` steps and on interruption, but never after a skipped
    step. Give this callback last.

    Args:
        folder: of the checkpoints.
        callbacks: the other callbacks of `fit`, whose states are kept.
        every: int >= 1, steps between two checkpoints within an epoch, or None for epochs only.
        keep: int >= 1, how many of the latest stay.
        monitor: name of a log; the model of the epoch with its best value is kept as `best.keras`. None keeps
            no best. Of several processes the chief's logs decide.
        mode: "min" or "max", which value is best.
        most_skipped: int >= 1, steps in a row that may be skipped.
        interruption: an entered `Interruption`, or None to leave signals alone.
        state: the `TrainingState` to go on from, or None.

    Raises:
        InputError: a number is below 1, or mode is neither; in training, a checkpoint cannot be written.
        Diverged: in training, `most_skipped` steps in a row were skipped.
    """

    def __init__(
        self,
        folder,
        callbacks=(),
        every=None,
        keep=3,
        monitor=None,
        mode="min",
        most_skipped=20,
        interruption=None,
        state=None,
    ):
        super().__init__()
        for name, number in {"every": every, "keep": keep, "most_skipped": most_skipped}.items():
            if number is not None and number < 1:
                raise InputError(f"{name} must be at least 1, not {number}.")
        if mode not in ("min", "max"):
            raise unknown("mode", mode, ("min", "max"))
        self.folder, self.callbacks = Path(folder), list(callbacks)
        self.mode = mode
        self.every, self.keep, self.monitor, self.most_skipped = every, keep, monitor, most_skipped
        self.interruption = interruption or Interruption()
        self.state = state or TrainingState()
        self.is_restored = state is None
        self.best = None
        self.saved_after = 0

    def get_state(self):
        return {"best": self.best}

    def set_state(self, state):
        self.best = state["best"]

    def on_epoch_begin(self, epoch, logs=None):
        # Not earlier: Keras resets running means here, and callbacks reset themselves when training begins.
        if not self.is_restored:
            self.state.restore(self.model, [self, *self.callbacks])
            self.is_restored = True
        self.saved_after = 0

    def on_train_batch_end(self, batch, logs=None):
        skipped = self.model.skipped_in_row.numpy()
        if skipped >= self.most_skipped:
            raise Diverged(
                f"{skipped} steps in a row were skipped, since a loss or gradient was not finite: go back to "
                "the last checkpoint with lower learning rates or stronger penalties."
            )
        if batch + 1 >= (self.params.get("steps") or math.inf):
            return  # the last step of an epoch: `on_epoch_end` saves and leaves
        if self.every and batch + 1 - self.saved_after >= self.every:
            self.saved_after = batch + 1
            self._save_if_good()
        self._leave_if_asked(save=True)

    def on_epoch_end(self, epoch, logs=None):
        self.model.reset_metrics()  # the next epoch starts with fresh means
        if self.monitor and self._is_best((logs or {}).get(self.monitor)):
            self.save(best_checkpoint(self.folder))
        self._save_if_good()
        self._leave_if_asked(save=False)

    def _is_best(self, value):
        """Whether a value, None where it was not logged, is the best so far; it is then kept."""
        strategy, is_best = self.model.distribute_strategy, False
        if value is not None and math.isfinite(value) and not self.model.skipped_in_row.numpy():
            is_best = self.best is None or (value < self.best if self.mode == "min" else value > self.best)
        # Measures are logged by the chief alone, but all processes meet where a checkpoint is written.
        is_best = bool(distribution.greatest(strategy, is_best and distribution.is_chief(strategy)))
        if is_best and value is not None:
            self.best = float(value)
        return is_best

    def _save_if_good(self):
        if not self.model.skipped_in_row.numpy():
            self.save()

    def _leave_if_asked(self, save):
        # All processes stop after the same step, whichever of them was asked.
        number = distribution.greatest(self.model.distribute_strategy, self.interruption.signal or 0)
        if number:
            if save:
                self._save_if_good()
            leave(number)

    def save(self, path=None):
        """Writes a checkpoint of the current state.

        Args:
            path: of the file. None names it by the examples seen, and deletes all but the latest earlier
                checkpoints, as well as later ones, which another training left.

        Raises:
            InputError: it cannot be written.
        """
        state = TrainingState.of(self.model, [self, *self.callbacks], self.state.restores)
        if not distribution.is_chief(self.model.distribute_strategy):
            return
        numbered = self.folder / f"{int(self.model.examples_seen.numpy()):012d}{SUFFIX}"

        def write(partial):
            self.model.save(partial)
            state.add_to(partial)

        self._write(path or numbered, write)
        if path is None:
            others = checkpoints(self.folder)
            place = others.index(numbered)
            for old in [*others[:place], *others[place + self.keep :]]:
                old.unlink(missing_ok=True)

    def _write(self, path, write):
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            replace_atomically(path, write)
        except OSError as error:
            raise InputError(
                f"The checkpoint {path} cannot be written ({error.strerror or error}): those before it are "
                "whole, so make room and give the same command to go on."
            ) from error


def checkpoints(folder):
    """The checkpoints in a folder, the latest first."""
    found = [path for path in Path(folder).glob(f"*{SUFFIX}") if path.stem.isdigit()]
    return sorted(found, key=lambda path: int(path.stem), reverse=True)


def best_checkpoint(folder):
    """The path of the best epoch's checkpoint in a folder."""
    return Path(folder) / f"{BEST}{SUFFIX}"


def latest_checkpoint(folder):
    """The latest whole checkpoint in a folder, or None; those that are damaged are passed over, and told."""
    return next(filter(is_whole, checkpoints(folder)), None)


def is_whole(path):
    """Whether a checkpoint can be gone on with; one that is damaged is told."""
    wrong = damage(path)
    if wrong is None:
        try:
            TrainingState.read(path)
        except InputError as error:
            wrong = error.__cause__
    if wrong is not None:
        log.warning("%s is damaged (%s) and passed over.", path, wrong)
    return wrong is None


@register("trained_model")
def trained_model(folder):
    """The model of a run, which `trained_file` holds."""
    return load_model(trained_file(folder))


def trained_file(folder):
    """The file with the model of a run: as its training ended, or else its latest whole checkpoint.

    Args:
        folder: of the run, with `model.keras` and `checkpoints/`, or the name of a pretrained model.

    Raises:
        InputError: this is no folder of a run, or holds no whole model.
    """
    folder = run_folder(folder)
    file = folder / "model.keras"
    wrong = damage(file)
    if wrong is None:
        return file
    path = latest_checkpoint(folder / "checkpoints")
    if path is None and (file.is_file() or any((folder / "checkpoints").glob(f"*{SUFFIX}"))):
        raise InputError(f"{folder} has no whole model: its model.keras and checkpoints are damaged or lost.")
    if path is None:
        raise InputError(f"{folder} has no model yet: its training has not reached a checkpoint.")
    if file.exists() or (folder / "metrics.json").is_file():
        log.warning(
            "%s cannot be read (%s): %s takes its place, and the command that trained it writes it again.",
            file,
            wrong,
            path,
        )
    return path
