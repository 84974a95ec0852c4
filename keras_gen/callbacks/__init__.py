"""Monitoring and checkpoints."""

from keras_gen.callbacks.checkpoint import (
    Checkpoint,
    Diverged,
    best_checkpoint,
    latest_checkpoint,
    trained_model,
)
from keras_gen.callbacks.expected_time import ExpectedTime
from keras_gen.callbacks.history_file import HistoryFile
from keras_gen.callbacks.interruption import Interruption
from keras_gen.callbacks.latent_monitor import LatentMonitor
from keras_gen.callbacks.monitor import Monitor
from keras_gen.callbacks.training_state import TrainingState

__all__ = [
    "Checkpoint",
    "Diverged",
    "ExpectedTime",
    "HistoryFile",
    "Interruption",
    "LatentMonitor",
    "Monitor",
    "TrainingState",
    "best_checkpoint",
    "latest_checkpoint",
    "trained_model",
]
