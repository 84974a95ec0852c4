"""What a recipe for a picture VQ-VAE says, and how the model is made from it."""

import dataclasses

from keras_gen.recipes import parts
from keras_gen.recipes.fields import check_fields

CHOICES = {"likelihood": parts.LIKELIHOODS}
AT_LEAST_ONE = (
    "width",
    "halvings",
    "code_dim",
    "num_codes",
    "prior_units",
    "batch_size",
    "epochs",
    "steps_per_epoch",
    "steps_per_execution",
)
NOT_NEGATIVE = ("commitment", "learning_rate", "final_learning_rate_share", "seed")


@dataclasses.dataclass(frozen=True)
class VQVAEConfig:
    """The whole setup of a picture VQ-VAE.

    Args:
        data: name or path for `keras_gen.datasets.load`; empty where it must be given.
        size: side of the pictures in pixels.
        channels: 1 for grey, 3 for colour.
        num_classes: number of labels to condition on, or None for none.
        width: feature maps at half the picture's size, which double as it halves.
        halvings: how often the size is halved from the picture to the grid of codes.
        code_dim: length of a code's vector.
        num_codes: codes in the codebook.
        prior_units: units of the prior's recurrent network.
        likelihood: "bernoulli" (dynamic binarisation), "gaussian", "laplace" (learned scales), "logistic_mixture" or
            "categorical" (256 levels).
        commitment: how strongly the encoder keeps to the codes.
        learning_rate: of Adam, at the start.
        final_learning_rate_share: share of the learning rate that is left at the end, on a cosine.
        batch_size: examples in a batch.
        epochs: how often losses are reported, samples drawn and a checkpoint written.
        steps_per_epoch: batches in an epoch.
        steps_per_execution: batches in one call of the compiled graph, lowered to what divides steps_per_epoch.
        seed: decides every random number.
    """

    data: str
    size: int
    channels: int
    num_classes: int | None = None
    width: int = 16
    halvings: int = 2
    code_dim: int = 16
    num_codes: int = 128
    prior_units: int = 128
    likelihood: str = "bernoulli"
    commitment: float = 0.25
    learning_rate: float = 1e-3
    final_learning_rate_share: float = 0.01
    batch_size: int = 128
    epochs: int = 20
    steps_per_epoch: int = 500
    steps_per_execution: int = 10
    seed: int = 0

    def __post_init__(self):
        check_fields(self, CHOICES, AT_LEAST_ONE, NOT_NEGATIVE)

    measures = ("bound", "quality")

    @property
    def examples(self):
        """Examples in the whole training."""
        return self.epochs * self.steps_per_epoch * self.batch_size

    def build(self):
        """A compiled `VQVAE`."""
        import keras

        from keras_gen import networks
        from keras_gen.media import Image
        from keras_gen.models import VQVAE

        keras.utils.set_random_seed(self.seed)
        media = Image(self.size, self.size, self.channels)
        likelihood = parts.likelihood(self.likelihood)
        encoder, decoder = networks.conv_grid(
            media,
            likelihood,
            num_classes=self.num_classes,
            code_dim=self.code_dim,
            width=self.width,
            halvings=self.halvings,
        )
        prior = networks.CodePrior(
            encoder.output_shape[1:], self.num_codes, num_classes=self.num_classes, units=self.prior_units
        )
        vqvae = VQVAE(
            encoder,
            decoder,
            prior,
            media,
            likelihood,
            commitment=self.commitment,
            num_classes=self.num_classes,
            seed=self.seed,
        )
        vqvae.compile(
            parts.adam(self, self.learning_rate), steps_per_execution=parts.steps_per_execution(self)
        )
        return vqvae

    def finish(self, model, dataset):
        """What is left to do after training: nothing."""
