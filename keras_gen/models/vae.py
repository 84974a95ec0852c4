"""Variational autoencoders."""

import keras
import numpy as np
import tensorflow as tf

from keras_gen import noise
from keras_gen.errors import InputError
from keras_gen.losses import ELBO, Gaussian, GaussianMixture, StandardNormal
from keras_gen.losses.normal import DiagonalNormal
from keras_gen.media import Audio, Image, Text
from keras_gen.models.autoencoder import Autoencoder
from keras_gen.models.data_check import media_and_labels
from keras_gen.models.generative_model import GENERATE_BATCH
from keras_gen.models.network_checks import (
    check_apart,
    check_media,
    check_network,
    check_num_classes,
    check_scope,
)
from keras_gen.models.precision import run, scaled
from keras_gen.models.vae_checks import (
    check_augment,
    check_decoder,
    check_encoder_inputs,
    check_kinds,
    check_together,
    latent_dim_of,
)
from keras_gen.models.walks import LatentWalks
from keras_gen.networks.precision import policy

EVIDENCE = ("loss", "reconstruction", "kl", "elbo")


@keras.saving.register_keras_serializable("keras_gen")
class VAE(LatentWalks, Autoencoder):
    """An encoder and a decoder that learn a smooth space of latents (Kingma & Welling 2014).

    `fit` reports, in nats per example, `loss` (of the objective), `reconstruction` (-log p(x|z)), `kl` and `elbo`; in
    validation and `evaluate` the loss is the negative ELBO, whatever the objective weighs.

    Args:
        encoder: built keras Model, media in their model form [and label int32 (batch,)] -> [mean, log variance], each
            (batch, latent_dim).
        decoder: built keras Model, latent (batch, latent_dim) [and label] -> parameters of the likelihood, (batch,
            *media.model_shape[:-1], likelihood.num_parameters(channels)).
        media: what is modeled, such as `Image(32, 32, 3)` or `Audio(16384)`.
        likelihood: a `Likelihood`; None stands for `Gaussian("learned")`.
        objective: an `Objective`; None stands for `ELBO()`.
        prior: a `Prior`; None stands for `StandardNormal()`.
        num_classes: int, number of labels that the decoder takes, and the encoder may; a tuple of n ints where an example has
            n labels; or None.
        seed: int, decides every random number of training.
        sampling_prior: the `Prior` that samples are drawn from where it is another one: see `fit_sampling_prior`.

    Raises:
        InputError: networks, likelihood, objective and prior do not fit each other, the media or the labels.

    Example:

    >>> import keras_gen as kg
    >>> media, likelihood = kg.Image(8, 8, 1), kg.losses.Bernoulli("dynamic")
    >>> encoder, decoder = kg.networks.mlp(media, likelihood, latent_dim=4)
    >>> vae = kg.VAE(encoder, decoder, media, likelihood, objective=kg.losses.ELBO(beta=2.0))
    >>> vae.compile()
    >>> vae.generate(2, seed=0).shape
    (2, 8, 8, 1)
    """

    def __init__(
        self,
        encoder,
        decoder,
        media,
        likelihood=None,
        objective=None,
        prior=None,
        num_classes=None,
        seed=0,
        sampling_prior=None,
        **kwargs,
    ):
        likelihood = Gaussian("learned") if likelihood is None else likelihood
        objective = ELBO() if objective is None else objective
        prior = StandardNormal() if prior is None else prior
        check_kinds(likelihood=likelihood, objective=objective, prior=prior)
        check_media(media, Image, Audio, Text)
        check_num_classes(num_classes)
        check_network("encoder", encoder)
        latent_dim = latent_dim_of(encoder)
        check_encoder_inputs(encoder, media, num_classes)
        self.check_decoder(decoder, media, likelihood, (latent_dim,), num_classes)
        check_together(encoder, objective, prior)
        check_apart(encoder=encoder, decoder=decoder)
        check_scope(encoder, decoder, likelihood, prior)
        super().__init__(encoder, decoder, media, likelihood, (latent_dim,), num_classes, seed, **kwargs)
        self.objective = objective
        with policy("float32"):  # it is not saved but made anew, whatever the policy is then
            self.adversary = objective.make_adversary(latent_dim)
        self.prior = self._bound(prior)
        self.sampling_prior = None if sampling_prior is None else self._bound(sampling_prior)
        self._posterior = tf.function(
            lambda packed, labels: tuple(
                self.posterior(self.likelihood.observe(self.media.to_model(packed)), labels)
            ),
            reduce_retracing=True,
        )

    check_decoder = staticmethod(check_decoder)

    def _bound(self, prior):
        prior.bind(lambda x: self.posterior(x, None), self.media.model_shape, *self.latent_shape)
        return prior

    # The model.

    def posterior(self, x, labels, training=False):
        """q(z|x), a `DiagonalNormal` (batch, latent_dim), of media in their model form."""
        labels = labels if len(self.encoder.inputs) == 2 else None
        return DiagonalNormal(*run(self.encoder, x, labels, training))

    def parameters(self, latents, labels, training=False):
        return run(self.decoder, latents, labels, training)

    def log_likelihood(self, x, z, labels, training=False):
        """log p(x|z) of each example, in nats.

        Args:
            x: (batch, *media.model_shape) in model form.
            z: (..., batch, latent_dim).
            labels: int32 (batch,), or None.
            training: bool, for layers that do otherwise in training.

        Returns:
            (..., batch).
        """
        flat = tf.reshape(z, (-1, *self.latent_shape))
        if labels is not None:
            copies = tf.shape(flat)[0] // tf.shape(labels)[0]
            labels = tf.tile(labels, [copies, *[1] * (len(labels.shape) - 1)])
        parameters = self.parameters(flat, labels, training)
        shape = tf.concat([tf.shape(z)[:-1], tf.shape(parameters)[1:]], axis=0)
        parameters = tf.ensure_shape(tf.reshape(parameters, shape), (*z.shape[:-1], *parameters.shape[1:]))
        return self.likelihood.log_prob(x, parameters)

    def encode_model(self, x, labels):
        return self.posterior(x, labels).mean

    @property
    def decoded_size(self):
        """How many numbers a latent is decoded to."""
        return int(np.prod(self.decoder.output_shape[1:]))

    # Training.

    def compile(
        self, optimizer=None, jit_compile=False, steps_per_execution=1, run_eagerly=False, augment=None
    ):
        """Says how the networks learn; see `Autoencoder.compile`.

        Args:
            optimizer: keras Optimizer; None stands for Adam(1e-3).
            jit_compile: bool, XLA, under which Keras' own layers, such as Dropout, draw other noise.
            steps_per_execution: int >= 1, steps in one call of the compiled graph.
            run_eagerly: bool, for debugging.
            augment: of recordings an `AudioAugment`, or None.

        Raises:
            InputError: `augment` is something else, or the media are.
        """
        check_augment(augment, self.media)
        super().compile(optimizer, jit_compile, steps_per_execution, run_eagerly, augment=augment)
        self.augment = augment
        self.adversary_optimizer = None
        if self.adversary is not None:
            self.adversary_optimizer = self.prepare_optimizer(
                scaled(self.objective.adversary_optimizer(), self.adversary),
                self.adversary.trainable_variables,
            )
        self.track(*EVIDENCE, *self.objective.terms)

    @property
    def learned_variables(self):
        return super().learned_variables + self.prior.trainable_variables

    @property
    def optimizers(self):
        return super().optimizers | (
            {"adversary": self.adversary_optimizer} if self.adversary is not None else {}
        )

    def train_step(self, data):
        observe_seed, draw_seed, adversary_seed = self.step_seeds(3)
        x, labels, seen = self.unpack_augmented(data, observe_seed)
        x = self.likelihood.observe(x, observe_seed)
        outcome = self.optimizer_step(x, labels, seen, draw_seed)
        if self.adversary is not None:
            self._train_adversary(outcome.z, adversary_seed)
        self.report(weight=tf.cast(tf.shape(x)[0], tf.float32), loss=outcome.loss, **outcome.terms)
        self._report_evidence(outcome.reconstruction, outcome.kl)
        self.count_examples(tf.shape(x)[0])
        return self.results((*EVIDENCE, *self.objective.terms))

    def optimizer_step(self, x, labels, seen, seed, objective=None, variables=None):
        """Takes a step of the optimizer.

        Args:
            x: what is modeled, (batch, *media.model_shape).
            labels: int32 (batch,), or None.
            seen: what the encoder is shown in its place, or None.
            seed: two integers.
            objective: by default the model's.
            variables: that learn, by default all.

        Returns:
            The `Outcome` of the objective.
        """
        variables = self.learned_variables if variables is None else variables
        with tf.GradientTape() as tape:
            outcome = (objective or self.objective)(self, x, labels, seed, seen)
            scaled_loss = self.optimizer.scale_loss(outcome.loss)
        self.learn(self.optimizer, tape.gradient(scaled_loss, variables), variables, outcome.loss)
        return outcome

    def unpack_augmented(self, data, seed):
        """A batch of training: what is modeled, labels or None, and what the encoder sees instead, or None."""
        if self.augment is None:
            return *self.unpack(data), None
        own = noise.split(noise.fold_in(seed, 1), 2)
        packed, labels = media_and_labels(data, self.media)
        x = self.media.to_model(self.augment.waveforms(packed, own[0]))
        return x, self.as_labels(labels), self.augment.masked(x, own[1])

    def _train_adversary(self, z, seed):
        variables = self.adversary.trainable_variables
        with tf.GradientTape() as tape:
            loss = self.objective.adversary_loss(self.adversary, z, seed)
            scaled_loss = self.adversary_optimizer.scale_loss(loss)
        self.learn(self.adversary_optimizer, tape.gradient(scaled_loss, variables), variables, loss)

    def test_step(self, data):
        """The ELBO as it is, one draw of the latents for each example."""
        x, labels = self.unpack(data)
        seeds = noise.split(self.test_seed(tf.cast(self._trackers["elbo"].count, tf.int64)), 2)
        x = self.likelihood.observe(x, seeds[0])
        posterior = self.posterior(x, labels)
        z = posterior.sample(noise.normal(tf.shape(posterior.mean), seeds[1]))
        reconstruction, kl = -self.log_likelihood(x, z, labels), self.prior.kl(posterior, z)
        weight = tf.cast(tf.shape(x)[0], tf.float32)
        self.report(weight=weight, loss=tf.reduce_mean(reconstruction + kl))
        self._report_evidence(reconstruction, kl)
        return self.results(EVIDENCE)

    def _report_evidence(self, reconstruction, kl):
        self.report(reconstruction=reconstruction, kl=kl, elbo=-(reconstruction + kl))

    # Use.

    def latents_of_seeds(self, seeds, temperature=1.0):
        """One latent for each seed, drawn from the prior; see `GenerativeModel.latents_of_seeds`."""
        choice = noise.uniform_of_seeds((), seeds, noise.COMPONENTS)
        prior = self.prior if self.sampling_prior is None else self.sampling_prior
        return prior.draw(super().latents_of_seeds(seeds, temperature), choice)

    def posteriors(self, x, labels=None):
        """The posterior of every example, as arrays.

        Args:
            x: packed media (num, *media.shape).
            labels: for a conditional model `num` ints.

        Returns:
            `DiagonalNormal` of arrays (num, latent_dim).

        Raises:
            InputError: media or labels do not fit the model.
        """
        x, labels = self._examples(x, labels)
        parts = [slice(i, i + GENERATE_BATCH) for i in range(0, len(x), GENERATE_BATCH)]
        posteriors = [self._posterior(x[part], None if labels is None else labels[part]) for part in parts]
        return DiagonalNormal(*(np.concatenate(halves) for halves in zip(*posteriors, strict=True)))

    def fit_sampling_prior(self, x, labels=None, components=10, seed=0):
        """Draws samples henceforth from a mixture of normals fitted to the latents of real examples.

        The model and its likelihood stay as they are. Source: Ghosh et al. 2020, arXiv 1903.12436, section 4.

        Args:
            x: packed media (num, *media.shape), better the training set.
            labels: for a conditional model `num` ints.
            components: int >= 1, normals in the mixture.
            seed: int >= 0.

        Raises:
            InputError: media or labels do not fit the model, or there are fewer examples than components.
        """
        if not isinstance(seed, int) or seed < 0:
            raise InputError(f"seed must be a whole number from 0, not {seed!r}.")
        prior = self._bound(GaussianMixture(components))
        posterior = self.posteriors(x, labels)
        draws = np.random.default_rng(seed).normal(size=posterior.mean.shape).astype(np.float32)
        prior.fit(np.asarray(posterior.sample(draws)), seed)
        if self.sampling_prior is not None:
            self._tracker.untrack(
                self.sampling_prior
            )  # Keras would save a layer that was replaced, and miss it on loading
        self.sampling_prior = prior
        self._make_functions()

    def score(self, real, samples=1000, seed=0):
        """How probable held-out media are, and how the latents are used.

        Args:
            real: a `Dataset`, whose test split counts; packed media; or a pair of packed media and labels.
            samples: int >= 1, draws of the importance-weighted bound on the likelihood (Burda et al. 2016).
            seed: int >= 0, decides all draws.

        Returns:
            Dict of floats, see `keras_gen.metrics.evidence_scores`.

        Raises:
            InputError: media or labels do not fit the model or its likelihood.
        """
        from keras_gen.metrics import evidence_scores  # metrics stand above models

        return evidence_scores(self, *self.held_out(real), samples, seed)

    # Saving and serving.

    def exported_networks(self):
        drawn = self.prior if self.sampling_prior is None else self.sampling_prior
        return [*super().exported_networks(), drawn]

    def get_config(self):
        parts = {"objective": self.objective, "prior": self.prior, "sampling_prior": self.sampling_prior}
        return {
            **{name: keras.saving.serialize_keras_object(part) for name, part in parts.items()},
            **super().get_config(),
        }
