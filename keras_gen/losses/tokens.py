"""The likelihood of sentences."""

import keras
import numpy as np
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.losses.likelihoods import Likelihood
from keras_gen.media.tokenizers import PADDING
from keras_gen.training.keras_internals import compiled_by_xla


@keras.saving.register_keras_serializable("keras_gen")
class CategoricalTokens(Likelihood):
    """Any distribution over the tokens at each place of a sentence; padding does not count.

    The parameters are logits at the places that count, since more than half of a batch may be padding. Under
    XLA, whose shapes are static, they are logits at all places.

    Args:
        vocabulary_size: int, the number of different tokens.
        **kwargs: of `keras.layers.Layer`, such as `name`.
    """

    def __init__(self, vocabulary_size, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size

    def num_parameters(self, channels=1):
        return self.vocabulary_size

    def decoded_size(self, shape):
        return shape[0] * self.vocabulary_size

    def check(self, x):
        outside = (x < 0) | (x >= self.vocabulary_size)
        if outside.any():
            raise InputError(
                f"A token must be a number from 0 to {self.vocabulary_size - 1}, but the data hold "
                f"{np.asarray(x)[outside][0]}: pack sentences with the media of the model."
            )

    def counted(self, x):
        """The places where tokens (batch, length) are no padding: int64 (counted, 2), in order; None for all
        under XLA.
        """
        return None if compiled_by_xla() else tf.where(x != PADDING)

    def log_prob(self, x, parameters):
        """Log-probability of each sentence.

        Args:
            x: int32 (batch, length).
            parameters: logits (counted, vocabulary_size), or (batch, length, vocabulary_size).

        Returns:
            (batch,), in nats.
        """
        if len(parameters.shape) == 3:
            cost = tf.nn.sparse_softmax_cross_entropy_with_logits(x, parameters)
            return -tf.reduce_sum(tf.where(x != PADDING, cost, 0.0), axis=1)
        places = tf.where(x != PADDING)
        cost = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.gather_nd(x, places), parameters)
        return -tf.scatter_nd(places[:, :1], cost, tf.shape(x, tf.int64)[:1])

    def log_prob_of_decoder(self, decoder, x, z, labels=None, training=False):
        """log p(x|z) of each sentence, which its decoder reads as it writes; see `Likelihood`."""
        flat = tf.reshape(z, (-1, z.shape[-1]))
        copies = tf.shape(flat)[0] // tf.shape(x)[0]
        x = tf.tile(x, [copies, 1])
        if labels is not None:
            labels = tf.tile(labels, [copies, *[1] * (len(labels.shape) - 1)])
        logits = decoder(x, flat, self.counted(x), labels, training=training)
        return tf.reshape(self.log_prob(x, logits), tf.shape(z)[:-1])

    def decode(self, decoder, latents, labels=None):
        """The likeliest token at each place after those before it, int32 (batch, length)."""
        return decoder.generate(latents, labels=labels)

    def parameters_of(self, decoder, latents, labels=None, x=None, training=False):
        """The logits of each token of `x` from those before it, (batch, length, vocabulary_size)."""
        return decoder(x, latents, labels=labels, training=training)

    def get_config(self):
        return {**super().get_config(), "vocabulary_size": self.vocabulary_size}
