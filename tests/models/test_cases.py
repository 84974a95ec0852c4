"""What people bring to `fit` and `evaluate`, and what becomes of it: it trains as an array would, or one
sentence refuses it.
"""

import warnings

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf

from keras_gen import datasets, losses, networks
from keras_gen.errors import InputError
from keras_gen.media import Audio, Image, Text
from keras_gen.models import GAN, VAE, TextVAE

MEDIA = Image(8, 8, 1)
CLASSES = 3


@pytest.fixture(scope="module")
def labeled():
    """A conditional model, compiled once; its graphs are traced for batches of 16 alone."""
    keras.utils.set_random_seed(0)
    gan = GAN(*networks.dcgan(MEDIA, latent_dim=4, width=2, num_classes=CLASSES), MEDIA, num_classes=CLASSES)
    gan.compile()
    return gan


def vae(optimizer=None, likelihood=None, media=MEDIA):
    keras.utils.set_random_seed(0)
    likelihood = losses.Bernoulli("dynamic") if likelihood is None else likelihood
    model = VAE(*networks.mlp(media, likelihood, latent_dim=2, width=8), media, likelihood)
    model.compile(optimizer)
    return model


@pytest.fixture(scope="module")
def unlabeled():
    return vae()


@pytest.fixture(scope="module")
def sentences():
    media = Text(length=6).learn(["a dog runs", "a cat sleeps", "the dog sleeps"])
    model = TextVAE(*networks.recurrent(media, latent_dim=2, width=8), media)
    model.compile()
    return model


# Values that are not finite.


class Diverging(keras.callbacks.Callback):
    """Trains well for two epochs, and then at a rate that no weights survive."""

    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = 1e-3 if epoch < 2 else 1e30


def test_what_was_never_finite_is_nan_to_keras_callbacks(images, tmp_path):
    model, x = vae(keras.optimizers.Adam(1e-3)), images[0]
    best = keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", save_best_only=True)
    stop = keras.callbacks.TerminateOnNaN()
    with pytest.warns(UserWarning) as told:
        history = model.fit(
            x, validation_data=x, batch_size=16, epochs=6, verbose=0, callbacks=[Diverging(), best, stop]
        ).history
    assert np.isfinite(history["loss"][:2]).all() and np.isfinite(history["val_loss"][:2]).all()
    assert np.isnan(history["loss"][-1]) and np.isnan(history["val_loss"][-1])
    assert len(history["loss"]) < 6, "TerminateOnNaN did not stop"
    kept = keras.saving.load_model(tmp_path / "best.keras")
    assert int(kept.examples_seen) <= 2 * len(x) and np.isfinite(kept.evaluate(x, verbose=0)).all()
    assert any(
        f"{int(model.skipped_steps)} training steps were skipped" in str(warning.message) for warning in told
    )


def test_a_mean_that_leaves_values_out_says_so(unlabeled):
    unlabeled.reset_metrics()
    unlabeled.reports.add(kl=tf.constant([1.0, np.nan, 3.0, np.inf]))
    unlabeled.reports.add(loss=tf.constant(np.nan))
    unlabeled.reports.add(weight=0.0, elbo=tf.constant(np.nan))
    with pytest.warns(UserWarning, match=r"left out of the means of kl \(50.0%\)\."):
        results = unlabeled.get_metrics_result()
    assert results["kl"] == 2.0 and np.isnan(results["loss"]) and results.keys() == {"kl", "loss"}
    unlabeled.reset_metrics()


@pytest.mark.exhaustive
def test_a_search_does_not_prefer_divergence(images, tmp_path):
    tuner = keras_tuner.GridSearch(
        lambda hp: vae(keras.optimizers.Adam(hp.Choice("rate", [1e-3, 1e30]))),
        objective="val_loss",
        directory=tmp_path,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tuner.search(images[0], epochs=2, validation_data=images[0], verbose=0)
    assert tuner.get_best_hyperparameters()[0]["rate"] == 1e-3


# Containers.


class Batches(keras.utils.PyDataset):
    def __init__(self, *arrays):
        super().__init__()
        self.arrays = arrays

    def __len__(self):
        return len(self.arrays[0]) // 16

    def __getitem__(self, place):
        return tuple(array[16 * place : 16 * place + 16] for array in self.arrays)


def forever(*arrays):
    while True:
        yield from Batches(*arrays)


CONTAINERS = {
    "arrays": lambda x, y: {"x": x, "y": y, "batch_size": 16},
    "lists": lambda x, y: {"x": list(x), "y": y.tolist(), "batch_size": 16},
    "dict of arrays": lambda x, y: {"x": {"image": x, "label": y}, "batch_size": 16},
    "tf.data": lambda x, y: {"x": tf.data.Dataset.from_tensor_slices((x, y)).batch(16)},
    "tf.data of dicts": lambda x, y: {
        "x": tf.data.Dataset.from_tensor_slices({"image": x, "label": y, "id": y}).batch(16)
    },
    "PyDataset": lambda x, y: {"x": Batches(x, y)},
    "generator": lambda x, y: {"x": forever(x, y)},
}
WRONG = {
    "floating images": (lambda x, y: (x / np.float32(255), y), "pack them with model.media.pack"),
    "images of another size": (lambda x, y: (x[:, :4], y), "shape"),
    "images of 32 bits": (lambda x, y: (x.astype("int32"), y), "int32"),
    "floating labels": (lambda x, y: (x, y / 10), "integers"),
    "one-hot labels": (lambda x, y: (x, np.eye(CLASSES)[y]), "argmax"),
    "labels from one": (lambda x, y: (x, y + 1), "y - 1"),
    "negative labels": (lambda x, y: (x, y - 1), "-1"),
    "labels of strings": (lambda x, y: (x, np.array(["a", "b", "c"])[y]), "number the classes"),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_containers_train_alike(container, labeled, images):
    given = CONTAINERS[container](*images)
    history = labeled.fit(**given, steps_per_epoch=3, verbose=0).history
    assert np.isfinite(history["generator_loss"]).all()
    assert np.isfinite(labeled.evaluate(**given, steps=3, verbose=0)).all()


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("container", CONTAINERS)
def test_wrong_batches_are_refused_in_any_container(container, wrong, labeled, images):
    change, message = WRONG[wrong]
    given = CONTAINERS[container](*change(*images))
    seen = int(labeled.examples_seen)
    with pytest.raises(InputError, match=message):
        labeled.fit(**given, steps_per_epoch=3, verbose=0)
    assert int(labeled.examples_seen) == seen
    with pytest.raises(InputError, match=message):
        labeled.evaluate(**given, steps=3, verbose=0)
    validation = (given["x"], given["y"]) if "y" in given else given["x"]
    with pytest.raises(InputError, match=message):
        labeled.fit(*images, 16, validation_data=validation, validation_steps=1, verbose=0)
    if container == "arrays":
        for method in (labeled.train_on_batch, labeled.test_on_batch):
            with pytest.raises(InputError, match=message):
                method(given["x"], given["y"])


def test_several_steps_in_an_execution_are_checked_too(images):
    model = vae()
    model.compile(steps_per_execution=2)
    with pytest.raises(InputError, match="float32"):
        model.fit(Batches(images[0].astype("float32")), verbose=0)
    assert len(model.fit(Batches(images[0]), verbose=0).history["loss"]) == 1
    assert int(model.examples_seen) == len(images[0])
    with pytest.warns(UserWarning, match="an epoch takes 2 steps"):
        model.fit(forever(images[0]), steps_per_epoch=1, verbose=0)


def test_the_support_of_a_likelihood_is_checked_in_any_container(images):
    model = vae(likelihood=losses.Bernoulli())
    gray = np.full_like(images[0], 99)
    for x in (gray, Batches(gray)):
        with pytest.raises(InputError, match="black"):
            model.fit(x, verbose=0)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (lambda x: datasets.Dataset(MEDIA, (x, None), batch_size=8), r"dataset\.train"),
        (lambda x: "images.zip", "datasets.load"),
        (lambda x: (x, x), r"fit\(x, y\)"),
        (lambda x: [x[0], x[1][:4]], "several shapes"),
        (lambda x: {"photo": x}, "'image'"),
        (lambda x: object(), "not of type object"),
        (lambda x: (batch for batch in x), "tuples"),
        (lambda x: Batches(x, np.zeros(len(x)), np.ones(len(x))), "weights"),
    ],
)
def test_what_holds_no_batches_is_named(x, message, unlabeled, images):
    with pytest.raises(InputError, match=message):
        unlabeled.fit(x(images[0]), verbose=0)


def test_recordings_and_sentences_come_in_dicts(sentences):
    media = Audio(256, rate=8000, mels=8, window=64, hop=32, fft_length=64)
    recordings = np.random.default_rng(0).integers(-9999, 9999, (16, 256)).astype("int16")
    model = vae(likelihood=losses.Gaussian("learned"), media=media)
    batches = tf.data.Dataset.from_tensor_slices({"audio": recordings}).batch(8)
    assert np.isfinite(model.fit(batches, verbose=0).history["loss"]).all()
    texts = ["a dog runs", "a cat sleeps"] * 8
    told = [
        sentences.evaluate(x, batch_size=8, verbose=0)
        for x in (sentences.media.pack(texts), texts, {"text": texts})
    ]
    batches = tf.data.Dataset.from_tensor_slices({"text": texts}).batch(8)
    told.append(sentences.evaluate(batches, verbose=0))
    np.testing.assert_allclose(told, [told[0]] * 4, rtol=1e-5, atol=1e-6)


# Labels and words that were never seen.


def test_classes_without_an_example_are_warned_of(labeled, images):
    x, y = images
    with pytest.warns(UserWarning, match=r"1 of 3 classes have no training example \(1\)"):
        labeled.fit(x[y != 1], y[y != 1], batch_size=16, verbose=0)


@pytest.mark.slow
def test_words_of_other_sentences_are_warned_of(sentences):
    x = sentences.media.tokenize(["an engine roars", "a dog runs"] * 8)
    for given in (x, Batches(x)):
        with pytest.warns(UserWarning, match="50% of the words"):
            sentences.fit(given, batch_size=None if given is not x else 16, verbose=0)
