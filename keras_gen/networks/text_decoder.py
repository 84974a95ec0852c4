"""The base of text decoders: a distribution over each token, given the tokens before it and a latent."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from keras_gen.errors import InputError
from keras_gen.layers.label_embedding import embedding_of_labels
from keras_gen.media.tokenizers import END, PADDING, UNKNOWN
from keras_gen.networks.blocks import in_blocks
from keras_gen.networks.latents import EMBEDDING
from keras_gen.training.precision import policy_of_weights_in_float32

LOWEST = END  # of the tokens that are generated: neither padding nor unknown
IMPOSSIBLE = -1e30  # a logit whose exponential is 0; infinity would trip `enable_check_numerics`


class TextDecoder(keras.layers.Layer):
    """Base of the decoders: p(x|z) = prod_t p(x_t | x_1 ... x_{t-1}, z); without latents, a language model.

    What a sub-class reads as latents has an embedding of each label behind it; its length is `told_dim`, or
    None where there is neither latent nor label.

    Input and output share one embedding table (Press & Wolf 2017, arXiv 1608.05859).

    Args:
        length: tokens of a sentence.
        vocabulary_size: how many numbers a token may have.
        latent_dim: numbers in a latent, which is fed at every step, or None for none.
        width: of embeddings and hidden layers.
        dropout: share of inputs and outputs dropped in training, from 0 to below 1.
        word_dropout: share of input tokens replaced by the unknown one in training, from 0 to below 1, so
            that the latent must carry them (Bowman et al. 2016, arXiv 1511.06349, section 3.1).
        num_classes: number of classes; a tuple of n numbers for n labels a sentence; None without labels.
        **kwargs: of `keras.layers.Layer`, such as `name`.

    Raises:
        InputError: a number is out of its range.
    """

    def __init__(
        self,
        length,
        vocabulary_size,
        latent_dim=None,
        width=256,
        dropout=0.0,
        word_dropout=0.0,
        num_classes=None,
        **kwargs,
    ):
        counts = {
            "length": length,
            "vocabulary_size": vocabulary_size,
            "latent_dim": latent_dim or 1,
            "width": width,
        }
        for name, value in counts.items():
            if value < 1:
                raise InputError(f"{name} must be at least 1, not {value}.")
        for name, value in (("dropout", dropout), ("word_dropout", word_dropout)):
            if not 0 <= value < 1:
                raise InputError(f"{name} must be at least 0 and below 1, not {value}.")
        super().__init__(autocast=False, **{"dtype": policy_of_weights_in_float32(), **kwargs})
        self.length, self.vocabulary_size, self.latent_dim, self.width = (
            length,
            vocabulary_size,
            latent_dim,
            width,
        )
        self.dropout, self.word_dropout = dropout, word_dropout
        self.embedding = layers.ReversibleEmbedding(
            vocabulary_size,
            width,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=width**-0.5),
            dtype=self.dtype_policy,
        )
        self.embedding.build((None, length))
        self.drop_words, self.drop_read, self.drop_written = (
            layers.Dropout(rate, dtype=self.dtype_policy) for rate in (word_dropout, dropout, dropout)
        )
        # A saved tuple comes back as a list.
        self.num_classes = tuple(num_classes) if isinstance(num_classes, list) else num_classes
        self.told_dim = latent_dim
        if num_classes is not None:
            self.label_embedding = embedding_of_labels(self.num_classes, EMBEDDING, dtype=self.dtype_policy)
            self.label_embedding.build((None,))
            self.told_dim = (latent_dim or 0) + EMBEDDING * np.size(num_classes)

    # What sub-classes say.

    def hidden(self, read, latents, training=False):
        """The outputs at each place, before the logits.

        Args:
            read: (batch, length, width), the embeddings of the tokens before each place.
            latents: (batch, told_dim), or None.
            training: bool.

        Returns:
            (batch, length, width).
        """
        raise NotImplementedError

    def begin(self, batch, latents):
        """The state before the first token: tuple of tensors (batch, ...)."""
        raise NotImplementedError

    def step(self, place, read, memory, latents):
        """The output at one place, (batch, width), and the next state.

        Args:
            place: int32 scalar.
            read: (batch, width), the embedding of the token before it.
            memory: as `begin` gives it.
            latents: (batch, told_dim), or None.
        """
        raise NotImplementedError

    # All places at once.

    def call(self, tokens, latents=None, places=None, labels=None, training=False):
        """The logits of tokens, each given the tokens before it.

        Args:
            tokens: int32 (batch, length).
            latents: float (batch, latent_dim), or None.
            places: int64 (num, 2), rows and columns of the wanted logits, or None for all.
            labels: int32 (batch,), of n labels (batch, n), or None.
            training: bool.

        Returns:
            float32 (num, vocabulary_size), or (batch, length, vocabulary_size).
        """
        before = ops.pad(tokens[:, :-1], ((0, 0), (1, 0)), constant_values=PADDING)
        if self.word_dropout and training:
            kept = self.drop_words(ops.ones(ops.shape(before)), training=True) > 0
            before = ops.where(kept | (before == PADDING), before, UNKNOWN)
        read = self.drop_read(self._read(before), training=training)
        told = self._told(latents, labels)
        hidden = self.drop_written(self.hidden(read, told, training), training=training)
        return self._logits(hidden if places is None else tf.gather_nd(hidden, places))

    def _told(self, latents, labels):
        if labels is None:
            return latents
        labels = tf.convert_to_tensor(labels)
        told = [labels if labels.dtype.is_floating else self.label_embedding(labels)]
        told = told if latents is None else [latents, *told]
        return ops.concatenate([ops.cast(part, self.compute_dtype) for part in told], axis=-1)

    def _read(self, tokens):
        return self.width**0.5 * self.embedding(tokens)

    def _logits(self, hidden):
        return ops.cast(self.embedding(hidden, reverse=True), "float32")

    # One place after the other.

    def generate(
        self,
        latents=None,
        uniform=None,
        temperature=None,
        top_k=None,
        top_p=None,
        labels=None,
        beginning=None,
    ):
        """Writes sentences token by token.

        Args:
            latents: float (batch, latent_dim), or None.
            uniform: float (batch, length) in [0, 1), which decides the tokens, or None to take the likeliest.
            temperature: float (batch,) >= 0, which divides the logits, or None for 1; 0 takes the likeliest
                token.
            top_k: int32 (batch,), draw among this many likeliest tokens (Fan et al. 2018, arXiv 1805.04833);
                None, or at most 0, draws among all.
            top_p: float (batch,) > 0, draw among the likeliest tokens that reach this probability, after
                `top_k` (Holtzman et al. 2020, arXiv 1904.09751); None, or at least 1, draws among all.
            labels: int32 (batch,), of n labels (batch, n), or None; or their embeddings, between which walks
                lead.
            beginning: int32 (batch, length), tokens that sentences begin with, then padding; or None.

        Returns:
            int32 (batch, length), with padding behind the end.
        """
        told = self._told(latents, labels)
        return in_blocks(self._generate, told, uniform, temperature, top_k, top_p, beginning)

    def _generate(self, latents, uniform, temperature, top_k, top_p, beginning):
        batch = tf.shape(latents if uniform is None else uniform)[0]
        never = tf.range(self.vocabulary_size) < LOWEST

        def write(place, token, ended, memory, written):
            hidden, memory = self.step(place, self._read(token), memory, latents)
            logits = tf.where(never, IMPOSSIBLE, self._logits(hidden))
            token = choose(logits, None if uniform is None else uniform[:, place], temperature, top_k, top_p)
            if beginning is not None:
                given = beginning[:, place]
                token = tf.where(given == PADDING, token, given)
            token = tf.where(ended, PADDING, token)
            written = tf.where(tf.range(self.length) == place, token[:, None], written)
            return place + 1, token, ended | (token == END), memory, written

        begin = (
            tf.constant(0),
            tf.fill([batch], PADDING),
            tf.fill([batch], False),
            self.begin(batch, latents),
            tf.ensure_shape(tf.fill([batch, self.length], PADDING), (None, self.length)),
        )
        return tf.while_loop(
            lambda place, token, ended, *_: (place < self.length) & ~tf.reduce_all(ended), write, begin
        )[-1]

    def get_config(self):
        return {
            **super().get_config(),
            "length": self.length,
            "vocabulary_size": self.vocabulary_size,
            "latent_dim": self.latent_dim,
            "width": self.width,
            "dropout": self.dropout,
            "word_dropout": self.word_dropout,
            "num_classes": self.num_classes,
        }


def choose(logits, uniform=None, temperature=None, top_k=None, top_p=None):
    """Draws one token for each row of logits (batch, vocabulary_size): int32 (batch,)."""
    likeliest = tf.argmax(logits, axis=-1, output_type=tf.int32)
    if uniform is None:
        return likeliest
    if temperature is not None:
        logits = logits / tf.maximum(temperature, 1e-6)[:, None]
    if top_k is not None or top_p is not None:
        logits = tf.where(_among_likeliest(logits, top_k, top_p), logits, IMPOSSIBLE)
    drawn = _inverse(tf.nn.softmax(logits), uniform)
    return drawn if temperature is None else tf.where(temperature > 0.0, drawn, likeliest)


def _among_likeliest(logits, top_k, top_p):
    """A mask like logits, bool: the tokens that top_k and top_p keep."""
    sorted_logits, order = tf.math.top_k(logits, tf.shape(logits)[-1])
    drawn = tf.ones_like(order, tf.bool)
    if top_k is not None:
        drawn &= (tf.range(tf.shape(logits)[-1]) < top_k[:, None]) | (top_k[:, None] <= 0)
    if top_p is not None:
        probabilities = tf.nn.softmax(tf.where(drawn, sorted_logits, IMPOSSIBLE))
        likelier = tf.cumsum(probabilities, axis=-1, exclusive=True)
        drawn &= (likelier < top_p[:, None]) | (
            top_p[:, None] >= 1.0
        )  # which a rounded sum may reach too soon
    return tf.gather(drawn, tf.argsort(order), batch_dims=1)


def _inverse(probabilities, uniform):
    """Where cumulative probabilities (batch, n) pass the share `uniform` (batch,) of their sum: int32."""
    cumulated = tf.cumsum(probabilities, axis=-1)
    below = cumulated <= uniform[:, None] * cumulated[:, -1:]
    return tf.reduce_sum(tf.cast(below, tf.int32), axis=-1)
