"""What a recipe for an image VQ-VAE says, and how the model is made from it."""

import dataclasses

from keras_gen.errors import InputError
from keras_gen.recipes import likelihoods
from keras_gen.recipes.image_config import ImageConfig
from keras_gen.recipes.space import Choice, Range

SPACE = {  # what a search may change of an image VQ-VAE
    "width": Choice(8, 16, 32),
    "code_dim": Choice(8, 16, 32),
    "num_codes": Choice(64, 128, 256, 512),
    "prior_units": Choice(64, 128, 256),
    "commitment": Range(0.05, 2.0, log=True),
    "learning_rate": Range(3e-4, 6e-3, log=True),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class VQVAEConfig(ImageConfig):
    """The whole setup of an image VQ-VAE.

    Args:
        width: feature maps at half the image's size, which double as it halves.
        halvings: how often the size is halved from the image to the grid of codes.
        code_dim: length of a code's vector.
        num_codes: codes in the codebook.
        prior_units: units of the prior's recurrent network.
        likelihood: "bernoulli" (dynamic binarization), "gaussian", "laplace" (learned scales), "logistic_mixture" or
            "categorical" (256 levels).
        commitment: how strongly the encoder keeps to the codes.
        learning_rate: of Adam, at the start.
    """

    width: int = 16
    halvings: int = 2
    code_dim: int = 16
    num_codes: int = 128
    prior_units: int = 128
    likelihood: str = "bernoulli"
    commitment: float = 0.25
    learning_rate: float = 1e-3

    choices = {"likelihood": likelihoods.NAMES, "frozen": ("none", "encoder", "decoder")}
    architecture = (
        *ImageConfig.architecture,
        "width",
        "halvings",
        "code_dim",
        "num_codes",
        "prior_units",
        "likelihood",
    )
    at_least_one = (
        "width",
        "halvings",
        "code_dim",
        "num_codes",
        "prior_units",
    )
    not_negative = (
        "commitment",
        "learning_rate",
    )
    measures = ("bound", "quality")
    best_by = "val_loss"

    def __post_init__(self):
        super().__post_init__()
        if self.num_codes < 2:
            raise InputError("Field 'num_codes' must be at least 2, not 1.")

    def make(self):
        """A compiled `VQVAE`."""
        from keras_gen import networks
        from keras_gen.models import VQVAE

        media = self.media
        likelihood = likelihoods.get(self.likelihood)
        encoder, decoder = networks.conv_grid(
            media,
            likelihood,
            num_classes=self.num_classes,
            code_dim=self.code_dim,
            width=self.width,
            halvings=self.halvings,
        )
        self.freeze(encoder=encoder, decoder=decoder)
        prior = networks.CodePrior(
            encoder.output_shape[1:], self.num_codes, num_classes=self.num_classes, units=self.prior_units
        )
        vqvae = VQVAE(
            encoder,
            decoder,
            media,
            likelihood,
            prior,
            commitment=self.commitment,
            num_classes=self.num_classes,
            seed=self.seed,
        )
        vqvae.compile(self.adam(self.learning_rate), **self.execution)
        return vqvae
