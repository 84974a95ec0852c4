"""How models learn: players, the loop of steps, the phases that training begins with."""

from keras_gen.training.phases import EncoderTurns, Phase, Pretraining
from keras_gen.training.player import Player

__all__ = ["EncoderTurns", "Phase", "Player", "Pretraining"]
