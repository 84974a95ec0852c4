import functools

import numpy as np
import pytest
import tensorflow as tf

from keras_gen.networks import CodePrior, RecurrentDecoder, TransformerDecoder
from keras_gen.networks.blocks import BLOCK, in_blocks


@pytest.mark.parametrize("rows", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1])
def test_blocks_are_full_and_leave_no_trace(rows):
    seen = []

    def add(x, nothing, y):
        assert nothing is None
        seen.append(len(x))
        return tf.cast(x, tf.int32) + y

    x, y = np.arange(rows, dtype="int64"), 100 + np.arange(rows, dtype="int32")
    np.testing.assert_array_equal(in_blocks(add, x, None, y), x + y)
    assert seen[0] % BLOCK == 0 and rows <= seen[0] < rows + BLOCK


def test_a_row_has_the_same_bits_in_any_batch():
    random = np.random.default_rng(0)
    rows, table = (random.normal(size=size).astype("float32") for size in ((50, 192), (3000, 192)))

    def logits(rows):
        return tf.matmul(rows, table, transpose_b=True)

    together = in_blocks(logits, rows).numpy()
    for batch in (1, 2, 3, 7, 17):
        np.testing.assert_array_equal(in_blocks(logits, rows[:batch]), together[:batch])


@pytest.mark.parametrize("kind", [RecurrentDecoder, TransformerDecoder, CodePrior])
def test_tokens_and_codes_are_drawn_in_blocks(kind, monkeypatch):
    if kind is CodePrior:
        layer = CodePrior((2, 2), num_codes=4, units=8)
        draw = functools.partial(layer.sample, tf.range(3, dtype=tf.int64))
    else:
        layer = kind(4, 9, 3, width=8)
        draw = functools.partial(layer.generate, tf.zeros((3, 3)), tf.fill((3, 4), 0.5))
    seen, step = set(), layer.step

    def spy(place, read, *others):
        seen.add(len(read))
        return step(place, read, *others)

    monkeypatch.setattr(layer, "step", spy)
    assert len(draw()) == 3 and seen == {BLOCK}
