"""Monitoring of training: TensorBoard, and samples from fixed latents after every epoch."""

from pathlib import Path

import keras
import tensorflow as tf

from keras_gen.media import Origin


class Monitor(keras.callbacks.Callback):
    """Writes logs, learning rates and samples from fixed latents after every epoch.

    `<folder>/tensorboard` gets all logs, each optimizer's learning rate and the samples, as images, audio or
    text, over examples seen. The samples also become `<folder>/samples/<examples seen>.png`, or `.txt`.

    Args:
        folder: of the run.
        num: int >= 1, samples to draw; a conditional model goes through its classes in turn.
        seed: int, decides the latents.
    """

    def __init__(self, folder, num=80, seed=0):
        super().__init__()
        self.folder, self.num, self.seed = Path(folder), num, seed
        self.samples, self.events = self.folder / "samples", self.folder / "tensorboard"

    def on_train_begin(self, logs=None):
        self.samples.mkdir(parents=True, exist_ok=True)
        self.writer = tf.summary.create_file_writer(str(self.events))

    def on_epoch_end(self, epoch, logs=None):
        # The folders may have been deleted since.
        self.samples.mkdir(parents=True, exist_ok=True)
        if not any(self.events.glob("*")):
            self.writer.close()
            self.writer = tf.summary.create_file_writer(str(self.events))
        examples = int(self.model.examples_seen.numpy())
        media = self.model.media
        samples = self.model.generate(self.num, seed=self.seed)
        origin = Origin(f"{type(self.model).__name__} of keras_gen", f"after {examples:,} examples")
        media.save_sheet(samples, self.samples / f"{examples:010d}{media.sheet_ending}", origin=origin)
        with self.writer.as_default(step=examples):
            for name, value in (logs or {}).items():
                tf.summary.scalar(name, value)
            for name, optimizer in self.model.optimizers.items():
                tf.summary.scalar(
                    f"learning_rate/{name}", float(keras.ops.convert_to_numpy(optimizer.learning_rate))
                )
            media.summarize("samples", samples)
            self.watch()
        self.writer.flush()

    def watch(self):
        """Writes more in sub-classes; the writer is open at the examples seen."""

    def on_train_end(self, logs=None):
        self.writer.close()
