"""What this kit expects of each private name of Keras and TensorFlow: a new version that breaks one fails
here first.
"""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.training import keras_internals


@pytest.fixture
def network():
    inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.BatchNormalization()])
    x = keras.Input((3,))
    return keras.Model(x, keras.layers.Activation("tanh")(inner(x)))


def test_layers_within_layers_are_found(network):
    kinds = [type(layer).__name__ for layer in keras_internals.layers_of(network)]
    assert {"Functional", "Sequential", "Dense", "BatchNormalization", "Activation"} <= set(kinds), (
        "keras.Layer._flatten_layers does not give all layers"
    )
    assert len(keras_internals.layers_of(network, keras.layers.BatchNormalization)) == 1


def test_symbolic_tensors_tell_what_they_come_from(network):
    operation, node, place = keras_internals.source_of(network.outputs[0])
    assert (operation.name, node, place) == (network.layers[-1].name, 0, 0), (
        "KerasTensor._keras_history is no longer (operation, node, place)"
    )


@pytest.mark.parametrize("wrap", [lambda optimizer: optimizer, keras.optimizers.LossScaleOptimizer])
def test_optimizers_keep_their_learning_rate_and_steps(wrap):
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    optimizer = wrap(keras.optimizers.SGD(schedule))
    assert keras_internals.learning_rate_of(optimizer) is schedule, "Optimizer._learning_rate is no schedule"
    weight = keras.Variable([1.0])
    optimizer.build([weight])
    optimizer.apply([tf.constant([1.0])], [weight])
    assert int(keras_internals.step_counter_of(optimizer).numpy()) == 1, (
        "Optimizer._iterations counts no steps"
    )
    number = wrap(keras.optimizers.SGD(0.5))
    number.learning_rate = 0.25
    assert float(keras_internals.learning_rate_of(number).numpy()) == 0.25


def test_gradients_are_added_up_over_replicas_by_a_method_that_can_be_replaced():
    strategy = tf.distribute.MirroredStrategy(
        [device.name for device in tf.config.list_logical_devices("CPU")]
    )
    with strategy.scope():
        optimizer, weight = keras.optimizers.SGD(1.0), keras.Variable([0.0])
        optimizer.build([weight])
    assert "_all_reduce_sum_gradients" in inspect.getsource(keras.optimizers.Optimizer.__mro__[1]), (
        "Keras adds gradients up elsewhere than in Optimizer._all_reduce_sum_gradients"
    )
    pairs = [(tf.constant([1.0]), weight)]
    keras_internals.leave_gradients_to_us(optimizer)
    assert optimizer._all_reduce_sum_gradients(pairs) is pairs


@pytest.mark.parametrize("wrap", [lambda optimizer: optimizer, keras.optimizers.LossScaleOptimizer])
def test_gradients_are_clipped_together_by_a_method_that_can_be_replaced(wrap):
    clipped, free = keras.Variable([0.0, 0.0]), keras.Variable([0.0])
    optimizer = wrap(keras.optimizers.SGD(1.0, global_clipnorm=1.0))
    optimizer.build([clipped, free])
    gradients = [optimizer.scale_loss(tf.constant(values)) for values in ([3.0, 4.0], [100.0])]
    for unclipped, expected in (([free], ([-0.6, -0.8], [-100.0])), ([], ([-0.03, -0.04], [-1.0]))):
        for variable in (clipped, free):
            variable.assign(tf.zeros_like(variable))
        keras_internals.apply(optimizer, gradients, [clipped, free], unclipped)
        for variable, step in zip((clipped, free), expected, strict=True):
            np.testing.assert_allclose(
                variable.numpy(),
                step,
                rtol=0.01,
                err_msg="Keras clips elsewhere than in Optimizer._clip_gradients",
            )


def test_a_layer_that_is_forgotten_is_not_saved(tmp_path):
    class Owner(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.part = keras.layers.Dense(1)
            self.part.build((None, 1))
            self.built = True

    owner = Owner()
    before = owner.part
    keras_internals.forget(owner, before)
    owner.part = keras.layers.Dense(1)
    assert before not in owner._layers, "Layer._tracker.untrack keeps the layer"


def test_own_variables_are_those_that_keras_saves():
    layer = keras.layers.BatchNormalization()
    layer.build((None, 2))
    saved = {}
    layer.save_own_variables(saved)
    values = [np.asarray(variable) for variable in keras_internals.own_variables_of(layer)]
    assert len(saved) == len(values) == 4, "Layer.save_own_variables saves others than its own variables"
    for place, value in enumerate(values):
        np.testing.assert_array_equal(saved[str(place)], value)


def test_fit_tells_that_it_evaluates():
    seen = []

    class Model(keras.Model):
        def evaluate(self, *args, **kwargs):
            seen.append(keras_internals.of_validation_in_fit(kwargs))
            return super().evaluate(*args, **kwargs)

    x = keras.Input((1,))
    model = Model(x, keras.layers.Dense(1)(x))
    model.compile(loss="mse")
    data = np.ones((2, 1), "float32"), np.ones((2, 1), "float32")
    model.fit(*data, validation_data=data, verbose=0)
    model.evaluate(*data, verbose=0)
    assert seen == [True, False], "Model.fit calls evaluate without _use_cached_eval_dataset"


def test_keras_asks_models_to_build_themselves():
    source = inspect.getsource(inspect.getmodule(keras.Model.fit))
    assert "_maybe_symbolic_build" in source, "Keras' fit builds by another name than _maybe_symbolic_build"


def test_xla_is_recognized():
    seen = []

    def look():
        seen.append(keras_internals.compiled_by_xla())
        return tf.constant(0)

    tf.function(look)()
    tf.function(look, jit_compile=True)()
    assert seen == [False, True], "control_flow_util tells XLA's graphs no more"


def test_generators_of_layers_are_named_by_keras():
    dropout = keras.layers.Dropout(0.5)
    assert [v.path.endswith(keras_internals.GENERATOR) for v in dropout.variables] == [True], (
        "the state of a layer's random generator has another name"
    )


def test_the_memory_of_a_device_is_known():
    assert keras_internals.memory_of("CPU:0") > 2**20, "device_lib.list_local_devices has no memory_limit"
