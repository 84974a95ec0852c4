"""Encoder and decoder of sentences: transformers."""

import keras
import tensorflow as tf
from keras import layers, ops

from keras_gen.errors import InputError
from keras_gen.networks.builder import builder
from keras_gen.networks.latents import join_label, posterior_encoder
from keras_gen.networks.recurrent import read_tokens
from keras_gen.networks.text_decoder import TextDecoder


@keras.saving.register_keras_serializable("keras_gen")
class TransformerBlock(keras.layers.Layer):
    """Attention and a fully connected layer, both pre-normalized and residual.

    Source: Vaswani et al. 2017, arXiv 1706.03762; normalized before the layers as in Xiong et al. 2020, arXiv
    2002.04745.

    Args:
        width: of inputs and outputs.
        heads: of the attention, a divisor of `width`.
        dropout: share dropped in training.
        **kwargs: of `keras.layers.Layer`, such as `name`.

    Raises:
        InputError: `heads` does not divide `width`.
    """

    def __init__(self, width, heads, dropout=0.0, **kwargs):
        if heads < 1 or width % heads:
            raise InputError(f"heads must divide width, but heads is {heads} and width {width}.")
        super().__init__(**kwargs)
        self.width, self.heads, self.dropout = width, heads, dropout
        self.supports_masking = True
        own = {"dtype": self.dtype_policy}  # the saved policy, whatever the global one is
        self.attention = layers.MultiHeadAttention(heads, width // heads, dropout=dropout, **own)
        self.attention.build((None, None, width), (None, None, width))
        self.before_attention, self.before_dense = (
            layers.LayerNormalization(epsilon=1e-5, **own) for _ in range(2)
        )
        self.wide = layers.Dense(4 * width, activation="gelu", **own)
        self.narrow = layers.Dense(width, **own)
        for layer in (self.before_attention, self.before_dense, self.wide):
            layer.build((None, None, width))
        self.narrow.build((None, None, 4 * width))
        self.drop = layers.Dropout(dropout, **own)
        self.built = True

    def call(self, x, seen=None, visible=None, causal=False, training=False):
        """The outputs at each place.

        Args:
            x: (batch, places, width).
            seen: what the attention reads, (batch, others, width), by default `x`.
            visible: bool (batch, others), a mask of these besides Keras' padding mask, or None.
            causal: whether a place reads only itself and earlier places.
            training: bool.

        Returns:
            (batch, places, width).
        """
        seen = self.before_attention(x if seen is None else seen)
        attended = self.attention(
            self.before_attention(x),
            seen,
            attention_mask=None if visible is None else visible[:, None],
            use_causal_mask=causal,
            training=training,
        )
        x = x + self.drop(attended, training=training)
        return x + self.drop(self.narrow(self.wide(self.before_dense(x))), training=training)

    def get_config(self):
        return {**super().get_config(), "width": self.width, "heads": self.heads, "dropout": self.dropout}


@keras.saving.register_keras_serializable("keras_gen")
class TransformerDecoder(TextDecoder):
    """A causal transformer; latent and labels are added to every token, as in OPTIMUS.

    Source: Li et al. 2020, arXiv 2004.04092.

    Args:
        length: tokens of a sentence.
        vocabulary_size: how many numbers a token may have.
        latent_dim: numbers in a latent, or None for none.
        width: of embeddings and hidden layers.
        dropout: share of inputs and outputs dropped in training, from 0 to below 1.
        word_dropout: share of input tokens replaced by the unknown one in training, from 0 to below 1.
        blocks: number of transformer blocks.
        heads: of each attention, a divisor of `width`.
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
        blocks=2,
        heads=4,
        num_classes=None,
        **kwargs,
    ):
        super().__init__(
            length, vocabulary_size, latent_dim, width, dropout, word_dropout, num_classes, **kwargs
        )
        self.num_blocks, self.heads = blocks, heads
        self.positions = _positions(length, width, self.dtype_policy)
        self.blocks = [
            TransformerBlock(width, heads, dropout, dtype=self.dtype_policy) for _ in range(blocks)
        ]
        self.normalise = layers.LayerNormalization(epsilon=1e-5, dtype=self.dtype_policy)
        self.normalise.build((None, None, width))
        self.tell = None
        if self.told_dim is not None:
            self.tell = layers.Dense(width, dtype=self.dtype_policy, name="tell")
            self.tell.build((None, self.told_dim))
        self.built = True

    def hidden(self, read, latents, training=False):
        x = read + self.positions(ops.arange(self.length, dtype="int32"))
        x = x if latents is None else x + self.tell(latents)[:, None]
        for block in self.blocks:
            x = block(x, causal=True, training=training)
        return self.normalise(x)

    def begin(self, batch, latents):
        """The inputs of each block at earlier places: zeros."""
        return tuple(ops.zeros((batch, self.length, self.width), self.compute_dtype) for _ in self.blocks)

    def step(self, place, read, memory, latents):
        x = read + self.positions(place)
        x = x if latents is None else x + self.tell(latents)
        x = x[:, None]
        places = tf.range(self.length)
        so_far = tf.tile((places <= place)[None], [tf.shape(x)[0], 1])
        remembered = []
        for block, seen in zip(self.blocks, memory, strict=True):
            seen = tf.where((places == place)[:, None], x, seen)
            remembered.append(seen)
            x = block(x, seen, visible=so_far)
        return self.normalise(x)[:, 0], tuple(remembered)

    def get_config(self):
        return {**super().get_config(), "blocks": self.num_blocks, "heads": self.heads}


def _positions(length, width, dtype):
    small = keras.initializers.RandomNormal(stddev=0.02)
    positions = layers.Embedding(length, width, embeddings_initializer=small, dtype=dtype)
    positions.build((None,))
    return positions


@builder
def transformer(
    media, latent_dim=32, width=256, dropout=0.0, word_dropout=0.0, blocks=2, heads=4, num_classes=None
):
    """Builds a pair of transformers for sentences; the encoder averages its outputs over all places.

    Args:
        media: the `Text` that is modeled.
        latent_dim: length of the latent.
        width: of embeddings and hidden layers.
        dropout: share dropped in training.
        word_dropout: share of the decoder's input tokens replaced by the unknown one in training.
        blocks: of encoder and decoder each.
        heads: of each attention, a divisor of `width`.
        num_classes: number of classes that both are conditioned on; a tuple of n numbers for n labels a
            sentence; None without labels.

    Returns:
        (encoder, decoder): a functional Model from `tokens` int32 (length,), or [tokens, `label`], to [mean,
        log variance], and a `TransformerDecoder`.

    Raises:
        InputError: a number is out of its range, or the media has no vocabulary yet.
    """
    decoder = TransformerDecoder(
        media.length,
        media.vocabulary_size,
        latent_dim,
        width,
        dropout,
        word_dropout,
        blocks,
        heads,
        num_classes,
    )
    tokens, label, x = read_tokens(media, width, dropout, num_classes)
    x = AddPositions(media.length, width)(x)
    for _ in range(blocks):
        x = TransformerBlock(width, heads, dropout)(x)
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization(epsilon=1e-5)(x))
    return posterior_encoder(tokens, label, join_label(x, label, num_classes), latent_dim), decoder


@keras.saving.register_keras_serializable("keras_gen")
class AddPositions(keras.layers.Layer):
    """Adds a learned vector to each place: (batch, length, width) -> the same shape."""

    def __init__(self, length, width, **kwargs):
        super().__init__(**kwargs)
        self.length, self.width = length, width
        self.supports_masking = True
        self.positions = _positions(length, width, self.dtype_policy)
        self.built = True

    def call(self, x):
        return x + self.positions(ops.arange(self.length, dtype="int32"))

    def get_config(self):
        return {**super().get_config(), "length": self.length, "width": self.width}
