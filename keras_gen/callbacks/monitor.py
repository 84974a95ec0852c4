"""Watching a model learn: TensorBoard, and the same samples after every epoch."""

from pathlib import Path

import keras
import tensorflow as tf


class Monitor(keras.callbacks.Callback):
    """Writes what an epoch reported, the learning rates and samples from fixed latents.

    Scalars go to `<folder>/tensorboard`: all logs (of a GAN the losses, the discriminator's outputs on real, generated and
    validation images, the strength of augmentation) and each optimizer's learning rate; the horizontal axis is examples
    seen. Samples go there too, recordings also to be heard, and as an image, or a text, to `<folder>/samples/<examples seen>.png`,
    or `.txt`.

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
        # Who watches a run may also tidy it up.
        self.samples.mkdir(parents=True, exist_ok=True)
        if not any(self.events.glob("*")):
            self.writer.close()
            self.writer = tf.summary.create_file_writer(str(self.events))
        examples = int(self.model.examples_seen.numpy())
        media = self.model.media
        samples = self.model.generate(self.num, seed=self.seed)
        media.save_sheet(samples, self.samples / f"{examples:010d}{media.sheet_ending}")
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
        """Writes what sub-classes watch besides, with the writer open at the examples seen."""

    def on_train_end(self, logs=None):
        self.writer.close()
