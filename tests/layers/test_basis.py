import keras
import numpy as np

from keras_gen.layers import LearnedBasis


def test_each_channel_is_the_basis_times_its_number():
    layer = LearnedBasis((5, 6))
    numbers = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    outputs = layer(numbers)
    assert outputs.shape == (3, 5, 6, 4)
    np.testing.assert_allclose(outputs[2, 1, 3], numbers[2] * layer.basis.numpy()[1, 3], rtol=1e-6)


def test_config_round_trip():
    layer = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(LearnedBasis(6)))
    assert layer.size == (6, 6)
