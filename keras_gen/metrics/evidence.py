"""Likelihood bounds of a VAE, and figures of its latents."""

import math

import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.progress import track

from keras_gen.errors import InputError
from keras_gen.layers.codebook import perplexity
from keras_gen.losses.normal import DiagonalNormal
from keras_gen.metrics.language import language_scores
from keras_gen.models.encoding import SCORE_BATCH, observed_in_score
from keras_gen.registry import register
from keras_gen.training import noise

# Limits on latents decoded at once and on numbers in their output; they bound memory for any number of draws.
MOST_DECODED, MOST_NUMBERS = 5_000, 2**26
ACTIVE = 0.01


@register("score_evidence")
def model_scores(model, x, labels=None, samples=1000, seed=0):
    """What `VAE.score` gives: `evidence_scores`, and of text `language_scores` too."""
    return scores_and_parts(model, x, labels, samples, seed)[0]


def scores_and_parts(model, x, labels=None, samples=1000, seed=0):
    """What `VAE.score` gives, and what each example has a part in it.

    Args:
        model: a `VAE`.
        x: as in `evidence_scores`.
        labels: as there.
        samples: as there.
        seed: as there.

    Returns:
        The dict of scores; and a dict of arrays (num,) in nats, `nll`, `reconstruction` and `kl` of each
        example, whose means are these scores.

    Raises:
        InputError: as there.
    """
    scores, parts = _evidence(model, x, labels, samples, seed)
    of_text = language_scores(model.media, x, scores["nll"]) if model.media.key == "text" else {}
    return {**scores, **of_text}, parts


def evidence_scores(model, x, labels=None, samples=1000, seed=0):
    """The importance-weighted bound on -log p(x), the terms of the ELBO, and figures of the latents.

    Args:
        model: a `VAE`.
        x: packed media (num, *media.shape).
        labels: int32 (num,) for a conditional model, or None.
        samples: int >= 1, draws for each example.
        seed: int >= 0, decides what a likelihood observes (such as binarization) and all draws.

    Returns:
        A dict of floats, all but `active_units` in nats per example: `nll`, -log 1/K sum_k p(x, z_k) /
        q(z_k|x), an upper bound on -log p(x) that falls with K = `samples` (Burda et al. 2016, equation 8);
        `elbo`, the mean over the same draws of log p(x, z) / q(z|x); `reconstruction` and `kl`, its two
        terms; `active_units`, the number of dimensions whose posterior mean has a variance above 0.01 over
        the data (the same, section 5.3); `mutual_information` of data and latents and `marginal_kl`, from
        q(z) to the prior, at one draw of each latent, which add up to `kl` but for the error of sampling
        (Hoffman & Johnson 2016): q(z) is the mixture of the posteriors of these examples, so the mutual
        information is underestimated where it comes near log(num).

    Raises:
        InputError: there is no draw.
    """
    return _evidence(model, x, labels, samples, seed)[0]


def _evidence(model, x, labels, samples, seed):
    if not isinstance(samples, int) or samples < 1 or seed < 0:
        raise InputError(
            f"samples must be a whole number from 1 and seed one from 0, not {samples!r} and {seed!r}."
        )
    decoded = min(MOST_DECODED, MOST_NUMBERS // model.likelihood.decoded_size(model.media.model_shape))
    score = _scorer(model, min(samples, max(1, decoded // SCORE_BATCH)))
    starts = range(0, len(x), SCORE_BATCH)
    console = Console(stderr=True)
    watched = samples * len(x) >= 1_000_000 and (console.is_terminal or console.is_jupyter)
    parts = []
    for start in track(starts, "Likelihood", console=console, transient=True, disable=not watched):
        rows = slice(start, start + SCORE_BATCH)
        some_labels = None if labels is None else tf.constant(labels[rows])
        parts.append(score(tf.constant(x[rows]), some_labels, tf.constant([seed, start], tf.int64), samples))
    log_likelihood, elbo, reconstruction, mean, log_variance, z, log_prior = (
        np.concatenate(part) for part in zip(*parts, strict=True)
    )
    posterior = DiagonalNormal(mean, log_variance)
    log_posterior = np.sum(posterior.log_prob(z), axis=-1)
    log_aggregate = aggregate_log_prob(posterior, z)
    parts = {"nll": -log_likelihood, "reconstruction": reconstruction, "kl": -(elbo + reconstruction)}
    return {
        "nll": -float(log_likelihood.mean()),
        "elbo": float(elbo.mean()),
        "reconstruction": float(reconstruction.mean()),
        "kl": -float(elbo.mean() + reconstruction.mean()),
        "active_units": float(active_units(mean)),
        "mutual_information": float(np.mean(log_posterior - log_aggregate)),
        "marginal_kl": float(np.mean(log_aggregate - log_prior)),
    }, parts


@register("score_bound")
def bound_scores(model, x, labels=None, seed=0):
    """What `VQVAE.score` gives: the bound at the nearest codes, and how many of them are used, see there."""
    return bound_and_parts(model, x, labels, seed)[0]


def bound_and_parts(model, x, labels=None, seed=0):
    """What `VQVAE.score` gives, and what each example has a part in it, as `scores_and_parts`."""

    @tf.function(autograph=False, reduce_retracing=True)
    def score(packed, labels, seed):
        return model.evidence(observed_in_score(model, packed, seed), labels)

    scores = []
    for start in range(0, len(x), SCORE_BATCH):
        rows = slice(start, start + SCORE_BATCH)
        some_labels = None if labels is None else labels[rows]
        scores.append(score(x[rows], some_labels, tf.constant([seed, start], tf.int64)))
    reconstructions, kls, uses = zip(*scores, strict=True)
    parts = {"reconstruction": np.concatenate(reconstructions), "kl": np.concatenate(kls)}
    reconstruction, kl = (float(np.mean(costs)) for costs in parts.values())
    return {
        "nll": reconstruction + kl,
        "elbo": -(reconstruction + kl),
        "reconstruction": reconstruction,
        "kl": kl,
        "perplexity": float(perplexity(sum(uses))),
    }, {"nll": parts["reconstruction"] + parts["kl"], **parts}


def kl_of_dimensions(model, x, labels=None):
    """KL(q(z|x) || N(0, 1)) of each latent dimension, the mean over examples.

    Args:
        model: a `VAE`.
        x: packed media (num, *media.shape).
        labels: int32 (num,), of n labels (num, n), for a conditional model, or None.

    Returns:
        Float array (latent_dim,), in nats.
    """
    return np.mean(model.posteriors(x, labels).kl_from_standard(), axis=0)


def active_units(means):
    """How many latent dimensions carry something: Var_x(E_q[z]) > 0.01 (Burda et al. 2016, section 5.3).

    Args:
        means: posterior means, (num, latent_dim).

    Returns:
        An int.
    """
    return int(np.sum(np.var(means, axis=0) > ACTIVE))


def aggregate_log_prob(posterior, z):
    """log q(z), where q(z) is the mean of the posteriors of all examples.

    Args:
        posterior: `DiagonalNormal` of arrays (num, dim).
        z: (any, dim).

    Returns:
        Array (any,), in nats.
    """
    posterior, z = (
        DiagonalNormal(*(tf.constant(part, tf.float64) for part in posterior)),
        tf.constant(z, tf.float64),
    )
    parts = [
        tf.reduce_logsumexp(posterior.pairwise_log_prob(z[i : i + SCORE_BATCH]), axis=-1)
        for i in range(0, len(z), SCORE_BATCH)
    ]
    return np.concatenate(parts) - math.log(len(posterior.mean))


def _scorer(model, chunk):
    """A graph of bound, ELBO, reconstruction, posterior, draw and its log prior for a batch."""

    @tf.function(autograph=False, reduce_retracing=True)
    def score(packed, labels, seed, samples):
        x = observed_in_score(model, packed, seed)
        posterior = model.posterior(x, labels)

        def draw(num, index):
            shape = tf.concat([[num], tf.shape(posterior.mean)], axis=0)
            z = tf.ensure_shape(
                posterior.sample(noise.normal(shape, noise.fold_in(seed, index))),
                (None, *posterior.mean.shape),
            )
            log_likelihood = model.log_likelihood(x, z, labels)
            log_ratio = model.prior.log_prob(z) - tf.reduce_sum(posterior.log_prob(z), axis=-1)
            return z, log_likelihood, log_likelihood + log_ratio

        def further(drawn, bound, elbo, reconstruction):
            num = tf.minimum(chunk, samples - drawn)
            _, log_likelihood, log_weights = draw(num, drawn)
            own = tf.reduce_logsumexp(log_weights, axis=0)
            bound = tf.where(drawn == 0, own, tf.reduce_logsumexp(tf.stack([bound, own]), axis=0))
            elbo += tf.reduce_sum(log_weights, axis=0)
            reconstruction -= tf.reduce_sum(log_likelihood, axis=0)
            return drawn + num, bound, elbo, reconstruction

        none = tf.zeros(tf.shape(posterior.mean)[:1])
        _, bound, elbo, reconstruction = tf.while_loop(
            lambda drawn, *_: drawn < samples, further, (0, none, none, none)
        )
        count = tf.cast(samples, tf.float32)
        z = draw(1, -2)[0][0]
        return (
            bound - tf.math.log(count),
            elbo / count,
            reconstruction / count,
            *posterior,
            z,
            model.prior.log_prob(z),
        )

    return lambda packed, labels, seed, samples: score(packed, labels, seed, tf.constant(samples))
