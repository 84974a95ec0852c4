"""Monitoring and checkpoints."""

from keras_gen.callbacks.checkpoint import Checkpoint
from keras_gen.callbacks.monitor import Monitor

__all__ = ["Checkpoint", "Monitor"]
