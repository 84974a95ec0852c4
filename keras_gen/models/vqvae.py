"""Autoencoders of discrete latents, with a prior that learns along."""

import math

import keras
import numpy as np
import tensorflow as tf

from keras_gen import distribution
from keras_gen.errors import InputError
from keras_gen.layers import Codebook
from keras_gen.layers.codebook import perplexity, straight_through
from keras_gen.losses import Gaussian
from keras_gen.media import Audio, Image
from keras_gen.models.autoencoder import SCORE_BATCH, Autoencoder
from keras_gen.models.network_checks import (
    check_apart,
    check_media,
    check_network,
    check_num_classes,
    check_scope,
)
from keras_gen.models.precision import run
from keras_gen.models.vae_checks import check_kinds
from keras_gen.models.vqvae_checks import check_codes, check_grid
from keras_gen.networks import CodePrior

EVIDENCE = ("loss", "reconstruction", "kl", "elbo", "perplexity")


@keras.saving.register_keras_serializable("keras_gen")
class VQVAE(Autoencoder):
    """An encoder and a decoder that meet in a grid of codes, and a prior over such grids (van den Oord et al. 2017).

    The latents are the indices of the codes. The loss is -log p(x|c) + beta |z - e|^2 - log p(c), in nats, each summed over
    its places: equation 3 of the paper with the codebook's own term replaced by moving averages (appendix A.1), and the
    prior's cross-entropy, whose gradient stops at the codes. All learns in one `fit`, after which the model generates.

    `fit` reports, in nats per example, `loss`, `reconstruction` (-log p(x|c)), `kl`, `elbo` and `commitment`; and
    `perplexity`, the number of codes in use in a batch. The posterior is one point, the nearest codes c, so `kl` is -log p(c),
    and log p(x) >= log p(x|c) + log p(c) = `elbo`. In validation and `evaluate` the loss is the negative ELBO.

    Args:
        encoder: built keras Model, media in their model form -> grid of vectors (batch, h, w, code_dim).
        decoder: built keras Model, such a grid [and label int32 (batch,)] -> parameters of the likelihood, (batch,
            *media.model_shape[:-1], likelihood.num_parameters(channels)).
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
        check_kinds(likelihood=likelihood)
        check_media(media, Image, Audio)
        check_num_classes(num_classes)
        for name, network in {"encoder": encoder, "decoder": decoder}.items():
            check_network(name, network)
        if not isinstance(prior, CodePrior):
            raise InputError(f"prior must be a CodePrior of keras_gen.networks, not {prior!r}.")
        codebook = Codebook(prior.num_codes) if codebook is None else codebook
        if not isinstance(codebook, Codebook):
            raise InputError(f"codebook must be a Codebook of keras_gen.layers, not {codebook!r}.")
        if not isinstance(commitment, (int, float)) or not 0 <= commitment < math.inf:
            raise InputError(f"commitment must be at least 0, not {commitment!r}.")
        check_grid(encoder, decoder, media, likelihood, num_classes)
        grid = encoder.output_shape[1:]
        check_codes(prior, codebook, grid, num_classes)
        check_apart(encoder=encoder, decoder=decoder)
        check_scope(encoder, decoder, likelihood, prior, codebook)
        super().__init__(encoder, decoder, media, likelihood, grid[:2], num_classes, seed, **kwargs)
        if not codebook.built:
            codebook.build(encoder.output_shape)
        self.codebook = codebook
        self.prior = prior
        self.commitment = commitment
        self._score = tf.function(self._score_of_batch, reduce_retracing=True)

    # The model.

    def encode_model(self, x, labels):
        return self.codebook.nearest(run(self.encoder, x))

    def parameters(self, latents, labels):
        return self._parameters(self.codebook.vectors(latents), labels)

    def _parameters(self, codes, labels, training=False):
        return run(self.decoder, codes, labels, training)

    def evidence(self, x, labels):
        """What a batch costs.

        Args:
            x: (batch, *media.model_shape) in model form.
            labels: int32 (batch,), or None.

        Returns:
            -log p(x|c) and -log p(c) of each example, (batch,) in nats, and how often each code occurs, (K,).
        """
        latents = self.encode_model(x, labels)
        reconstruction = -self.likelihood.log_prob(x, self.parameters(latents, labels))
        return reconstruction, -self.prior.log_prob(latents, labels), self.codebook.use(latents)

    # Training.

    def compile(self, optimizer=None, jit_compile=False, steps_per_execution=1, run_eagerly=False):
        super().compile(optimizer, jit_compile, steps_per_execution, run_eagerly)
        self.track(*EVIDENCE, "commitment")

    compile.__doc__ = Autoencoder.compile.__doc__

    @property
    def learned_variables(self):
        return super().learned_variables + self.prior.trainable_variables

    def train_step(self, data):
        x, labels = self.unpack(data)
        observe_seed, _ = self.step_seeds(2)
        _, revive_seed = self.step_seeds(2, shared=True)
        x = self.likelihood.observe(x, observe_seed)
        with tf.GradientTape() as tape:
            z = run(self.encoder, x, training=True)
            self.codebook.revive(distribution.gather(z), revive_seed)
            latents = self.codebook.nearest(z)
            codes = tf.stop_gradient(self.codebook.vectors(latents))
            parameters = self._parameters(straight_through(z, codes), labels, training=True)
            reconstruction = -self.likelihood.log_prob(x, parameters)
            commitment = self.commitment * tf.reduce_sum(tf.square(z - codes), axis=(1, 2, 3))
            kl = -self.prior.log_prob(latents, labels)
            loss = tf.reduce_mean(reconstruction + commitment + kl)
            scaled_loss = self.optimizer.scale_loss(loss)
        variables = self.learned_variables
        self.learn(self.optimizer, tape.gradient(scaled_loss, variables), variables, loss)
        self.codebook.update(distribution.gather(z), distribution.gather(latents))
        self.report(loss=reconstruction + commitment + kl, commitment=commitment)
        self._report_evidence(reconstruction, kl, self.codebook.use(latents))
        self.count_examples(tf.shape(x)[0])
        return self.results()

    def test_step(self, data):
        """The bound as it is, at the nearest codes."""
        x, labels = self.unpack(data)
        seed = self.test_seed(tf.cast(self._trackers["elbo"].count, tf.int64))
        reconstruction, kl, use = self.evidence(self.likelihood.observe(x, seed), labels)
        self.report(loss=reconstruction + kl)
        self._report_evidence(reconstruction, kl, use)
        return self.results(EVIDENCE)

    def _report_evidence(self, reconstruction, kl, use):
        self.report(reconstruction=reconstruction, kl=kl, elbo=-(reconstruction + kl))
        self.report(perplexity=perplexity(use))

    # Use.

    def latents_of_seeds(self, seeds, temperature=1.0, labels=None):
        """Codes drawn from the prior, one grid for each seed.

        Args:
            seeds: int64 (batch,).
            temperature: float >= 0, which divides the logits of the prior; 0 takes the likeliest code at each place.
            labels: int32 (batch,) for a conditional model, or None.

        Returns:
            int32 (batch, h, w), each row a function of its seed and label alone.
        """
        return self.prior.sample(seeds, labels, temperature)

    def latents_given(self, seeds, labels, temperature=1.0):
        return self.latents_of_seeds(seeds, temperature, labels)

    @property
    def latent_range(self):
        return 0, self.codebook.num_codes

    def as_latents(self, values):
        values, most = np.asarray(values), self.codebook.num_codes - 1
        if not np.issubdtype(values.dtype, np.integer) or np.any((values < 0) | (values > most)):
            raise InputError(
                f"Latents must be integers from 0 to {most}, the indices of codes, not {values.dtype} {values.flat[:1]}."
            )
        return super().as_latents(values)

    def between(self, start, stop, steps):
        """Codes nearest to the straight line from the vectors of one grid to those of another, (steps, h, w)."""
        share = np.linspace(0.0, 1.0, steps, dtype=np.float32)[:, None, None, None]
        line = (1 - share) * self.codebook.vectors(start) + share * self.codebook.vectors(stop)
        return self.codebook.nearest(line).numpy()

    def score(self, real, seed=0):
        """How probable held-out media are, and how many codes they use.

        Args:
            real: a `Dataset`, whose test split counts; packed media; or a pair of packed media and labels.
            seed: int >= 0, decides what a likelihood observes, such as binarization.

        Returns:
            Dict of floats: in nats per example `nll`, an upper bound on -log p(x), which is -`elbo`, and `reconstruction` and
            `kl`, which add up to it; and `perplexity`, the number of codes in use.

        Raises:
            InputError: media or labels do not fit the model or its likelihood.
        """
        x, labels = self.held_out(real)
        scores = []
        for start in range(0, len(x), SCORE_BATCH):
            part = slice(start, start + SCORE_BATCH)
            some_labels = None if labels is None else labels[part]
            scores.append(self._score(x[part], some_labels, tf.constant([seed, start], tf.int64)))
        reconstructions, kls, uses = zip(*scores, strict=True)
        reconstruction, kl = (float(np.mean(np.concatenate(costs))) for costs in (reconstructions, kls))
        return {
            "nll": reconstruction + kl,
            "elbo": -(reconstruction + kl),
            "reconstruction": reconstruction,
            "kl": kl,
            "perplexity": float(perplexity(sum(uses))),
        }

    def _score_of_batch(self, packed, labels, seed):
        return self.evidence(self.observe_packed(packed, seed), labels)

    # Saving and serving.

    def exported_networks(self):
        return [*super().exported_networks(), self.codebook, self.prior]

    def trained_networks(self):
        return [*super().trained_networks(), self.codebook]

    def get_config(self):
        parts = {"prior": self.prior, "codebook": self.codebook}
        return {
            **{name: keras.saving.serialize_keras_object(part) for name, part in parts.items()},
            **super().get_config(),
            "commitment": self.commitment,
        }
