"""What a finished run is measured by. A recipe names the functions here that apply to it."""

from typing import NamedTuple

import numpy as np

from keras_gen.callbacks.latent_monitor import kl_of_dimensions
from keras_gen.metrics import PictureQuality, disentanglement_scores

NUM_SCORED = (2_000, 10_000)  # pictures drawn, at least and at most


class Score(NamedTuple):
    """One measurement.

    Args:
        metrics: name -> number.
        conditions: a sentence on how they were taken.
        real: name -> what real pictures score, where that is known.
    """

    metrics: dict
    conditions: str
    real: dict


def quality(model, dataset, config):
    """Distances of fresh samples to the held-out pictures, and agreement with the labels asked for."""
    quality = PictureQuality(dataset)
    num = int(np.clip(quality.num_real, *NUM_SCORED))
    labels = model.labels_for(num)
    metrics = quality.score(model.generate(num, labels, config.seed), labels)
    conditions = (
        f"Feature space: {quality.extractor}. Figures in another feature space, such as the FID of papers, are not "
        f"comparable. {quality.num_generated:,} generated pictures against {quality.num_real:,} held-out real ones, "
        f"seed {quality.seed}."
    )
    return [Score(metrics, conditions, quality.floor())]


def evidence(model, dataset, config):
    """Likelihood of the test pictures, and how the latents are used."""
    metrics = model.score(dataset, samples=config.nll_samples, seed=config.seed)
    conditions = (
        f"Likelihoods are in nats per example, of {len(dataset.arrays('test')[0]):,} test pictures, with "
        f"{config.nll_samples:,} draws each, under {type(model.likelihood).__name__}: comparable for one likelihood alone."
    )
    if model.prior.standard_normal:
        pictures, labels = dataset.arrays("test")
        kl = kl_of_dimensions(model, pictures, None if model.num_classes is None else labels)
        conditions += " KL divergence of each dimension, largest first: "
        conditions += ", ".join(f"{value:.2f}" for value in sorted(kl, reverse=True)) + "."
    return [Score(metrics, conditions, {})]


def bound(model, dataset, config):
    """The bound on the likelihood of the test pictures that a model with one latent for each example gives."""
    conditions = (
        f"Likelihoods are in nats per example, of {len(dataset.arrays('test')[0]):,} test pictures, under "
        f"{type(model.likelihood).__name__}: comparable for one likelihood alone."
    )
    return [Score(model.score(dataset, seed=config.seed), conditions, {})]


def disentanglement(model, dataset, config):
    """How well single latents stand for single factors, where the factors of the data are known."""
    if dataset.factor_names is None:
        return []
    pictures, labels = dataset.arrays("test")
    latents = model.encode(pictures, None if model.num_classes is None else labels)
    unordered = [column for column, name in enumerate(dataset.factor_names) if name == "shape"]
    metrics = disentanglement_scores(latents, dataset.factors("test"), categorical=unordered)
    conditions = f"Disentanglement is of the posterior means of {len(latents):,} test pictures."
    return [Score(metrics, conditions, {})]
