"""What mattered in a search."""

import numpy as np
from scipy.stats import rankdata
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import permutation_importance

FEWEST = 8  # trials from which anything can be said
RESAMPLES = 20
TREES = 50


def importance(settings, scores, ignored=(), seed=0):
    """How much each field matters: the permutation importance of a forest that predicts the ranks of trials.

    A forest is fitted to resampled trials and asked about those left out, `RESAMPLES` times. 0 stands for a
    field that tells nothing, 1 for an error that grows by the variance of the ranks.

    Args:
        settings: list of dicts, field -> number or str, one for each trial.
        scores: array (trials,), what they are compared by.
        ignored: fields that may explain scores, but are not asked about, such as the epochs trained.
        seed: int, of the resampling.

    Returns:
        Dict, field -> (mean, standard deviation over the resamples), the largest first; empty with fewer than
        eight trials.

    Source: Breiman 2001, "Random Forests", section 10, on trials that are out of the bag.
    """
    if len(scores) < FEWEST:
        return {}
    fields = list(settings[0])
    inputs = np.stack([_encoded([setting[field] for setting in settings]) for field in fields], axis=1)
    ranks = rankdata(scores) / len(scores)
    random = np.random.default_rng(seed)
    found = []
    for resample in range(RESAMPLES):
        drawn = random.integers(len(ranks), size=len(ranks))
        left = np.setdiff1d(np.arange(len(ranks)), drawn)
        if len(left) < 2:
            continue
        forest = RandomForestRegressor(TREES, random_state=resample).fit(inputs[drawn], ranks[drawn])
        worse = permutation_importance(
            forest,
            inputs[left],
            ranks[left],
            scoring="neg_mean_squared_error",
            n_repeats=2,
            random_state=resample,
        )
        ignorant = np.square(ranks[drawn].mean() - ranks[left]).mean()
        found.append(worse.importances_mean / ignorant)
    means, spreads = np.mean(found, axis=0), np.std(found, axis=0)
    largest_first = [column for column in np.argsort(-means) if fields[column] not in ignored]
    return {fields[column]: (float(means[column]), float(spreads[column])) for column in largest_first}


def _encoded(values):
    """Numbers as their ranks, names as their places in the alphabet."""
    if any(isinstance(value, str) for value in values):
        names = sorted(set(map(str, values)))
        return [names.index(str(value)) for value in values]
    return rankdata(values)
