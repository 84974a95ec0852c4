"""Whether what is generated copies the training examples."""

import numpy as np
from scipy.stats import mannwhitneyu
from sklearn.cluster import KMeans

from keras_gen.errors import InputError
from keras_gen.metrics.distances import feature_pair
from keras_gen.metrics.neighbors import neighbors


def authenticity(train_features, fake_features):
    """AuthPct: the percentage of generated examples that are no copies.

    One counts as a copy if its nearest training example is nearer to it than to every other training example.
    Fresh real examples score about 50, copies 0.

    Args:
        train_features: array (num_train, dimensions), at least two rows, better all training examples.
        fake_features: array (num_fake, dimensions), at least two rows.

    Returns:
        A float from 0 to 100.

    Raises:
        InputError: when the arrays are not two finite sets of features of one size.

    Source: Alaa et al. 2022, arXiv 2102.08921; the percentage, Stein et al. 2023, arXiv
    2306.04675.
    """
    train, fake = feature_pair(train_features, fake_features)
    rows, distances = (values[:, 0] for values in neighbors(train, fake))
    origins, which = np.unique(rows, return_inverse=True)
    apart = neighbors(train, origins)[1][which, 0]
    return float(100 * (distances >= apart).mean())


def copying_test(train_features, held_out_features, fake_features, cells=1, fewest=20, seed=0):
    """C_T: whether generated examples are nearer to training examples than held-out real ones are.

    Each cell of features has the z-score of the Mann-Whitney U of both sets' distances to their nearest
    training example. C_T is the mean over cells, weighted by the share of held-out examples in each. Below -3
    much is copied, above 3 the model underfits, around 0 neither.

    Args:
        train_features: array (num_train, dimensions).
        held_out_features: array (num_held_out, dimensions).
        fake_features: array (num_fake, dimensions), better as many.
        cells: clusters of the training features, by k-means. More cells show copying in parts of the data.
        fewest: generated examples and held-out ones that a cell must have to count, if there are several.
        seed: integer seed of the clusters.

    Returns:
        A float, in standard deviations.

    Raises:
        InputError: when the arrays are not finite sets of features of one size, or no cell has enough.

    Source: Meehan et al. 2020, arXiv 2004.05675.
    """
    train, fake = feature_pair(train_features, fake_features)
    _, held_out = feature_pair(train_features, held_out_features)
    if not 1 <= cells <= len(train):
        raise InputError(f"`cells` is {cells}: give 1 to {len(train)}, the training examples.")
    ours, theirs = (neighbors(train, features)[1][:, 0] for features in (fake, held_out))
    if cells == 1:
        return _z_score(ours, theirs)
    clusters = KMeans(cells, n_init=1, random_state=seed).fit(train)
    our_cells, their_cells = clusters.predict(fake), clusters.predict(held_out)
    scores, weights = [], []
    for cell in range(cells):
        our, their = ours[our_cells == cell], theirs[their_cells == cell]
        if min(len(our), len(their)) >= fewest:
            scores.append(_z_score(our, their))
            weights.append(len(their))
    if not scores:
        raise InputError(
            f"None of {cells} cells holds {fewest} generated and {fewest} held-out examples: give more "
            "examples, or fewer cells."
        )
    return float(np.average(scores, weights=weights))


def most_alike(train_features, held_out_features, fake_features, num=10):
    """The generated examples nearest to training examples, and the held-out real ones nearest to these.

    Args:
        train_features: array (num_train, dimensions).
        held_out_features: array (num_held_out, dimensions).
        fake_features: array (num_fake, dimensions), better as many.
        num: how many pairs of either set; fewer where a set has fewer.

    Returns:
        A dict, `generated` and `held_out` -> (rows of that set, rows of the training set, Euclidean
        distances), each an array (num,), nearest first.

    Raises:
        InputError: when the arrays are not finite sets of features of one size.
    """
    found = {}
    for name, features in (("generated", fake_features), ("held_out", held_out_features)):
        train, features = feature_pair(train_features, features)
        rows, distances = (values[:, 0] for values in neighbors(train, features))
        order = np.argsort(distances, kind="stable")[:num]
        found[name] = order, rows[order], distances[order]
    return found


def verbatim(train_sentences, sentences):
    """The share of sentences that stand verbatim in the training data.

    Short and common sentences are drawn again without being copied: compare it with that of held-out ones.

    Args:
        train_sentences: sequence of str, or packed sentences, integer array (num_train, length).
        sentences: the same kind, at least one.

    Returns:
        A float from 0 to 1.

    Raises:
        InputError: when there is no sentence, or one side is packed and the other is not, or otherwise.

    Example:

    >>> verbatim(["a dog runs", "a cat sleeps"], ["a dog runs", "a dog sleeps"])
    0.5
    """
    train, sentences = np.asarray(train_sentences), np.asarray(sentences)
    if (
        not len(sentences)
        or train.shape[1:] != sentences.shape[1:]
        or train.dtype.kind != sentences.dtype.kind
    ):
        raise InputError(
            f"The sentences are {train.dtype} {train.shape} and {sentences.dtype} {sentences.shape}: give "
            "strings, or sentences packed to one length, at least one."
        )
    if train.ndim > 1:
        train, sentences = (map(bytes, some.astype("int64")) for some in (train, sentences))
    known = set(train)
    return float(np.mean([sentence in known for sentence in sentences]))


def _z_score(ours, theirs):
    """How far U lies from its mean for equal distributions, in its standard deviations."""
    m, n = len(ours), len(theirs)
    statistic = mannwhitneyu(ours, theirs).statistic
    return float((statistic - m * n / 2) / np.sqrt(m * n * (m + n + 1) / 12))
