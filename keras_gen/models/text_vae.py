"""Variational autoencoders of sentences."""

import random

import keras
import tensorflow as tf

from keras_gen import noise
from keras_gen.errors import InputError
from keras_gen.losses import CategoricalTokens, VampPrior
from keras_gen.losses.objectives import Objective, Outcome
from keras_gen.models.encoder_turns import EncoderTurns
from keras_gen.models.sentences import SentenceWriter
from keras_gen.models.text_checks import check_decoder, check_text
from keras_gen.models.training_phases import TrainingPhases
from keras_gen.models.vae import EVIDENCE, VAE


@keras.saving.register_keras_serializable("keras_gen")
class TextVAE(SentenceWriter, VAE):
    """A VAE whose decoder writes sentences token by token (Bowman et al. 2016, arXiv 1511.06349).

    A decoder that predicts each token from those before it needs no latent, and left to itself ignores it: the posterior
    collapses to the prior. Against that stand `objective` (`FreeBits`, or `ELBO` with a `WarmUp` or `Cyclical` weight), the
    decoder's `word_dropout`, and in `compile` `encoder_steps` and `pretraining`.

    `fit` reports what a `VAE` does, in nats per sentence, and in validation also `mutual_information` of sentence and latent,
    the mean over batches, which is at most the logarithm of their size.

    Args:
        encoder: built keras Model, tokens int32 (batch, length) -> [mean, log variance], each (batch, latent_dim).
        decoder: a `TextDecoder` of the same latents, such as `keras_gen.networks.RecurrentDecoder`.
        media: the `Text` that is modeled.
        objective: an `Objective`; None stands for `ELBO()`.
        prior: a `Prior` but `VampPrior`; None stands for `StandardNormal()`.
        seed: int, decides every random number of training.
        sampling_prior: see `VAE`.

    Raises:
        InputError: networks, objective and prior do not fit each other or the media.

    Example:

    >>> import keras_gen as kg
    >>> media = kg.Text(length=8).learn(["A dog runs.", "A cat sleeps."])
    >>> encoder, decoder = kg.networks.recurrent(media, latent_dim=4, width=16)
    >>> vae = kg.TextVAE(encoder, decoder, media, objective=kg.losses.FreeBits(0.5))
    >>> vae.compile()
    >>> vae.generate(2, seed=0).shape
    (2,)
    """

    def __init__(
        self,
        encoder,
        decoder,
        media,
        objective=None,
        prior=None,
        seed=0,
        sampling_prior=None,
        **kwargs,
    ):
        if isinstance(prior, VampPrior):
            raise InputError("VampPrior learns pseudo-inputs, which tokens cannot be: take another prior.")
        check_text(media)
        likelihood = CategoricalTokens(media.vocabulary_size)
        super().__init__(
            encoder, decoder, media, likelihood, objective, prior, None, seed, sampling_prior, **kwargs
        )
        self.turns = EncoderTurns()
        self.is_pretraining, self.is_aggressive = (
            self.add_weight(name=name, dtype="bool", initializer="zeros", trainable=False)
            for name in ("is_pretraining", "is_aggressive")
        )
        self.last_information = self.add_weight(name="last_information", initializer="zeros", trainable=False)

    @staticmethod
    def check_decoder(decoder, media, likelihood, latent_shape, num_classes):
        check_decoder(decoder, media, *latent_shape)

    # The model.

    def log_likelihood(self, x, z, labels, training=False):
        flat = tf.reshape(z, (-1, *self.latent_shape))
        x = tf.tile(x, [tf.shape(flat)[0] // tf.shape(x)[0], 1])
        logits = self.decoder(x, flat, self.likelihood.counted(x), training=training)
        return tf.reshape(self.likelihood.log_prob(x, logits), tf.shape(z)[:-1])

    @property
    def decoded_size(self):
        return self.media.length * self.media.vocabulary_size

    def decode_to_model(self, latents, labels):
        """The likeliest token at each place after those before it."""
        return self.decoder.generate(latents)

    def call(self, inputs, training=False):
        """Tokens (batch, length) -> logits of each from those before it and the likeliest latents."""
        return self.decoder(inputs, self.encode_model(inputs, None), training=training)

    def latents_for_decoder(self, seeds):
        return self.latents_of_seeds(seeds)

    # Training.

    def compile(
        self,
        optimizer=None,
        jit_compile=False,
        steps_per_execution=1,
        run_eagerly=False,
        augment=None,
        encoder_steps=0,
        pretraining=0,
    ):
        """Says how the networks learn.

        Args:
            optimizer: keras Optimizer; None stands for Adam(1e-3).
            jit_compile: bool, XLA, under which Keras' own layers, such as Dropout, draw other noise.
            steps_per_execution: int >= 1, steps in one call of the compiled graph.
            run_eagerly: bool, for debugging.
            augment: None: no augmentation is of sentences.
            encoder_steps: int >= 0, 100 in the paper: at most so many steps train the encoder alone before each that trains all,
                as long as its loss falls, until the mutual information of validation data falls (He et al. 2019, arXiv
                1901.05534). 0 trains all in every step.
            pretraining: int >= 0, examples over which the networks first learn as an autoencoder without noise or KL divergence,
                until the end of an epoch; then the decoder begins anew (Li et al. 2019, arXiv 1909.00868).

        Raises:
            InputError: a number is out of its range, or `augment` is not None.
        """
        for name, value in (("encoder_steps", encoder_steps), ("pretraining", pretraining)):
            if not isinstance(value, int) or value < 0:
                raise InputError(f"{name} must be a whole number from 0, not {value!r}.")
        super().compile(optimizer, jit_compile, steps_per_execution, run_eagerly, augment)
        self._compile_arguments |= {"encoder_steps": encoder_steps, "pretraining": pretraining}
        self.encoder_steps, self.pretraining = encoder_steps, pretraining
        self.is_pretraining.assign(pretraining > 0)
        self.is_aggressive.assign(encoder_steps > 0)
        self.last_information.assign(0.0)
        self.track(*EVIDENCE, *self.objective.terms, "mutual_information")

    def fit(self, x=None, y=None, *args, validation_data=None, callbacks=None, **kwargs):
        """Trains like `keras.Model.fit`, see `VAE`.

        Raises:
            InputError: the data do not fit the media; or the encoder is to be trained alone, and there are no validation data
                that could end it, or several replicas.
        """
        if self.compiled and self.is_aggressive.numpy():
            if validation_data is None:
                raise InputError(
                    "encoder_steps ends when the mutual information of validation data falls: give validation_data."
                )
            if self.distribute_strategy.num_replicas_in_sync > 1:
                raise InputError(
                    "encoder_steps has no use with several replicas: compile with encoder_steps=0."
                )
        callbacks = [TrainingPhases(), *keras.tree.flatten(callbacks or [])]
        return super().fit(x, y, *args, validation_data=validation_data, callbacks=callbacks, **kwargs)

    def optimizer_step(self, x, labels, seen, seed):
        with tf.init_scope():  # phases change between epochs, when the graph is made anew
            is_pretraining, is_aggressive = self.is_pretraining.numpy(), self.is_aggressive.numpy()
        if is_pretraining:
            return super().optimizer_step(x, labels, seen, seed, objective=Plain(self.objective.terms))
        if not is_aggressive:
            return super().optimizer_step(x, labels, seen, seed)

        def encoder_alone():
            outcome = super(TextVAE, self).optimizer_step(
                x, labels, seen, seed, variables=self.encoder.trainable_variables
            )
            self.turns.count(outcome.loss)
            return outcome

        def all_together():
            self.turns.begin()
            return super(TextVAE, self).optimizer_step(x, labels, seen, seed)

        return tf.cond(self.turns.is_encoders(self.encoder_steps), encoder_alone, all_together)

    def end_pretraining(self):
        """Begins anew with the decoder and the optimizer, and keeps the encoder."""
        state = random.getstate()
        random.seed(self.seed)  # which Keras' initializers are seeded by
        fresh = type(self.decoder).from_config(self.decoder.get_config())
        random.setstate(state)
        self.decoder.set_weights(fresh.get_weights())
        inner = getattr(self.optimizer, "inner_optimizer", self.optimizer)
        for variable in inner.variables:
            if variable is not inner._learning_rate:
                variable.assign(tf.zeros_like(variable))
        self.is_pretraining.assign(False)

    def test_step(self, data):
        super().test_step(data)
        x, _ = self.unpack(data)
        posterior = self.posterior(x, None)
        seed = noise.fold_in(self.test_seed(tf.constant(0, tf.int64)), 1)
        z = posterior.sample(noise.normal(tf.shape(posterior.mean), seed))
        log_aggregate = tf.reduce_logsumexp(posterior.pairwise_log_prob(z), axis=-1)
        log_aggregate -= tf.math.log(tf.cast(tf.shape(x)[0], tf.float32))
        own = tf.reduce_sum(posterior.log_prob(z), axis=-1)
        self.report(mutual_information=tf.reduce_mean(own - log_aggregate))
        return self.results((*EVIDENCE, "mutual_information"))

    def score(self, real, samples=1000, seed=0):
        """How probable held-out sentences are, and how the latents are used.

        Args, errors: those of `VAE.score`.

        Returns:
            Dict of floats, see `keras_gen.metrics.evidence_scores` and `keras_gen.metrics.language_scores`.
        """
        from keras_gen.metrics import language_scores  # metrics stand above models

        x, _ = self.held_out(real)
        scores = super().score(x, samples, seed)
        return {**scores, **language_scores(self.media, x, scores["nll"])}

    def get_config(self):
        config = super().get_config()
        return {name: value for name, value in config.items() if name not in ("likelihood", "num_classes")}


class Plain(Objective):
    """Reconstruction from the posterior's mean, and nothing else: an autoencoder.

    Args:
        terms: names of the costs that the objective proper reports, which are nothing here.
    """

    def __init__(self, terms):
        self.terms = terms

    def __call__(self, model, x, labels, seed, seen=None):
        posterior = model.posterior(x, labels, training=True)
        z = posterior.mean
        reconstruction = -model.log_likelihood(x, z, labels, training=True)
        nothing = dict.fromkeys(self.terms, tf.zeros(()))
        return Outcome(
            tf.reduce_mean(reconstruction), reconstruction, model.prior.kl(posterior, z), nothing, z
        )
