"""What trains."""

from keras_gen.models.gan import GAN
from keras_gen.models.generative_model import GenerativeModel
from keras_gen.models.loading import load_model

__all__ = ["GAN", "GenerativeModel", "load_model"]
