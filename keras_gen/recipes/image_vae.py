"""What a recipe for an image VAE says."""

import dataclasses

from keras_gen.recipes.image_config import ImageConfig
from keras_gen.recipes.vae import VAEConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageVAEConfig(VAEConfig, ImageConfig):
    """The whole setup of an image VAE."""

    network: str = "conv"

    choices = {**VAEConfig.choices, "network": ("conv", "mlp", "resnet")}
    architecture = (*VAEConfig.architecture, *ImageConfig.architecture)
    measures = ("evidence", "quality", "disentanglement")
