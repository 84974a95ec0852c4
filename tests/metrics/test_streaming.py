"""Distances as Keras metrics, which equal the functions."""

import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.metrics import FrechetDistance, KernelDistance, frechet_distance, kid


@pytest.fixture
def features():
    random = np.random.default_rng(7)
    real = random.normal(size=(90, 12)) @ random.normal(size=(12, 12)) + 5
    return real, random.normal(size=(60, 12)) @ random.normal(size=(12, 12))


def batches(features):
    return zip(*(np.split(some, 3) for some in features), strict=True)


@pytest.mark.parametrize("run", [lambda function: function, tf.function])
def test_a_metric_of_batches_equals_the_function_of_all(features, run):
    frechet, kernel = FrechetDistance(12), KernelDistance()
    assert np.isnan(frechet.result())
    for real, generated in batches(features):
        for metric in (frechet, kernel):
            run(metric.update_state)(tf.constant(real), tf.constant(generated))
    assert float(run(frechet.result)()) == pytest.approx(frechet_distance(*features), rel=1e-9)
    expected = np.mean([kid(*batch).value for batch in batches(features)])
    assert float(run(kernel.result)()) == pytest.approx(expected, rel=1e-9)
    other = FrechetDistance.from_config(frechet.get_config())
    other.update_state(*features)
    assert (other.name, float(other.result())) == (
        "frechet",
        pytest.approx(float(frechet.result()), rel=1e-9),
    )
    assert KernelDistance.from_config(kernel.get_config()).name == "kid"


def test_reset_forgets_and_one_example_has_no_covariance(features):
    metric = FrechetDistance(12)
    metric.update_state(*features)
    metric.reset_state()
    metric.update_state(features[0], features[1][:1])
    assert np.isnan(metric.result())
    metric.update_state(features[0][:0], features[1][1:])
    assert float(metric.result()) == pytest.approx(frechet_distance(*features), rel=1e-9)


def test_a_set_is_at_no_distance_from_itself_also_of_few_examples(features):
    metric = FrechetDistance(12)
    metric.update_state(features[0][:6].astype("float32"), features[0][5::-1].astype("float32"))
    assert 0 <= float(metric.result()) < 1e-5
    with pytest.raises(InputError, match="`dimensions` is 0"):
        FrechetDistance(0)
