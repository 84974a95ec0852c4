"""Autoencoders of discrete latents, with a prior that learns along."""

import keras
import numpy as np
import tensorflow as tf

from keras_gen import registry
from keras_gen.errors import InputError
from keras_gen.layers import Codebook
from keras_gen.layers.codebook import perplexity, straight_through
from keras_gen.losses import Gaussian
from keras_gen.models import encoding
from keras_gen.models.checks.data import held_out
from keras_gen.models.checks.vae import check_vqvae
from keras_gen.models.generative_model import GenerativeModel
from keras_gen.sampling import OneShot
from keras_gen.training import distribution
from keras_gen.training.player import Player, optimizer_for
from keras_gen.training.precision import run
from keras_gen.training.reports import Reports

EVIDENCE = ("loss", "reconstruction", "kl", "elbo", "perplexity")


@keras.saving.register_keras_serializable("keras_gen")
class VQVAE(GenerativeModel):
    """An encoder and a decoder that meet in a grid of codes, and a prior over such grids (van den Oord et al.
    2017).

    The latents are the indices of the codes. The loss is -log p(x|c) + beta |z - e|^2 - log p(c), in nats,
    each summed over its places. This is equation 3 of the paper, with two differences: moving averages
    replace the codebook's own term (appendix A.1), and the prior's cross-entropy is added, whose gradient
    stops at the codes. All parts learn in one `fit`. After it the model generates.

    `fit` reports, in nats per example, `loss`, `reconstruction` (-log p(x|c)), `kl`, `elbo` and `commitment`;
    and `perplexity`, the number of codes in use in a batch. The posterior is one point, the nearest codes c,
    so `kl` is -log p(c), and log p(x) >= log p(x|c) + log p(c) = `elbo`. In validation and `evaluate` the
    loss is the negative ELBO.

    Args:
        encoder: built keras Model, media in their model form -> grid of vectors (batch, h, w, code_dim).
        decoder: built keras Model, such a grid [and label int32 (batch,)] -> parameters of the likelihood,
            (batch, *media.model_shape[:-1], likelihood.num_parameters(channels)).
        media: what is modeled, such as `Image(32, 32, 3)`.
        likelihood: a `Likelihood`; None stands for `Gaussian("learned")`.
        prior: a `CodePrior` over the grid.
        codebook: a `Codebook`; None stands for one of as many codes as the prior has.
        commitment: float beta >= 0, 0.25 in the paper: how strongly the encoder keeps to the codes.
        num_classes: int, number of labels that decoder and prior take, or None.
        seed: int, decides every random number of training.

    Raises:
        InputError: networks, likelihood, codebook and prior do not fit each other, the media or the labels.

    Example:

    >>> import keras_gen as kg
    >>> media, likelihood = kg.Image(8, 8, 1), kg.losses.Bernoulli("dynamic")
    >>> encoder, decoder = kg.networks.conv_grid(media, likelihood, width=8)
    >>> prior = kg.networks.CodePrior(encoder.output_shape[1:], num_codes=16)
    >>> vqvae = kg.VQVAE(encoder, decoder, media, likelihood, prior)
    >>> vqvae.compile()
    >>> vqvae.generate(2, seed=0).shape
    (2, 8, 8, 1)
    """

    parts = ("encoder", "decoder", "likelihood", "prior", "codebook")
    latent_dtype = "int32"

    def __init__(
        self,
        encoder,
        decoder,
        media,
        likelihood,
        prior,
        codebook=None,
        commitment=0.25,
        num_classes=None,
        seed=0,
        **kwargs,
    ):
        likelihood = Gaussian("learned") if likelihood is None else likelihood
        check_vqvae(encoder, decoder, media, likelihood, prior, codebook, commitment, num_classes)
        codebook = Codebook(prior.num_codes) if codebook is None else codebook
        grid = encoder.output_shape[1:]
        super().__init__(media, num_classes, seed, **kwargs)
        self.encoder, self.decoder, self.likelihood = encoder, decoder, likelihood
        self.latent_shape = tuple(grid[:2])
        if not codebook.built:
            codebook.build(encoder.output_shape)
        self.codebook = codebook
        self.prior = prior
        self.commitment = commitment
        self.sampler = OneShot(self)
        self._encode = encoding.graph_of_encode(self)

    # The model.

    def encode_model(self, x, labels):
        """The codes nearest to what the encoder makes of media in their model form, int32 (batch, h, w)."""
        return self.codebook.nearest(run(self.encoder, x))

    def parameters(self, latents, labels):
        """Codes (batch, h, w) -> parameters of the likelihood, (batch, ...)."""
        return run(self.decoder, self.codebook.vectors(latents), labels)

    def decode_to_model(self, latents, labels):
        return self.likelihood.mean(self.parameters(latents, labels))

    def call(self, inputs, training=False):
        """Media in model form, or [media, labels] -> what the decoder says of the nearest codes."""
        x, labels = encoding.model_form(self, inputs)
        return self.parameters(self.encode_model(x, labels), labels)

    def evidence(self, x, labels):
        """-log p(x|c) and -log p(c) in nats, (batch,), and how often each code occurs, (K,)."""
        latents = self.encode_model(x, labels)
        reconstruction = -self.likelihood.log_prob(x, self.parameters(latents, labels))
        return reconstruction, -self.prior.log_prob(latents, labels), self.codebook.use(latents)

    # Training.

    def compile(self, optimizer=None, jit_compile="auto", steps_per_execution=1, run_eagerly=False):
        """Says how the networks learn.

        Args:
            optimizer: keras Optimizer; None stands for Adam(1e-3). A learning rate from `keras_gen.schedules`
                is read on the clock of examples seen. It is wrapped in a `LossScaleOptimizer` where a network
                computes in float16.
            jit_compile: bool, or "auto" for XLA on a GPU alone. Keras' Dropout draws other noise under it.
            steps_per_execution: int >= 1, steps in one call of the compiled graph.
            run_eagerly: bool, for debugging.
        """
        optimizer = optimizer_for(optimizer, keras.optimizers.Adam(1e-3), self.encoder, self.decoder)
        self.prepare(
            optimizer=optimizer,
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
            run_eagerly=run_eagerly,
        )
        learned = [self.encoder, self.decoder, self.likelihood, self.prior]
        self.player = Player(self, learned, optimizer, unclipped=self.likelihood.trainable_variables)
        self.players = {"model": self.player}
        self.optimizer = optimizer
        self.reports = Reports([*EVIDENCE, "commitment", "gradient_norm"])

    def train_step(self, data):
        x, labels = self.unpack(data)
        observe_seed, _ = self.step_seeds(2)
        _, revive_seed = self.step_seeds(2, shared=True)
        x = self.likelihood.observe(x, observe_seed)

        def evidence():
            z = run(self.encoder, x, training=True)
            self.codebook.revive(distribution.gather(z), revive_seed)
            latents = self.codebook.nearest(z)
            codes = tf.stop_gradient(self.codebook.vectors(latents))
            parameters = run(self.decoder, straight_through(z, codes), labels, training=True)
            reconstruction = -self.likelihood.log_prob(x, parameters)
            commitment = self.commitment * tf.reduce_sum(
                tf.square(z - codes), axis=tuple(range(1, len(z.shape)))
            )
            kl = -self.prior.log_prob(latents, labels)
            loss = tf.reduce_mean(reconstruction + commitment + kl)
            return loss, reconstruction, commitment, kl, z, latents

        (_, reconstruction, commitment, kl, z, latents), norm = self.player.minimize(evidence)
        self.codebook.update(distribution.gather(z), distribution.gather(latents))
        self.reports.add(loss=reconstruction + commitment + kl, commitment=commitment)
        self._report(reconstruction, kl, self.codebook.use(latents), gradient_norm=norm)
        self.count_examples(tf.shape(x)[0])
        return self.reports.logs()

    def test_step(self, data):
        """The bound as it is, at the nearest codes."""
        x, labels = self.unpack(data)
        seed = self.test_seed(self.reports.count("elbo"))
        reconstruction, kl, use = self.evidence(self.likelihood.observe(x, seed), labels)
        self.reports.add(loss=reconstruction + kl)
        self._report(reconstruction, kl, use)
        return self.reports.logs(EVIDENCE)

    def _report(self, reconstruction, kl, use, **scalars):
        self.reports.add(reconstruction=reconstruction, kl=kl, elbo=-(reconstruction + kl))
        self.reports.add(perplexity=perplexity(use), **scalars)

    # Use.

    encode = encoding.encode
    reconstruct = encoding.reconstruct
    reconstruct_recording = encoding.reconstruct_recording
    predict = encoding.predict
    make_predict_function = encoding.make_predict_function
    predict_step = encoding.predict_step
    check_support = encoding.check_support
    endpoints = encoding.endpoints
    learned_parts = encoding.learned_parts

    def latents_of_seeds(self, seeds, labels=None, temperature=1.0):
        """Codes drawn from the prior, int32 (batch, h, w), each grid a function of its seed and label alone.

        `temperature` divides the logits of the prior; 0 takes the likeliest code at each place.
        """
        return self.prior.sample(seeds, labels, temperature)

    @property
    def latent_range(self):
        return 0, self.codebook.num_codes

    def as_latents(self, values):
        values, most = np.asarray(values), self.codebook.num_codes - 1
        if not np.issubdtype(values.dtype, np.integer) or np.any((values < 0) | (values > most)):
            raise InputError(
                f"Latents must be integers from 0 to {most}, of codes, not {values.dtype} {values.flat[:1]}."
            )
        return super().as_latents(values)

    def between(self, start, stop, steps):
        """Codes (steps, h, w) nearest to the line from the vectors of one grid to those of another."""
        share = np.linspace(0.0, 1.0, steps, dtype=np.float32)[:, None, None, None]
        line = (1 - share) * self.codebook.vectors(start) + share * self.codebook.vectors(stop)
        return self.codebook.nearest(line).numpy()

    def score(self, real, seed=0):
        """How probable held-out media are, and how many codes they use.

        Args:
            real: a `Dataset`, whose test split counts; packed media; or a pair of packed media and labels.
            seed: int >= 0, decides what a likelihood observes, such as binarization.

        Returns:
            Dict of floats: in nats per example `nll`, an upper bound on -log p(x), which is -`elbo`, and
            `reconstruction` and `kl`, which add up to it; and `perplexity`, the number of codes in use.

        Raises:
            InputError: media or labels do not fit the model or its likelihood.
        """
        return registry.find("score_bound")(self, *held_out(self, real), seed)

    # Saving and serving.

    def trained_networks(self):
        return [self.encoder, self.decoder, self.codebook]

    def exported_networks(self):
        return [self.encoder, self.decoder, self.likelihood, self.codebook, self.prior]

    def get_config(self):
        return {**super().get_config(), "commitment": self.commitment}
