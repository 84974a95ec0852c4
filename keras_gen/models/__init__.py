"""What trains."""

from keras_gen.models.gan import GAN
from keras_gen.models.generative_model import GenerativeModel
from keras_gen.models.language_model import LanguageModel
from keras_gen.models.loading import load_model
from keras_gen.models.text_vae import TextVAE
from keras_gen.models.vae import VAE
from keras_gen.models.vqvae import VQVAE

__all__ = ["GAN", "VAE", "VQVAE", "GenerativeModel", "LanguageModel", "TextVAE", "load_model"]
