import keras
import numpy as np

from keras_gen.layers import GroupedConv2D


def test_equals_the_grouped_convolution_of_keras():
    x = np.random.default_rng(0).normal(size=(2, 5, 5, 8)).astype("float32")
    arguments = {
        "filters": 12,
        "kernel_size": 3,
        "padding": "same",
        "groups": 4,
        "bias_initializer": "normal",
    }
    ours, theirs = GroupedConv2D(**arguments), keras.layers.Conv2D(**arguments)
    theirs.build(x.shape)
    ours.build(x.shape)
    ours.set_weights(theirs.get_weights())
    np.testing.assert_allclose(ours(x), theirs(x), atol=1e-5)
