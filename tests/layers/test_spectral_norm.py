import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.layers import SpectralNorm


def converged(layer, input_shape):
    layer = SpectralNorm(layer)
    layer.build(input_shape)
    for _ in range(200):
        layer.power_iteration()
    return layer


@pytest.mark.parametrize(
    ("layer", "input_shape"),
    [
        (keras.layers.Dense(5), (None, 9)),
        (keras.layers.Conv2D(4, 3), (None, 6, 6, 3)),
        (keras.layers.Embedding(7, 4), (None,)),
    ],
)
def test_sigma_is_the_largest_singular_value(layer, input_shape):
    keras.utils.set_random_seed(0)
    layer = converged(layer, input_shape)
    matrix = np.reshape(layer.kernel, (-1, layer.kernel.shape[-1]))
    np.testing.assert_allclose(layer.sigma(), np.linalg.svd(matrix, compute_uv=False)[0], rtol=1e-4)


def test_output_is_that_of_the_normalized_kernel_with_the_bias_left_alone():
    layer = converged(keras.layers.Dense(5, bias_initializer="ones", activation="tanh"), (None, 9))
    x = np.random.default_rng(0).normal(size=(3, 9)).astype("float32")
    normalized = layer.kernel.numpy() / np.linalg.norm(layer.kernel, 2)
    np.testing.assert_allclose(layer(x), np.tanh(x @ normalized + 1), rtol=1e-4)


def test_gradient_flows_through_sigma():
    keras.utils.set_random_seed(1)
    layer = SpectralNorm(keras.layers.Dense(4, dtype="float64"), dtype="float64")
    layer.build((None, 6))
    for _ in range(300):
        layer.power_iteration()
    x = np.random.default_rng(0).normal(size=(5, 6))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sin(layer(x)))
    gradient = tape.gradient(loss, layer.kernel.value)

    def loss_of(kernel):
        return np.sum(np.sin(x @ kernel / np.linalg.norm(kernel, 2)))

    kernel, step = layer.kernel.numpy(), 1e-6
    differences = np.zeros_like(kernel)
    for place in np.ndindex(*kernel.shape):
        nudge = np.zeros_like(kernel)
        nudge[place] = step
        differences[place] = (loss_of(kernel + nudge) - loss_of(kernel - nudge)) / (2 * step)
    np.testing.assert_allclose(gradient, differences, atol=1e-7)


def test_calls_never_move_the_weights_and_power_iteration_does():
    layer = SpectralNorm(keras.layers.Dense(5))
    x = np.random.default_rng(0).normal(size=(3, 9)).astype("float32")
    first = layer(x)
    weights = layer.get_weights()
    np.testing.assert_array_equal(layer(x), first)
    for before, after in zip(weights, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    layer.power_iteration()
    assert np.abs(layer(x) - first).max() > 1e-4


def test_full_precision_sigma_in_a_mixed_policy():
    layer = converged(keras.layers.Dense(5, dtype="mixed_bfloat16"), (None, 9))
    assert layer.sigma().dtype == "float32"
    assert layer(np.ones((2, 9), "float32")).dtype == "bfloat16"


def test_round_trip(tmp_path):
    model = keras.Sequential([keras.Input((6, 6, 3)), SpectralNorm(keras.layers.Conv2D(4, 3, name="conv"))])
    model.layers[0].power_iteration()
    model.save(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 3)).astype("float32")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(x), model(x))
