"""A copy of the whole model after every epoch, to go on from."""

import math
import os
from pathlib import Path

import keras

from keras_gen.errors import InputError


class Checkpoint(keras.callbacks.Callback):
    """Saves the model, optimizers and clock included, after every epoch; a half-written file never takes its place.

    Args:
        path: of the `.keras` file.

    Raises:
        InputError: at the end of an epoch in which a loss was not finite; the last good file stays.
    """

    def __init__(self, path):
        super().__init__()
        self.path = Path(path)

    def on_epoch_end(self, epoch, logs=None):
        broken = [name for name, value in (logs or {}).items() if not math.isfinite(value)]
        if broken:
            raise InputError(
                f"Training diverged in epoch {epoch + 1} ({', '.join(broken)} not finite): lower the learning rates or "
                f"raise the penalties; {self.path} keeps the epoch before."
            )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(f"partial-{self.path.name}")
        self.model.save(partial)
        os.replace(partial, self.path)
