"""Pure functions and small serialisable objects that say what is to be made small."""

from keras_gen.losses.adversarial import AdversarialLoss
from keras_gen.losses.penalties import R1, R2, GradientPenalty

__all__ = ["R1", "R2", "AdversarialLoss", "GradientPenalty"]
