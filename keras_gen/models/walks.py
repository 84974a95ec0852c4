"""Walks through the latents of a VAE: from one to another, from one label to another, along one dimension."""

import keras
import numpy as np
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.models.labels import check_label
from keras_gen.models.precision import run


class LatentWalks:
    """What a `VAE` can be asked of its latents, mixed into an `Autoencoder` of vectors."""

    def interpolate(self, start, stop, steps=8, label=None, stop_label=None):
        """Walks from one latent to another on the sphere, and from one label to another.

        Args:
            start: (latent_dim,) float.
            stop: (latent_dim,) float.
            steps: int >= 2, both ends included.
            label: int, or n ints, which a conditional model needs.
            stop_label: the same at the other end, where it is another; the way between is straight, in the decoder's embedding
                of labels.

        Returns:
            Array of raw media, (steps, ...).

        Raises:
            InputError: a latent, the number of steps or a label does not fit, or the decoder has no layer "label_embedding".
        """
        if stop_label is None:
            return super().interpolate(start, stop, steps, label)
        ends = [self.labels_for(1, end) for end in (label, stop_label)]
        latents = self.walk(start, stop, steps, label)
        names = [layer.name for layer in self.decoder.layers]
        if "label_embedding" not in names:
            raise InputError(
                f"A walk between two labels needs a decoder with one layer named 'label_embedding', not {names}."
            )
        embedding = self.decoder.get_layer("label_embedding")
        first, last = (embedding(end) for end in ends)
        share = np.linspace(0.0, 1.0, steps, dtype=np.float32)[:, np.newaxis]
        decoder = keras.Model([self.decoder.inputs[0], embedding.output], self.decoder.output)
        parameters = run(decoder, tf.constant(latents, tf.float32), (1 - share) * first + share * last)
        return self.media.to_raw(self.likelihood.mean(parameters)).numpy()

    def convert(self, x, labels, new_labels):
        """Media as they would be under other labels, such as what was said by another speaker.

        Args:
            x: packed media (num, *media.shape).
            labels: `num` labels, of a conditional model.
            new_labels: one label for all, or `num` labels.

        Returns:
            Array of raw media, (num, ...).

        Raises:
            InputError: media or labels do not fit the model.
        """
        return self.decode(self.encode(x, labels), new_labels)

    def traverse(self, latent, dimensions=None, reach=2.0, steps=8, label=None):
        """Walks through one dimension of a latent at a time, the others as they are.

        Args:
            latent: (latent_dim,) float, such as `encode` gives.
            dimensions: list of ints, or None for all.
            reach: float > 0, the walk goes from -reach to reach; 2 covers 95% of a standard normal prior.
            steps: int >= 2.
            label: int, which a conditional model needs.

        Returns:
            Array of raw media, (dimensions, steps, ...).

        Raises:
            InputError: the latent, a dimension, the number of steps or the label does not fit.
        """
        (latent_dim,) = self.latent_shape
        dimensions = np.arange(latent_dim) if dimensions is None else np.asarray(dimensions)
        latent = np.asarray(latent, np.float32)
        fitting = (
            dimensions.ndim == 1 and len(dimensions) and np.isin(dimensions, np.arange(latent_dim)).all()
        )
        if (
            latent.shape != self.latent_shape
            or not fitting
            or not isinstance(steps, int)
            or steps < 2
            or reach <= 0
        ):
            raise InputError(
                f"A walk needs a latent of shape {self.latent_shape}, a list of dimensions from 0 to {latent_dim - 1}, a reach "
                f"above 0 and at least 2 steps, but was given {latent.shape}, {dimensions.tolist()}, {reach} and {steps}."
            )
        check_label(label, self.num_classes)
        latents = np.tile(latent, (len(dimensions), steps, 1))
        for row, dimension in enumerate(dimensions.astype(int)):
            latents[row, :, dimension] = np.linspace(-reach, reach, steps)
        walked = self.decode(latents.reshape(-1, latent_dim), label)
        return walked.reshape(len(dimensions), steps, *walked.shape[1:])
