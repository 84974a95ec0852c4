"""Monitoring and checkpoints."""

from keras_gen.callbacks.checkpoint import (
    Checkpoint,
    Diverged,
    best_checkpoint,
    latest_checkpoint,
    trained_file,
    trained_model,
)
from keras_gen.callbacks.diagnosing import Diagnose
from keras_gen.callbacks.diagnosis import Finding, diagnose
from keras_gen.callbacks.expected_time import ExpectedTime
from keras_gen.callbacks.history_file import HistoryFile
from keras_gen.callbacks.interruption import Interruption
from keras_gen.callbacks.latent_monitor import LatentMonitor
from keras_gen.callbacks.monitor import Monitor
from keras_gen.callbacks.training_state import TrainingState

__all__ = [
    "Checkpoint",
    "Diagnose",
    "Diverged",
    "ExpectedTime",
    "Finding",
    "HistoryFile",
    "Interruption",
    "LatentMonitor",
    "Monitor",
    "TrainingState",
    "best_checkpoint",
    "diagnose",
    "latest_checkpoint",
    "trained_file",
    "trained_model",
]
