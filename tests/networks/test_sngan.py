import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.layers import SpectralNorm
from keras_gen.media.image import Image
from keras_gen.networks import sngan


@pytest.fixture
def discriminator():
    keras.utils.set_random_seed(0)
    return sngan(Image(8, 8, 3), num_classes=4, width=8)[1]


def normalized(discriminator):
    return [layer for layer in discriminator.layers if isinstance(layer, SpectralNorm)]


def test_every_weight_matrix_of_the_discriminator_is_normalized(discriminator):
    kernels = {id(layer.kernel) for layer in normalized(discriminator)}
    matrices = {id(weight) for weight in discriminator.trainable_variables if len(weight.shape) > 1}
    assert kernels == matrices


def test_real_and_fake_calls_of_a_step_see_the_same_weights(discriminator):
    real = keras.random.uniform((4, 8, 8, 3), -1, 1, seed=0)
    fake = keras.random.uniform((4, 8, 8, 3), -1, 1, seed=1)
    labels = tf.constant([0, 1, 2, 3])

    @tf.function
    def step():
        for layer in normalized(discriminator):
            layer.power_iteration()
        apart = discriminator([real, labels], training=True), discriminator([fake, labels], training=True)
        together = discriminator([tf.concat([real, fake], 0), tf.concat([labels, labels], 0)], training=True)
        return tf.concat(apart, 0), together

    first, _ = step()
    apart, together = step()
    np.testing.assert_allclose(apart, together, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(apart[:4], discriminator([real, labels]), rtol=1e-5, atol=1e-6)
    assert np.abs(first - apart).max() > 1e-4


def test_the_logits_change_no_faster_than_the_image(discriminator):
    # Each residual block adds two maps, so its bound is 2 or more: test the plain head, whose bound is 1.
    linear = discriminator.get_layer("linear")
    for _ in range(50):
        linear.power_iteration()
    a, b = np.random.default_rng(0).normal(size=(2, 100, linear.kernel.shape[0])).astype("float32")
    changes = np.abs(np.array(linear(a) - linear(b)))[:, 0]
    assert np.all(changes <= np.linalg.norm(a - b, axis=1) * 1.0001)
