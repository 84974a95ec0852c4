"""How even the change is along walks through latent space."""

import numpy as np

from keras_gen.errors import InputError


def step_evenness(embeddings):
    """Whether walks in equal latent steps lead to equal and straight steps of what is seen or heard.

    Neither figure sees the scale: a decoder that hardly heeds its latents may walk as evenly as any.

    Args:
        embeddings: float array (walks, steps, dimensions), at least three steps, features of the media at
            equal latent steps. In every walk at least half of the neighbors differ, and so do the two ends.

    Returns:
        A dict of floats. Over walks, `largest_over_median` is the mean, and `largest_over_median_std` the
        standard deviation, of the largest distance between neighbors over the median one: 1 is best, and it
        is high where the change comes in jumps. `path_over_chord` is the mean of the sum of these distances
        over the distance between the ends: 1 is straight, and it is high where a walk makes detours.

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
