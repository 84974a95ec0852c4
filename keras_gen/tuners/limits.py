"""How long a trial may take."""

import time

import keras

from keras_gen.errors import InputError


class Deadline(keras.callbacks.Callback):
    """Ends training with an error once a time is reached.

    Args:
        time: as `time.monotonic` gives it.
        reason: text of the error.

    Raises:
        InputError: in training, once the time has come.
    """

    def __init__(self, time, reason):
        super().__init__()
        self.time, self.reason = time, reason

    def get_state(self):
        return {}

    def set_state(self, state):
        pass

    def on_train_batch_end(self, batch, logs=None):
        if time.monotonic() >= self.time:
            raise InputError(self.reason)
