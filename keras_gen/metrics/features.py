"""What a distance between two sets of features is given."""

import numpy as np

from keras_gen.errors import InputError


def feature_pair(real_features, fake_features):
    """Two sets of features in double precision, refused where no distance between them is defined.

    Args:
        real_features: array (num_real, dimensions).
        fake_features: array (num_fake, dimensions).

    Returns:
        The two arrays as float64.

    Raises:
        InputError: when the shapes do not fit, a set has fewer than two rows, or a value is not finite.
    """
    real, fake = np.asarray(real_features, "float64"), np.asarray(fake_features, "float64")
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1] or min(len(real), len(fake)) < 2:
        raise InputError(
            f"`real_features` and `fake_features` have shapes {real.shape} and {fake.shape}: "
            "give (examples, dimensions), at least two examples each and the same dimensions."
        )
    for name, values in (("real_features", real), ("fake_features", fake)):
        if not np.isfinite(values).all():
            raise InputError(f"`{name}` holds NaN or infinite values: give finite features.")
    return real, fake
