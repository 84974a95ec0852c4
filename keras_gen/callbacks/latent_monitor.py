"""Monitoring of autoencoders: reconstructions, and the effect of each latent."""

import numpy as np
import tensorflow as tf

from keras_gen.callbacks.monitor import Monitor
from keras_gen.callbacks.projector import write_projector
from keras_gen.metrics.evidence import kl_of_dimensions
from keras_gen.models import VAE

MOST_TRAVERSED = 16


class LatentMonitor(Monitor):
    """A `Monitor` that also writes reconstructions and, for a VAE, traversals and the KL of each dimension.

    `<folder>/tensorboard` gets `reconstructions` (below the originals) and `traversals` as images, audio or
    text and, under a standard normal prior, the scalars `kl_of_dimensions/<number>`. When training ends, the
    embedding projector gets the latents of the watched validation examples of `data`.

    Args:
        folder: of the run.
        examples: packed media (num, *media.shape), better not of the training set.
        labels: int32 (num,), of n labels (num, n), for a conditional model, or None.
        num: int >= 1, samples to draw.
        seed: int, decides the latents.
        **watched: `data`, `measures`, `every`, `num_measured`, `hyperparameters`, `share` and `extractor`,
            see `Monitor`.
    """

    def __init__(self, folder, examples, labels=None, num=80, seed=0, **watched):
        super().__init__(folder, num, seed, **watched)
        self.examples, self.labels = examples, labels

    def watch(self):
        for name, (examples, rows) in views(self.model, self.examples, self.labels).items():
            self.model.media.summarize(name, examples, rows)
        if isinstance(self.model, VAE) and self.model.prior.standard_normal:
            for dimension, kl in enumerate(kl_of_dimensions(self.model, self.examples, self.labels)):
                tf.summary.scalar(f"kl_of_dimensions/{dimension:03d}", kl)

    def on_train_end(self, logs=None):
        super().on_train_end(logs)
        if self.data is not None and self.data.val is not None and isinstance(self.model, VAE):
            self._project()

    def _project(self):
        media, (packed, labels) = self.model.media, self.watched.examples["val"]
        latents = self.model.encode(packed, None if self.model.num_classes is None else labels)
        names, sprites = self.data.class_names, None
        if media.key == "text":
            labels, names = media.unpack(packed), None
        elif media.key == "audio":
            sprites = media.spectrograms(packed)
        elif media.channels in (1, 3):
            sprites = packed
        write_projector(self.events, latents, labels, names, sprites)


def views(model, examples, labels=None):
    """Reconstructions and traversals of examples, for display.

    Args:
        model: one that encodes, such as a `VAE`.
        examples: packed (num, *media.shape).
        labels: int32 (num,), of n labels (num, n), for a conditional model, or None.

    Returns:
        Name -> (raw media, rows of their grid): `reconstructions`, a row of originals above their
        reconstructions; for a VAE also `traversals`, a row for each of the (at most 16) dimensions of the
        first example's latent with the largest KL.
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
