"""How models learn: players, the loop of steps, phases, schedules, noise and replicas."""

from keras_gen.training import distribution, noise, schedules
from keras_gen.training.phases import EncoderTurns, Phase, Pretraining
from keras_gen.training.player import Player

__all__ = ["EncoderTurns", "Phase", "Player", "Pretraining", "distribution", "noise", "schedules"]
