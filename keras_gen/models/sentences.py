"""How models write sentences."""

import numpy as np
import tensorflow as tf

from keras_gen import noise
from keras_gen.errors import InputError
from keras_gen.models.any_batch import for_any_batch
from keras_gen.models.generative_model import GENERATE_BATCH, check_draw
from keras_gen.models.text_checks import warn_of_unknown


class SentenceWriter:
    """What models of sentences have in common, mixed into a `GenerativeModel` with a `decoder` and `media` of text."""

    def latents_for_decoder(self, seeds):
        """The latents of these seeds, (batch, latent_dim), or None where the decoder takes none."""
        raise NotImplementedError

    def check_support(self, x):
        """Refuses numbers that are no tokens, and warns where many of them stand for unknown words."""
        super().check_support(x)
        warn_of_unknown(self.media, x)

    def uniform_of_seeds(self, seeds):
        """The numbers that decide the tokens of one sentence for each seed: float32 (batch, length) in [0, 1)."""
        return noise.uniform_of_seeds(self.media.shape, seeds, noise.TOKENS)

    def write(self, seeds, temperature=None, top_k=None, top_p=None):
        """The strings of one sentence for each seed, a function of that seed alone; see `TextDecoder.generate`."""
        tokens = self.decoder.generate(
            self.latents_for_decoder(seeds), self.uniform_of_seeds(seeds), temperature, top_k, top_p
        )
        return self.media.to_raw(tokens)

    def generate(self, num, labels=None, seed=None, temperature=1.0, top_k=None, top_p=None):
        """Draws sentences from the model.

        Args:
            num: int >= 1, how many.
            labels: None: sentences have no labels.
            seed: int >= 0 for reproducible draws, of which a larger `num` only adds more; None draws afresh.
            temperature: float >= 0, which divides the logits of tokens; 0 takes the likeliest token at each place.
            top_k: int, of how many of the likeliest tokens one is drawn; of all where it is None, or at most 0.
            top_p: float > 0, the probability of the likeliest tokens of which one is drawn; of all where it is None, or at
                least 1.

        Returns:
            Array of str, (num,).

        Raises:
            InputError: a number is out of its range, or there are labels.
        """
        self.labels_for(num, labels)
        check_draw(num, seed, temperature)
        if top_k is not None and not isinstance(top_k, int | np.integer):
            raise InputError(f"top_k must be a whole number, or None, not {top_k!r}.")
        if top_p is not None and not top_p > 0:
            raise InputError(f"top_p must be above 0, or None, not {top_p!r}.")
        top_k = None if top_k is None or top_k <= 0 else min(top_k, self.media.vocabulary_size)
        top_p = None if top_p is None or top_p >= 1 else top_p
        seeds = np.random.SeedSequence(seed).generate_state(num, np.uint64).view(np.int64)
        how = [(temperature, np.float32), (top_k, np.int32), (top_p, np.float32)]
        parts = [seeds[i : i + GENERATE_BATCH] for i in range(0, num, GENERATE_BATCH)]
        return np.concatenate(
            [
                self.media.as_array(
                    self._write(
                        part,
                        *(None if value is None else np.full(len(part), value, kind) for value, kind in how),
                    )
                )
                for part in parts
            ]
        )

    def endpoints(self):
        def generate(seed):
            return {self.media.raw_spec.name: self.write(seed)}

        def sample(seed, temperature, top_k, top_p):
            return {self.media.raw_spec.name: self.write(seed, temperature, top_k, top_p)}

        seed = tf.TensorSpec((None,), tf.int64, name="seed")
        how = [
            tf.TensorSpec((None,), tf.float32, name="temperature"),
            tf.TensorSpec((None,), tf.int32, name="top_k"),
            tf.TensorSpec((None,), tf.float32, name="top_p"),
        ]
        return {
            "generate": (generate, [seed]),
            **{name: endpoint for name, endpoint in super().endpoints().items() if name != "generate"},
            "sample": (sample, [seed, *how]),
        }

    def exported_networks(self):
        return [*super().exported_networks(), *self.media.lookups]

    def _make_functions(self):
        super()._make_functions()
        self._write = for_any_batch(self.write)
