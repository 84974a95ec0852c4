"""How long a search and its trials may take."""

import contextlib
import json
import time

import keras

from keras_gen.errors import InputError
from keras_gen.files import read_json, write_atomically


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

    def check(self):
        """Raises the error if the time has come."""
        if time.monotonic() >= self.time:
            raise InputError(self.reason)

    def on_train_batch_end(self, batch, logs=None):
        self.check()


class SearchClock:
    """How much of its minutes a search has used, in all its calls together.

    It is kept in `clock.json` of the search, as it was when the last trial ended, for calls to come; and with
    it the time of day at which the minutes are over, for workers, whose machines should agree about it.

    Args:
        folder: `pathlib.Path` of the search.
        minutes: float > 0, or None for no limit.
    """

    def __init__(self, folder, minutes=None):
        self.file = folder / "clock.json"
        self.minutes = minutes
        self.begun = time.monotonic() - self._read().get("seconds", 0.0)

    @property
    def is_over(self):
        return self.minutes is not None and time.monotonic() >= self.begun + 60 * self.minutes

    def write(self):
        """Keeps the time used, in the process that holds the oracle."""
        seconds = time.monotonic() - self.begun
        ends = None if self.minutes is None else time.time() + 60 * self.minutes - seconds
        write_atomically(self.file, json.dumps({"seconds": seconds, "ends": ends}) + "\n")

    def deadline(self):
        """When the minutes are over, as `time.monotonic` gives it, in any process of the search."""
        ends = self._read().get("ends")
        return float("inf") if ends is None else time.monotonic() + ends - time.time()

    def _read(self):
        with contextlib.suppress(InputError):
            found = read_json(self.file)
            return found if isinstance(found, dict) else {}
        return {}
