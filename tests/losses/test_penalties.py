"""Penalties against forms worked by hand on a discriminator whose input gradient is known: D(x) = a sum(x^2)/2, grad = a x."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.losses import R1, R2, GradientPenalty
from keras_gen.schedules import Linear

SHAPE = (5, 4, 4, 2)
IMAGES = np.random.default_rng(0).normal(size=SHAPE)


def discriminator(images, a):
    return a * tf.reduce_sum(images**2, axis=(1, 2, 3))[:, tf.newaxis] / 2


def cost(penalty, a, images=IMAGES):
    images = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = discriminator(images, a)
    return penalty(tf.cast(tape.gradient(logits, images), tf.float32), examples=0)


SQUARED_NORM = (IMAGES**2).sum(axis=(1, 2, 3))
FORMS = {  # value at input gradient a x, and its derivative in a
    R1: (lambda a: a**2 * SQUARED_NORM / 2, lambda a: a * SQUARED_NORM),
    R2: (lambda a: a**2 * SQUARED_NORM / 2, lambda a: a * SQUARED_NORM),
    GradientPenalty: (
        lambda a: (a * np.sqrt(SQUARED_NORM) - 1) ** 2,
        lambda a: 2 * (a * np.sqrt(SQUARED_NORM) - 1) * np.sqrt(SQUARED_NORM),
    ),
}


@pytest.mark.parametrize("penalty", FORMS)
@pytest.mark.parametrize("weight", [1.0, 0.25])
def test_values_and_gradients_equal_the_closed_form(penalty, weight):
    value, derivative = FORMS[penalty]
    a = tf.Variable(0.7, dtype=tf.float64)
    with tf.GradientTape() as tape:
        costs = cost(penalty(weight), a)
        total = tf.reduce_sum(costs)
    np.testing.assert_allclose(costs, weight * value(0.7), rtol=1e-5)
    np.testing.assert_allclose(tape.gradient(total, a), weight * derivative(0.7).sum(), rtol=1e-5)
    step = 1e-2
    difference = sum(cost(penalty(weight), 0.7 + step)) - sum(cost(penalty(weight), 0.7 - step))
    np.testing.assert_allclose(difference / (2 * step), weight * derivative(0.7).sum(), rtol=1e-3)


def test_a_flat_discriminator_has_a_finite_gradient():
    a = tf.Variable(0.0, dtype=tf.float64)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(cost(GradientPenalty(10.0), a))
    np.testing.assert_allclose(total, 10.0 * len(IMAGES), rtol=1e-5)
    assert np.isfinite(tape.gradient(total, a))


def test_each_penalty_names_its_place_and_its_weight_follows_the_schedule():
    assert [penalty.at for penalty in FORMS] == ["real", "fake", "interpolated"]
    penalty = R1(Linear(2.0, 0.0, examples=100))
    restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(penalty))
    input_gradient = tf.ones((1, 2, 2, 1))
    for one in (penalty, restored):
        np.testing.assert_allclose([one(input_gradient, now)[0] for now in (0, 25, 100)], [4.0, 3.0, 0.0])
