"""Monitoring of training: TensorBoard, and samples from fixed latents after every epoch."""

import math
import time
from pathlib import Path

import keras
import tensorflow as tf
from tensorboard.plugins.hparams import api

from keras_gen import registry
from keras_gen.callbacks.watching import Watch
from keras_gen.errors import InputError
from keras_gen.media import Origin


class Monitor(keras.callbacks.Callback):
    """Writes logs and samples from fixed latents after epochs, and adds to the logs what it watches.

    The logs get each optimizer's learning rate, the steps that were skipped if there were any, and of `data`
    what `Watch` and `measures` tell. Callbacks after this one see them: give it first, before
    `EarlyStopping`, `ModelCheckpoint` or `Checkpoint`.

    `<folder>/tensorboard` gets all logs and the samples, as images, audio or text, over examples seen. The
    samples also become `<folder>/samples/<examples seen>.png`, or `.txt`: after the first and the last epoch,
    and as often between as `share` allows. Nothing of this changes training.

    Args:
        folder: of the run.
        num: int >= 1, samples to draw; a conditional model goes through its classes in turn.
        seed: int, decides the latents.
        data: a `Dataset` whose training and validation examples are watched, or None to watch none.
        measures: names of registered measures, such as `("kid",)`, that are taken on validation data and
            logged as `val_kid`.
        every: int >= 1, epochs between two of these measurements.
        num_measured: int >= 4, generated examples that they are of.
        hyperparameters: dict, name -> number or text, for the dashboard of hyperparameters, or None.
        share: float in (0, 1], of the time of training that samples may take; 1 draws them after every epoch.
        extractor: name of the feature space of distances among the measures, as a recipe's field `extractor`.

    Raises:
        InputError: a measure is unknown, there are measures without validation data, or a number is out of
            its range.
    """

    def __init__(
        self,
        folder,
        num=80,
        seed=0,
        data=None,
        measures=(),
        every=1,
        num_measured=1000,
        hyperparameters=None,
        share=0.05,
        extractor="auto",
    ):
        super().__init__()
        self.folder, self.num, self.seed, self.data = Path(folder), num, seed, data
        self.samples, self.events = self.folder / "samples", self.folder / "tensorboard"
        self.every, self.hyperparameters = every, hyperparameters
        if every < 1:
            raise InputError(f"every must be at least 1, not {every}.")
        if not 0 < share <= 1:
            raise InputError(f"share must be above 0 and at most 1, not {share}.")
        self.share = share
        if measures and (data is None or data.val is None):
            raise InputError("measures are taken on validation data: give data, a Dataset that has some.")
        self.measured = None
        if measures:
            take = registry.find("on_validation")
            self.measured = take(data, measures, num_measured, seed, extractor)

    def get_state(self):
        """Nothing for a checkpoint: what it keeps are times of this process."""
        return {}

    def set_state(self, state):
        """Takes nothing from a checkpoint."""

    def on_train_begin(self, logs=None):
        self.samples.mkdir(parents=True, exist_ok=True)
        self._open()
        self._shown, self._shown_at, self._seconds = -1, -math.inf, math.inf
        self.watched = None if self.data is None else Watch(self.data, self.seed)

    def _open(self):
        self.writer = tf.summary.create_file_writer(str(self.events))
        if self.hyperparameters:
            with self.writer.as_default(step=0):
                api.hparams(self.hyperparameters, trial_id=self.folder.resolve().name)

    def on_epoch_end(self, epoch, logs=None):
        # The folders may have been deleted since.
        self.samples.mkdir(parents=True, exist_ok=True)
        if not any(self.events.glob("events*")):
            self.writer.close()
            self._open()
        logs = {} if logs is None else logs
        logs.update(self._more_logs(epoch))
        with self.writer.as_default(step=int(self.model.examples_seen.numpy())):
            for name, value in logs.items():
                tf.summary.scalar(name, value)
        waited = time.perf_counter() - self._shown_at
        if self.share == 1 or math.isinf(waited) or waited >= self._seconds / self.share:
            self._show()
        self.writer.flush()

    def _show(self):
        started, examples = time.perf_counter(), int(self.model.examples_seen.numpy())
        media = self.model.media
        samples = self.model.generate(self.num, seed=self.seed)
        origin = Origin(f"{type(self.model).__name__} of keras_gen", f"after {examples:,} examples")
        media.save_sheet(samples, self.samples / f"{examples:010d}{media.sheet_ending}", origin=origin)
        with self.writer.as_default(step=examples):
            media.summarize("samples", samples)
            self.watch()
        self._shown, self._shown_at = examples, time.perf_counter()
        # The first time also traces graphs.
        self._seconds = min(self._seconds, self._shown_at - started)

    def _more_logs(self, epoch):
        found = {}
        for name, optimizer in self.model.optimizers.items():
            name = "learning_rate" if name == "model" else f"{name}_learning_rate"
            found[name] = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
        skipped = int(self.model.skipped_steps.numpy())
        if skipped:
            found["skipped_steps"] = skipped
        if self.watched is not None:
            found |= self.watched(self.model)
        if self.measured is not None and (epoch + 1) % self.every == 0:
            found |= self.measured(self.model)
        return found

    def watch(self):
        """Writes more in sub-classes; the writer is open at the examples seen."""

    def on_train_end(self, logs=None):
        if self._shown != int(self.model.examples_seen.numpy()):
            self._show()
        self.writer.close()
