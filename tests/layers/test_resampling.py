import numpy as np
import pytest
import tensorflow as tf
from scipy.signal import upfirdn

from keras_gen.layers import FilteredDownSampling2D, FilteredUpSampling2D

TAPS = np.array([1, 3, 3, 1]) / 8


def reference_down(x):
    for axis in (1, 2):
        half = x.shape[axis] // 2
        x = np.take(upfirdn(TAPS, x, down=2, axis=axis), range(1, half + 1), axis)
    return x


def reference_up(x):
    for axis in (1, 2):
        double = 2 * x.shape[axis]
        x = np.take(upfirdn(2 * TAPS, x, up=2, axis=axis), range(1, double + 1), axis)
    return x


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(size=(2, 8, 6, 3)).astype("float32")


def test_down_equals_upfirdn(images):
    np.testing.assert_allclose(FilteredDownSampling2D()(images), reference_down(images), atol=1e-6)


def test_up_equals_upfirdn(images):
    np.testing.assert_allclose(FilteredUpSampling2D()(images), reference_up(images), atol=1e-6)


def test_constant_stays_constant_away_from_the_borders():
    constant = np.full((1, 8, 8, 1), 0.7, "float32")
    np.testing.assert_allclose(FilteredDownSampling2D()(constant)[:, 1:-1, 1:-1], 0.7, rtol=1e-6)
    np.testing.assert_allclose(FilteredUpSampling2D()(constant)[:, 1:-1, 1:-1], 0.7, rtol=1e-6)


def test_the_highest_frequency_does_not_alias():
    checkerboard = np.indices((8, 8)).sum(axis=0) % 2 * 2.0 - 1.0
    halved = FilteredDownSampling2D()(checkerboard[None, :, :, None].astype("float32"))
    np.testing.assert_allclose(halved[:, 1:-1, 1:-1], 0.0, atol=1e-6)


@pytest.mark.parametrize("layer", [FilteredDownSampling2D(), FilteredUpSampling2D()])
def test_second_gradient_in_closed_form(layer, images):
    # f = sum(y^3) / 6 for y = Ax has gradient g = A^T y^2 / 2 and d sum(g c) / dx = A^T (y * Ac).
    x = tf.constant(images, tf.float64)
    constant = tf.reverse(x, [1])
    layer = type(layer)(dtype="float64")
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            f = tf.reduce_sum(layer(x) ** 3) / 6
        product = tf.reduce_sum(inner.gradient(f, x) * constant)
    second = outer.gradient(product, x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    expected = tape.gradient(y, x, output_gradients=y * layer(constant))
    np.testing.assert_allclose(second, expected, atol=1e-10)
