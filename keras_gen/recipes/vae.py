"""What a recipe for a VAE says, and how the model is made from it."""

import dataclasses

from keras_gen.errors import InputError
from keras_gen.recipes import likelihoods
from keras_gen.recipes.config import Config
from keras_gen.recipes.space import Choice, Range

READ_BY = {  # fields that some objectives alone read
    "beta": ("dip1", "dip2", "elbo", "factor", "free_bits", "tc"),
    "warm_up": ("dip1", "dip2", "elbo", "factor", "free_bits", "tc"),
    "num_examples": ("tc",),
    "samples": ("dreg", "iwae"),
    "strength": ("capacity", "dip1", "dip2", "factor", "free_bits", "info"),
}
OBJECTIVES = ("capacity", "dip1", "dip2", "dreg", "elbo", "factor", "free_bits", "info", "iwae", "tc")
SPACE = {  # what a search may change of any VAE
    "width": Choice(32, 64, 128, 256),
    "latent_dim": Choice(8, 16, 32, 64),
    "activation": Choice("silu", "gelu", "leaky_relu", "tanh"),
    "learning_rate": Range(3e-4, 6e-3, log=True),
    "final_learning_rate_share": Range(0.003, 0.3, log=True),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class VAEConfig(Config):
    """The part of a setup that every recipe for a VAE has.

    Args:
        network: "conv", "mlp" or "resnet" of images; "conv1d" or "mlp" of voices.
        width: units of a layer of "mlp"; feature maps at half the size of the others, which double as it halves (of "conv1d",
            once).
        latent_dim: numbers in a latent.
        activation: of the hidden layers, such as "silu" or "tanh".
        likelihood: "bernoulli" (dynamic binarization), "gaussian", "laplace" (learned scales), "logistic_mixture" or
            "categorical" (256 levels).
        objective: "elbo", "free_bits", "capacity", "iwae", "dreg", "tc", "factor", "dip1", "dip2" or "info".
        beta: weight of the KL divergence of "elbo", "free_bits", "factor", "dip1" and "dip2"; of the total correlation of
            "tc".
        strength: the objective's own number: nats that are free for each dimension ("free_bits"), nats of capacity at the
            end of training ("capacity"), gamma ("factor"), weight off the diagonal ("dip1", "dip2"), lambda ("info").
        num_examples: size of the training set, which "tc" needs.
        samples: draws of the latents for each example, of "iwae" and "dreg".
        warm_up: examples over which beta rises from 0.
        prior: "standard" or "vamp".
        prior_components: pseudo-inputs of "vamp".
        sampling_components: normals of the mixture that samples are drawn from after training; 0 draws from the prior.
        learning_rate: of Adam, at the start.
        epsilon: of Adam.
        nll_samples: draws of the importance-weighted likelihood of the test examples.
    """

    network: str
    width: int = 32
    latent_dim: int = 32
    activation: str = "silu"
    likelihood: str = "bernoulli"
    objective: str = "elbo"
    beta: float = 1.0
    strength: float = 10.0
    num_examples: int | None = None
    samples: int = 5
    warm_up: int = 0
    prior: str = "standard"
    prior_components: int = 500
    sampling_components: int = 0
    learning_rate: float = 1e-3
    epsilon: float = 1e-7
    nll_samples: int = 1000

    choices = {
        "activation": ("elu", "gelu", "leaky_relu", "relu", "silu", "tanh"),
        "likelihood": likelihoods.NAMES,
        "objective": OBJECTIVES,
        "prior": ("standard", "vamp"),
        "frozen": ("none", "encoder", "decoder"),
    }
    once_begun = {"warm_up": 0}
    architecture = (
        "network",
        "width",
        "latent_dim",
        "activation",
        "likelihood",
        "objective",
        "prior",
        "prior_components",
    )
    at_least_one = (
        "width",
        "latent_dim",
        "samples",
        "prior_components",
        "nll_samples",
    )
    not_negative = (
        "beta",
        "strength",
        "warm_up",
        "sampling_components",
        "learning_rate",
        "epsilon",
    )
    best_by = "val_loss"

    def __post_init__(self):
        super().__post_init__()
        defaults = {field.name: field.default for field in dataclasses.fields(VAEConfig)}
        for field, objectives in READ_BY.items():
            if self.objective not in objectives and getattr(self, field) != defaults[field]:
                raise InputError(
                    f"Field {field!r} has no use with objective={self.objective}: set it to {defaults[field]}, or take one of "
                    f"the objectives {', '.join(objectives)}."
                )
        if self.prior == "standard" and self.prior_components != defaults["prior_components"]:
            raise InputError("Field 'prior_components' has no use with prior=standard: set prior=vamp.")
        if self.prior == "vamp" and self.num_classes is not None:
            raise InputError(
                "prior=vamp asks the encoder about pseudo-inputs that have no label: set num_classes=none, or prior=standard."
            )
        if self.epsilon == 0:
            raise InputError(
                "Field 'epsilon' must be above 0, or Adam divides by 0 where a gradient vanishes."
            )
        if self.objective == "tc" and (self.num_examples or 0) < 2:
            raise InputError(
                f"objective=tc needs the size of the training set: set num_examples, which is {self.num_examples}."
            )
        if self.prior == "vamp" and self.objective in ("dip1", "dip2", "free_bits", "tc"):
            raise InputError(
                f"objective={self.objective} needs a standard normal prior: set prior=standard, or objective=elbo."
            )

    def make(self):
        """A compiled `VAE`."""
        from keras_gen import losses, networks, schedules
        from keras_gen.models import VAE

        media = self.media
        likelihood = likelihoods.get(self.likelihood)
        encoder, decoder = getattr(networks, self.network)(
            media,
            likelihood,
            num_classes=self.num_classes,
            latent_dim=self.latent_dim,
            width=self.width,
            activation=self.activation,
        )
        self.freeze(encoder=encoder, decoder=decoder)
        prior = losses.VampPrior(self.prior_components) if self.prior == "vamp" else losses.StandardNormal()
        vae = VAE(
            encoder,
            decoder,
            media,
            likelihood,
            self._objective(losses, schedules),
            prior,
            num_classes=self.num_classes,
            seed=self.seed,
        )
        vae.compile(
            self.adam(self.learning_rate, epsilon=self.epsilon), augment=self.augment, **self.execution
        )
        return vae

    @property
    def augment(self):
        """What happens to examples in training: by default nothing."""

    def _objective(self, losses, schedules):
        beta = schedules.WarmUp(self.beta, self.warm_up)
        return {
            "elbo": lambda: losses.ELBO(beta),
            "free_bits": lambda: losses.FreeBits(self.strength, beta=beta),
            "capacity": lambda: losses.Capacity(schedules.Linear(0, self.strength, self.examples)),
            "iwae": lambda: losses.IWAE(self.samples),
            "dreg": lambda: losses.DReG(self.samples),
            "tc": lambda: losses.BetaTCVAE(self.num_examples, beta=beta),
            "factor": lambda: losses.FactorVAE(self.strength, beta=beta),
            "dip1": lambda: losses.DIPVAE1(self.strength, 10 * self.strength, beta=beta),
            "dip2": lambda: losses.DIPVAE2(self.strength, self.strength, beta=beta),
            "info": lambda: losses.InfoVAE(scale=self.strength),
        }[self.objective]()

    def check_data(self, dataset):
        super().check_data(dataset)
        found = len(dataset.arrays("train")[0])
        if self.num_examples not in (None, found):
            raise InputError(
                f"The recipe is set for {self.num_examples:,} training examples, but the data have {found:,}: give --set "
                f"num_examples={found}."
            )
        if self.sampling_components > found:
            raise InputError(
                f"Field 'sampling_components' must be at most the {found:,} training examples, not "
                f"{self.sampling_components:,}."
            )
        if dataset.factor_names and self.latent_dim < 2:
            raise InputError(
                "Field 'latent_dim' must be at least 2 for disentanglement to be measured, not 1."
            )

    def finish(self, model, dataset):
        """Fits the mixture that samples are drawn from, where one is wanted."""
        if self.sampling_components:
            examples, labels = dataset.arrays("train")
            labels = None if model.num_classes is None else labels
            model.fit_sampling_prior(examples, labels, self.sampling_components, self.seed)
