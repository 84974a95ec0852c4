"""The likelihood of sentences."""

import keras
import numpy as np
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.losses.likelihoods import Likelihood
from keras_gen.media.tokenizers import PADDING


@keras.saving.register_keras_serializable("keras_gen")
class CategoricalTokens(Likelihood):
    """Any distribution over the tokens at each place of a sentence; padding does not count.

    The parameters are logits at the places that count, since more than half of a batch may be padding.

    Args:
        vocabulary_size: int, the number of different tokens.
        **kwargs: of `keras.layers.Layer`, such as `name`.
    """

    def __init__(self, vocabulary_size, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size

    def num_parameters(self, channels=1):
        return self.vocabulary_size

    def check(self, x):
        outside = (x < 0) | (x >= self.vocabulary_size)
        if outside.any():
            raise InputError(
                f"A token must be a number from 0 to {self.vocabulary_size - 1}, but the data hold "
                f"{np.asarray(x)[outside][0]}: pack sentences with the media of the model."
            )

    def counted(self, x):
        """The places where tokens (batch, length) are no padding: int64 (counted, 2), in order."""
        return tf.where(x != PADDING)

    def log_prob(self, x, parameters):
        """Log-probability of each sentence.

        Args:
            x: int32 (batch, length).
            parameters: logits (counted, vocabulary_size).

        Returns:
            (batch,), in nats.
        """
        places = self.counted(x)
        cost = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.gather_nd(x, places), parameters)
        return -tf.scatter_nd(places[:, :1], cost, tf.shape(x, tf.int64)[:1])

    def get_config(self):
        return {**super().get_config(), "vocabulary_size": self.vocabulary_size}
