"""What a recipe for a VQ-VAE of images says, and how the model is made from it."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from keras_gen.recipes.media import Image
from keras_gen.recipes.recipe import Adam, Recipe
from keras_gen.recipes.settings import LIMIT, SHAPES, Part, Size, Weight
from keras_gen.recipes.space import Choice, Range
from keras_gen.recipes.vae import LikelihoodName, check_colors, make_likelihood

SPACE = {  # what a search may change of a VQ-VAE
    "width": Choice(8, 16, 32),
    "code_dim": Choice(8, 16, 32),
    "num_codes": Choice(64, 128, 256, 512),
    "prior_units": Choice(64, 128, 256),
    "commitment": Range(0.05, 2.0, log=True),
    "learning_rate": Range(3e-4, 6e-3, log=True),
}


class ConvGrid(Part):
    """An encoder to a grid of vectors, and a decoder."""

    width: Size = Field(16, description="feature maps at half the image's size; they double as it halves")
    halvings: Size = Field(2, description="how often the size is halved from the image to the grid of codes")
    code_dim: Size = Field(16, description="length of a code's vector")
    blocks: Size = Field(2, description="residual blocks on each side of the grid")

    def make(self, media, likelihood, num_classes):
        """(encoder, decoder) for a `Media` and a `Likelihood`."""
        from keras_gen import networks

        return networks.conv_grid(media, likelihood, num_classes=num_classes, **self.arguments())


class VQVAERecipe(Recipe):
    """A VQ-VAE of images, with a prior of its codes."""

    image: Image
    network: ConvGrid = ConvGrid()
    num_codes: Annotated[int, Field(ge=2, lt=LIMIT), SHAPES] = Field(128, description="codes in the codebook")
    prior_units: Size = Field(128, description="units of the prior's recurrent network")
    likelihood: LikelihoodName = Field("bernoulli", description="of images, given codes")
    commitment: Weight = Field(0.25, description="how strongly the encoder keeps to the codes")
    optimizer: Adam = Adam()
    frozen: Literal["none", "encoder", "decoder"] = Field(
        "none", description="what keeps the weights of start"
    )

    measures: ClassVar = ("bound", "quality", "images")
    best_by: ClassVar = "loss"
    measured_every: ClassVar = 0
    restore_best: ClassVar = False

    def check_data(self, dataset):
        super().check_data(dataset)
        check_colors(self.likelihood, self.image.channels, dataset)

    def make(self):
        """A compiled `VQVAE`."""
        from keras_gen import networks
        from keras_gen.models import VQVAE

        media = self.media
        likelihood = make_likelihood(self.likelihood)
        encoder, decoder = self.network.make(media, likelihood, self.num_classes)
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
        vqvae.compile(self.optimizer.make(self.examples), **self.execution)
        return vqvae
