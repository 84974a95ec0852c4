"""Refusing what cannot make a model of sentences, and telling of words that it does not know."""

import warnings

from keras_gen.errors import InputError
from keras_gen.media import Text
from keras_gen.media.text import MOST_UNKNOWN
from keras_gen.models.checks.networks import check_layers
from keras_gen.networks.text_decoder import TextDecoder


def check_text(media):
    """Raises `InputError` where media are not sentences."""
    if not isinstance(media, Text):
        raise InputError(f"media must be a Text, for sentences alone, not {media!r}.")


def check_decoder(decoder, media, latent_dim, num_classes):
    """Raises `InputError` where a decoder of sentences does not fit the media, the latents or the labels.

    Args:
        decoder: what should be a `TextDecoder`.
        media: what should be a `Text`.
        latent_dim: that it should take, or None for none.
        num_classes: of the labels that it should take, or None for none.
    """
    check_text(media)
    if not isinstance(decoder, TextDecoder):
        raise InputError(f"decoder must be a TextDecoder, such as RecurrentDecoder, not {decoder!r}.")
    # A saved tuple comes back as a list.
    num_classes = tuple(num_classes) if isinstance(num_classes, list) else num_classes
    wanted = (media.length, media.vocabulary_size, num_classes, latent_dim)
    given = (decoder.length, decoder.vocabulary_size, decoder.num_classes, decoder.latent_dim)
    if wanted != given:
        told = [
            f"length={length}, vocabulary_size={size}, num_classes={classes}, latent_dim={dim}"
            for length, size, classes, dim in (given, wanted)
        ]
        raise InputError(f"The decoder is made for {told[0]}, but {told[1]} are wanted here.")
    check_layers("decoder", decoder)


def warn_of_unknown(media, x):
    """Warns where sentences were packed with the vocabulary of others.

    Args:
        media: the `Text` of a model.
        x: int32 (num, length), packed sentences.
    """
    share = media.unknown_share(x)
    if share > MOST_UNKNOWN:
        warnings.warn(
            f"{share:.0%} of the {media.tokenizer} of x are unknown to the vocabulary of the model: build a "
            "model for these sentences, such as "
            'TextVAE.from_recipe("file-text", data="mine.csv", field="caption").',
            stacklevel=5,
        )
