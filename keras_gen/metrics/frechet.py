"""Frechet distance between two sets of features."""

import numpy as np

from keras_gen.metrics.features import feature_pair


def frechet_distance(real_features, fake_features):
    """Squared Frechet distance between Gaussians fitted to two sets of features.

    |m1 - m2|^2 + Tr(S1 + S2 - 2 sqrt(S1 S2)), in float64, with unbiased covariances. The value falls as the
    sets grow: compare only figures from equal numbers of examples.

    Args:
        real_features: array (num_real, dimensions), at least two rows.
        fake_features: array (num_fake, dimensions), at least two rows.

    Returns:
        A float, at least 0, in squared units of the features.

    Raises:
        InputError: when the two arrays are not two finite sets of features of one size.

    Source: Dowson & Landau 1982; Heusel et al. 2017, arXiv 1706.08500.
    """
    real, fake = feature_pair(real_features, fake_features)
    offset = real.mean(axis=0) - fake.mean(axis=0)
    real_covariance = np.atleast_2d(np.cov(real, rowvar=False))
    fake_covariance = np.atleast_2d(np.cov(fake, rowvar=False))
    # A product of covariances has real eigenvalues >= 0; what rounding leaves below or beside them is dropped.
    eigenvalues = np.linalg.eigvals(real_covariance @ fake_covariance).real.clip(min=0)
    distance = (
        offset @ offset
        + np.trace(real_covariance)
        + np.trace(fake_covariance)
        - 2 * np.sqrt(eigenvalues).sum()
    )
    return max(float(distance), 0.0)
