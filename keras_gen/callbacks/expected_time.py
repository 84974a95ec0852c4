"""How long a training will take, by its own first steps and ends of epochs."""

import time

import keras

from keras_gen.logs import log

TIMED = 5.0  # seconds of steps, unless an epoch is shorter
TRACED = 1  # ends of epochs in which validation and samples are traced and compiled


class ExpectedTime(keras.callbacks.Callback):
    """Logs how long the steps to come will take, and the whole training once two epochs are over.

    The first steps and the first end of an epoch, which are traced and compiled, are not timed. It must be
    the last callback, as what lies between epochs are the others, validation and samples.

    Args:
        steps: int >= 1, how many steps are to come when training begins, of all its epochs.
        epochs: int >= 1, how many epochs end in these.
        then_stop: bool, whether training ends when the time of the steps is known.

    Attributes:
        told: what was logged last, such as "about 12 minutes: 6,000 steps of 0.12 s"; None before.
        seconds: float, the expected seconds that it tells; None before.
        each: float, seconds of a step; None before.
        between: float, seconds from the last step of an epoch to the end of what follows; None before.
        first_step: float, seconds until the first step, or execution of several, has ended; None before.
        first_end: float, what `between` is at the end of the first epoch; None before.
    """

    def __init__(self, steps, epochs=1, then_stop=False):
        super().__init__()
        self.steps, self.epochs, self.then_stop = steps, epochs, then_stop
        self.told = self.seconds = self.each = self.between = None
        self.first_step = self.first_end = None
        self._began = self._start = None
        self._ends, self._steps = 0, 0

    def on_train_begin(self, logs=None):
        if self._began is None:
            self._began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        if self.between is not None:
            return
        now = time.perf_counter()
        if self.first_step is None:
            self.first_step = now - self._began
        if self._start is None or batch <= self._start[0]:
            self._start = batch, now
        # With several steps in an execution, `batch` is the last of them.
        self._steps, self._seconds, self._last = batch - self._start[0], now - self._start[1], now
        if self.told is None and self._steps and self._seconds >= TIMED:
            self._tell_steps()

    def on_epoch_end(self, epoch, logs=None):
        if self.told is None and self._steps:
            self._tell_steps()
        self._ends += 1
        if self._start is None or self.between is not None:
            return
        now = time.perf_counter()
        if self._ends <= TRACED:
            self.first_end = now - self._last
            return
        self.between = now - self._last
        if self._steps:
            self.each = self._seconds / self._steps
        if self.each is not None and self.epochs > self._ends:
            # What came until now is known; the rest is as what was timed.
            share = (self.epochs - self._ends) / self.epochs
            rest = self.each * self.steps * share + self.between * (self.epochs - self._ends)
            self.seconds = now - self._began + rest
            self._tell("The whole training")

    def _tell_steps(self):
        self.each = self._seconds / self._steps
        self.seconds = self.each * self.steps
        self._tell("The steps of training")
        if self.then_stop:
            self.model.stop_training = True

    def _tell(self, what):
        self.told = told(self.seconds, self.steps, self.each, self.epochs, self.between)
        log.info("%s will take %s", what, self.told)


def told(seconds, steps, each, epochs, between):
    """The words for an expected time; `between` is None where only steps are meant."""
    length = f"{seconds / 60:.0f} minutes" if seconds >= 100 else f"{seconds:.0f} seconds"
    ends = "" if between is None else f", {epochs:,} ends of epochs of {between:.2g} s"
    return f"about {length}: {steps:,} steps of {each:.2g} s{ends}"
