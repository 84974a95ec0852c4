"""Evenness of walks whose steps are known in closed form."""

import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.metrics.smoothness import step_evenness


def walk(*steps, direction=(3.0, 0.0, 4.0)):
    """A straight walk (1, steps, dimensions) of the given lengths."""
    return 5 + np.outer(np.cumsum([0.0, *steps]), np.array(direction) / 5)[np.newaxis]


def test_a_straight_even_walk_is_best():
    scores = step_evenness(np.concatenate([walk(2, 2, 2, 2), walk(7, 7, 7, 7)]))
    expected = {"largest_over_median": 1, "largest_over_median_std": 0, "path_over_chord": 1}
    assert scores == pytest.approx(expected, abs=1e-12)
    assert all(type(score) is float for score in scores.values())


def test_a_jump_counts_against_the_median():
    scores = step_evenness(walk(1, 1, 10, 1, 1))
    assert scores["largest_over_median"] == pytest.approx(10)
    assert scores["path_over_chord"] == pytest.approx(1)


def test_a_quarter_circle_is_even_but_not_straight():
    angles = np.linspace(0, np.pi / 2, 9)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=-1)[np.newaxis]
    scores = step_evenness(circle)
    assert scores["largest_over_median"] == pytest.approx(1)
    assert scores["path_over_chord"] == pytest.approx(8 * 2 * np.sin(np.pi / 32) / np.sqrt(2))


def test_walks_count_alike_whatever_their_scale():
    there_and_back = walk(1, 2, 3, -2, -1)  # 9 long, and 3 from end to end
    scores = step_evenness(np.concatenate([100 * walk(1, 1, 1, 1, 1), there_and_back]))
    assert scores["largest_over_median"] == pytest.approx((1 + 3 / 2) / 2)
    assert scores["largest_over_median_std"] == pytest.approx((3 / 2 - 1) / 2)
    assert scores["path_over_chord"] == pytest.approx((1 + 3) / 2)


@pytest.mark.parametrize(
    "embeddings, message",
    [
        (walk(1, 1, 1)[0], "shape"),
        (walk(1), "of three steps"),
        (walk(1, 1)[:0], "shape"),
        (walk(1, np.nan, 1), "NaN"),
        (np.concatenate([walk(1, 1, 1), walk(0, 0, 1)]), "1 of 2 walks"),
        (walk(1, 1, -2), "end where they began"),
    ],
)
def test_unfit_walks_are_refused(embeddings, message):
    with pytest.raises(InputError, match=message):
        step_evenness(embeddings)
