"""Variational autoencoders."""

import keras
import tensorflow as tf

from keras_gen import registry
from keras_gen.losses import ELBO, Gaussian, StandardNormal
from keras_gen.losses.normal import DiagonalNormal
from keras_gen.models import encoding, latents
from keras_gen.models.checks.data import held_out
from keras_gen.models.checks.vae import check_augment, check_phases, check_vae
from keras_gen.models.generative_model import GenerativeModel
from keras_gen.networks.text_decoder import TextDecoder
from keras_gen.sampling import OneShot, TokenByToken
from keras_gen.training import noise
from keras_gen.training.player import Player, optimizer_for
from keras_gen.training.precision import policy, run
from keras_gen.training.reports import Reports

EVIDENCE = ("loss", "reconstruction", "kl", "elbo")


@keras.saving.register_keras_serializable("keras_gen")
class VAE(GenerativeModel):
    """An encoder and a decoder that learn a smooth space of latents (Kingma & Welling 2014).

    `fit` reports, in nats per example, `loss` (of the objective), `reconstruction` (-log p(x|z)), `kl` and
    `elbo`; in validation and `evaluate` the loss is the negative ELBO, whatever the objective weighs.

    Args:
        encoder: built keras Model, media in their model form [and label int32 (batch,)] -> [mean, log
            variance], each (batch, latent_dim).
        decoder: built keras Model, latent (batch, latent_dim) [and label] -> parameters of the likelihood,
            (batch, *media.model_shape[:-1], likelihood.num_parameters(channels)).
        media: what is modeled, such as `Image(32, 32, 3)` or `Audio(16384)`; of text see `TextVAE`.
        likelihood: a `Likelihood`; None stands for `Gaussian("learned")`.
        objective: an `Objective`; None stands for `ELBO()`.
        prior: a `Prior`; None stands for `StandardNormal()`.
        num_classes: int, number of labels that the decoder takes, and the encoder may; a tuple of n ints
            where an example has n labels; or None.
        seed: int, decides every random number of training.
        sampling_prior: the `Prior` that `fit_sampling_prior` has fitted, which samples are drawn from.

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

    parts = ("encoder", "decoder", "likelihood", "objective", "prior", "sampling_prior")

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
        latent_dim = check_vae(encoder, decoder, media, likelihood, objective, prior, num_classes)
        super().__init__(media, num_classes, seed, **kwargs)
        self.encoder, self.decoder, self.likelihood = encoder, decoder, likelihood
        self.latent_shape = (latent_dim,)
        self.objective = objective
        with policy("float32"):  # it is not saved but made anew, whatever the policy is then
            self.adversary = objective.make_adversary(latent_dim)
        self.prior = self._bound(prior)
        self.sampling_prior = None if sampling_prior is None else self._bound(sampling_prior)
        self.sampler = (TokenByToken if isinstance(decoder, TextDecoder) else OneShot)(self)
        self._encode = encoding.graph_of_encode(self)
        self._posterior = encoding.graph_of_posterior(self)

    def _bound(self, prior):
        shape = self.media.model_shape
        prior.bind(lambda x: self.posterior(x, None), shape, *self.latent_shape, self.num_classes)
        return prior

    # The model.

    def posterior(self, x, labels, training=False):
        """q(z|x), a `DiagonalNormal` (batch, latent_dim), of media in their model form."""
        labels = labels if len(self.encoder.inputs) == 2 else None
        return DiagonalNormal(*run(self.encoder, x, labels, training))

    def log_likelihood(self, x, z, labels, training=False):
        """log p(x|z) of each example in nats, see `Likelihood.log_prob_of_decoder`."""
        return self.likelihood.log_prob_of_decoder(self.decoder, x, z, labels, training)

    def encode_model(self, x, labels):
        """The likeliest latents (batch, latent_dim) of media in their model form."""
        return self.posterior(x, labels).mean

    def decode_to_model(self, latents, labels):
        return self.likelihood.decode(self.decoder, latents, labels)

    def call(self, inputs, training=False):
        """Media in model form, or [media, labels] -> what the decoder says of the likeliest latents."""
        x, labels = encoding.model_form(self, inputs)
        return self.likelihood.parameters_of(self.decoder, self.encode_model(x, labels), labels, x, training)

    # Training.

    def compile(
        self,
        optimizer=None,
        jit_compile="auto",
        steps_per_execution=1,
        run_eagerly=False,
        augment=None,
        phases=(),
    ):
        """Says how the networks learn.

        Args:
            optimizer: keras Optimizer; None stands for Adam(1e-3). A learning rate from `keras_gen.schedules`
                is read on the clock of examples seen. It is wrapped in a `LossScaleOptimizer` where a network
                computes in float16.
            jit_compile: bool, or "auto" for XLA on a GPU alone. Keras' Dropout draws other noise under it.
            steps_per_execution: int >= 1, steps in one call of the compiled graph.
            run_eagerly: bool, for debugging.
            augment: of audio an `AudioAugment`, or None.
            phases: list of `keras_gen.training.Phase` that training begins with, such as
                `[Pretraining(30_000)]`.

        Raises:
            InputError: `augment` is something else, or the media are; or a phase is.
        """
        check_augment(augment, self.media)
        check_phases(phases)
        optimizer = optimizer_for(optimizer, keras.optimizers.Adam(1e-3), self.encoder, self.decoder)
        self.prepare(
            phases=list(phases),
            optimizer=optimizer,
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
            run_eagerly=run_eagerly,
            augment=augment,
        )
        self.augment = augment
        learned = [self.encoder, self.decoder, self.likelihood, self.prior]
        self.player = Player(self, learned, optimizer, unclipped=self.likelihood.trainable_variables)
        self.players = {"model": self.player}
        self.optimizer, self.adversary_optimizer = optimizer, None
        if self.adversary is not None:
            own = optimizer_for(None, self.objective.adversary_optimizer(), self.adversary)
            self.players["adversary"] = Player(self, [self.adversary], own)
            self.adversary_optimizer = own
        # It tells of a collapse, which decoders of text allow, and ends phases.
        self.reports_information = bool(self.phases) or self.media.key == "text"
        self.evidence = [*EVIDENCE, *(["mutual_information"] if self.reports_information else [])]
        self.reports = Reports([*self.evidence, *self.objective.terms, "gradient_norm"])

    def train_step(self, data):
        observe_seed, draw_seed, adversary_seed = self.step_seeds(3)
        x, labels, seen = encoding.unpack_augmented(self, data, observe_seed)
        x = self.likelihood.observe(x, observe_seed)

        def loss_fn(objective):
            return objective(self, x, labels, draw_seed, seen)

        phase = self.current_phase()
        if phase is None:
            outcome, norm = self.player.minimize(lambda: loss_fn(self.objective))
        else:
            outcome, norm = phase.minimize(self, loss_fn)
        if self.adversary is not None:
            self.players["adversary"].minimize(
                lambda: self.objective.adversary_loss(self.adversary, outcome.z, adversary_seed)
            )
        size = tf.cast(tf.shape(x)[0], tf.float32)
        self.reports.add(weight=size, loss=outcome.loss, gradient_norm=norm, **outcome.terms)
        self._report_evidence(outcome.reconstruction, outcome.kl)
        self.count_examples(tf.shape(x)[0])
        return self.reports.logs((*EVIDENCE, *self.objective.terms, "gradient_norm"))

    def test_step(self, data):
        """The ELBO as it is, one draw of the latents for each example."""
        x, labels = self.unpack(data)
        seeds = noise.split(self.test_seed(self.reports.count("elbo")), 2)
        x = self.likelihood.observe(x, seeds[0])
        posterior = self.posterior(x, labels)
        z = posterior.sample(noise.normal(tf.shape(posterior.mean), seeds[1]))
        reconstruction, kl = -self.log_likelihood(x, z, labels), self.prior.kl(posterior, z)
        self.reports.add(weight=tf.cast(tf.shape(x)[0], tf.float32), loss=tf.reduce_mean(reconstruction + kl))
        self._report_evidence(reconstruction, kl)
        if self.reports_information:
            self.reports.add(mutual_information=latents.information_of_batch(self, posterior))
        return self.reports.logs(self.evidence)

    def _report_evidence(self, reconstruction, kl):
        self.reports.add(reconstruction=reconstruction, kl=kl, elbo=-(reconstruction + kl))

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
    latents_of_seeds = latents.latents_of_seeds
    samples_from = property(latents.samples_from)
    posteriors = latents.posteriors
    interpolate = latents.interpolate
    convert = latents.convert
    traverse = latents.traverse
    fit_sampling_prior = latents.fit_sampling_prior

    def score(self, real, samples=1000, seed=0):
        """How probable held-out media are, and how the latents are used.

        Args:
            real: a `Dataset`, whose test split counts; packed media; or a pair of packed media and labels.
            samples: int >= 1, draws of the importance-weighted bound on the likelihood (Burda et al. 2016).
            seed: int >= 0, decides all draws.

        Returns:
            Dict of floats: `keras_gen.metrics.evidence_scores`, of text also `language_scores`.

        Raises:
            InputError: media or labels do not fit the model or its likelihood.
        """
        return registry.find("score_evidence")(self, *held_out(self, real), samples, seed)

    # Saving and serving.

    def trained_networks(self):
        return [self.encoder, self.decoder]

    def exported_networks(self):
        return [*self.trained_networks(), self.likelihood, self.samples_from, *super().exported_networks()]
