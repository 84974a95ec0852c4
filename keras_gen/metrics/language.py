"""How well a model of sentences predicts them, token by token and byte by byte."""

import math

import numpy as np

from keras_gen.media.tokenizers import END, PADDING, UNKNOWN
from keras_gen.registry import register


@register("score_text")
def language_scores(media, packed, nll):
    """Likelihood figures of sentences that do not depend on their length.

    Args:
        media: the `Text` that packed them.
        packed: int32 (num, length).
        nll: float, -log p(x) in nats, the mean over these sentences.

    Returns:
        A dict of floats: `nll_per_token` in nats; `token_perplexity`, its exponential; `bits_per_byte` of the
        readable text, with one byte for each end that a sentence has; and `unknown_tokens`, the share of
        tokens outside the vocabulary. These cost the model no spelling, so bits per byte of two tokenizers
        are comparable only if it is 0.
    """
    packed = np.asarray(packed)
    tokens = np.sum(packed != PADDING)
    ends = np.sum(packed == END)  # not of sentences that were cut at the length of the media
    num_bytes = ends + sum(len(text.encode()) for text in media.unpack(packed).tolist())
    total = nll * len(packed)
    return {
        "nll_per_token": float(total / tokens),
        "token_perplexity": float(np.exp(total / tokens)),
        "bits_per_byte": float(total / math.log(2) / num_bytes),
        "unknown_tokens": float(np.sum(packed == UNKNOWN) / tokens),
    }


def token_accuracy(packed, reconstructed):
    """The share of the tokens of sentences that come back at their place.

    Args:
        packed: int32 (num, length), the originals.
        reconstructed: int32 (num, length), written from their latents without seeing them.

    Returns:
        A float; padding is not counted.
    """
    packed, reconstructed = np.asarray(packed), np.asarray(reconstructed)
    counted = packed != PADDING
    return float(np.mean((packed == reconstructed)[counted]))
