"""Walks through latents: between two of them, and along one dimension at a time."""

import numpy as np

from keras_gen.errors import InputError


def spherical(start, stop, steps):
    """Points on the arc from one vector to another, even in the angle: what lies between two draws of a
    normal prior.

    Source: White 2016, arXiv 1609.04468, section 2.1.

    Args:
        start: float array of any shape, taken as one vector.
        stop: float array of the same shape.
        steps: int >= 2, both ends included.

    Returns:
        Array (steps, *shape). Where the two lie on one line through the origin there is no arc, and it is
        straight.

    Example:

    >>> spherical(np.array([2.0, 0.0]), np.array([0.0, 2.0]), steps=3).round(3).tolist()
    [[2.0, 0.0], [1.414, 1.414], [0.0, 2.0]]
    """
    share = np.linspace(0.0, 1.0, steps).reshape(-1, *[1] * np.ndim(start))
    norms = np.linalg.norm(start) * np.linalg.norm(stop)
    angle = np.arccos(np.clip(np.sum(start * stop) / norms, -1.0, 1.0)) if norms else 0.0
    if np.sin(angle) < 1e-6:
        return (1 - share) * start + share * stop
    return (np.sin((1 - share) * angle) * start + np.sin(share * angle) * stop) / np.sin(angle)


def along_dimensions(latent, latent_dim, dimensions=None, reach=2.0, steps=8):
    """A vector again and again, with one of its numbers at a time going from -reach to reach.

    Args:
        latent: float (latent_dim,).
        latent_dim: int.
        dimensions: list of ints, or None for all.
        reach: float > 0.
        steps: int >= 2.

    Returns:
        float32 (dimensions, steps, latent_dim).

    Raises:
        InputError: the latent, a dimension, the reach or the number of steps does not fit.
    """
    latent = np.asarray(latent, np.float32)
    dimensions = np.arange(latent_dim) if dimensions is None else np.asarray(dimensions)
    are_there = dimensions.ndim == 1 and len(dimensions) and np.isin(dimensions, np.arange(latent_dim)).all()
    are_steps = isinstance(steps, int) and steps >= 2
    if latent.shape != (latent_dim,) or not are_there or not are_steps or reach <= 0:
        raise InputError(
            f"A walk needs a latent of shape ({latent_dim},), a list of dimensions from 0 to "
            f"{latent_dim - 1}, a reach above 0 and at least 2 steps, but was given {latent.shape}, "
            f"{dimensions.tolist()}, {reach} and {steps}."
        )
    latents = np.tile(latent, (len(dimensions), steps, 1))
    for row, dimension in enumerate(dimensions.astype(int)):
        latents[row, :, dimension] = np.linspace(-reach, reach, steps)
    return latents
