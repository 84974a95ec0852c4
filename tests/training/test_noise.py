"""Noise is a function of its seed, whatever compiles the graph."""

import numpy as np
import pytest
import tensorflow as tf

from keras_gen.training import noise

SHAPES = [(), (2, 333)]
SEEDS = [[0, 0], [5, -1], [-(2**60), 2**62 + 7]]


def on_both(draw, *inputs):
    """What kernels draw, and what XLA draws of inputs that it cannot fold into constants: two lists of
    arrays.
    """
    graphs = [tf.function(draw, autograph=False, jit_compile=xla) for xla in (False, True)]
    return [[tensor.numpy() for tensor in graph(*inputs)] for graph in graphs]


def assert_within(units, value, expected):
    """Within so many units in the last place, of numbers from 1 to 2 where they are smaller."""
    np.testing.assert_allclose(value, expected, rtol=units * 2**-23, atol=units * 2**-23)


@pytest.mark.parametrize("shape", SHAPES)
def test_xla_draws_what_kernels_draw(shape):
    def draw(seeds):
        return [
            drawn
            for seed in tf.unstack(seeds)
            for drawn in (
                noise.uniform(shape, seed),
                noise.integers(shape, seed, -3, 9),
                noise.split(seed, 3),
                noise.fold_in(seed, 12),
                noise.uniform(shape, seed, -1.0 + 1e-7, 0.3),
                noise.normal(shape, seed),
            )
        ]

    allowed = [0, 0, 0, 0, 1, 3] * len(SEEDS)  # units in the last place
    for units, kernels, xla in zip(allowed, *on_both(draw, tf.constant(SEEDS, tf.int64)), strict=True):
        assert_within(units, xla, kernels)


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_of_seeds_are_what_kernels_draw_of_each(shape):
    seeds = tf.constant([3, -(2**61), 0, 3], tf.int64)

    def draw(seeds):
        return (
            noise.normal_of_seeds(shape, seeds, noise.TOKENS),
            noise.uniform_of_seeds(shape, seeds, noise.TOKENS),
        )

    kernels, xla = on_both(draw, seeds)
    for number, of_one in enumerate((tf.random.stateless_normal, tf.random.stateless_uniform)):
        by_hand = [of_one(shape, tf.stack([seed, noise.TOKENS])).numpy() for seed in seeds]
        np.testing.assert_array_equal(kernels[number], by_hand)
        assert_within(3, xla[number], by_hand)
    assert all(rows.shape == (0, *shape) for rows in draw(seeds[:0]))


def test_a_graph_that_was_traced_before_xla_compiles_it_draws_the_same_rows():
    seeds = tf.range(50, dtype=tf.int64)
    traced = tf.function(lambda seeds: noise.normal_of_seeds((17,), seeds, 0), autograph=False)
    traced = traced.get_concrete_function(tf.TensorSpec((None,), tf.int64))
    (kernels,), (xla,) = on_both(lambda seeds: [traced(seeds)], seeds)
    assert_within(3, xla, kernels)


def test_shapes_may_be_tensors_that_the_graph_knows():
    (kernels,), (xla,) = on_both(lambda x: [noise.normal(tf.shape(x), [1, 2])], tf.zeros((5, 3)))
    assert xla.shape == (5, 3)
    assert_within(3, xla, kernels)


def test_xla_is_known_in_every_graph_within():
    seen = []

    def look(x):
        seen.append(noise.compiled_by_xla())
        return x

    def within(x):
        x = tf.while_loop(lambda x: x < 3, lambda x: look(x) + 1, [x])[0]
        return tf.function(look)(x)

    tf.function(within, jit_compile=True, autograph=False)(tf.constant(0))
    assert seen and all(seen)
    seen.clear()
    tf.function(within, autograph=False)(tf.constant(0))
    look(0)
    assert seen and not any(seen)
