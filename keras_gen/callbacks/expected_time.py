"""How long a training will take, by its own first steps."""

import time

import keras

from keras_gen.logs import log

TIMED = 5.0  # seconds of steps, unless an epoch is shorter


class ExpectedTime(keras.callbacks.Callback):
    """Logs once how long the steps that are still to come will take.

    The first ones, which are traced and compiled, are not timed. Nor is what happens between epochs, such as
    validation and samples.

    Args:
        steps: int >= 1, how many steps are to come when training begins, of all its epochs.
        then_stop: bool, whether training ends when that is known.

    Attributes:
        told: the sentence that was logged, such as "about 12 minutes: 6,000 steps of 0.12 s"; None before.
    """

    def __init__(self, steps, then_stop=False):
        super().__init__()
        self.steps, self.then_stop, self.told, self._start = steps, then_stop, None, None

    def on_train_batch_end(self, batch, logs=None):
        if self.told is not None:
            return
        now = time.perf_counter()
        if self._start is None or batch < self._start[0]:
            self._start = batch, now
        # With several steps in an execution, `batch` is the last of them.
        self._steps, self._seconds = batch - self._start[0], now - self._start[1]
        if self._steps and self._seconds >= TIMED:
            self._tell()

    def on_epoch_end(self, epoch, logs=None):
        if self.told is None and self._start is not None and self._steps:
            self._tell()

    def _tell(self):
        each = self._seconds / self._steps
        total = each * self.steps
        length = f"{total / 60:.0f} minutes" if total >= 100 else f"{total:.0f} seconds"
        self.told = f"about {length}: {self.steps:,} steps of {each:.2g} s"
        log.info("The steps of training will take %s", self.told)
        if self.then_stop:
            self.model.stop_training = True
