"""Watching an autoencoder learn: what becomes of the same pictures, and what each latent does."""

import numpy as np
import tensorflow as tf

from keras_gen.callbacks.monitor import Monitor
from keras_gen.models import VAE

MOST_TRAVERSED = 16


class LatentMonitor(Monitor):
    """A `Monitor` that also writes reconstructions and, of a VAE, traversals and the KL divergence of each dimension.

    To `<folder>/tensorboard` go the pictures `reconstructions` (originals, with what the model makes of them below) and
    `traversals`, and, under a standard normal prior, the scalars `kl_of_dimensions/<number>`.

    Args:
        folder: of the run.
        pictures: packed media (num, *media.shape), better not of the training set.
        labels: int32 (num,) for a conditional model, or None.
        num: int >= 1, samples to draw.
        seed: int, decides the latents.
    """

    def __init__(self, folder, pictures, labels=None, num=80, seed=0):
        super().__init__(folder, num, seed)
        self.pictures, self.labels = pictures, labels

    def watch(self):
        for name, sheet in sheets(self.model, self.pictures, self.labels).items():
            tf.summary.image(name, sheet[np.newaxis])
        if isinstance(self.model, VAE) and self.model.prior.standard_normal:
            for dimension, kl in enumerate(kl_of_dimensions(self.model, self.pictures, self.labels)):
                tf.summary.scalar(f"kl_of_dimensions/{dimension:03d}", kl)


def sheets(model, pictures, labels=None):
    """What an autoencoder makes of pictures, as sheets to look at.

    Args:
        model: an `Autoencoder` of pictures.
        pictures: packed (num, *media.shape).
        labels: int32 (num,) for a conditional model, or None.

    Returns:
        Name -> uint8 picture: `reconstructions`, a row of originals above what comes back; of a VAE also `traversals`, a
        row for each dimension of the first picture's latent, those that carry most first, at most 16.
    """
    pairs = np.concatenate([pictures, model.reconstruct(pictures, labels)])
    found = {"reconstructions": model.media.grid(pairs, rows=2)}
    if isinstance(model, VAE):
        strongest = np.argsort(-kl_of_dimensions(model, pictures, labels))[:MOST_TRAVERSED]
        first = None if labels is None else labels[:1]
        latent = model.encode(pictures[:1], first)[0]
        walked = model.traverse(latent, strongest, label=None if labels is None else int(labels[0]))
        found["traversals"] = model.media.grid(walked.reshape(-1, *model.media.shape), rows=len(strongest))
    return found


def kl_of_dimensions(model, pictures, labels=None):
    """KL(q(z|x) || N(0, 1)) of each dimension, the mean over pictures: array (latent_dim,), in nats."""
    return np.mean(model.posteriors(pictures, labels).kl_from_standard(), axis=0)
