"""Examples from latents in one pass of a network."""

import numpy as np
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.networks.blocks import SMALL_BLOCK, in_blocks
from keras_gen.sampling.labels import check_label, label_spec
from keras_gen.sampling.requests import check_draw, for_any_batch, in_batches, seeds_of


class OneShot:
    """Draws latents and decodes them, all of an example at once.

    Args:
        model: has `media`, `num_classes`, `latent_shape`, `latent_dtype`, `latents_of_seeds(seeds, labels,
            temperature)` and `decode_to_model(latents, labels)`, both functions of tensors.
    """

    def __init__(self, model):
        self.model = model
        self.trace()

    def trace(self):
        """Makes graphs anew, as of a model that is compiled again."""
        self.trace_latents()
        self._raw = for_any_batch(self.to_raw)
        self._drawn = for_any_batch(self.draw)

    def trace_latents(self):
        """Makes anew what depends on where latents come from; what decodes them stays."""
        self._latents = for_any_batch(self.model.latents_of_seeds)

    def to_raw(self, latents, labels):
        """What latents (batch, *latent_shape) stand for with labels (batch,) or None: raw media."""
        decoded = in_blocks(self.model.decode_to_model, latents, labels, block=SMALL_BLOCK)
        return self.model.media.to_raw(decoded)

    def draw(self, latents, labels):
        """The same of latents that were drawn, finished as media that are given away."""
        return self.model.media.finish(self.to_raw(latents, labels))

    def generate(self, num, labels=None, seed=None, temperature=1.0):
        """Draws examples from the model.

        Args:
            num: int >= 1, how many.
            labels: for a conditional model an int, or `num` ints; None goes through the classes in turn.
                Where an example has n labels, n ints, or `num` times n.
            seed: int >= 0 for reproducible draws, of which a larger `num` only adds more; None draws afresh.
            temperature: float >= 0, scale of the noise; below 1 gives likelier and less varied examples.

        Returns:
            Array of raw media, (num, ...).

        Raises:
            InputError: a number is out of its range, or labels do not fit the model.
        """
        check_draw(num, seed, temperature)
        labels = self.model.labels_for(num, labels)
        temperature = tf.constant(temperature, tf.float32)
        latents = in_batches(
            lambda seeds, labels: self._latents(seeds, labels, temperature), seeds_of(seed, num), labels
        )
        return in_batches(
            lambda *part: self.model.media.as_array(self._drawn(*part)),
            latents,
            labels,
            told=f"Drawing {self.model.media.plural}",
        )

    def decode(self, latents, labels=None):
        """What latents stand for.

        Args:
            latents: (num, *latent_shape) of the model's `latent_dtype`.
            labels: as in `generate`.

        Returns:
            Array of raw media, (num, ...).

        Raises:
            InputError: latents or labels do not fit the model.
        """
        latents = self.model.as_latents(latents)
        if latents.shape[1:] != self.model.latent_shape:
            raise InputError(
                f"Latents must have shape (num, *{self.model.latent_shape}), not {latents.shape}."
            )
        labels = self.model.labels_for(len(latents), labels)
        return in_batches(lambda *part: self.model.media.as_array(self._raw(*part)), latents, labels)

    def interpolate(self, start, stop, steps=8, label=None, stop_label=None):
        """Walks from one latent to another on the way that the model takes between them.

        Args:
            start: (*latent_shape) of the model's `latent_dtype`.
            stop: (*latent_shape), likewise.
            steps: int >= 2, both ends included.
            label: int, or n ints, which a conditional model needs.
            stop_label: None, but for models that walk between labels, such as `VAE`.

        Returns:
            Array of raw media, (steps, ...).

        Raises:
            InputError: a latent, the number of steps or a label does not fit, or the model cannot walk
                between labels.
        """
        if stop_label is not None:
            raise InputError(f"A {type(self.model).__name__} walks under one label: leave stop_label out.")
        return self.decode(self.walk(start, stop, steps, label), label)

    def walk(self, start, stop, steps, label):
        """The latents from one to another, on the way that the model takes: (steps, *latent_shape).

        Args:
            start: (*latent_shape) of the model's `latent_dtype`.
            stop: (*latent_shape), likewise.
            steps: int >= 2, both ends included.
            label: int, or n ints, which a conditional model needs.

        Raises:
            InputError: a latent, the number of steps or the label does not fit.
        """
        start, stop = self.model.as_latents(start), self.model.as_latents(stop)
        shape = self.model.latent_shape
        if start.shape != shape or stop.shape != shape or steps < 2:
            raise InputError(
                f"Between two latents of shape {shape} there are at least 2 steps, but start has "
                f"{start.shape}, stop has {stop.shape} and steps is {steps}."
            )
        check_label(label, self.model.num_classes)
        return self.model.between(start, stop, steps)

    def endpoints(self):
        """Exported signatures: name -> (function, list of `tf.TensorSpec`); the first is the default."""
        model = self.model
        seed = tf.TensorSpec((None,), tf.int64, name="seed")
        latents = tf.TensorSpec((None, *model.latent_shape), model.latent_dtype, name="latents")

        def decode(latents, label=None):
            return {model.media.raw_spec.name: self.to_raw(latents, label)}

        def generate(seed, label=None):
            return {model.media.raw_spec.name: self.draw(model.latents_of_seeds(seed, label), label)}

        return {
            "generate": (generate, [seed, *label_spec(model.num_classes)]),
            "decode": (decode, [latents, *label_spec(model.num_classes)]),
        }

    def exported_networks(self):
        """What the endpoints use besides the networks of the model: nothing."""
        return []


def as_latents(values, dtype="float32"):
    """Latents as an array of their type; raises `InputError` where one is not a finite number."""
    latents = np.asarray(values, dtype)
    if not np.isfinite(latents).all():
        raise InputError("Latents must be finite numbers.")
    return latents
