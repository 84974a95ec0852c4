"""The way of a GPU, tried on the processor, which stands for one: what XLA computes is what the plain steps do."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.datasets import Dataset
from keras_gen.errors import InputError
from keras_gen.media import Image, Text
from keras_gen.models import GAN, LanguageModel
from keras_gen.networks import RecurrentDecoder
from keras_gen.training import devices, keras_internals, loop, resident

MEDIA = Image(8, 8, 1)
IMAGES = np.random.default_rng(0).integers(0, 256, (44, 8, 8, 1), dtype=np.uint8)
LABELS = np.arange(44) % 3


@pytest.fixture
def accelerated(monkeypatch):
    """The processor stands for a GPU."""
    monkeypatch.setattr(devices, "accelerator", lambda: "CPU:0")


@pytest.fixture
def placed(monkeypatch):
    """What was put on the GPU: a list of the numbers of examples."""
    seen, place = [], resident.placed

    def counting(*arguments, **how):
        *data, examples = place(*arguments, **how)
        seen.append(None if examples is None else len(tf.nest.flatten(examples)[0]))
        return *data, examples

    monkeypatch.setattr(resident, "placed", counting)
    return seen


def trained(small_gan, data, labels=None, epochs=2, **how):
    """All weights of a small GAN, as one array, and the history, after a training; plain where nothing is said."""
    rate = {name: keras.optimizers.SGD(0.01) for name in ("generator_optimizer", "discriminator_optimizer")}
    gan = small_gan(num_classes=3, ema=100.0, **rate, **{"jit_compile": False, **how})
    fit = {} if labels is None else {"y": labels, "batch_size": 8, "shuffle": False}
    history = gan.fit(data, epochs=epochs, verbose=0, **fit).history
    assert gan.resident_examples is None
    weights = [np.ravel(w.numpy()) for network in gan.trained_networks() for w in network.weights]
    return np.concatenate([*weights, [int(gan.examples_seen), int(gan.skipped_steps)]]), history


def dataset():
    return Dataset(MEDIA, (IMAGES, LABELS), class_names=["a", "b", "c"], batch_size=8, seed=3)


def equal(one, other):
    # XLA adds up in another order. Another batch, or noise of another seed, moves weights by more than 1e-3.
    np.testing.assert_allclose(one[0], other[0], rtol=1e-5, atol=2e-6)
    for name, values in one[1].items():
        np.testing.assert_allclose(values, other[1][name], rtol=1e-4, atol=1e-6)


@pytest.mark.exhaustive
@pytest.mark.parametrize("steps", [1, 3], ids=["a step at a time", "a loop of three, then of two"])
def test_data_on_the_gpu_are_trained_on_as_on_the_host(small_gan, accelerated, placed, steps):
    plain = trained(small_gan, dataset().train)
    assert placed == []
    equal(trained(small_gan, dataset().train, jit_compile=True, steps_per_execution=steps), plain)
    assert placed == [44]


@pytest.mark.slow
@pytest.mark.parametrize("steps", [1, 3], ids=["copied ahead", "a loop"])
def test_batches_of_any_pipeline_are_taken(small_gan, accelerated, placed, steps):
    def pipeline():
        return tf.data.Dataset.from_tensor_slices((IMAGES, LABELS)).batch(8, drop_remainder=True)

    plain = trained(small_gan, pipeline())
    equal(trained(small_gan, pipeline(), jit_compile=True, steps_per_execution=steps), plain)
    assert placed == [None]


@pytest.mark.exhaustive
def test_the_last_batch_of_an_array_is_not_compiled(small_gan, accelerated, placed, monkeypatch):
    plain, traced = trained(small_gan, IMAGES, LABELS), []

    def noting(function, jit_compile=False):
        def noted(*arguments):
            traced.append(jit_compile)
            return function(*arguments)

        return tf.function(noted, autograph=False, jit_compile=jit_compile)

    monkeypatch.setattr(loop, "graph_of", noting)
    equal(trained(small_gan, IMAGES, LABELS, jit_compile=True), plain)
    assert traced == [True, False] and placed == [44]


def test_data_too_large_for_their_share_stay_on_the_host(small_gan, accelerated, placed, monkeypatch):
    monkeypatch.setattr(keras_internals, "memory_of", lambda device: 4 * IMAGES.nbytes)  # labels are too much
    trained(small_gan, dataset().train, epochs=1, jit_compile=True)
    assert placed == [None]


def test_data_are_checked_before_anything_is_compiled(small_gan, accelerated):
    gan = small_gan(num_classes=3, jit_compile=True, steps_per_execution=2)
    wrong = Dataset(MEDIA, (IMAGES, LABELS + 7), class_names=["a", "b", "c"], batch_size=8)
    with pytest.raises(InputError, match="Labels must be"):
        gan.fit(wrong.train, verbose=0)
    assert int(gan.examples_seen) == 0


def test_it_says_that_it_compiles(small_gan, accelerated, caplog):
    gan = small_gan(jit_compile=True)
    gan.fit(IMAGES, batch_size=22, epochs=2, verbose=0)
    assert caplog.text.count("XLA compiles the steps") == 1


@pytest.mark.parametrize("steps", [1, 2])
def test_words_are_packed_outside_of_xla(accelerated, steps):
    sentences = ["A dog runs.", "A cat sleeps.", "The dog sleeps."] * 4
    media = Text(length=6).learn(sentences)
    model = LanguageModel(RecurrentDecoder(media.length, media.vocabulary_size, width=4), media)
    model.compile(jit_compile=True, steps_per_execution=steps)
    model.fit(tf.data.Dataset.from_tensor_slices(sentences).batch(4), verbose=0)
    assert int(model.examples_seen) == 12


def test_a_layer_that_xla_does_not_know_leaves_the_update_to_it(small_gan, accelerated, caplog):
    def build(num_classes, **how):
        networks = small_gan(num_classes)
        networks.generator.layers[-1].supports_jit = False
        gan = GAN(networks.generator, networks.discriminator, MEDIA, num_classes, seed=1)
        gan.compile(**how)
        assert gan.compiles_updates and not gan.jit_compile
        return gan

    plain = trained(small_gan, dataset().train)
    equal(trained(build, dataset().train, jit_compile="auto"), plain)
    assert "XLA cannot compile Reshape" in caplog.text


@pytest.mark.exhaustive
def test_a_loop_goes_on_exactly_where_another_process_stopped(small_gan, accelerated, tmp_path):
    data, how = dataset(), {"jit_compile": True, "steps_per_execution": 3, "num_classes": 3, "ema": 100.0}
    straight, first = small_gan(**how), small_gan(**how)
    straight.fit(data.batches("train"), steps_per_epoch=6, epochs=2, verbose=0)
    first.fit(data.batches("train"), steps_per_epoch=6, verbose=0)
    first.save(tmp_path / "first.keras")
    second = keras.saving.load_model(tmp_path / "first.keras")
    second.fit(data.batches("train", start=6), steps_per_epoch=6, verbose=0)
    for one, other in zip(straight.weights, second.weights, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=one.path)
