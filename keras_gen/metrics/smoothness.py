"""How evenly media change along walks through latent space."""

import numpy as np

from keras_gen.errors import InputError


def step_evenness(embeddings):
    """Whether equal latent steps give equal and straight steps of features.

    Neither figure depends on scale: a decoder that nearly ignores its latents may walk as evenly as any.

    Args:
        embeddings: float array (walks, steps, dimensions), features of media at equal latent steps, at least
            three. In every walk at least half of the neighbors must differ, and so must the two ends.

    Returns:
        A dict of floats. `largest_over_median` and `largest_over_median_std` are mean and standard deviation
        over walks of the largest distance between neighbors divided by the median one: 1 is best, jumps make
        it high. `path_over_chord` is the mean of the sum of these distances divided by the distance between
        the ends: 1 is straight, detours make it high.

    Raises:
        InputError: when the array does not hold finite walks of three steps or more, or one does not move.
    """
    embeddings = np.asarray(embeddings, "float64")
    if embeddings.ndim != 3 or embeddings.shape[1] < 3 or not embeddings.size:
        raise InputError(
            f"`embeddings` have shape {embeddings.shape}: give (walks, steps, dimensions), at least one walk "
            "of three steps."
        )
    if not np.isfinite(embeddings).all():
        raise InputError("`embeddings` hold NaN or infinite values: give finite embeddings.")
    distances = np.linalg.norm(np.diff(embeddings, axis=1), axis=-1)
    median = np.median(distances, axis=1)
    chord = np.linalg.norm(embeddings[:, -1] - embeddings[:, 0], axis=-1)
    standing = np.count_nonzero((median == 0) | (chord == 0))
    if standing:
        raise InputError(
            f"{standing} of {len(embeddings)} walks stand still at most of their steps or end where they "
            "began: give walks that move."
        )
    unevenness = distances.max(axis=1) / median
    return {
        "largest_over_median": float(unevenness.mean()),
        "largest_over_median_std": float(unevenness.std()),
        "path_over_chord": float((distances.sum(axis=1) / chord).mean()),
    }
