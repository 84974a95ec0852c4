"""What recipes for VAEs say, and how the models are made from them."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from keras_gen.errors import InputError
from keras_gen.recipes.media import Audio, AudioAugment, Image
from keras_gen.recipes.priors import AnySamplingPrior, AsTrained, StandardNormal, VampPrior
from keras_gen.recipes.recipe import Adam, MeasuredEvery, Quality, Recipe
from keras_gen.recipes.settings import LIMIT, SHAPES, Count, Natural, Part, Size, Weight, one_of
from keras_gen.recipes.space import Choice, Range

# Colors that a Bernoulli likelihood can tell: of so many images such a share of values between the ends.
MOST_CHECKED, MOST_BETWEEN, NEARLY = 200, 0.1, 32  # images, share, levels from either end
SPACE = {  # what a search may change of any VAE
    "width": Choice(32, 64, 128, 256),
    "latent_dim": Choice(8, 16, 32, 64),
    "activation": Choice("silu", "gelu", "leaky_relu", "tanh"),
    "learning_rate": Range(3e-4, 6e-3, log=True),
    "final_learning_rate_share": Range(0.003, 0.3, log=True),
}
AUDIO_SPACE = {  # and of one of recordings
    **SPACE,
    "beta": Range(1.0, 40.0, log=True),
    "gain": Range(0.0, 6.0),
    "shift": Range(0.0, 0.1),
    "time_mask": Range(0, 8),
    "frequency_mask": Range(0, 8),
}


class Networks(Part):
    """An encoder and a decoder, of the function in `keras_gen.networks` that the kind names."""

    latent_dim: Size = Field(32, description="numbers in a latent")
    activation: Annotated[Literal["elu", "gelu", "leaky_relu", "relu", "silu", "tanh"], SHAPES] = Field(
        "silu", description="of the hidden layers"
    )

    def make(self, media, likelihood, num_classes):
        """(encoder, decoder) for a `Media` and a `Likelihood`."""
        from keras_gen import networks

        build = getattr(networks, self.kind)
        return build(media, likelihood, num_classes=num_classes, **self.arguments())

    def places(self, media):
        """The length of the sequence that a latent is, 1 where it is none."""
        return 1


class Conv(Networks):
    kind: Literal["conv"] = "conv"
    width: Size = Field(32, description="feature maps at half the image's size; they double as it halves")
    hidden: Size = Field(256, description="units between the smallest feature maps and the latent")


class ResNet(Networks):
    kind: Literal["resnet"] = "resnet"
    width: Size = Field(32, description="feature maps at half the image's size; they double as it halves")
    blocks: Size = Field(1, description="residual blocks at each size")


class Conv1D(Networks):
    kind: Literal["conv1d"] = "conv1d"
    width: Size = Field(
        128, description="channels at half the frames; they double once, when there are fewer"
    )
    hidden: Size = Field(256, description="units between the fewest frames and the latent")
    blocks: Size = Field(1, description="residual blocks at each length")


class Conv1DSequence(Networks):
    kind: Literal["conv1d_sequence"] = "conv1d_sequence"
    latent_dim: Size = Field(32, description="numbers in the latent at each time")
    width: Size = Field(96, description="channels at half the frames; they double once, when there are fewer")
    halvings: Size = Field(1, description="how often the frames are halved, to the times of the latent")
    blocks: Size = Field(2, description="residual blocks at each length")

    def places(self, media):
        return -(-media.model_shape[0] // 2**self.halvings)


class MLP(Networks):
    kind: Literal["mlp"] = "mlp"
    width: Size = Field(200, description="units of a hidden layer")
    depth: Size = Field(2, description="hidden layers of each network")
    activation: Annotated[Literal["elu", "gelu", "glu", "leaky_relu", "relu", "silu", "tanh"], SHAPES] = (
        Field("silu", description="of the hidden layers; glu for gated linear units")
    )


class Objective(Part):
    """What a VAE makes small, of the class in `keras_gen.losses` that has the part's name."""

    needs_standard_normal: ClassVar = False

    def make(self, examples):
        """The object of `keras_gen.losses` for a training of so many examples."""
        from keras_gen import losses

        return getattr(losses, type(self).__name__)(**self.arguments())


class Weighted(Objective):
    """An objective whose beta may rise from 0, once or in cycles (Fu et al. 2019, arXiv 1903.10145)."""

    beta: Weight = Field(1.0, description="weight of the KL divergence")
    warm_up: Natural = Field(0, description="examples over which beta rises from 0, all cycles together")
    cycles: Count = Field(
        1, description="how often beta rises; in more than one cycle it rests half the time"
    )

    def arguments(self):
        from keras_gen.training import schedules

        arguments = super().arguments()
        beta, examples, cycles = (arguments.pop(name) for name in ("beta", "warm_up", "cycles"))
        if cycles > 1 and examples:
            return {**arguments, "beta": schedules.Cyclical(beta, examples, cycles)}
        return {**arguments, "beta": schedules.WarmUp(beta, examples)}


class ELBO(Weighted):
    kind: Literal["elbo"] = "elbo"


class FreeBits(Weighted):
    kind: Literal["free_bits"] = "free_bits"
    nats: Weight = Field(0.5, description="what is free: of each dimension (kingma, li) or of all (total)")
    form: Literal["kingma", "li", "total"] = Field(
        "kingma", description="form of free bits: see keras_gen.losses.FreeBits"
    )

    needs_standard_normal: ClassVar = True


class Capacity(Objective):
    kind: Literal["capacity"] = "capacity"
    nats: Weight = Field(25.0, description="KL divergence that training ends at, rising from 0")
    gamma: Weight = Field(1000.0, description="weight of the distance from that KL divergence")

    def make(self, examples):
        from keras_gen import losses
        from keras_gen.training import schedules

        return losses.Capacity(schedules.Linear(0, self.nats, examples), self.gamma)


class IWAE(Objective):
    kind: Literal["iwae"] = "iwae"
    samples: Count = Field(5, description="draws of the latents for each example")


class DReG(Objective):
    kind: Literal["dreg"] = "dreg"
    samples: Count = Field(5, description="draws of the latents for each example")


class BetaTCVAE(Weighted):
    kind: Literal["tc"] = "tc"
    beta: Weight = Field(6.0, description="weight of the total correlation")
    num_examples: Annotated[int, Field(ge=2, lt=LIMIT)] = Field(description="size of the training set")

    needs_standard_normal: ClassVar = True


class FactorVAE(Weighted):
    kind: Literal["factor"] = "factor"
    gamma: Weight = Field(10.0, description="weight of the total correlation, as an adversary estimates it")


class DIPVAE1(Weighted):
    kind: Literal["dip1"] = "dip1"
    off_diagonal: Weight = Field(10.0, description="weight of the covariances of the posterior means")
    diagonal: Weight = Field(100.0, description="weight of the distance of their variances from 1")

    needs_standard_normal: ClassVar = True


class DIPVAE2(Weighted):
    kind: Literal["dip2"] = "dip2"
    off_diagonal: Weight = Field(10.0, description="weight of the covariances of the latents")
    diagonal: Weight = Field(10.0, description="weight of the distance of their variances from 1")

    needs_standard_normal: ClassVar = True


class InfoVAE(Objective):
    kind: Literal["info"] = "info"
    alpha: Annotated[float, Field(ge=0, le=1)] = Field(
        1.0, description="weight of the mutual information; 1 leaves no KL"
    )
    scale: Annotated[float, Field(ge=1, lt=LIMIT)] = Field(
        100.0, description="lambda, the weight of the MMD between all latents and the prior"
    )


AnyObjective = one_of(
    ELBO | FreeBits | Capacity | IWAE | DReG | BetaTCVAE | FactorVAE | DIPVAE1 | DIPVAE2 | InfoVAE
)
LikelihoodName = Annotated[
    Literal["bernoulli", "categorical", "gaussian", "laplace", "logistic_mixture"], SHAPES
]


def make_likelihood(name):
    """The `Likelihood` of a `LikelihoodName`: dynamic binarization, learned scales, 256 levels."""
    from keras_gen import losses

    return {
        "bernoulli": lambda: losses.Bernoulli("dynamic"),
        "categorical": losses.Categorical,
        "gaussian": losses.Gaussian,
        "laplace": losses.Laplace,
        "logistic_mixture": losses.DiscretizedLogisticMixture,
    }[name]()


def check_colors(likelihood, channels, dataset):
    """Refuses a Bernoulli likelihood for colors, unless nearly all are full or empty in each channel.

    Raises:
        InputError: they are not.
    """
    if likelihood != "bernoulli" or channels == 1:
        return
    images, _ = dataset.arrays("train", np.arange(min(MOST_CHECKED, dataset.count("train"))))
    between = np.mean((images > NEARLY) & (images < 255 - NEARLY))
    if between > MOST_BETWEEN:
        raise InputError(
            f"likelihood=bernoulli draws a color channel as full or empty, but {between:.0%} of the values of"
            " these images lie between: set likelihood=logistic_mixture or gaussian."
        )


class VAERecipe(Recipe):
    """What recipes for VAEs of images and of recordings have in common."""

    objective: AnyObjective = Field(ELBO(), description="what training makes small")
    prior: one_of(StandardNormal | VampPrior) = Field(StandardNormal(), description="of the latents")
    optimizer: Adam = Adam()
    sampling_prior: AnySamplingPrior = Field(
        AsTrained(), description="what samples are drawn from once the model is trained"
    )
    nll_samples: Count = Field(
        1000, description="draws of the importance-weighted likelihood of test examples"
    )
    frozen: Literal["none", "encoder", "decoder"] = Field(
        "none", description="what keeps the weights of start"
    )
    best_by: Literal["loss"] | Quality = Field(
        "loss", description="loss or measure on validation data that decides which epoch is best"
    )
    measured_every: MeasuredEvery = "auto"
    restore_best: bool = Field(
        False, description="whether the epoch that was best on validation data is kept"
    )

    @model_validator(mode="after")
    def _prior_goes_with_the_rest(self):
        if self.prior.kind == "vamp" and self.num_classes is not None:
            raise InputError(
                "prior=vamp asks the encoder about pseudo-inputs that have no label: set num_classes=none, "
                "or prior=standard."
            )
        if self.prior.kind == "vamp" and self.objective.needs_standard_normal:
            raise InputError(
                f"objective={self.objective.kind} needs a standard normal prior: set prior=standard, or "
                "objective=elbo."
            )
        return self

    @property
    def without_warm_up(self):
        return {"objective.warm_up": 0} if isinstance(self.objective, Weighted) else {}

    def make(self):
        """A compiled `VAE`."""
        from keras_gen.models import VAE

        media = self.media
        likelihood = make_likelihood(self.likelihood)
        encoder, decoder = self.network.make(media, likelihood, self.num_classes)
        self.freeze(encoder=encoder, decoder=decoder)
        prior, objective = self.prior.make(), self.objective.make(self.examples)
        vae = VAE(
            encoder,
            decoder,
            media,
            likelihood,
            objective,
            prior,
            num_classes=self.num_classes,
            seed=self.seed,
        )
        vae.compile(self.optimizer.make(self.examples), augment=self.augmentation, **self.execution)
        return vae

    @property
    def augmentation(self):
        """What happens to examples in training: by default nothing."""

    def check_data(self, dataset):
        super().check_data(dataset)
        found = dataset.count("train")
        if getattr(self.objective, "num_examples", found) != found:
            raise InputError(
                f"The recipe is set for {self.objective.num_examples:,} training examples, but the data have "
                f"{found:,}: give --set num_examples={found}."
            )
        self.sampling_prior.check(found, "examples")
        if dataset.factor_names and self.network.latent_dim < 2:
            raise InputError(
                "Field 'latent_dim' must be at least 2 for disentanglement to be measured, not 1."
            )

    def finish(self, model, dataset):
        """Fits what samples are drawn from."""
        self.sampling_prior.fit(model, dataset, self.seed, self.network.places(self.media))


class ImageVAERecipe(VAERecipe):
    """A VAE of images."""

    image: Image
    network: one_of(Conv | MLP | ResNet) = Field(Conv(), description="encoder and decoder")
    likelihood: LikelihoodName = Field("bernoulli", description="of images, given a latent")

    measures: ClassVar = ("evidence", "quality", "images", "disentanglement")

    def check_data(self, dataset):
        super().check_data(dataset)
        check_colors(self.likelihood, self.image.channels, dataset)


class AudioVAERecipe(VAERecipe):
    """A VAE of recordings."""

    audio: Audio
    network: one_of(Conv1D | Conv1DSequence | MLP) = Field(Conv1D(), description="encoder and decoder")
    likelihood: Annotated[Literal["gaussian", "laplace"], SHAPES] = Field(
        "gaussian", description="of log-mel spectrograms, given a latent"
    )
    augment: AudioAugment = AudioAugment()

    medium: ClassVar = "audio"
    measures: ClassVar = ("evidence", "quality", "recordings", "reconstruction", "disentanglement")

    @property
    def augmentation(self):
        return self.augment.make()
