"""Between two latents."""

import numpy as np


def spherical(start, stop, steps):
    """Points on the arc from one vector to another, even in the angle: what lies between two draws of a normal prior.

    Source: White 2016, arXiv 1609.04468, section 2.1.

    Args:
        start: float array of any shape, taken as one vector.
        stop: float array of the same shape.
        steps: int >= 2, both ends included.

    Returns:
        Array (steps, *shape). Where the two lie on one line through the origin there is no arc, and it is straight.

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
