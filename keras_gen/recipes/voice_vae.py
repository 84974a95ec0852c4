"""What a recipe for a voice VAE says."""

import dataclasses

from keras_gen.recipes.vae import VAEConfig
from keras_gen.recipes.voice_config import VoiceConfig


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
