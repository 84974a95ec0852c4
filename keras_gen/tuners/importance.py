"""What mattered in a search."""

import numpy as np
from scipy.stats import rankdata
from sklearn.ensemble import RandomForestRegressor

FEWEST = 8  # trials from which anything can be said
RESAMPLES = 30
TREES = 50


def importance(settings, scores, ignored=(), seed=0):
    """How much worse a forest predicts the ranks of trials that it has not seen when a field is shuffled among them.

    The forest is fitted to resampled trials, and asked about those left out, as often as `RESAMPLES`; 0 stands for a field
    that tells nothing, 1 for an error larger by as much as that of a forest that knows nothing.

    Args:
        settings: list of dicts, field -> number or str, one for each trial.
        scores: array (trials,), what they are compared by.
        ignored: fields that may explain scores, but are not asked about, such as the epochs trained.
        seed: int, of the resampling.

    Returns:
        Dict, field -> (mean, standard deviation over the resamples), the largest first; empty with fewer than eight trials.

    Source: Breiman 2001, "Random Forests", section 10, on trials that are out of the bag.
    """
    if len(scores) < FEWEST:
        return {}
    fields = list(settings[0])
    inputs = np.stack([_encoded([setting[field] for setting in settings]) for field in fields], axis=1)
    ranks = rankdata(scores) / len(scores)
    random = np.random.default_rng(seed)
    losses = {field: [] for field in fields if field not in ignored}
    for resample in range(RESAMPLES):
        drawn = random.integers(len(ranks), size=len(ranks))
        left = np.setdiff1d(np.arange(len(ranks)), drawn)
        if len(left) < 2:
            continue
        forest = RandomForestRegressor(TREES, random_state=resample).fit(inputs[drawn], ranks[drawn])
        error = np.square(forest.predict(inputs[left]) - ranks[left]).mean()
        ignorant = np.square(ranks[drawn].mean() - ranks[left]).mean()
        for column, field in enumerate(fields):
            if field in losses:
                shuffled = inputs[left].copy()
                shuffled[:, column] = inputs[random.integers(len(ranks), size=len(left)), column]
                worse = np.square(forest.predict(shuffled) - ranks[left]).mean() - error
                losses[field].append(worse / ignorant)
    found = {field: (float(np.mean(values)), float(np.std(values))) for field, values in losses.items()}
    return dict(sorted(found.items(), key=lambda item: -item[1][0]))


def _encoded(values):
    """Numbers as their ranks, names as their places in the alphabet."""
    if any(isinstance(value, str) for value in values):
        names = sorted(set(map(str, values)))
        return [names.index(str(value)) for value in values]
    return rankdata(values)
