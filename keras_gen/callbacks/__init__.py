"""Monitoring and checkpoints."""

from keras_gen.callbacks.checkpoint import Checkpoint
from keras_gen.callbacks.latent_monitor import LatentMonitor
from keras_gen.callbacks.monitor import Monitor

__all__ = ["Checkpoint", "LatentMonitor", "Monitor"]
