"""What is watched of a model beside its losses, on the same examples and seeds after every epoch."""

import math

import numpy as np
import tensorflow as tf

from keras_gen.metrics.evidence import active_units
from keras_gen.models import GAN, VAE, VQVAE
from keras_gen.sampling.requests import in_batches, seeds_of
from keras_gen.training.precision import run

WATCHED = 256  # examples of a split
FEWEST_USES = 10  # of a code at even use, to tell whether it is used


class Watch:
    """Takes numbers of a model at the end of an epoch.

    Args:
        data: a `Dataset`; of its training and validation splits at most 256 examples are watched, evenly
            spaced, since files come in the order of their names.
        seed: int >= 0, decides what is generated.
    """

    def __init__(self, data, seed=0):
        self.seed = seed
        self.examples = {}
        for split in ("train", "val"):
            if split == "train" or data.val is not None:
                count = data.count(split)
                rows = np.linspace(0, count - 1, min(WATCHED, count)).astype(int)
                self.examples[split] = data.arrays(split, np.unique(rows))
        self._graphs = {}

    def __call__(self, model):
        """The logs of a model: dict, name -> float.

        Of every model but those of text `sample_diversity`, the mean distance between two samples over that
        between two validation examples, of one class where the model knows classes (without validation data:
        training examples). Of a `GAN`, on training, validation and generated examples, `train_logit`,
        `val_logit` and `generated_logit`, the discriminator's mean logits, and `train_pair_accuracy` and
        `val_pair_accuracy`, the share of pairs of a real and a generated example, of equal labels, in which
        the real one has the larger logit. Of a `VAE` under a standard normal prior `val_active_units`, of a
        `VQVAE` `val_dead_codes`, the share of codes that no validation example uses. What compares examples
        is left out where there are not two to compare.
        """
        held_out = "val" if "val" in self.examples else "train"
        packed, labels = self._of(model, held_out)
        logs = {}
        if model.media.key != "text":
            samples = self._generated(model, held_out)
            real = in_batches(lambda some: np.asarray(model.media.to_model(some)), packed)
            widest = spread(real, labels)
            if widest is not None:
                logs["sample_diversity"] = spread(samples, labels) / widest if widest else math.nan
        if isinstance(model, GAN):
            generated = {split: self._generated(model, split) for split in self.examples if split != held_out}
            logs |= self._of_discriminator(model, {**generated, held_out: samples})
        if held_out == "val" and len(packed) > 1 and isinstance(model, VAE) and model.prior.standard_normal:
            logs["val_active_units"] = float(active_units(model.posteriors(packed, labels).mean))
        if held_out == "val" and isinstance(model, VQVAE):
            codes, num = model.encode(packed, labels), model.codebook.num_codes
            if codes.size >= FEWEST_USES * num:
                logs["val_dead_codes"] = 1.0 - len(np.unique(codes)) / num
        return logs

    def _of(self, model, split):
        packed, labels = self.examples[split]
        return packed, None if model.num_classes is None else labels

    def _generated(self, model, split):
        """As many generated examples as are watched of a split, with their labels, in their model form."""
        _, labels = self._of(model, split)
        seeds = seeds_of(self.seed, len(self.examples[split][0]))
        labels = model.labels_for(len(seeds), labels)

        def draw(seeds, labels):
            return model.decode_to_model(model.latents_of_seeds(seeds, labels), labels)

        return in_batches(lambda *some: self._graph("draw", draw)(*some).numpy(), seeds, labels)

    def _of_discriminator(self, gan, generated):
        def discriminate(media, labels):
            return run(gan.discriminator, media, labels)[:, 0]

        def discriminate_packed(packed, labels):
            return discriminate(gan.media.to_model(packed), labels)

        def logits(name, function, examples, labels):
            return in_batches(lambda *some: self._graph(name, function)(*some).numpy(), examples, labels)

        logs = {}
        for split in self.examples:
            packed, labels = self._of(gan, split)
            real = logits("real", discriminate_packed, packed, labels)
            fake = logits("fake", discriminate, generated[split], labels)
            logs |= {f"{split}_logit": float(real.mean()), "generated_logit": float(fake.mean())}
            logs[f"{split}_pair_accuracy"] = float(np.mean(real > fake))
        return logs

    def _graph(self, name, function):
        if name not in self._graphs:
            self._graphs[name] = tf.function(function, autograph=False, reduce_retracing=True)
        return self._graphs[name]


def spread(examples, labels=None):
    """The mean Euclidean distance between two different examples of one label.

    Args:
        examples: float (num, ...).
        labels: int (num,), or (num, n) of n labels, or None where all have one.

    Returns:
        Float, or None where no two examples have one label.
    """
    rows = np.reshape(examples, (len(examples), -1)).astype("float64")
    squares = np.sum(rows**2, axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2.0 * rows @ rows.T, 0.0))
    equal = np.ones(distances.shape, bool)
    if labels is not None:
        columns = np.reshape(labels, (len(labels), -1))
        equal = np.all(columns[:, None] == columns, axis=-1)
    np.fill_diagonal(equal, False)
    return float(distances[equal].mean()) if equal.any() else None
