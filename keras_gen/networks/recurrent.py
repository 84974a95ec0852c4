"""Encoder and decoder of sentences: recurrent networks."""

import keras
from keras import layers, ops

from keras_gen.networks.builder import builder
from keras_gen.networks.latents import encoder_inputs, join_label, posterior_encoder
from keras_gen.networks.text_decoder import TextDecoder


@keras.saving.register_keras_serializable("keras_gen")
class RecurrentDecoder(TextDecoder):
    """A long short-term memory (Hochreiter & Schmidhuber 1997) that reads latent and labels with every token.

    A skip connection also adds them to every output (Dieng et al. 2019, arXiv 1807.04863).

    Args:
        length: tokens of a sentence.
        vocabulary_size: how many numbers a token may have.
        latent_dim: numbers in a latent, which is fed at every step, or None for none.
        width: of embeddings and hidden layers.
        dropout: share of inputs and outputs dropped in training, from 0 to below 1.
        word_dropout: share of input tokens replaced by the unknown one in training, from 0 to below 1.
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
        super().__init__(
            length, vocabulary_size, latent_dim, width, dropout, word_dropout, num_classes, **kwargs
        )
        self.lstm = layers.LSTM(width, return_sequences=True, use_cudnn=False, dtype=self.dtype_policy)
        self.lstm.build((None, length, width + (self.told_dim or 0)))
        self.first = self.skip = None
        if self.told_dim is not None:
            self.first = layers.Dense(2 * width, dtype=self.dtype_policy, name="first")
            self.skip = layers.Dense(width, dtype=self.dtype_policy, name="skip")
            for layer in (self.first, self.skip):
                layer.build((None, self.told_dim))
        self.built = True

    def hidden(self, read, latents, training=False):
        begin = self.begin(ops.shape(read)[0], latents)
        if latents is None:
            return self.lstm(read, initial_state=begin, training=training)
        read = _joined(read, ops.repeat(latents[:, None], self.length, axis=1))
        return self.lstm(read, initial_state=begin, training=training) + self.skip(latents)[:, None]

    def begin(self, batch, latents):
        if latents is None:
            return tuple(ops.zeros((batch, self.width), self.compute_dtype) for _ in range(2))
        return tuple(ops.split(ops.tanh(self.first(latents)), 2, axis=-1))

    def step(self, place, read, memory, latents):
        if latents is None:
            output, memory = self.lstm.cell(read, memory)
            return output, tuple(memory)
        output, memory = self.lstm.cell(_joined(read, latents), memory)
        return output + self.skip(latents), tuple(memory)


def _joined(read, latents):
    return ops.concatenate([read, ops.cast(latents, read.dtype)], axis=-1)


@builder
def recurrent(media, latent_dim=32, width=256, dropout=0.0, word_dropout=0.0, num_classes=None):
    """Builds a recurrent pair for sentences.

    The encoder averages the outputs of a gated recurrent unit (Cho et al. 2014) over all places: the last
    state alone would favor the last words and collapses sooner (Long et al. 2019, arXiv 1911.03976).

    Args:
        media: the `Text` that is modeled.
        latent_dim: length of the latent.
        width: of embeddings and hidden layers.
        dropout: share of the encoder's inputs and the decoder's inputs and outputs dropped in training.
        word_dropout: share of the decoder's input tokens replaced by the unknown one in training.
        num_classes: number of classes that both are conditioned on; a tuple of n numbers for n labels a
            sentence; None without labels.

    Returns:
        (encoder, decoder): a functional Model from `tokens` int32 (length,), or [tokens, `label`], to [mean,
        log variance], and a `RecurrentDecoder`.

    Raises:
        InputError: a number is out of its range, or the media has no vocabulary yet.
    """
    decoder = RecurrentDecoder(
        media.length, media.vocabulary_size, latent_dim, width, dropout, word_dropout, num_classes
    )
    tokens, label, x = read_tokens(media, width, dropout, num_classes)
    x = layers.GRU(width, return_sequences=True, use_cudnn=False)(x)
    x = join_label(layers.GlobalAveragePooling1D()(x), label, num_classes)
    return posterior_encoder(tokens, label, x, latent_dim), decoder


def read_tokens(media, width, dropout, num_classes):
    """The inputs of a text encoder, tokens and a label or None, and the token embeddings, which carry Keras'
    padding mask.
    """
    tokens, label = encoder_inputs(media.model_shape, num_classes, name="tokens", dtype="int32")
    x = layers.Embedding(media.vocabulary_size, width, mask_zero=True)(tokens)
    return tokens, label, layers.Dropout(dropout)(x)
