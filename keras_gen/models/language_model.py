"""Language models: decoders of sentences without a latent, the yardstick of those with one."""

import keras
import numpy as np
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.losses import CategoricalTokens
from keras_gen.models.generative_model import GenerativeModel
from keras_gen.models.network_checks import check_scope
from keras_gen.models.precision import scaled
from keras_gen.models.sentences import SentenceWriter
from keras_gen.models.text_checks import check_decoder


@keras.saving.register_keras_serializable("keras_gen")
class LanguageModel(SentenceWriter, GenerativeModel):
    """p(x) = prod_t p(x_t | x_1 ... x_{t-1}): what a `TextVAE` of the same decoder has to beat to be worth its latents.

    Its latents are the numbers in [0, 1) that decide each token. `fit` reports `loss`, -log p(x) in nats per sentence.

    Args:
        decoder: a `TextDecoder` without latents, such as `keras_gen.networks.RecurrentDecoder`.
        media: the `Text` that is modeled.
        seed: int, decides every random number of training.

    Raises:
        InputError: the decoder takes latents, or does not fit the media.
    """

    latent_range = 0, 1

    def __init__(self, decoder, media, seed=0, **kwargs):
        check_decoder(decoder, media, latent_dim=None)
        check_scope(decoder)
        super().__init__(media, media.shape, None, seed, **kwargs)
        self.decoder = decoder
        self.likelihood = CategoricalTokens(media.vocabulary_size)

    def compile(self, optimizer=None, jit_compile=False, steps_per_execution=1, run_eagerly=False):
        """Says how the decoder learns.

        Args:
            optimizer: keras Optimizer; None stands for Adam(1e-3).
            jit_compile: bool, XLA, under which Keras' own layers, such as Dropout, draw other noise.
            steps_per_execution: int >= 1, steps in one call of the compiled graph.
            run_eagerly: bool, for debugging.
        """
        optimizer = scaled(keras.optimizers.get(optimizer or keras.optimizers.Adam(1e-3)), self.decoder)
        super().compile(
            optimizer=optimizer,
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
            run_eagerly=run_eagerly,
        )
        self.optimizer = self.prepare_optimizer(optimizer, self.decoder.trainable_variables)
        self.track("loss")

    @property
    def optimizers(self):
        return {"model": self.optimizer}

    def log_prob(self, x, training=False):
        """log p(x) of each sentence, int32 (batch, length) -> (batch,), in nats."""
        logits = self.decoder(x, places=self.likelihood.counted(x), training=training)
        return self.likelihood.log_prob(x, logits)

    def check_support(self, x):
        super().check_support(x)
        self.likelihood.check(np.asarray(x))

    def train_step(self, data):
        x, _ = self.unpack(data)
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(self.log_prob(x, training=True))
            scaled_loss = self.optimizer.scale_loss(loss)
        variables = self.decoder.trainable_variables
        self.learn(self.optimizer, tape.gradient(scaled_loss, variables), variables, loss)
        self.count_examples(tf.shape(x)[0])
        return self._reported(loss, x)

    def test_step(self, data):
        x, _ = self.unpack(data)
        return self._reported(-tf.reduce_mean(self.log_prob(x)), x)

    def _reported(self, loss, x):
        self.report(weight=tf.cast(tf.shape(x)[0], tf.float32), loss=loss)
        return self.results()

    def score(self, real):
        """How probable held-out sentences are.

        Args:
            real: a `Dataset`, whose test split counts, or packed sentences.

        Returns:
            Dict of floats: `nll`, -log p(x) in nats per sentence, and the same by token and byte, see
            `keras_gen.metrics.language_scores`.

        Raises:
            InputError: the sentences do not fit the model.
        """
        from keras_gen.metrics import language_scores  # metrics stand above models

        x = real.arrays("test")[0] if hasattr(real, "arrays") else real
        if getattr(x, "shape", (0, 0))[1:] != self.media.shape:
            raise InputError(
                f"The model takes packed sentences (num, {self.media.length}): pack them with model.media.pack."
            )
        nll = self.evaluate(x, batch_size=100, verbose=0, return_dict=True)["loss"]
        return {"nll": float(nll), **language_scores(self.media, x, float(nll))}

    # Writing.

    def latents_for_decoder(self, seeds):
        return None

    def latents_of_seeds(self, seeds, temperature=1.0):
        return self.uniform_of_seeds(seeds)

    def as_latents(self, values):
        latents = super().as_latents(values)
        if not ((latents >= 0) & (latents < 1)).all():
            raise InputError(
                "Latents of a LanguageModel must be numbers from 0 to below 1, which decide each token."
            )
        return latents

    def between(self, start, stop, steps):
        """Numbers on the straight line, (steps, length): an arc would leave [0, 1)."""
        share = np.linspace(0.0, 1.0, steps, dtype=np.float32)[:, None]
        return (1 - share) * start + share * stop

    def decode_to_model(self, latents, labels):
        return self.decoder.generate(uniform=latents)

    def exported_networks(self):
        return [self.decoder, *self.media.lookups]

    def trained_networks(self):
        return [self.decoder]

    def get_config(self):
        config = {"decoder": keras.saving.serialize_keras_object(self.decoder), **super().get_config()}
        del config["num_classes"]
        return config
