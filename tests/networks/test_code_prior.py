import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.networks import CodePrior


def built(grid=(3, 4), num_codes=5, num_classes=None, scale=1.0):
    """A prior that is far from even, as one that has learned."""
    keras.utils.set_random_seed(0)
    prior = CodePrior(grid, num_codes, num_classes, units=8)
    random = np.random.default_rng(1)
    for variable in prior.trainable_variables:
        variable.assign(scale * random.normal(size=variable.shape))
    return prior


def some_codes(prior, num=6):
    return np.random.default_rng(2).integers(0, prior.num_codes, (num, *prior.grid)).astype("int32")


@pytest.mark.parametrize("num_classes", [None, 3])
def test_place_by_place_the_logits_are_those_of_one_pass(num_classes):
    prior = built(num_classes=num_classes)
    codes = some_codes(prior)
    labels = None if num_classes is None else np.arange(6, dtype="int32") % 3
    logits = np.reshape(prior(codes, labels), (6, 12, 5))
    past, state = np.full((6, 4), 5), np.zeros((6, 8), "float32")
    for place in range(12):
        stepped, state = prior.step(tf.constant(place), past[:, -4:], state, labels)
        np.testing.assert_allclose(stepped, logits[:, place], rtol=1e-4, atol=1e-5)
        past = np.append(past, codes.reshape(6, 12)[:, place : place + 1], axis=1)


def test_a_code_changes_the_logits_after_it_alone():
    prior = built()
    codes = some_codes(prior, num=1)
    logits = np.reshape(prior(codes), (12, 5))
    for place in range(12):
        changed = codes.copy().reshape(1, 12)
        changed[0, place] = (changed[0, place] + 1) % 5
        moved = np.abs(np.reshape(prior(changed.reshape(codes.shape)), (12, 5)) - logits).max(axis=1)
        assert np.all(moved[: place + 1] == 0)
        assert np.all(moved[place + 1 : place + 2] > 1e-4)


@pytest.mark.exhaustive
@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_draws_are_as_frequent_as_they_are_probable(temperature):
    prior = built(grid=(1, 2), num_codes=3, scale=0.7)
    grids = np.array(list(itertools.product(range(3), repeat=2)), "int32").reshape(9, 1, 2)
    log_p = tf.nn.log_softmax(np.array(prior(grids)) / temperature)
    probabilities = np.exp(np.sum(np.take_along_axis(log_p.numpy(), grids[..., None], -1), axis=(1, 2, 3)))
    np.testing.assert_allclose(probabilities.sum(), 1.0, rtol=1e-5)
    if temperature == 1:
        np.testing.assert_allclose(np.exp(prior.log_prob(grids)), probabilities, rtol=1e-4)
    drawn = prior.sample(np.arange(4000), temperature=temperature)
    shares = np.bincount(np.array(drawn) @ [3, 1] @ [1], minlength=9) / 4000
    np.testing.assert_allclose(shares, probabilities, atol=4 * np.sqrt(probabilities.max() / 4000))


def test_each_draw_is_a_function_of_its_seed_and_label():
    prior = built(num_classes=3)
    seeds, labels = np.array([7, 8, 7, -(2**60), 9]), np.array([0, 1, 0, 2, 2], "int32")
    together = np.array(prior.sample(seeds, labels))
    assert together.dtype == np.int32 and together.shape == (5, 3, 4)
    np.testing.assert_array_equal(together[0], together[2])
    for row in range(5):
        np.testing.assert_array_equal(
            prior.sample(seeds[row : row + 1], labels[row : row + 1])[0], together[row]
        )
    assert np.any(together[0] != prior.sample(seeds[:1], labels[1:2])[0])
    assert np.any(together[0] != prior.sample(seeds[1:2], labels[:1])[0])


def test_the_likeliest_codes_come_at_temperature_0():
    prior = built()
    drawn = np.array(prior.sample(np.arange(3), temperature=0.0))
    np.testing.assert_array_equal(drawn, np.broadcast_to(drawn[:1], drawn.shape))
    np.testing.assert_array_equal(np.argmax(prior(drawn), axis=-1), drawn)


def test_it_is_made_again_from_its_settings():
    prior = built(num_classes=3)
    copy = CodePrior.from_config(prior.get_config())
    copy.set_weights(prior.get_weights())
    codes, labels = some_codes(prior), np.zeros(6, "int32")
    np.testing.assert_array_equal(copy(codes, labels), prior(codes, labels))
