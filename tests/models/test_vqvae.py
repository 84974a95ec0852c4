import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.svm import SVC

from keras_gen import datasets
from keras_gen.errors import InputError
from keras_gen.layers import Codebook
from keras_gen.losses import Bernoulli, Categorical, Gaussian
from keras_gen.media import Image
from keras_gen.models import VQVAE, load_model
from keras_gen.networks import CodePrior, conv_grid, mlp
from keras_gen.training.schedules import Linear

MEDIA = Image(8, 8, 1)
GRID = (2, 2, 4)

UNMOVED = 5  # weights: counters of broken steps and of phases, and the scale of the learning rates


def build(num_classes=None, likelihood=None, codebook=None, commitment=0.25, **compile_arguments):
    """A small VQVAE, the same one at each call."""
    keras.utils.set_random_seed(0)
    likelihood = likelihood or Bernoulli("dynamic")
    networks = conv_grid(MEDIA, likelihood, num_classes, code_dim=4, width=4, blocks=1)
    codebook = codebook or Codebook(8)
    prior = CodePrior(GRID, codebook.num_codes, num_classes, units=8)
    vqvae = VQVAE(*networks, MEDIA, likelihood, prior, codebook, commitment, num_classes, seed=1)
    vqvae.compile(**compile_arguments)
    return vqvae


def test_a_step_is_plain_gradient_descent_on_the_loss(images):
    """The step against the loss written out by hand, on the same noise and the same codes."""
    vqvae = build(commitment=0.7, optimizer=keras.optimizers.SGD(0.01))
    observe_seed, revive_seed = vqvae.step_seeds(2)
    x = vqvae.likelihood.observe(vqvae.media.to_model(images[0]), observe_seed)
    vqvae.codebook.revive(vqvae.encoder(x), revive_seed)  # the step finds no code dead any more
    book = np.array(vqvae.codebook.codes)
    variables = vqvae.encoder.trainable_variables + vqvae.decoder.trainable_variables
    variables += vqvae.prior.trainable_variables
    with tf.GradientTape() as tape:
        z = vqvae.encoder(x)
        codes = np.argmin(np.sum((np.array(z)[..., None, :] - book) ** 2, axis=-1), axis=-1)
        logits = vqvae.decoder(book[codes] + z - tf.stop_gradient(z))
        reconstruction = tf.reduce_sum(
            tf.nn.sigmoid_cross_entropy_with_logits(labels=(x + 1) / 2, logits=logits)
        )
        commitment = 0.7 * tf.reduce_sum((z - book[codes]) ** 2)
        kl = tf.reduce_sum(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=codes, logits=vqvae.prior(codes))
        )
        loss = (reconstruction + commitment + kl) / 48
    gradients = [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, variables)]
    expected = [v - 0.01 * g for v, g in zip(variables, gradients, strict=True)]
    logs = tf.function(vqvae.train_step)(tf.constant(images[0]))
    terms = {"loss": loss * 48, "reconstruction": reconstruction, "kl": kl, "commitment": commitment}
    for name, value in terms.items():
        np.testing.assert_allclose(logs[name], value / 48, rtol=1e-4)
    np.testing.assert_allclose(logs["elbo"], -(logs["reconstruction"] + logs["kl"]), rtol=1e-5)
    for variable, value in zip(variables, expected, strict=True):
        np.testing.assert_allclose(variable, value, rtol=1e-4, atol=1e-6)
    moved = np.abs(np.array(vqvae.codebook.codes) - book).max(axis=1)
    assert np.all(moved[np.unique(codes)] > 0)


@pytest.mark.exhaustive
def test_evaluation_and_score_are_the_bound_in_batches_of_any_size(images):
    vqvae = build(likelihood=Gaussian(1.0), commitment=9.0)
    vqvae.fit(images[0], epochs=3, batch_size=16, verbose=0)
    whole, parts = (
        vqvae.evaluate(images[0], batch_size=size, verbose=0, return_dict=True) for size in (48, 20)
    )
    score = vqvae.score(images[0])
    assert whole.keys() == {"loss", "reconstruction", "kl", "elbo", "perplexity"}
    assert score.keys() == {"nll", "reconstruction", "kl", "elbo", "perplexity"}
    assert whole["loss"] == -whole["elbo"] and score["nll"] == -score["elbo"]
    for name in ("reconstruction", "kl", "elbo"):
        np.testing.assert_allclose([parts[name], score[name]], whole[name], rtol=1e-4)
    latents = vqvae.encode(images[0])
    log_p = np.mean(
        vqvae.prior.log_prob(latents)
        + vqvae.likelihood.log_prob(vqvae.media.to_model(images[0]), vqvae.parameters(latents, None))
    )
    np.testing.assert_allclose(score["elbo"], log_p, rtol=1e-4)
    share = np.unique(latents, return_counts=True)[1] / latents.size
    np.testing.assert_allclose(score["perplexity"], np.exp(-np.sum(share * np.log(share))), rtol=1e-4)


@pytest.mark.exhaustive
@pytest.mark.parametrize("num_classes", [None, 3])
def test_save_load_and_continue_equals_an_uninterrupted_run(tmp_path, images, num_classes):
    def fresh():
        codebook = Codebook(8, decay=0.9, dead_below=0.3)
        optimizer = keras.optimizers.Adam(Linear(1e-2, 0.0, examples=500))
        return build(num_classes, Gaussian("learned"), codebook, optimizer=optimizer)

    def train(vqvae):
        labels = images[1] if num_classes else None
        return vqvae.fit(images[0], labels, batch_size=16, epochs=2, shuffle=False, verbose=0).history

    straight = fresh()
    before = straight.get_weights()
    train(straight)
    straight.save(tmp_path / "vqvae.keras")
    resumed = load_model(tmp_path / "vqvae.keras")
    assert train(resumed) == train(straight)
    moved = 0
    for a, b, start in zip(resumed.get_weights(), straight.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
        moved += np.any(a != start)
    assert (
        moved == len(before) - UNMOVED
    )  # every weight learns: the prior's, the likelihood's and the codebook's too
    for a, b in zip(resumed.optimizer.variables, straight.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(resumed.generate(3, seed=4), straight.generate(3, seed=4))


def test_equal_seeds_draw_equal_images_in_any_number(images):
    vqvae = build(num_classes=3)
    vqvae.fit(*images, batch_size=16, verbose=0)
    few, many = vqvae.generate(5, seed=7), vqvae.generate(300, seed=7)
    assert few.shape == (5, 8, 8, 1) and few.dtype == np.uint8
    np.testing.assert_array_equal(few, many[:5])
    assert np.any(few != vqvae.generate(5, seed=8))
    np.testing.assert_array_equal(vqvae.generate(4, labels=1, seed=7)[1], few[1])
    frozen = vqvae.generate(4, labels=[0, 0, 1, 1], temperature=0.0)
    np.testing.assert_array_equal(frozen[0], frozen[1])
    assert np.any(frozen[1] != frozen[2])


def test_latents_are_codes_there_and_back(images):
    vqvae = build(likelihood=Gaussian())
    vqvae.fit(images[0], batch_size=16, epochs=3, verbose=0)
    latents = vqvae.encode(images[0])
    assert latents.dtype == np.int32 and latents.shape == (48, 2, 2)
    np.testing.assert_array_equal(vqvae.reconstruct(images[0]), vqvae.decode(latents))
    start, stop = latents[0], latents[np.flatnonzero(np.any(latents != latents[0], axis=(1, 2)))[0]]
    path = vqvae.between(start, stop, 5)
    np.testing.assert_array_equal(path[[0, -1]], [start, stop])
    book = np.array(vqvae.codebook.codes)
    middle = (book[start] + book[stop]) / 2
    np.testing.assert_array_equal(path[2], np.argmin(np.sum((middle[..., None, :] - book) ** 2, -1), -1))
    np.testing.assert_array_equal(vqvae.interpolate(start, stop, steps=5), vqvae.decode(path))
    with pytest.raises(InputError, match="VQVAE walks under one label"):
        vqvae.interpolate(start, stop, stop_label=1)
    with pytest.raises(InputError, match="takes one label an example"):
        build(num_classes=(3, 2))


@pytest.mark.exhaustive
def test_settings_change_what_they_are_named_for(images):
    def trained(**settings):
        vqvae = build(likelihood=Gaussian(0.1), optimizer=keras.optimizers.Adam(1e-2), **settings)
        vqvae.fit(images[0], batch_size=16, epochs=10, verbose=0)
        z = vqvae.encoder(vqvae.media.to_model(images[0]))
        distance = np.mean(np.sum((z - vqvae.codebook.vectors(vqvae.codebook.nearest(z))) ** 2, axis=-1))
        return distance / np.mean(np.sum(z**2, axis=-1)), vqvae.score(images[0])["perplexity"]

    distance, used = trained(codebook=Codebook(16))
    assert trained(codebook=Codebook(16), commitment=300.0)[0] < distance * 0.7
    assert trained(codebook=Codebook(2))[1] <= 2 < used / 1.5


@pytest.mark.slow
def test_the_exported_model_does_what_python_does(images, tmp_path):
    vqvae = build(num_classes=3)
    x, labels = images
    vqvae.fit(x, labels, batch_size=16, verbose=0)
    served = tf.saved_model.load(str(vqvae.export(tmp_path / "1"))).signatures
    assert {"serving_default", "generate", "decode", "encode", "reconstruct"} <= set(served)
    seeds, label = tf.constant([5, 6, 5, -(2**60)], tf.int64), tf.constant([0, 1, 0, 2])
    latents = vqvae.latents_of_seeds(seeds, labels=label)
    together = served["serving_default"](seed=seeds, label=label)["images"]
    np.testing.assert_array_equal(together, vqvae.decode(latents, label.numpy()))
    np.testing.assert_array_equal(together, served["decode"](latents=latents, label=label)["images"])
    alone = served["generate"](seed=seeds[1:2], label=label[1:2])["images"]
    np.testing.assert_array_equal(alone[0], together[1])
    encoded = served["encode"](images=x, label=labels)["latents"]
    np.testing.assert_array_equal(encoded, vqvae.encode(x, labels))
    back = served["reconstruct"](images=x, label=labels)["images"]
    np.testing.assert_array_equal(back, vqvae.reconstruct(x, labels))


@pytest.mark.exhaustive
def test_it_learns_digits_and_their_labels_in_one_fit():
    """Margins that codes of no use, a still codebook and a gradient that does not pass miss by far."""
    digits = datasets.load("digits")
    images, labels = digits.arrays("train")
    keras.utils.set_random_seed(0)
    networks = conv_grid(digits.media, Gaussian(), num_classes=10, code_dim=8, width=16)
    vqvae = VQVAE(*networks, digits.media, None, CodePrior((2, 2), 64, 10, units=64), num_classes=10)
    vqvae.compile(keras.optimizers.Adam(6e-3))
    vqvae.fit(images, labels, batch_size=64, epochs=12, verbose=0)
    score = vqvae.score(digits)

    # The best there is without codes: a normal about the mean image of each class.
    x, test = (digits.media.to_model(digits.arrays(split)[0]).numpy() for split in ("train", "test"))
    means = np.stack([x[labels == label].mean(axis=0) for label in range(10)])
    variance = np.mean((x - means[labels]) ** 2)
    squared = np.mean(np.sum((test - means[digits.arrays("test")[1]]) ** 2, axis=(1, 2, 3)))
    without = (64 * np.log(2 * np.pi * variance) + squared / variance) / 2
    assert score["nll"] < without - 8
    assert score["perplexity"] > 16

    test_images, test_labels = digits.arrays("test")
    latents = vqvae.encode(test_images, test_labels)
    model_form = digits.media.to_model(test_images)
    mixed = -vqvae.likelihood.log_prob(
        model_form, vqvae.parameters(np.roll(latents, 1, axis=0), tf.constant(test_labels))
    )
    assert np.mean(mixed) > score["reconstruction"] + 20

    wanted = np.arange(500) % 10
    judge = SVC().fit(images.reshape(len(images), -1), labels)
    drawn = vqvae.generate(500, wanted, seed=0)
    assert np.mean(judge.predict(drawn.reshape(500, -1)) == wanted) > 0.7


def test_mistakes_are_told_in_one_sentence(images):
    bernoulli = Bernoulli()
    encoder, decoder = conv_grid(MEDIA, bernoulli, code_dim=4, width=4)
    labeled = conv_grid(MEDIA, bernoulli, num_classes=3, code_dim=4, width=4)[1]
    prior, vqvae = CodePrior(GRID, 8), build()

    def made(encoder=encoder, decoder=decoder, prior=prior, likelihood=bernoulli, **settings):
        return VQVAE(encoder, decoder, MEDIA, likelihood, prior, **settings)

    mistakes = {
        "one grid of shape": lambda: made(encoder=mlp(MEDIA, bernoulli)[0]),
        "takes images of shape": lambda: made(encoder=conv_grid(Image(9, 9, 1), bernoulli, code_dim=4)[0]),
        r"decoder takes \(2, 2, 5\)": lambda: made(decoder=conv_grid(MEDIA, bernoulli, code_dim=5)[1]),
        r"takes parameters of shape \(8, 8, 4\)": lambda: made(likelihood=Categorical(4)),
        "must have 1 input": lambda: made(decoder=labeled),
        "prior is over 8 codes on a grid of .2, 2., but the codebook has 16": lambda: made(
            codebook=Codebook(16)
        ),
        r"grid of \(4, 4\)": lambda: made(prior=CodePrior((4, 4), 8)),
        "prior has num_classes=None": lambda: made(decoder=labeled, num_classes=3),
        "vectors of length 7": lambda: made(codebook=other),
        "commitment must be at least 0": lambda: made(commitment=-1.0),
        "integers from 0 to 7, .* not float64": lambda: vqvae.decode(np.zeros((1, 2, 2))),
        "integers from 0 to 7": lambda: vqvae.decode(np.full((1, 2, 2), 8)),
        "Latents must have shape": lambda: vqvae.decode(np.zeros((1, 4), int)),
        "at least 2 steps": lambda: vqvae.interpolate(np.zeros((2, 2), int), np.zeros((3, 2), int)),
    }
    other = Codebook(8)
    other.build((None, 7))
    for message, mistake in mistakes.items():
        with pytest.raises(InputError, match=message):
            mistake()
