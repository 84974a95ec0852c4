"""What a recipe for a picture VAE says, and how the model is made from it."""

import dataclasses

from keras_gen.errors import InputError
from keras_gen.recipes import parts
from keras_gen.recipes.fields import check_fields

OBJECTIVES = ("capacity", "dip1", "dip2", "dreg", "elbo", "factor", "free_bits", "info", "iwae", "tc")
CHOICES = {
    "network": ("conv", "mlp", "resnet"),
    "activation": ("elu", "gelu", "leaky_relu", "relu", "silu", "tanh"),
    "likelihood": parts.LIKELIHOODS,
    "objective": OBJECTIVES,
    "prior": ("standard", "vamp"),
}
AT_LEAST_ONE = (
    "width",
    "latent_dim",
    "samples",
    "prior_components",
    "batch_size",
    "epochs",
    "steps_per_epoch",
    "steps_per_execution",
    "nll_samples",
)
NOT_NEGATIVE = (
    "beta",
    "strength",
    "warm_up",
    "sampling_components",
    "learning_rate",
    "final_learning_rate_share",
    "epsilon",
    "seed",
)


@dataclasses.dataclass(frozen=True)
class VAEConfig:
    """The whole setup of a picture VAE.

    Args:
        data: name or path for `keras_gen.datasets.load`; empty where it must be given.
        size: side of the pictures in pixels.
        channels: 1 for grey, 3 for colour.
        num_classes: number of labels to condition on, or None for none.
        network: "conv", "mlp" or "resnet".
        width: units of a layer of "mlp"; feature maps at half the picture's size of the others, which double as it halves.
        latent_dim: numbers in a latent.
        activation: of the hidden layers, such as "silu" or "tanh".
        likelihood: "bernoulli" (dynamic binarisation), "gaussian", "laplace" (learned scales), "logistic_mixture" or
            "categorical" (256 levels).
        objective: "elbo", "free_bits", "capacity", "iwae", "dreg", "tc", "factor", "dip1", "dip2" or "info".
        beta: weight of the KL divergence of "elbo", "free_bits", "factor", "dip1" and "dip2"; of the total correlation of
            "tc".
        strength: the objective's own number: nats that are free for each dimension ("free_bits"), nats of capacity at the
            end of training ("capacity"), gamma ("factor"), weight off the diagonal ("dip1", "dip2"), of the discrepancy
            ("info").
        num_examples: size of the training set, which "tc" needs.
        samples: draws of the latents for each example, of "iwae" and "dreg".
        warm_up: examples over which beta rises from 0.
        prior: "standard" or "vamp".
        prior_components: pseudo-inputs of "vamp".
        sampling_components: normals of the mixture that samples are drawn from after training; 0 draws from the prior.
        learning_rate: of Adam, at the start.
        final_learning_rate_share: share of the learning rate that is left at the end, on a cosine.
        epsilon: of Adam.
        batch_size: examples in a batch.
        epochs: how often losses are reported, samples drawn and a checkpoint written.
        steps_per_epoch: batches in an epoch.
        steps_per_execution: batches in one call of the compiled graph, lowered to what divides steps_per_epoch.
        nll_samples: draws of the importance-weighted likelihood of the test pictures.
        seed: decides every random number.
    """

    data: str
    size: int
    channels: int
    num_classes: int | None = None
    network: str = "conv"
    width: int = 32
    latent_dim: int = 32
    activation: str = "silu"
    likelihood: str = "bernoulli"
    objective: str = "elbo"
    beta: float = 1.0
    strength: float = 1.0
    num_examples: int | None = None
    samples: int = 1
    warm_up: int = 0
    prior: str = "standard"
    prior_components: int = 500
    sampling_components: int = 0
    learning_rate: float = 1e-3
    final_learning_rate_share: float = 0.01
    epsilon: float = 1e-7
    batch_size: int = 128
    epochs: int = 20
    steps_per_epoch: int = 500
    steps_per_execution: int = 10
    nll_samples: int = 1000
    seed: int = 0

    def __post_init__(self):
        check_fields(self, CHOICES, AT_LEAST_ONE, NOT_NEGATIVE)
        if self.objective == "tc" and (self.num_examples or 0) < 2:
            raise InputError(
                f"objective=tc needs the size of the training set: set num_examples, which is {self.num_examples}."
            )
        if self.prior == "vamp" and self.objective not in ("elbo", "iwae", "dreg", "info", "capacity"):
            raise InputError(
                f"prior=vamp has no KL divergence of single dimensions, which objective={self.objective} needs: set "
                "objective=elbo, or prior=standard."
            )

    measures = ("evidence", "quality", "disentanglement")

    @property
    def examples(self):
        """Examples in the whole training."""
        return self.epochs * self.steps_per_epoch * self.batch_size

    def build(self):
        """A compiled `VAE`."""
        import keras

        from keras_gen import losses, networks, schedules
        from keras_gen.media import Image
        from keras_gen.models import VAE

        keras.utils.set_random_seed(self.seed)
        media = Image(self.size, self.size, self.channels)
        likelihood = parts.likelihood(self.likelihood)
        encoder, decoder = getattr(networks, self.network)(
            media,
            likelihood,
            num_classes=self.num_classes,
            latent_dim=self.latent_dim,
            width=self.width,
            activation=self.activation,
        )
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
            parts.adam(self, self.learning_rate, epsilon=self.epsilon),
            steps_per_execution=parts.steps_per_execution(self),
        )
        return vae

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

    def finish(self, model, dataset):
        """Fits the mixture that samples are drawn from, where one is wanted."""
        if self.sampling_components:
            pictures, labels = dataset.arrays("train")
            labels = None if model.num_classes is None else labels
            model.fit_sampling_prior(pictures, labels, self.sampling_components, self.seed)
