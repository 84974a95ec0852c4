"""What a recipe for a picture VAE says."""

import dataclasses

from keras_gen.recipes.picture_config import PictureConfig
from keras_gen.recipes.vae import VAEConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class PictureVAEConfig(VAEConfig, PictureConfig):
    """The whole setup of a picture VAE."""

    network: str = "conv"

    choices = {**VAEConfig.choices, "network": ("conv", "mlp", "resnet")}
    architecture = (*VAEConfig.architecture, *PictureConfig.architecture)
    measures = ("evidence", "quality", "disentanglement")
