"""Watching an autoencoder learn: what becomes of the same examples, and what each latent does."""

import numpy as np
import tensorflow as tf

from keras_gen.callbacks.monitor import Monitor
from keras_gen.models import VAE

MOST_TRAVERSED = 16


class LatentMonitor(Monitor):
    """A `Monitor` that also writes reconstructions and, of a VAE, traversals and the KL divergence of each dimension.

    To `<folder>/tensorboard` go `reconstructions` (originals, with what the model makes of them below) and `traversals`, as
    images or texts and, of recordings, to be heard; and, under a standard normal prior, the scalars `kl_of_dimensions/<number>`.

    Args:
        folder: of the run.
        examples: packed media (num, *media.shape), better not of the training set.
        labels: int32 (num,), of n labels (num, n), for a conditional model, or None.
        num: int >= 1, samples to draw.
        seed: int, decides the latents.
    """

    def __init__(self, folder, examples, labels=None, num=80, seed=0):
        super().__init__(folder, num, seed)
        self.examples, self.labels = examples, labels

    def watch(self):
        for name, (examples, rows) in views(self.model, self.examples, self.labels).items():
            self.model.media.summarize(name, examples, rows)
        if isinstance(self.model, VAE) and self.model.prior.standard_normal:
            for dimension, kl in enumerate(kl_of_dimensions(self.model, self.examples, self.labels)):
                tf.summary.scalar(f"kl_of_dimensions/{dimension:03d}", kl)


def views(model, examples, labels=None):
    """What an autoencoder makes of examples, to be looked at.

    Args:
        model: an `Autoencoder`.
        examples: packed (num, *media.shape).
        labels: int32 (num,), of n labels (num, n), for a conditional model, or None.

    Returns:
        Name -> (raw media, rows of their grid): `reconstructions`, a row of originals above what comes back; of a VAE also
        `traversals`, a row for each dimension of the first example's latent, those that carry most first, at most 16.
    """
    pairs = model.media.beside(model.media.unpack(examples), model.reconstruct(examples, labels))
    found = {"reconstructions": pairs}
    if isinstance(model, VAE):
        strongest = np.argsort(-kl_of_dimensions(model, examples, labels))[:MOST_TRAVERSED]
        first = None if labels is None else labels[:1]
        latent = model.encode(examples[:1], first)[0]
        walked = model.traverse(latent, strongest, label=None if labels is None else labels[0])
        found["traversals"] = (walked.reshape(-1, *walked.shape[2:]), len(strongest))
    return found


def kl_of_dimensions(model, examples, labels=None):
    """KL(q(z|x) || N(0, 1)) of each dimension, the mean over examples: array (latent_dim,), in nats."""
    return np.mean(model.posteriors(examples, labels).kl_from_standard(), axis=0)
