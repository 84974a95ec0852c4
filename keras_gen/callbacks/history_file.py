"""The logs of every epoch in a CSV file that a resumed run continues."""

import csv
import io
from pathlib import Path

import keras

from keras_gen.files import write_atomically


class HistoryFile(keras.callbacks.Callback):
    """Writes a CSV file with a row for each epoch: its number and its logs.

    The rows are part of a checkpoint: a run that resumes has exactly the rows of that time, whatever happened
    to the file.

    Args:
        path: of the file.
    """

    def __init__(self, path):
        super().__init__()
        self.path = Path(path)
        self.rows = []

    def get_state(self):
        return self.rows

    def set_state(self, state):
        self.rows = state
        if state:
            self._write()

    def on_epoch_end(self, epoch, logs=None):
        self.rows.append({"epoch": epoch, **{name: float(value) for name, value in (logs or {}).items()}})
        self._write()

    def _write(self):
        table = io.StringIO()
        writer = csv.DictWriter(table, list(dict.fromkeys(name for row in self.rows for name in row)))
        writer.writeheader()
        writer.writerows(self.rows)
        write_atomically(self.path, table.getvalue())
