"""How well single latent dimensions represent single known factors."""

import numpy as np
from scipy.stats import entropy
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import r_regression
from sklearn.metrics import balanced_accuracy_score, mutual_info_score
from sklearn.model_selection import GridSearchCV, StratifiedShuffleSplit, train_test_split
from sklearn.tree import DecisionTreeClassifier

from keras_gen.errors import InputError


def disentanglement_scores(latents, factors, categorical=(), seed=0):
    """All three measures of one representation.

    None depends on the scale of a latent: a latent that varies only a little counts like any other. Only a
    latent that is constant, up to rounding, counts as dead.

    Args:
        latents: float array (num, dimensions), such as posterior means; two dimensions or more.
        factors: integer array (num, num_factors), two factors or more; each column holds the index of the
            factor's value, from 0. Every value must occur at least four times.
        categorical: the columns of `factors` whose values have no order, such as (0,).
        seed: integer seed of the halves that are held out and of the forests.

    Returns:
        A dict of floats in [0, 1], of which 1 is best: `mig`, `sap`, `dci_disentanglement`,
        `dci_completeness`, `dci_informativeness`.

    Raises:
        InputError: when the arrays or columns do not fit, or a factor does not vary.
    """
    return {
        "mig": mutual_information_gap(latents, factors),
        "sap": separated_attribute_predictability(latents, factors, categorical, seed),
        **{f"dci_{name}": score for name, score in dci(latents, factors, seed).items()},
    }


def mutual_information_gap(latents, factors, bins=20):
    """Mutual information gap (MIG): how much more the best latent tells of a factor than the next one.

    The mean over factors of (I(best latent; factor) - I(next latent; factor)) / H(factor), each latent put
    into bins of equal width. Information is overestimated by about (bins - 1)(values - 1) / (2 num) nats, so
    give some thousands of examples.

    Args:
        latents: float array (num, dimensions), two dimensions or more.
        factors: integer array (num, num_factors), values counted from 0, two factors or more.
        bins: bins between the least and the greatest value of a latent, at least 2.

    Returns:
        A float in [0, 1].

    Raises:
        InputError: when the arrays do not fit, a factor does not vary, or there are too few bins.

    Source: Chen et al. 2018, arXiv 1802.04942, equation 6; bins as in Locatello et al. 2019, arXiv
    1811.12359.
    """
    latents, factors = _checked(latents, factors)
    if bins < 2:
        raise InputError(f"`bins` is {bins}: give at least 2.")
    binned = np.minimum((latents * bins).astype(int), bins - 1)
    information = np.array(
        [[mutual_info_score(factor, latent) for latent in binned.T] for factor in factors.T]
    )
    entropies = np.array([mutual_info_score(factor, factor) for factor in factors.T])
    return _mean_gap(information / entropies[:, np.newaxis])


def separated_attribute_predictability(latents, factors, categorical=(), seed=0):
    """Separated attribute predictability (SAP): how much the best latent beats the second best at a factor.

    Each latent predicts an ordered factor by a straight line, scored by R^2 on all examples, and one of c
    categories by c - 1 thresholds, scored by balanced accuracy on a held-out half. A dead latent scores 0, a
    noisy one 1 / c. SAP is the mean over factors of the gap between the two best scores.

    Args:
        latents: float array (num, dimensions), two dimensions or more.
        factors: integer array (num, num_factors), values counted from 0, two factors or more.
        categorical: the columns of `factors` whose values have no order.
        seed: integer seed of the halves.

    Returns:
        A float in [0, 1].

    Raises:
        InputError: when the arrays or columns do not fit, or a factor does not vary.

    Source: Kumar et al. 2018, arXiv 1711.00848, section 3.
    """
    latents, factors = _checked(latents, factors)
    columns, num_factors = np.asarray(categorical), factors.shape[1]
    if columns.size and not (columns.dtype.kind in "iu" and np.isin(columns, np.arange(num_factors)).all()):
        raise InputError(
            f"`categorical` is {categorical!r}: give columns of `factors`, integers from 0 to "
            f"{num_factors - 1}."
        )
    return _mean_gap(
        [
            _category_accuracies(latents, factor, seed)
            if column in columns
            else r_regression(latents, factor) ** 2
            for column, factor in enumerate(factors.T)
        ]
    )


def dci(latents, factors, seed=0):
    """Disentanglement, completeness and informativeness (DCI), by random forests.

    A forest for each factor learns from half of the examples; its impurity importances are the relevance of
    the latents. The size of its trees is chosen within that half, since too large trees would find relevance
    in noise.

    Args:
        latents: float array (num, dimensions), two dimensions or more.
        factors: integer array (num, num_factors), values counted from 0, two factors or more.
        seed: integer seed of the halves and of the forests.

    Returns:
        A dict of floats in [0, 1]: `disentanglement` (each latent is relevant to one factor, latents weighted
        by relevance), `completeness` (each factor has one relevant latent) and `informativeness` (accuracy of
        the forests on the other half, the mean over factors; guessing is not subtracted). Where nothing is
        relevant to anything, the first two are 0.

    Raises:
        InputError: when the arrays do not fit, or a factor does not vary.

    Source: Eastwood & Williams 2018, ICLR, section 2; accuracy in the place of their regression error, as in
    Locatello et al. 2019, arXiv 1811.12359.
    """
    latents, factors = _checked(latents, factors)
    relevance, accuracies = [], []
    for factor in factors.T:
        train, test, train_factor, test_factor = _halves(latents, factor, seed)
        search = GridSearchCV(
            # Were each split offered some of the latents only, it would often have to take an irrelevant one.
            RandomForestClassifier(n_estimators=30, max_features=None, random_state=seed),
            {"min_samples_leaf": [0.064, 0.016, 0.004, 0.001]},  # shares of the examples
            # Accuracy hardly tells small trees from large, so that chance would choose among them.
            scoring="neg_log_loss",
            cv=StratifiedShuffleSplit(n_splits=1, test_size=0.5, random_state=seed),
        ).fit(train, train_factor)
        relevance.append(search.best_estimator_.feature_importances_)
        accuracies.append(search.best_estimator_.score(test, test_factor))
    relevance = np.stack(relevance, axis=1)
    return {
        "disentanglement": _concentration(relevance),
        "completeness": _concentration(relevance.T),
        "informativeness": float(np.mean(accuracies)),
    }


def _checked(latents, factors):
    """The latents scaled to [0, 1], dead ones at 0, and the factors, refused where a measure is undefined."""
    latents, factors = np.asarray(latents, "float64"), np.asarray(factors)
    shapes = latents.shape, factors.shape
    if (
        latents.ndim != 2
        or factors.ndim != 2
        or len(latents) != len(factors)
        or min(*shapes[0], *shapes[1]) < 2
    ):
        raise InputError(
            f"`latents` and `factors` have shapes {shapes[0]} and {shapes[1]}: give (num, dimensions) and "
            "(num, num_factors), of the same examples and at least two of each."
        )
    if not np.isfinite(latents).all():
        raise InputError("`latents` hold NaN or infinite values: give finite latents.")
    if factors.dtype.kind not in "iu" or factors.min() < 0:
        raise InputError(
            f"`factors`, of type {factors.dtype}, are not counted from 0: give integers, 0 or more, the "
            "index of each factor's value."
        )
    # Each value must be in both halves, and again in both halves of one of them.
    for column, factor in enumerate(factors.T):
        counts = np.unique(factor, return_counts=True)[1]
        if len(counts) < 2 or counts.min() < 4:
            raise InputError(
                f"Column {column} of `factors` holds {len(counts)} different values, the rarest "
                f"{counts.min()} times: give at least two values, each at least four times."
            )
    spread = np.ptp(latents, axis=0)
    # Single precision may leave rounding errors on a constant latent.
    dead = spread <= 1e-6 * np.abs(latents).max(axis=0)
    return np.where(dead, 0, (latents - latents.min(axis=0)) / np.where(dead, 1, spread)), factors


def _halves(latents, factor, seed):
    return train_test_split(latents, factor, test_size=0.5, stratify=factor, random_state=seed)


def _category_accuracies(latents, factor, seed):
    """Balanced accuracy (dimensions,) of a category told by thresholds on one latent; 0 where it is dead."""
    train, test, train_factor, test_factor = _halves(latents, factor, seed)
    # A tree on one latent is a set of thresholds. Categories may lie along it in any order.
    tree = DecisionTreeClassifier(
        max_leaf_nodes=len(np.unique(factor)), class_weight="balanced", random_state=seed
    )
    accuracies = np.zeros(latents.shape[1])
    for alive in np.flatnonzero(latents.any(axis=0)):
        tree.fit(train[:, [alive]], train_factor)
        accuracies[alive] = balanced_accuracy_score(test_factor, tree.predict(test[:, [alive]]))
    return accuracies


def _mean_gap(scores):
    """Mean gap between the two greatest of each row."""
    ranked = np.sort(scores, axis=1)
    return float(np.mean(ranked[:, -1] - ranked[:, -2]))


def _concentration(relevance):
    """One less the entropy of a row, to the base of its length, averaged with the rows' sums as weights."""
    sums = relevance.sum(axis=1)
    if not sums.any():
        return 0.0
    rows, weights = relevance[sums > 0], sums[sums > 0]
    return float(np.average(1 - entropy(rows, base=rows.shape[1], axis=1), weights=weights))
