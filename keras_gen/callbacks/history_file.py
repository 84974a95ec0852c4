"""What every epoch reported, in a table that a stopped run goes on with."""

import csv
import io
from pathlib import Path

import keras

from keras_gen.files import write_atomically


class HistoryFile(keras.callbacks.Callback):
    """Writes a CSV file with a row for each epoch: its number, and its logs.

    The rows are part of a checkpoint: a run that goes on from one has the rows that it had then, no more and
    no less, whatever became of the file.

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
