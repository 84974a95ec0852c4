"""A copy of the whole model after every epoch, to go on from."""

import os
from pathlib import Path

import keras


class Checkpoint(keras.callbacks.Callback):
    """Saves the model, optimizers and clock included, after every epoch; a half-written file never takes its place.

    Args:
        path: of the `.keras` file.
    """

    def __init__(self, path):
        super().__init__()
        self.path = Path(path)

    def on_epoch_end(self, epoch, logs=None):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(f"partial-{self.path.name}")
        self.model.save(partial)
        os.replace(partial, self.path)
