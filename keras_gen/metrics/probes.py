"""How much of known factors can be read linearly from a whole latent vector."""

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from keras_gen.errors import InputError


def linear_probes(train_latents, train_factors, test_latents, test_factors, names, categorical=()):
    """How well each factor is predicted from all latents by a linear model, learned on other examples.

    An ordered factor has a ridge regression, a categorical one a multinomial logistic regression, both with
    scikit-learn's default penalty and on latents standardized over the training examples. Their scale is lost
    thereby: a latent so faint that the decoder ignores it is read like any other.

    Args:
        train_latents: float array (num_train, dimensions), such as posterior means.
        train_factors: array of numbers (num_train, num_factors); every column takes two values or more.
        test_latents: float array (num_test, dimensions).
        test_factors: array of numbers (num_test, num_factors); every column takes two values or more.
        names: the names of the factors, a string for each column.
        categorical: the columns of the factors whose values, whole numbers, have no order, such as (0,).

    Returns:
        A dict of floats, `probe_<name>` for each factor, of which 1 is best. For an ordered factor it is R^2
        on the test examples: 0 for knowing no more than the mean, less where the regression misleads. For a
        categorical one it is the accuracy on them: a guess scores the share of the most frequent category.

    Raises:
        InputError: when the arrays, names or columns do not fit, or a factor does not vary.

    Source: Alain & Bengio 2016, arXiv 1610.01644, for linear probes.
    """
    train_latents, train_factors = _checked("train", train_latents, train_factors)
    test_latents, test_factors = _checked("test", test_latents, test_factors)
    if train_latents.shape[1] != test_latents.shape[1] or train_factors.shape[1] != test_factors.shape[1]:
        raise InputError(
            f"Latents and factors have {train_latents.shape[1]} and {train_factors.shape[1]} columns for "
            f"training, {test_latents.shape[1]} and {test_factors.shape[1]} for testing: give the same "
            "columns."
        )
    num_factors = train_factors.shape[1]
    if len(names) != num_factors or len(set(names)) != num_factors:
        raise InputError(
            f"`names` is {names!r}: give {num_factors} different names, one for each column of the factors."
        )
    columns = np.asarray(categorical)
    if columns.size and not (columns.dtype.kind in "iu" and np.isin(columns, np.arange(num_factors)).all()):
        raise InputError(
            f"`categorical` is {categorical!r}: give columns of the factors, integers from 0 to "
            f"{num_factors - 1}."
        )
    scores = {}
    for column, name in enumerate(names):
        train_factor, test_factor = train_factors[:, column], test_factors[:, column]
        if column in columns:
            if not all((factor == np.round(factor)).all() for factor in (train_factor, test_factor)):
                raise InputError(
                    f"The categorical factor {name!r} holds fractions: give a whole number for each category."
                )
            model = LogisticRegression(max_iter=1000)
        else:
            model = Ridge()
        probe = make_pipeline(StandardScaler(), model).fit(train_latents, train_factor)
        scores[f"probe_{name}"] = float(probe.score(test_latents, test_factor))
    return scores


def _checked(part, latents, factors):
    """The latents and factors in double precision, refused where a score is undefined."""
    for name, values in (("latents", latents), ("factors", factors)):
        if np.asarray(values).dtype.kind not in "biuf":
            raise InputError(
                f"`{part}_{name}` are of type {np.asarray(values).dtype}: give an array of numbers."
            )
    latents, factors = np.asarray(latents, "float64"), np.asarray(factors, "float64")
    if latents.ndim != 2 or factors.ndim != 2 or len(latents) != len(factors) or not latents.size:
        raise InputError(
            f"`{part}_latents` and `{part}_factors` have shapes {latents.shape} and {factors.shape}: give "
            "(num, dimensions) and (num, num_factors), of the same examples."
        )
    if not np.isfinite(latents).all() or not np.isfinite(factors).all():
        raise InputError(
            f"`{part}_latents` or `{part}_factors` hold NaN or infinite values: give finite ones."
        )
    still = np.flatnonzero(np.ptp(factors, axis=0) == 0)
    if still.size:
        raise InputError(
            f"Column {still[0]} of `{part}_factors` holds one value only: give at least two different ones."
        )
    return latents, factors
