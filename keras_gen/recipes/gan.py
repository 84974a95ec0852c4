"""What a recipe for an image GAN says, and how the model is made from it."""

import dataclasses

from keras_gen.errors import InputError
from keras_gen.recipes.image_config import ImageConfig
from keras_gen.recipes.space import Choice, Range

SPACE = {  # what a search may change of an image GAN
    "network": Choice("dcgan", "r3gan"),
    "width": Choice(16, 32, 48, 64),
    "latent_dim": Choice(32, 64, 128),
    "loss": Choice("relativistic", "non_saturating", "hinge"),
    "r1": Range(0.1, 10.0, log=True),
    "r2": Range(0.1, 10.0, log=True),
    "augment": Choice("none", "diff"),
    "generator_learning_rate": Range(5e-5, 1e-3, log=True),
    "discriminator_learning_rate": Range(5e-5, 1e-3, log=True),
    "ema": Range(2_000.0, 50_000.0, log=True),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class GANConfig(ImageConfig):
    """The whole setup of an image GAN.

    Args:
        network: "dcgan", "sngan" or "r3gan".
        width: feature maps of the largest layers; the networks double it as their images get smaller.
        latent_dim: numbers in a latent.
        loss: "relativistic", "non_saturating", "hinge", "least_squares" or "wasserstein".
        r1: weight of R1, 0 for none.
        r2: weight of R2, 0 for none.
        gradient_penalty: weight of the gradient penalty, 0 for none.
        penalty_interval: k, to take the penalties at every k-th step only.
        augment: "none", "diff" or "adaptive".
        generator_learning_rate: at the start.
        discriminator_learning_rate: at the start.
        beta_1: of both Adams.
        beta_2: of both Adams.
        discriminator_steps: batches of the discriminator for each of the generator.
        ema: half-life in examples of the generator's moving average, reached over a quarter of training; 0 for none.
        plan: "alternating" or "simultaneous".
    """

    network: str = "dcgan"
    width: int = 32
    latent_dim: int = 64
    loss: str = "relativistic"
    r1: float = 1.0
    r2: float = 1.0
    gradient_penalty: float = 0.0
    penalty_interval: int = 1
    augment: str = "none"
    generator_learning_rate: float = 2e-4
    discriminator_learning_rate: float = 2e-4
    beta_1: float = 0.0
    beta_2: float = 0.99
    discriminator_steps: int = 1
    ema: float = 10_000.0
    plan: str = "alternating"
    final_learning_rate_share: float = 0.1
    batch_size: int = 64

    choices = {
        "network": ("dcgan", "sngan", "r3gan"),
        "loss": ("hinge", "least_squares", "non_saturating", "relativistic", "wasserstein"),
        "augment": ("none", "diff", "adaptive"),
        "plan": ("alternating", "simultaneous"),
        "frozen": ("none", "lower_discriminator"),
    }
    architecture = (*ImageConfig.architecture, "network", "width", "latent_dim")
    learning_rates = ("generator_learning_rate", "discriminator_learning_rate")
    at_least_one = (
        "width",
        "latent_dim",
        "penalty_interval",
        "discriminator_steps",
    )
    not_negative = (
        "r1",
        "r2",
        "gradient_penalty",
        "generator_learning_rate",
        "discriminator_learning_rate",
        "ema",
    )
    below_one = ("beta_1", "beta_2")
    measures = ("quality",)

    def __post_init__(self):
        super().__post_init__()
        if self.augment == "adaptive" and self.loss == "relativistic":
            raise InputError(
                "augment=adaptive goes by the sign of the discriminator's logits, which the relativistic loss leaves "
                "open: set augment=diff, or another loss."
            )

    def make(self):
        """A compiled `GAN`."""
        from keras_gen import layers, networks, schedules
        from keras_gen.losses import R1, R2, GradientPenalty
        from keras_gen.models import GAN

        media = self.media
        generator, discriminator = getattr(networks, self.network)(
            media, num_classes=self.num_classes, latent_dim=self.latent_dim, width=self.width
        )
        if self.frozen == "lower_discriminator":
            freeze_lower_half(discriminator)
        gan = GAN(generator, discriminator, media, num_classes=self.num_classes, seed=self.seed)
        penalties = ((R1, self.r1), (R2, self.r2), (GradientPenalty, self.gradient_penalty))
        augmentations = {"none": None, "diff": layers.DiffAugment, "adaptive": layers.AdaptiveAugment}
        augmentation = augmentations[self.augment]
        momenta = {"beta_1": self.beta_1, "beta_2": self.beta_2}
        gan.compile(
            loss=self.loss,
            penalties=[penalty(weight) for penalty, weight in penalties if weight > 0],
            penalty_interval=self.penalty_interval,
            augment=augmentation and augmentation(),
            generator_optimizer=self.adam(self.generator_learning_rate, **momenta),
            discriminator_optimizer=self.adam(self.discriminator_learning_rate, **momenta),
            discriminator_steps=self.discriminator_steps,
            ema=schedules.Linear(0, self.ema, self.examples // 4) if self.ema else 0,
            plan=self.plan,
            **self.execution,
        )
        return gan


def freeze_lower_half(discriminator):
    """Keeps the weights of the first half of the layers that have any (FreezeD, Mo et al. 2020, arXiv 2002.10964)."""
    layers = [layer for layer in discriminator.layers if layer.weights]
    for layer in layers[: len(layers) // 2]:
        layer.trainable = False
