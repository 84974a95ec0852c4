import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.layers import Codebook
from keras_gen.layers.codebook import perplexity

SEED = (3, 4)


def vectors(num, dim=3, seed=0):
    return np.random.default_rng(seed).normal(size=(num, dim)).astype("float32")


def started(z, **settings):
    """A codebook whose codes are vectors of the batch."""
    codebook = Codebook(**settings)
    codebook.build(z.shape)
    codebook.revive(z, SEED)
    return codebook


def state(codebook):
    return [np.array(weight) for weight in (codebook.codes, codebook.counts, codebook.sums)]


def test_the_nearest_code_is_that_of_brute_force():
    z = vectors(60).reshape(5, 3, 4, 3)
    codebook = started(vectors(40, seed=1), num_codes=7)
    distances = np.linalg.norm(z[..., None, :] - np.array(codebook.codes), axis=-1)
    indices = codebook.nearest(z)
    assert indices.dtype == "int32" and len(np.unique(indices)) > 1
    np.testing.assert_array_equal(indices, distances.argmin(axis=-1))
    np.testing.assert_array_equal(
        codebook.vectors(indices), np.array(codebook.codes)[distances.argmin(axis=-1)]
    )


def test_gradients_pass_straight_through():
    z, weight = tf.constant(vectors(20)), vectors(20, seed=2)
    codebook = started(vectors(40, seed=1), num_codes=7)
    with tf.GradientTape() as tape:
        tape.watch(z)
        quantized = codebook(z)
        loss = tf.reduce_sum(weight * quantized)
    np.testing.assert_allclose(quantized, codebook.vectors(codebook.nearest(z)), atol=1e-6)
    np.testing.assert_array_equal(tape.gradient(loss, z), weight)
    assert not codebook.trainable_variables


@pytest.mark.parametrize("decay", [0.0, 0.9, 0.99])
def test_codes_are_the_moving_averages_of_a_loop(decay):
    codebook = started(vectors(30), num_codes=4, decay=decay)
    codes, n, s = state(codebook)
    for batch in range(5):
        z = vectors(30, seed=batch)
        indices = np.array(codebook.nearest(z))
        count, total = np.zeros(4), np.zeros((4, 3))
        for vector, index in zip(z, indices, strict=True):
            count[index] += 1
            total[index] += vector
        n, s = decay * n + (1 - decay) * count, decay * s + (1 - decay) * total
        smoothed = (n + 1e-5) / (n.sum() + 4e-5) * n.sum()
        tf.function(codebook.update)(z, indices)
        for value, expected in zip(state(codebook), (s / smoothed[:, None], n, s), strict=True):
            np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-6)
    if decay == 0:
        np.testing.assert_allclose(codebook.codes[0], z[indices == 0].mean(axis=0), rtol=1e-3)


def test_the_first_batch_starts_all_codes_as_vectors_of_its_own():
    z = vectors(50)
    codes = np.array(started(z, num_codes=20).codes)
    rows = [np.flatnonzero((z == code).all(axis=1)) for code in codes]
    assert all(len(row) == 1 for row in rows) and len(np.unique(rows)) == 20
    np.testing.assert_array_equal(codes, started(z, num_codes=20).codes)
    other = Codebook(20)
    other.build(z.shape)
    other.revive(z, (3, 5))
    assert np.any(codes != other.codes)
    few = np.array(started(z[:6], num_codes=20).codes)
    assert len(np.unique(few, axis=0)) == 6


def test_a_dead_code_is_reset_as_a_whole_and_used_again():
    near, far = vectors(64), vectors(64) + 100.0
    codebook = started(near, num_codes=8, dead_below=0.1)
    for _ in range(5):
        codebook.update(near, codebook.nearest(near))
    codebook.counts.assign(np.where(np.arange(8) == 5, 0.5, np.maximum(codebook.counts, 2.0)))
    before = state(codebook)
    tf.function(codebook.revive)(far, SEED)
    codes, counts, sums = state(codebook)
    for value, old in zip((codes, counts, sums), before, strict=True):
        np.testing.assert_array_equal(np.delete(value, 5, axis=0), np.delete(old, 5, axis=0))
    assert (far == codes[5]).all(axis=1).any()
    np.testing.assert_allclose(sums[5], counts[5] * codes[5], rtol=1e-6)
    assert np.all(np.array(codebook.nearest(far)) == 5)
    codebook.update(far, codebook.nearest(far))
    assert codebook.counts[5] > 0.1 * 64 / 8
    kept = state(codebook)
    codebook.revive(near, SEED)
    np.testing.assert_array_equal(codebook.codes[5], kept[0][5])


def test_how_little_use_is_death_is_a_setting():
    z = vectors(64)
    counts = np.array([8.0, 3.0, 1.0, 0.1, 8.0, 8.0, 8.0, 8.0], "float32")
    for dead_below, revived in ((0.0, []), (0.05, [3]), (0.2, [2, 3]), (0.5, [1, 2, 3])):
        codebook = started(z, num_codes=8, dead_below=dead_below)
        codebook.counts.assign(counts)
        codebook.codes.assign(np.zeros((8, 3)))
        codebook.revive(z, SEED)
        assert list(np.flatnonzero(np.any(np.array(codebook.codes) != 0, axis=1))) == revived


def test_perplexity_is_the_number_of_codes_in_even_use():
    codebook = started(vectors(30), num_codes=8)
    for indices, expected in (
        ([2] * 6, 1.0),
        ([[0, 1], [2, 3]], 4.0),
        (np.arange(8), 8.0),
        ([0, 0, 0, 1], 4 / 3**0.75),
    ):
        np.testing.assert_allclose(perplexity(codebook.use(np.array(indices))), expected, rtol=1e-5)


def test_it_computes_in_float32_under_a_mixed_policy_and_keeps_its_settings():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        codebook = Codebook(8, decay=0.5, dead_below=0.3)
        assert codebook(vectors(4)).dtype == "float32"
    finally:
        keras.config.set_dtype_policy("float32")
    copy = Codebook.from_config(codebook.get_config())
    assert (copy.num_codes, copy.decay, copy.dead_below) == (8, 0.5, 0.3)


@pytest.mark.parametrize("settings", [{"num_codes": 1}, {"decay": 1.0}, {"dead_below": -0.1}])
def test_settings_out_of_their_range_are_refused(settings):
    with pytest.raises(InputError, match="at least 2 codes"):
        Codebook(**settings)
