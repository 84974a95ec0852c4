"""Language models: decoders of sentences without a latent, to compare other models with."""

import keras
import numpy as np
import tensorflow as tf

from keras_gen import registry
from keras_gen.losses import CategoricalTokens
from keras_gen.models.checks.data import held_out
from keras_gen.models.checks.networks import check_num_classes, check_scope
from keras_gen.models.checks.text import check_decoder
from keras_gen.models.generative_model import GenerativeModel
from keras_gen.sampling import TokenByToken
from keras_gen.training.player import Player, optimizer_for
from keras_gen.training.reports import Reports


@keras.saving.register_keras_serializable("keras_gen")
class LanguageModel(GenerativeModel):
    """p(x) = prod_t p(x_t | x_1 ... x_{t-1}): what a `TextVAE` of the same decoder has to beat to be worth
    its latents.

    It has no latents. `fit` reports `loss`, -log p(x) in nats per sentence.

    Args:
        decoder: a `TextDecoder` without latents, such as `keras_gen.networks.RecurrentDecoder`.
        media: the `Text` that is modeled.
        seed: int, decides every random number of training.
        num_classes: int, number of labels that the decoder takes; a tuple of n ints where a sentence has n
            labels; or None.

    Raises:
        InputError: the decoder takes latents, or does not fit media or labels.
    """

    parts = ("decoder",)

    def __init__(self, decoder, media, seed=0, num_classes=None, **kwargs):
        check_num_classes(num_classes)
        check_decoder(decoder, media, None, num_classes)
        check_scope(decoder)
        super().__init__(media, num_classes, seed, **kwargs)
        self.decoder = decoder
        self.likelihood = CategoricalTokens(media.vocabulary_size)
        self.sampler = TokenByToken(self)

    def compile(self, optimizer=None, jit_compile="auto", steps_per_execution=1, run_eagerly=False):
        """Says how the decoder learns.

        Args:
            optimizer: keras Optimizer; None stands for Adam(1e-3).
            jit_compile: bool, or "auto" for XLA on a GPU alone. Keras' Dropout draws other noise under it.
            steps_per_execution: int >= 1, steps in one call of the compiled graph.
            run_eagerly: bool, for debugging.
        """
        optimizer = optimizer_for(optimizer, keras.optimizers.Adam(1e-3), self.decoder)
        self.prepare(
            optimizer=optimizer,
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
            run_eagerly=run_eagerly,
        )
        self.player = Player(self, [self.decoder], optimizer)
        self.players = {"model": self.player}
        self.optimizer = optimizer
        self.reports = Reports(["loss", "gradient_norm"])

    def log_prob(self, x, labels=None, training=False):
        """log p(x) of each sentence, int32 (batch, length), with labels or None -> (batch,), in nats."""
        logits = self.decoder(x, places=self.likelihood.counted(x), labels=labels, training=training)
        return self.likelihood.log_prob(x, logits)

    def check_support(self, x):
        """Raises `InputError` for numbers that are no tokens."""
        self.likelihood.check(np.asarray(x))

    def train_step(self, data):
        x, labels = self.unpack(data)
        loss, norm = self.player.minimize(lambda: -tf.reduce_mean(self.log_prob(x, labels, training=True)))
        self.count_examples(tf.shape(x)[0])
        return self._reported(x, loss=loss, gradient_norm=norm)

    def test_step(self, data):
        x, labels = self.unpack(data)
        return self._reported(x, loss=-tf.reduce_mean(self.log_prob(x, labels)))

    def _reported(self, x, **values):
        self.reports.add(weight=tf.cast(tf.shape(x)[0], tf.float32), **values)
        return self.reports.logs(tuple(values))

    def score(self, real):
        """How probable held-out sentences are.

        Args:
            real: a `Dataset`, whose test split counts; packed sentences; or a pair of these and their labels.

        Returns:
            Dict of floats: `nll`, -log p(x) in nats per sentence, and the same by token and byte, see
            `keras_gen.metrics.language_scores`.

        Raises:
            InputError: sentences or labels do not fit the model.
        """
        x, labels = held_out(self, real)
        nll = self.evaluate(x, labels, batch_size=100, verbose=0, return_dict=True)["loss"]
        return {"nll": float(nll), **registry.find("score_text")(self.media, x, float(nll))}

    # Saving and serving.

    def exported_networks(self):
        return [self.decoder, *super().exported_networks()]

    def trained_networks(self):
        return [self.decoder]
