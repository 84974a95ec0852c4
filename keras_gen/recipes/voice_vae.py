"""What a recipe for a voice VAE says."""

import dataclasses

from keras_gen.recipes import vae
from keras_gen.recipes.space import Range
from keras_gen.recipes.vae import VAEConfig
from keras_gen.recipes.voice_config import VoiceConfig

SPACE = {  # what a search may change of a voice VAE
    **vae.SPACE,
    "beta": Range(1.0, 40.0, log=True),
    "gain": Range(0.0, 6.0),
    "shift": Range(0.0, 0.1),
    "time_mask": Range(0, 8),
    "frequency_mask": Range(0, 8),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class VoiceVAEConfig(VoiceConfig, VAEConfig):
    """The whole setup of a voice VAE."""

    network: str = "conv1d"
    width: int = 128
    likelihood: str = "gaussian"

    choices = {
        **VAEConfig.choices,
        "network": ("conv1d", "mlp"),
        # The others are of values in [-1, 1] or of a few levels.
        "likelihood": ("gaussian", "laplace"),
    }
    not_negative = (*VAEConfig.not_negative, "gain", "time_mask", "frequency_mask")
    below_one = ("shift",)
    architecture = (*VAEConfig.architecture, *VoiceConfig.architecture)
    measures = ("evidence", "quality", "reconstruction", "disentanglement")
