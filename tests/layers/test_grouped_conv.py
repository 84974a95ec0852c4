import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.layers import GroupedConv2D
from keras_gen.training import devices


@pytest.mark.parametrize("device", [None, "GPU:0"], ids=["processor", "GPU"])
@pytest.mark.parametrize("how", [{"padding": "same"}, {"strides": 2}, {"dilation_rate": 2}], ids=str)
def test_equals_the_grouped_convolution_of_keras(monkeypatch, device, how):
    monkeypatch.setattr(devices, "accelerator", lambda: device)
    x = tf.constant(np.random.default_rng(0).normal(size=(2, 7, 7, 8)).astype("float32"))
    arguments = {"filters": 12, "kernel_size": 3, "groups": 4, "bias_initializer": "normal", **how}
    ours, theirs = GroupedConv2D(**arguments), keras.layers.Conv2D(**arguments)
    theirs.build(x.shape)
    ours.build(x.shape)
    ours.set_weights(theirs.get_weights())
    outcomes = []
    for layer in (ours, theirs):
        with tf.GradientTape() as penalty_tape, tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
            slope = tape.gradient(tf.tanh(y), x)
            penalty = tf.reduce_sum(slope**2)
        outcomes.append([y, slope, *penalty_tape.gradient(penalty, layer.trainable_variables)])
    for one, other in zip(*outcomes, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("device, number", [(None, 4), ("GPU:0", 1)])
def test_is_one_operation_on_a_gpu(monkeypatch, device, number):
    monkeypatch.setattr(devices, "accelerator", lambda: device)
    layer = GroupedConv2D(8, 3, groups=4)
    layer.build((None, 7, 7, 8))
    graph = tf.function(layer.call).get_concrete_function(tf.TensorSpec((2, 7, 7, 8))).graph
    assert [operation.type for operation in graph.get_operations()].count("Conv2D") == number
