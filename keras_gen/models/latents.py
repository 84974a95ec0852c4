"""What a `VAE` can be asked of its latents. Functions of `self` are methods of the class."""

import keras
import numpy as np
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.losses import GaussianMixture, Prior
from keras_gen.losses.normal import DiagonalNormal
from keras_gen.models.checks.data import examples_of
from keras_gen.networks.text_decoder import TextDecoder
from keras_gen.sampling.labels import check_label
from keras_gen.sampling.requests import in_batches
from keras_gen.sampling.walks import along_dimensions
from keras_gen.training import noise
from keras_gen.training.keras_internals import forget
from keras_gen.training.precision import run


def latents_of_seeds(self, seeds, labels=None, temperature=1.0):
    """One latent for each seed, drawn from the prior; see `GenerativeModel.latents_of_seeds`."""
    choice = noise.uniform_of_seeds((), seeds, noise.COMPONENTS)
    drawn = temperature * noise.normal_of_seeds(self.latent_shape, seeds, noise.LATENTS)
    return self.samples_from.draw(drawn, choice, labels)


def samples_from(self):
    """The prior that samples are drawn from."""
    return self.prior if self.sampling_prior is None else self.sampling_prior


def information_of_batch(model, posterior):
    """The mutual information of a batch and one draw of its latents."""
    seed = noise.fold_in(model.test_seed(tf.constant(0, tf.int64)), 1)
    return posterior.mutual_information(posterior.sample(noise.normal(tf.shape(posterior.mean), seed)))


def posteriors(self, x, labels=None):
    """The posterior of every example, as arrays.

    Args:
        x: packed media (num, *media.shape).
        labels: for a conditional model `num` ints.

    Returns:
        `DiagonalNormal` of arrays (num, latent_dim).

    Raises:
        InputError: media or labels do not fit the model.
    """
    return DiagonalNormal(*in_batches(self._posterior, *examples_of(self, x, labels)))


def interpolate(self, start, stop, steps=8, label=None, stop_label=None):
    """Walks from one latent to another on the sphere, and from one label to another.

    Args:
        start: (latent_dim,) float.
        stop: (latent_dim,) float.
        steps: int >= 2, both ends included.
        label: int, or n ints, which a conditional model needs.
        stop_label: the same at the other end, where it is another; the way between is straight, in the
            decoder's embedding of labels.

    Returns:
        Array of raw media, (steps, ...).

    Raises:
        InputError: a latent, the number of steps or a label does not fit, or the decoder has no layer
            "label_embedding".
    """
    if stop_label is None:
        return self.sampler.interpolate(start, stop, steps, label)
    ends = [self.labels_for(1, end) for end in (label, stop_label)]
    latents = tf.constant(self.sampler.walk(start, stop, steps, label), tf.float32)
    share = np.linspace(0.0, 1.0, steps, dtype=np.float32)[:, np.newaxis]
    if isinstance(self.decoder, TextDecoder):
        first, last = (self.decoder.label_embedding(end) for end in ends)
        tokens = self.decoder.generate(latents, labels=(1 - share) * first + share * last)
        return self.media.as_array(self.media.to_raw(tokens))
    names = [layer.name for layer in self.decoder.layers]
    if "label_embedding" not in names:
        raise InputError(
            f"A walk between two labels needs a decoder with one layer named 'label_embedding', not {names}."
        )
    embedding = self.decoder.get_layer("label_embedding")
    first, last = (embedding(end) for end in ends)
    decoder = keras.Model([self.decoder.inputs[0], embedding.output], self.decoder.output)
    parameters = run(decoder, latents, (1 - share) * first + share * last)
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
    latents = along_dimensions(latent, *self.latent_shape, dimensions, reach, steps)
    check_label(label, self.num_classes)
    walked = self.decode(latents.reshape(-1, *self.latent_shape), label)
    return walked.reshape(*latents.shape[:2], *walked.shape[1:])


def fit_sampling_prior(self, x, labels=None, components=None, seed=0, prior=None):
    """Draws samples henceforth from a distribution fitted to the latents of real examples.

    The model and its likelihood stay as they are. The latents are drawn from the posterior of each example,
    as those that the decoder has learned from were: their means alone would have too little variance. Source:
    Ghosh et al. 2020, arXiv 1903.12436, section 4.

    Args:
        x: packed media (num, *media.shape), better the training set.
        labels: for a conditional model `num` ints.
        components: int >= 1, normals in a `GaussianMixture`, where no prior is given; None stands for 10.
        seed: int >= 0.
        prior: what is fitted, such as `keras_gen.losses.RectifiedFlow()`; None stands for a mixture.

    Raises:
        InputError: media or labels do not fit the model, the prior is not one that is fitted or belongs to a
            model already, or there are fewer examples than components.
    """
    if not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed must be a whole number from 0, not {seed!r}.")
    if prior is None:
        prior = GaussianMixture(10 if components is None else components)
    elif components is not None:
        raise InputError("components are those of a mixture that is made here: leave them or prior out.")
    if not isinstance(prior, Prior) or not prior.sampling_only:
        raise InputError(
            f"prior must be one that is fitted to latents, GaussianMixture or RectifiedFlow, not {prior!r}."
        )
    x, labels = examples_of(self, x, labels)
    prior = self._bound(prior)
    prior.fit(DiagonalNormal(*in_batches(self._posterior, x, labels)), labels, seed)
    if self.sampling_prior is not None:
        forget(self, self.sampling_prior)
    self.sampling_prior = prior
    self.sampler.trace_latents()
