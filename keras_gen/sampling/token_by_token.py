"""Text that is written token by token, each read before the next is drawn."""

import numpy as np
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.media.tokenizers import END, PADDING
from keras_gen.sampling.labels import label_spec
from keras_gen.sampling.one_shot import OneShot
from keras_gen.sampling.requests import check_draw, for_any_batch, in_batches, seeds_of
from keras_gen.training import noise


class TokenByToken:
    """Draws a token at each place from what the decoder says of it, given the tokens before and perhaps a
    latent.

    Args:
        model: has `media` of text, a `decoder`, see `keras_gen.networks.TextDecoder`, `num_classes`, and
            `latent_shape`, which is None where the decoder takes no latent; else what `OneShot` asks of a
            model.
    """

    def __init__(self, model):
        self.model = model
        self.latents = None if model.latent_shape is None else OneShot(model)
        self.trace()

    def trace(self):
        """Makes graphs anew, as of a model that is compiled again."""
        self._write = for_any_batch(self.write)
        if self.latents is not None:
            self.latents.trace()

    def trace_latents(self):
        """Makes anew what depends on where latents come from: all that writes."""
        self._write = for_any_batch(self.write)
        if self.latents is not None:
            self.latents.trace_latents()

    def write(self, seeds, labels=None, temperature=None, top_k=None, top_p=None, beginning=None):
        """The string of one sentence for each seed, a function of its seed, label and beginning alone."""
        latents = None if self.latents is None else self.model.latents_of_seeds(seeds, labels)
        uniform = noise.uniform_of_seeds(self.model.media.shape, seeds, noise.TOKENS)
        tokens = self.model.decoder.generate(latents, uniform, temperature, top_k, top_p, labels, beginning)
        return self.model.media.to_raw(tokens)

    def generate(self, num, labels=None, seed=None, temperature=1.0, top_k=None, top_p=None, beginning=None):
        """Draws sentences from the model.

        Args:
            num: int >= 1, how many.
            labels: for a conditional model an int, or `num` ints; None goes through the classes in turn.
                Where a sentence has n labels, n ints, or `num` times n.
            seed: int >= 0 for reproducible draws, of which a larger `num` only adds more; None draws afresh.
            temperature: float >= 0, which divides the logits of tokens; 0 takes the likeliest token at each
                place.
            top_k: int, of how many of the likeliest tokens one is drawn; of all where it is None, or at most
                0.
            top_p: float > 0, the probability of the likeliest tokens of which one is drawn; of all where it
                is None, or at least 1.
            beginning: str, that all sentences begin with and the model goes on from; None for nothing.

        Returns:
            Array of str, (num,).

        Raises:
            InputError: a number is out of its range, labels do not fit the model, or the beginning is empty
                or leaves no place for more.
        """
        labels = self.model.labels_for(num, labels)
        check_draw(num, seed, temperature)
        if top_k is not None and not isinstance(top_k, int | np.integer):
            raise InputError(f"top_k must be a whole number, or None, not {top_k!r}.")
        if top_p is not None and not top_p > 0:
            raise InputError(f"top_p must be above 0, or None, not {top_p!r}.")
        top_k = None if top_k is None or top_k <= 0 else min(top_k, self.model.media.vocabulary_size)
        top_p = None if top_p is None or top_p >= 1 else top_p
        how = [(temperature, np.float32), (top_k, np.int32), (top_p, np.float32)]
        return in_batches(
            lambda *part: self.model.media.as_array(self._write(*part)),
            seeds_of(seed, num),
            labels,
            *(None if value is None else np.full(num, value, kind) for value, kind in how),
            None if beginning is None else np.tile(self._begun(beginning), (num, 1)),
            told="Writing sentences",
        )

    def _begun(self, beginning):
        """The tokens of a beginning, and padding: int32 (length,)."""
        tokens = self.model.media.pack(str(beginning))
        tokens[tokens == END] = PADDING
        if not tokens.any():
            raise InputError("The beginning is empty: give a word, or leave it out.")
        if tokens[-1] != PADDING:
            raise InputError(
                f"The beginning leaves no place for more: sentences have {len(tokens)} tokens with their end."
            )
        return tokens

    def decode(self, latents, labels=None):
        """The likeliest sentences of latents, see `OneShot.decode`.

        Args:
            latents: float (num, latent_dim).
            labels: as in `generate`.

        Returns:
            Array of str, (num,).

        Raises:
            InputError: latents or labels do not fit the model, or it has no latents.
        """
        return self._of_latents().decode(latents, labels)

    def interpolate(self, start, stop, steps=8, label=None, stop_label=None):
        """Walks from one latent to another, see `OneShot.interpolate`.

        Args:
            start: float (latent_dim,).
            stop: float (latent_dim,).
            steps: int >= 2, both ends included.
            label: int, or n ints, which a conditional model needs.
            stop_label: None; a `VAE` walks between labels.

        Returns:
            Array of str, (steps,).

        Raises:
            InputError: a latent, the number of steps or the label does not fit, or the model has no latents.
        """
        return self._of_latents().interpolate(start, stop, steps, label, stop_label)

    def walk(self, start, stop, steps, label):
        """The latents from one to another, see `OneShot.walk`."""
        return self._of_latents().walk(start, stop, steps, label)

    def to_raw(self, latents, labels=None):
        """The likeliest sentences of latents (batch, latent_dim), in the graph."""
        return self.latents.to_raw(latents, labels)

    def _of_latents(self):
        if self.latents is None:
            raise InputError(
                f"A {type(self.model).__name__} has no latents to decode or walk through: call generate, or "
                "take a TextVAE."
            )
        return self.latents

    def endpoints(self):
        """Exported signatures: name -> (function, list of `tf.TensorSpec`); the first is the default."""
        name = self.model.media.raw_spec.name

        label = label_spec(self.model.num_classes)

        def generate(seed, label=None):
            return {name: self.write(seed, label)}

        def sample(seed, temperature, top_k, top_p, label=None):
            return {name: self.write(seed, label, temperature, top_k, top_p)}

        seed = tf.TensorSpec((None,), tf.int64, name="seed")
        how = [
            tf.TensorSpec((None,), tf.float32, name="temperature"),
            tf.TensorSpec((None,), tf.int32, name="top_k"),
            tf.TensorSpec((None,), tf.float32, name="top_p"),
        ]
        of_latents = {} if self.latents is None else self.latents.endpoints()
        return {
            **of_latents,
            "generate": (generate, [seed, *label]),
            "sample": (sample, [seed, *how, *label]),
        }

    def exported_networks(self):
        """What the endpoints use besides the networks of the model: tables of words."""
        return list(self.model.media.lookups)
