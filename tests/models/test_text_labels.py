"""Sentences with labels: a language model and a VAE of one word for each label and one that is free."""

import itertools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.losses import FreeBits
from keras_gen.media import Text
from keras_gen.models import LanguageModel, TextVAE, load_model
from keras_gen.networks import RecurrentDecoder, recurrent, transformer

FIRST, SECOND = ["a", "the", "one", "my"], ["dog", "cat", "man", "bird"]
SENTENCES = [" ".join(words) for words in itertools.product(FIRST, SECOND)]
LABELS = np.repeat(np.arange(4), 4).astype("int32")
MEDIA = Text(length=4).learn(SENTENCES)
PACKED = MEDIA.pack(SENTENCES)


@pytest.fixture(scope="module")
def trained():
    keras.utils.set_random_seed(0)
    decoder = RecurrentDecoder(MEDIA.length, MEDIA.vocabulary_size, width=16, num_classes=4)
    models = {"language model": LanguageModel(decoder, MEDIA, num_classes=4)}
    encoder, decoder = recurrent(MEDIA, latent_dim=3, width=16, num_classes=4)
    models["vae"] = TextVAE(encoder, decoder, MEDIA, FreeBits(4.0, "total"), num_classes=4)
    for model in models.values():
        model.compile(keras.optimizers.Adam(0.03), steps_per_execution=20)
        model.fit(np.tile(PACKED, (20, 1)), np.tile(LABELS, 20), batch_size=16, epochs=8, verbose=0)
    return models


def test_a_language_model_is_as_sure_as_the_label_allows(trained):
    """One word of four is left to chance; without its label, two are."""
    model = trained["language model"]
    nll = model.score((PACKED, LABELS))["nll"]
    assert math.log(4) - 1e-3 < nll < math.log(4) + 0.15
    assert model.score((PACKED, (LABELS + 1) % 4))["nll"] > 4
    assert model.evaluate(PACKED, LABELS, verbose=0, return_dict=True)["loss"] == pytest.approx(nll, rel=1e-4)


@pytest.mark.parametrize("kind", ["language model", "vae"])
def test_what_is_written_has_the_label_that_is_asked_for(trained, kind):
    labels = np.tile(np.arange(4), 10)
    written = trained[kind].generate(40, seed=0).tolist()
    assert (
        np.mean([text.split()[0] == FIRST[label] for text, label in zip(written, labels, strict=True)]) > 0.9
    )
    assert {text.split()[0] for text in trained[kind].generate(9, labels=2, seed=0, temperature=0)} == {"one"}
    assert len({text.split()[-1] for text in written}) == 4
    np.testing.assert_array_equal(trained[kind].generate(4, labels=labels[:4], seed=0), written[:4])


def test_the_latent_keeps_what_the_label_does_not_tell(trained):
    vae = trained["vae"]
    assert vae.reconstruct(PACKED, LABELS).tolist() == SENTENCES
    converted = vae.convert(PACKED[:4], LABELS[:4], 3).tolist()
    assert converted == SENTENCES[12:]
    latents = vae.encode(PACKED, LABELS)
    walk = vae.interpolate(latents[0], latents[15], steps=5, label=0, stop_label=3).tolist()
    assert (walk[0], walk[-1]) == (SENTENCES[0], SENTENCES[15])
    assert vae.interpolate(latents[0], latents[3], steps=3, label=1)[-1] == SENTENCES[7]
    right, wrong = (vae.score((PACKED, labels), samples=50)["nll"] for labels in (LABELS, LABELS[::-1]))
    assert right + 1 < wrong


def test_a_saved_language_model_takes_the_label(trained, tmp_path):
    model = trained["language model"]
    model.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    written = model.generate(3, labels=[3, 0, 2], seed=4)
    np.testing.assert_array_equal(again.generate(3, labels=[3, 0, 2], seed=4), written)
    names = {name: [spec.name for spec in specs] for name, (_, specs) in again.endpoints().items()}
    how = ["temperature", "top_k", "top_p"]
    assert names == {"generate": ["seed", "label"], "sample": ["seed", *how, "label"]}


@pytest.mark.slow
def test_a_vae_that_was_saved_and_exported_takes_the_label(trained, tmp_path):
    model = trained["vae"]
    model.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    labels = np.array([3, 0, 2], "int32")
    written = model.generate(3, labels=labels, seed=4)
    served = tf.saved_model.load(str(again.export(tmp_path / "1"))).signatures
    seeds = np.random.SeedSequence(4).generate_state(3, np.uint64).view(np.int64)

    def text(name, **inputs):
        return MEDIA.as_array(served[name](label=labels, **inputs)["text"])

    ones = np.ones(3, "float32")
    np.testing.assert_array_equal(text("generate", seed=seeds), written)
    how = {"temperature": ones, "top_k": 0 * labels, "top_p": ones}
    np.testing.assert_array_equal(text("sample", seed=seeds, **how), written)
    texts = [SENTENCES[index] for index in (13, 2, 9)]
    np.testing.assert_array_equal(text("reconstruct", text=tf.constant(texts)), texts)
    latents = model.encode(MEDIA.pack(texts), labels)
    np.testing.assert_array_equal(text("decode", latents=latents), texts)


def test_several_labels_and_transformers():
    keras.utils.set_random_seed(0)
    encoder, decoder = transformer(MEDIA, latent_dim=2, width=8, blocks=1, heads=2, num_classes=(4, 2))
    vae = TextVAE(encoder, decoder, MEDIA, num_classes=(4, 2))
    vae.compile(run_eagerly=True)
    labels = np.stack([LABELS, LABELS % 2], axis=1)
    before = [variable.numpy() for variable in vae.trainable_variables]
    vae.train_on_batch(PACKED, labels)
    unmoved = [
        variable.path
        for variable, value in zip(vae.trainable_variables, before, strict=True)
        if np.array_equal(variable, value)
    ]
    assert not [path for path in unmoved if "label" in path]
    assert [spec.shape[1:] for spec in vae.endpoints()["generate"][1]] == [(), (2,)]


def test_mistakes_are_told_in_one_sentence(trained):
    encoder, decoder = recurrent(MEDIA, latent_dim=3, width=4, num_classes=4)
    plain = recurrent(MEDIA, latent_dim=3, width=4)[1]
    model = trained["language model"]
    mistakes = {
        "num_classes=4, .*but .*num_classes=None, .*are wanted": lambda: TextVAE(
            plain and recurrent(MEDIA, 3, 4)[0], decoder, MEDIA
        ),
        "num_classes=None, .*but .*num_classes=4, .*are wanted": lambda: TextVAE(
            encoder, plain, MEDIA, num_classes=4
        ),
        "num_classes is None": lambda: TextVAE(encoder, plain, MEDIA),
        "num_classes must be a whole number": lambda: LanguageModel(model.decoder, MEDIA, num_classes=0),
        "labels must lie between 0 and 3": lambda: model.generate(1, labels=4),
        "conditional on 4 classes: give the labels": lambda: model.score(PACKED),
        "label": lambda: model.fit(PACKED, verbose=0),
    }
    for message, mistake in mistakes.items():
        with pytest.raises(InputError, match=message):
            mistake()
