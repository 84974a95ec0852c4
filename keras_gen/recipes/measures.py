"""What a finished run is measured by. A recipe names the functions here that apply to it."""

from typing import NamedTuple

import numpy as np

from keras_gen.metrics import (
    Quality,
    disentanglement_scores,
    distinct_n,
    kl_of_dimensions,
    linear_probes,
    reconstruction_distances,
    self_bleu,
    token_accuracy,
)

UNORDERED = ("shape", "vowel")  # factors whose values have no order
NUM_SCORED = (2_000, 10_000)  # examples drawn, at least and at most
MOST_WRITTEN = 1_000  # sentences drawn and compared with each other


class Score(NamedTuple):
    """One measurement.

    Args:
        metrics: name -> number.
        conditions: a sentence on how they were taken.
        real: name -> what real examples score, where that is known.
    """

    metrics: dict
    conditions: str
    real: dict


def quality(model, dataset, config):
    """Distances of fresh samples to the held-out examples, and agreement with the labels asked for."""
    quality = Quality(dataset)
    num = int(np.clip(quality.num_real, *NUM_SCORED))
    labels = model.labels_for(num)
    metrics = quality.score(model.generate(num, labels, config.seed), labels)
    conditions = (
        f"Feature space: {quality.extractor}. Figures in another feature space, such as the FID of papers, are not "
        f"comparable. {quality.num_generated:,} generated {dataset.media.plural} against {quality.num_real:,} held-out real "
        f"ones, seed {quality.seed}."
    )
    return [Score(metrics, conditions, quality.floor())]


def evidence(model, dataset, config):
    """Likelihood of the test examples, and how the latents are used."""
    metrics = model.score(dataset, samples=config.nll_samples, seed=config.seed)
    conditions = (
        f"Likelihoods are in nats per example, of {len(dataset.arrays('test')[0]):,} test {dataset.media.plural}, with "
        f"{config.nll_samples:,} draws each, under {type(model.likelihood).__name__}: comparable for one likelihood alone."
    )
    if model.prior.standard_normal:
        examples, labels = dataset.arrays("test")
        kl = kl_of_dimensions(model, examples, None if model.num_classes is None else labels)
        conditions += " KL divergence of each dimension, largest first: "
        conditions += ", ".join(f"{value:.2f}" for value in sorted(kl, reverse=True)) + "."
    return [Score(metrics, conditions, {})]


def bound(model, dataset, config):
    """The bound on the likelihood of the test examples that a model with one latent for each example gives."""
    conditions = (
        f"Likelihoods are in nats per example, of {len(dataset.arrays('test')[0]):,} test {dataset.media.plural}, under "
        f"{type(model.likelihood).__name__}: comparable for one likelihood alone."
    )
    return [Score(model.score(dataset, seed=config.seed), conditions, {})]


def language(model, dataset, config):
    """Likelihood of the test sentences under a language model."""
    conditions = f"Likelihoods are of {len(dataset.arrays('test')[0]):,} test sentences, in nats where no unit is named."
    return [Score(model.score(dataset), conditions, {})]


def writing(model, dataset, config):
    """How varied sentences are that are drawn, beside real ones, and how many tokens come back at their place."""
    packed, _ = dataset.arrays("test")
    media = model.media
    num = min(MOST_WRITTEN, len(packed))
    texts = {"drawn": model.generate(num, seed=config.seed), "real": media.unpack(packed[:num])}
    scores = {whose: _diversity(media.words(sentences.tolist())) for whose, sentences in texts.items()}
    metrics = scores["drawn"]
    conditions = f"Distinct n-grams and self-BLEU are of {num:,} sentences drawn at temperature 1, and of as many test ones."
    if hasattr(model, "reconstruct"):
        back = media.pack(model.reconstruct(packed).tolist())
        metrics["reconstruction_accuracy"] = token_accuracy(packed, back)
        conditions += (
            " Reconstructions are the likeliest tokens one after the other, from the mean of the posterior."
        )
    return [Score(metrics, conditions, scores["real"])]


def _diversity(sentences):
    """Scores of sentences as lists of words; of n-grams alone that there are, as names may be of one word."""
    longest = max(map(len, sentences))
    scores = {f"distinct_{n}": distinct_n(sentences, n) for n in (1, 2, 3) if n <= longest}
    return scores | {"self_bleu": self_bleu(sentences)}


def reconstruction(model, dataset, config):
    """How far test recordings are from what comes back of them, and from what the vocoder alone makes of them."""
    packed, labels = dataset.arrays("test")
    media = model.media
    real = media.unpack(packed)
    labels = None if model.num_classes is None else labels
    metrics = reconstruction_distances(media, real, model.reconstruct(packed, labels))
    through = np.concatenate(
        [media.to_raw(media.to_model(part)) for part in np.array_split(packed, -(-len(packed) // 100))]
    )
    conditions = (
        f"Distances are the mean over {len(real):,} test {media.plural}; in the column of real ones, of those that only went "
        "through the spectrogram and Griffin-Lim."
    )
    return [Score(metrics, conditions, reconstruction_distances(media, real, through))]


def disentanglement(model, dataset, config):
    """How well single latents stand for single factors, and lines through all of them, where the factors are known."""
    if dataset.factor_names is None:
        return []
    latents, factors = {}, {}
    for split in ("train", "test"):
        examples, labels = dataset.arrays(split)
        latents[split] = model.encode(examples, None if model.num_classes is None else labels)
        factors[split] = dataset.factors(split)
    unordered = [column for column, name in enumerate(dataset.factor_names) if name in UNORDERED]
    metrics = disentanglement_scores(latents["test"], factors["test"], categorical=unordered)
    metrics |= linear_probes(
        latents["train"],
        factors["train"],
        latents["test"],
        factors["test"],
        dataset.factor_names,
        categorical=unordered,
    )
    conditions = (
        f"Disentanglement is of the posterior means of {len(latents['test']):,} test {dataset.media.plural}; probes are "
        f"fitted to those of {len(latents['train']):,} training ones."
    )
    return [Score(metrics, conditions, {})]
