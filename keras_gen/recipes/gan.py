"""What a recipe for a GAN of images says, and how the model is made from it."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from keras_gen.errors import InputError
from keras_gen.recipes.media import Image
from keras_gen.recipes.recipe import MeasuredEvery, Optimizer, Quality, Recipe
from keras_gen.recipes.settings import Count, Part, Share, Size, Weight, one_of
from keras_gen.recipes.space import Choice, Range

SPACE = {  # what a search may change of a GAN
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
R3GAN_SPACE = {
    "r1": Range(0.01, 1.0, log=True),
    "r2": Range(0.01, 1.0, log=True),
    "final_weight_share": Range(0.05, 1.0, log=True),
    "augment": Choice("none", "diff"),
    "generator_learning_rate": Range(5e-5, 1e-3, log=True),
    "discriminator_learning_rate": Range(5e-5, 1e-3, log=True),
    "final_learning_rate_share": Range(0.05, 1.0, log=True),
    "ema": Range(10_000.0, 500_000.0, log=True),
}


class Networks(Part):
    """A generator and a discriminator, of the function in `keras_gen.networks` that the kind names."""

    latent_dim: Size = Field(64, description="numbers in a latent")

    def make(self, media, num_classes):
        """(generator, discriminator) for a `Media`."""
        from keras_gen import networks

        return getattr(networks, self.kind)(media, num_classes=num_classes, **self.arguments())


class DCGAN(Networks):
    kind: Literal["dcgan"] = "dcgan"
    width: Size = Field(32, description="feature maps at half the image's size; they double as it halves")


class SNGAN(Networks):
    kind: Literal["sngan"] = "sngan"
    width: Size = Field(32, description="feature maps at the image's size; they double as it halves")


class R3GAN(Networks):
    kind: Literal["r3gan"] = "r3gan"
    width: Annotated[Size, Field(multiple_of=8)] = Field(
        32, description="feature maps at the image's size; they double as it halves"
    )
    blocks: Size = Field(1, description="residual blocks at each size")


class Penalties(Part):
    """Penalties on the discriminator's input gradient, 0 for none."""

    r1: Weight = Field(1.0, description="weight of R1, at real images")
    r2: Weight = Field(1.0, description="weight of R2, at generated images")
    gradient_penalty: Weight = Field(
        0.0, description="weight of the gradient penalty, between real and generated images"
    )
    interval: Count = Field(1, description="steps from one that takes the penalties to the next")
    final_weight_share: Weight = Field(
        1.0, description="share of the weights that is left at the end, on a cosine"
    )

    def make(self, examples):
        """The list of penalties that weigh anything, for a training of so many examples."""
        from keras_gen.losses import R1, R2, GradientPenalty
        from keras_gen.training import schedules

        def weight_of(start):
            if self.final_weight_share == 1:
                return start
            return schedules.Cosine(start, start * self.final_weight_share, examples)

        weights = ((R1, self.r1), (R2, self.r2), (GradientPenalty, self.gradient_penalty))
        return [penalty(weight_of(weight)) for penalty, weight in weights if weight > 0]


class NoAugment(Part):
    kind: Literal["none"] = "none"

    def make(self, examples):
        """None, for a training of so many examples."""


class DiffAugment(Part):
    kind: Literal["diff"] = "diff"

    def make(self, examples):
        """The layer, for a training of so many examples."""
        from keras_gen import layers

        return layers.DiffAugment()


class AdaptiveAugment(Part):
    kind: Literal["adaptive"] = "adaptive"
    target: Annotated[float, Field(gt=-1, lt=1)] = Field(
        0.6, description="mean sign of the logits of real images, above which more is augmented"
    )
    ramp: Count = Field(500_000, description="examples in which the probability can rise from 0 to 1")

    def make(self, examples):
        """The layer, for a training of so many examples."""
        from keras_gen import layers

        return layers.AdaptiveAugment(self.target, self.ramp)


class ScheduledAugment(Part):
    kind: Literal["scheduled"] = "scheduled"
    probability: Annotated[float, Field(ge=0, le=1)] = Field(
        0.3,
        description="of each transformation; it rises from 0 on a cosine, over a quarter of training",
    )

    def make(self, examples):
        """The layer, for a training of so many examples."""
        from keras_gen import layers
        from keras_gen.training import schedules

        return layers.ScheduledAugment(schedules.Cosine(0.0, self.probability, examples // 4))


class Adams(Optimizer):
    """The optimizers of a generator and a discriminator."""

    generator_learning_rate: Weight = Field(2e-4, description="at the start")
    discriminator_learning_rate: Weight = Field(2e-4, description="at the start")
    beta_1: Share = Field(0.0, description="decay of the mean of gradients, of both")
    beta_2: Share = Field(0.99, description="decay of the mean of squared gradients, of both")
    final_learning_rate_share: Weight = Field(
        0.1, description="share of the learning rates that is left at the end, on a cosine"
    )
    weight_decay: Weight = Field(0.0, description="decoupled, times the learning rate a step; 0 for none")

    def make(self, examples):
        """(generator's, discriminator's) `keras.optimizers.Adam` for a training of so many examples."""
        rates = (self.generator_learning_rate, self.discriminator_learning_rate)
        shared = {
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "weight_decay": self.weight_decay or None,
        }
        return [self.adam(rate, examples, **shared) for rate in rates]


class GANRecipe(Recipe):
    """A GAN of images."""

    image: Image
    network: one_of(DCGAN | SNGAN | R3GAN) = Field(DCGAN(), description="generator and discriminator")
    loss: Literal["hinge", "least_squares", "non_saturating", "relativistic", "wasserstein"] = Field(
        "relativistic", description="adversarial loss of both networks"
    )
    penalties: Penalties = Penalties()
    augment: one_of(NoAugment | DiffAugment | AdaptiveAugment | ScheduledAugment, shapes=()) = Field(
        NoAugment(), description="augmentation of what the discriminator sees"
    )
    optimizer: Adams = Adams()
    discriminator_steps: Count = Field(
        1, description="batches of the discriminator for each of the generator"
    )
    ema: Weight = Field(
        10_000.0,
        description="half-life in examples of the generator's moving average, from a quarter of training on, "
        "at most an eighth of training; 0 for none",
    )
    plan: Literal["alternating", "simultaneous"] = Field(
        "alternating", description="order of the two updates"
    )
    batch_size: Count = Field(64, description="examples in a batch")
    best_by: Quality = Field(
        "frechet", description="measure on validation data that decides which epoch is best"
    )
    measured_every: MeasuredEvery = "auto"
    restore_best: bool = Field(False, description="whether the best measured epoch is kept, not the last")
    frozen: Literal["none", "lower_discriminator"] = Field(
        "none", description="what keeps the weights of start"
    )

    learning_rates: ClassVar = ("optimizer.generator_learning_rate", "optimizer.discriminator_learning_rate")
    measures: ClassVar = ("quality", "images", "recordings")
    half_precision_pays: ClassVar = True

    @model_validator(mode="after")
    def _augment_knows_the_sign(self):
        if self.augment.kind == "adaptive" and self.loss == "relativistic":
            raise InputError(
                "augment=adaptive goes by the sign of the discriminator's logits, which the relativistic "
                "loss leaves open: set augment=scheduled or diff, or another loss."
            )
        return self

    def make(self):
        """A compiled `GAN`."""
        from keras_gen.models import GAN
        from keras_gen.training import schedules

        media = self.media
        generator, discriminator = self.network.make(media, self.num_classes)
        if self.frozen == "lower_discriminator":
            freeze_lower_half(discriminator)
        gan = GAN(generator, discriminator, media, num_classes=self.num_classes, seed=self.seed)
        generator_optimizer, discriminator_optimizer = self.optimizer.make(self.examples)
        half_life = min(self.ema, self.examples / 8)  # or the average of a short training is its beginning
        gan.compile(
            loss=self.loss,
            penalties=self.penalties.make(self.examples),
            penalty_interval=self.penalties.interval,
            augment=self.augment.make(self.examples),
            generator_optimizer=generator_optimizer,
            discriminator_optimizer=discriminator_optimizer,
            discriminator_steps=self.discriminator_steps,
            ema=schedules.Linear(0, half_life, self.examples // 4) if self.ema else 0,
            plan=self.plan,
            **self.execution,
        )
        return gan


def freeze_lower_half(discriminator):
    """Keeps the weights of the first half of the layers that have any.

    Source: FreezeD, Mo et al. 2020, arXiv 2002.10964.
    """
    layers = [layer for layer in discriminator.layers if layer.weights]
    for layer in layers[: len(layers) // 2]:
        layer.trainable = False
