"""Which parts of the data have too many or too few examples among what is generated."""

import numpy as np
from sklearn.cluster import KMeans

from keras_gen.errors import InputError
from keras_gen.metrics.distances import feature_pair

BINS = 100
SIGNIFICANT = 1.96  # standard errors, of a two-sided test at the level 0.05


def ndb(train_features, fake_features, bins=BINS, seed=0):
    """NDB / K: the share of bins of the training data that hold a different share of generated examples.

    The bins are cells of k-means of the training features. A two-proportion z-test at the level 0.05 says
    whether a bin differs. So about 0.05 of them differ for equal distributions. With more examples more bins
    differ: compare only figures from equally many.

    Args:
        train_features: array (num_train, dimensions), at least two rows.
        fake_features: array (num_fake, dimensions), at least two rows.
        bins: K, from 2 to the training examples, better a tenth of the smaller set or less.
        seed: integer seed of the bins.

    Returns:
        A float from 0 to 1.

    Raises:
        InputError: when the arrays are not two finite sets of features of one size, or `bins` is out of its
            range.

    Source: Richardson & Weiss 2018, arXiv 1805.12462.
    """
    train, fake = feature_pair(train_features, fake_features)
    if not 2 <= bins <= len(train):
        raise InputError(f"`bins` is {bins}: give 2 to {len(train)}, the training examples.")
    cells = KMeans(bins, n_init=1, random_state=seed).fit(train)
    theirs, ours = (np.bincount(labels, minlength=bins) for labels in (cells.labels_, cells.predict(fake)))
    m, n = len(train), len(fake)
    pooled = (theirs + ours) / (m + n)
    error = np.sqrt(pooled * (1 - pooled) * (1 / m + 1 / n))
    return float((np.abs(theirs / m - ours / n) > SIGNIFICANT * error).mean())


def bin_count(num):
    """How many bins as many examples fill: 100, of fewer than 1,000 examples one of ten, at least 2."""
    return int(np.clip(num // 10, 2, BINS))
