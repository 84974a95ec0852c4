"""Measures of each class: who is served worse."""

from typing import NamedTuple

import numpy as np

from keras_gen.metrics.distances import FEWEST, frechet_distance, kid
from keras_gen.metrics.neighbors import neighbor_scores

DRAWS = 5  # enough for a mean; the whole set is told with its spread
COLUMNS = ("frechet", "kid", "precision", "recall", "density", "coverage")


class ClassSet(NamedTuple):
    """Examples with their classes.

    Args:
        features: array (num, dimensions).
        classes: integer array (num,): as they are, or as they were asked for.
        read: integer array (num,): as a classifier sees them, or None.
    """

    features: np.ndarray
    classes: np.ndarray
    read: np.ndarray | None = None


def class_count(*classes):
    """How many examples of each class are compared: as many as the smallest class of any set has.

    Args:
        *classes: integer arrays (num,), the class of each example of a set.

    Returns:
        The count, and the classes that all sets have at least four examples of, a sorted list of int. Others
        are too small to be compared, and do not lower it. (0, []) where there is none.
    """
    numbers = [dict(zip(*np.unique(some, return_counts=True), strict=True)) for some in classes]
    least = {label: min(number.get(label, 0) for number in numbers) for label in numbers[0]}
    least = {int(label): int(count) for label, count in least.items() if count >= FEWEST}
    return min(least.values(), default=0), sorted(least)


def class_scores(real_features, fake_features, count, nearest=5, seed=0):
    """Distances of one class, of `count` examples of either set.

    Args:
        real_features: array (num_real, dimensions), of this class alone.
        fake_features: array (num_fake, dimensions), of this class alone.
        count: rows of either set that are compared, from 4 to the smaller set.
        nearest: neighbors that a ball reaches to, less where `count` is too small for so many.
        seed: integer seed of the draws.

    Returns:
        A dict of floats: `frechet`, the mean over five draws, and of one draw `kid`, `precision`, `recall`,
        `density` and `coverage`. All depend on the count: compare only figures from equally many.

    Raises:
        InputError: when the arrays are not two finite sets of features of one size.
    """
    random = np.random.default_rng(seed)
    draws = [
        [random.permutation(some)[:count] for some in (real_features, fake_features)] for _ in range(DRAWS)
    ]
    near = neighbor_scores(*draws[0], nearest=min(nearest, count - 1))
    scores = {
        "frechet": float(np.mean([frechet_distance(*draw) for draw in draws])),
        "kid": kid(*draws[0])[0],
    }
    return scores | {name: near[name] for name in COLUMNS[2:]}


def class_table(name, names, real, generated, train, nearest=5, seed=0):
    """Measures of each class beside those of real examples, at one count for all classes.

    Args:
        name: of the label, such as "class".
        names: of the classes, in the order of their numbers.
        real: `ClassSet` of held-out examples, which both others are compared with.
        generated: `ClassSet`, by the classes that were asked for.
        train: `ClassSet` of training examples, whose rows are those of a perfect generator.
        nearest: as in `class_scores`.
        seed: as in `class_scores`.

    Returns:
        Columns: name, "of", "count", the measures of `class_scores` and "label_agreement". Rows, for each
        class that was asked for one of "model" and one of "real". A class of fewer than four examples in any
        set has no distances and the count 0.
    """
    count, compared = class_count(real.classes, generated.classes, train.classes)
    rows = []
    for label in np.unique(generated.classes):
        held_out = real.features[real.classes == label]
        for whose, some, judged in (("model", generated, generated), ("real", train, real)):
            scores = {}
            if label in compared:
                scores = class_scores(held_out, some.features[some.classes == label], count, nearest, seed)
            agreed = judged.read[judged.classes == label] == label
            distances = [scores.get(column) for column in COLUMNS]
            agreement = float(agreed.mean()) if len(agreed) else None
            rows.append((str(names[label]), whose, count if scores else 0, *distances, agreement))
    return (name, "of", "count", *COLUMNS, "label_agreement"), rows


def mean_table(name, names, classes, values):
    """Means of what each held-out example has by itself, for each class or group.

    Args:
        name: of the label or of what tells the groups, such as "speaker".
        names: of the classes, in the order of their numbers.
        classes: integer array (num,), the class of each held-out example.
        values: dict, "model" and perhaps "real" -> dict, name of a measure -> array (num,).

    Returns:
        Columns: name, "of", "held_out", the number of examples, and the measures. Rows, for each class that
        there is one for each key of `values`.
    """
    measures = list(values["model"])
    rows = []
    for label in np.unique(classes):
        chosen = classes == label
        for whose, found in values.items():
            means = (float(np.mean(found[measure][chosen])) for measure in measures)
            rows.append((str(names[label]), whose, int(chosen.sum()), *means))
    return (name, "of", "held_out", *measures), rows


def share_table(name, names, generated, real):
    """Which share each class has.

    Args:
        name: of the label.
        names: of the classes, in the order of their numbers.
        generated: integer array (num,), classes of generated examples as a classifier sees them.
        real: the same of real ones.

    Returns:
        Columns: name, "generated", "real". Rows, one for each class, with shares from 0 to 1.
    """
    shares = [np.bincount(some, minlength=len(names)) / len(some) for some in (generated, real)]
    return (name, "generated", "real"), [
        (str(each), float(ours), float(theirs)) for each, ours, theirs in zip(names, *shares, strict=True)
    ]
