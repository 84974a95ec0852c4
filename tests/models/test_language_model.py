"""Language models, and what scores of sentences are made of."""

import itertools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen import datasets
from keras_gen.errors import InputError
from keras_gen.media import Image, Text
from keras_gen.media.tokenizers import END, PADDING
from keras_gen.metrics import language_scores, token_accuracy
from keras_gen.models import LanguageModel, load_model
from keras_gen.networks import RecurrentDecoder, TransformerDecoder

# A grammar of 64 sentences of three words.
SLOTS = (["a", "the", "one", "my"], ["dog", "cat", "man", "bird"], ["sees", "hears", "eats", "likes"])
SENTENCES = [" ".join(words) for words in itertools.product(*SLOTS)]
LENGTH = 5


def build(media, decoder=RecurrentDecoder, seed=1, optimizer=None, **settings):
    """A small language model, the same one at each call."""
    keras.utils.set_random_seed(0)
    model = LanguageModel(decoder(media.length, media.vocabulary_size, **settings), media, seed=seed)
    model.compile(optimizer)
    return model


@pytest.fixture(scope="module")
def media():
    return Text(length=LENGTH).learn(SENTENCES)


@pytest.fixture(scope="module")
def packed(media):
    """Sentences of the grammar, and two that are shorter and longer."""
    return media.pack([*SENTENCES, "dog", "the man likes the cat and dog"])


@pytest.fixture(scope="module")
def trained(media, packed):
    model = build(media, width=24, optimizer=keras.optimizers.Adam(0.03))
    model.fit(packed[:64], batch_size=32, epochs=40, verbose=0)
    return model


def test_it_learns_how_probable_the_sentences_of_a_grammar_are(trained, packed):
    """Each of 64 has the probability 1/64: no model can know more, nor one that has learned know much
    less.
    """
    scores = trained.score(packed[:64])
    assert math.log(64) - 1e-3 < scores["nll"] < math.log(64) + 0.1
    assert scores["nll_per_token"] == pytest.approx(scores["nll"] / 4)
    written = trained.generate(200, seed=0).tolist()
    assert np.mean([sentence in SENTENCES for sentence in written]) > 0.95
    assert len(set(written)) > 45  # of 64, where 61 are expected


def test_unknown_words_are_named_where_they_are_packed(media):
    with pytest.warns(UserWarning) as caught:
        datasets.load(["a cello hums"] * 20, media=media, duplicates="keep", batch_size=4)
    assert len(caught) == 1 and "such as 'cello', 'hums', and packed as unknown" in str(caught[0].message)


def test_it_goes_on_from_a_beginning(trained):
    whole = trained.generate(20, seed=0)
    for number, sentence in enumerate(whole):  # given what it would have drawn, it draws the rest alike
        begun = " ".join(sentence.split()[:2])
        assert trained.generate(20, seed=0, beginning=begun)[number] == sentence
    verbs = [
        sentence.removeprefix("my bird ") for sentence in trained.generate(400, seed=1, beginning="My bird")
    ]
    assert all(80 < verbs.count(verb) < 120 for verb in SLOTS[2])  # 100 of each, give or take 9
    for wrong, told in (
        ("  ", "The beginning is empty"),
        ("a dog sees a dog sees", "leaves no place for more"),
    ):
        with pytest.raises(InputError, match=told):
            trained.generate(1, beginning=wrong)


def test_its_loss_is_the_cost_of_the_tokens_by_hand(trained, packed):
    x = packed[-7:]
    logits = np.array(trained.decoder(x), "float64")
    log_chances = logits - np.log(np.sum(np.exp(logits), axis=-1, keepdims=True))
    expected = np.zeros(7)
    for row, place in np.argwhere(x != PADDING):
        expected[row] -= log_chances[row, place, x[row, place]]
    np.testing.assert_allclose(-trained.log_prob(x), expected, rtol=1e-4)
    # Batches of any size, the last one smaller, weigh by their sentences.
    report = trained.evaluate(x, batch_size=3, verbose=0, return_dict=True)
    assert report.keys() == {"loss"}
    np.testing.assert_allclose(report["loss"], expected.mean(), rtol=1e-4)
    assert trained.score(x)["nll"] == pytest.approx(expected.mean(), rel=1e-4)


def test_a_step_is_plain_gradient_descent_with_dropout(media, packed):
    model = build(media, width=8, optimizer=keras.optimizers.SGD(0.1))
    x, variables = tf.constant(packed[:8]), model.decoder.trainable_variables
    with tf.GradientTape() as tape:
        loss = -tf.reduce_mean(model.log_prob(x))
    expected = [v - 0.1 * g for v, g in zip(variables, tape.gradient(loss, variables), strict=True)]
    logs = model.train_step(x)
    np.testing.assert_allclose(logs["loss"], loss, rtol=1e-5)
    for variable, value in zip(variables, expected, strict=True):
        np.testing.assert_allclose(variable, value, rtol=1e-4, atol=1e-6)
    assert model.examples_seen.numpy() == 8
    dropping = build(media, width=8, word_dropout=0.5, optimizer=keras.optimizers.SGD(0.0))
    losses = [float(dropping.train_step(x)["loss"]) for _ in range(2)]
    assert losses[0] != losses[1]


def test_the_best_sentence_costs_no_chance_and_settings_keep_what_they_name(trained):
    likeliest = trained.generate(20, seed=3, temperature=0)
    assert len(set(likeliest.tolist())) == 1  # it has no latent
    for top_k, top_p in ((1, 1.0), (500, 1e-6)):
        np.testing.assert_array_equal(trained.generate(20, seed=3, top_k=top_k, top_p=top_p), likeliest)
    two = trained.generate(100, seed=3, top_k=2, top_p=1.0).tolist()
    firsts = {sentence.split()[0] for sentence in two}
    assert len(firsts) == 2 and likeliest[0].split()[0] in firsts
    assert 3 <= len(set(two)) <= 8
    wild = trained.generate(100, seed=3, temperature=20.0).tolist()
    assert np.mean([sentence in SENTENCES for sentence in wild]) < 0.1
    # What leaves nothing out changes nothing.
    np.testing.assert_array_equal(
        trained.generate(20, seed=3, top_k=500, top_p=1.0), trained.generate(20, seed=3)
    )


def test_equal_seeds_write_equal_sentences_in_any_batch_and_after_saving(trained, tmp_path):
    few = trained.generate(3, seed=7)
    np.testing.assert_array_equal(trained.generate(300, seed=7)[:3], few)
    assert np.any(trained.generate(20, seed=8) != trained.generate(20, seed=7))
    trained.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.generate(3, seed=7), few)
    for a, b in zip(again.optimizer.variables, trained.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a, b)
    assert again.examples_seen.numpy() == 40 * 64


def test_it_has_no_latents(trained):
    for ask in (lambda: trained.decode([[0.5]]), lambda: trained.interpolate([0.1], [0.2])):
        with pytest.raises(InputError, match="A LanguageModel has no latents"):
            ask()


def test_exported_signatures_write_what_python_writes(tmp_path):
    """Of bytes, and of a transformer that writes small letters above all, in a way of its own."""
    media = Text(length=8, tokenizer="bytes")
    model = build(media, TransformerDecoder, width=8, heads=2, blocks=1)
    table = model.decoder.embedding.embeddings
    letters = (np.arange(256) >= ord("a")) & (np.arange(256) <= ord("z"))
    table.assign(np.random.default_rng(0).normal(size=table.shape) * np.where(letters, 1.0, 0.1)[:, None])
    served = tf.saved_model.load(str(model.export(tmp_path / "1"))).signatures
    assert set(served) == {"serving_default", "generate", "sample"}
    seeds = np.random.SeedSequence(5).generate_state(6, np.uint64).view(np.int64)

    def text(outputs):
        return media.as_array(outputs["text"])

    written = model.generate(6, seed=5)
    assert len(set(written.tolist())) > 3
    for name in ("serving_default", "generate"):
        np.testing.assert_array_equal(text(served[name](seed=seeds)), written)
    # Rows of settings of their own, of which the last leave nothing out.
    how = {
        "temperature": np.array([0.0, 0.6, 1.0, 1.0, 1.0, 1.0], "float32"),
        "top_k": np.array([256, 256, 3, 256, 9, 256], "int32"),
        "top_p": np.array([1, 1, 1, 0.4, 0.5, 1], "float32"),
    }
    sampled = text(served["sample"](seed=seeds, **how))
    for row in range(6):
        settings = {name: column[row].item() for name, column in how.items()}
        assert sampled[row] == model.generate(6, seed=5, **settings)[row]
    # What leaves nothing out is as without.
    assert sampled[5] == written[5]
    assert sampled[1] == model.generate(2, seed=5, temperature=0.6)[1]


def test_scores_by_token_and_by_byte_against_arithmetic_by_hand():
    media = Text(length=4, vocabulary=("a", "dog", "größe"))
    packed = media.pack(["a dog", "größe", "a cat dog dog"])
    # The end counts, padding does not: 3, 2, and 4 tokens, of a sentence that is cut, one of which is
    # unknown.
    np.testing.assert_array_equal(packed, [[3, 4, END, 0], [5, END, 0, 0], [3, 1, 4, 4]])
    # In UTF-8, with one byte for each end: 5 + 1, 7 + 1, and "a \N{REPLACEMENT CHARACTER} dog dog" has 13.
    scores = language_scores(media, packed, nll=6.0)
    assert scores == {
        "nll_per_token": pytest.approx(2.0),
        "token_perplexity": pytest.approx(math.e**2),
        "bits_per_byte": pytest.approx(18 / math.log(2) / (6 + 8 + 13)),
        "unknown_tokens": pytest.approx(1 / 9),
    }
    again = np.array([[3, 5, END, 0], [5, END, 4, 4], [3, 1, 3, 5]])
    assert token_accuracy(packed, again) == pytest.approx((2 + 2 + 2) / 9)


def test_mistakes_are_told_in_one_sentence(media, packed, trained):
    foreign = packed.copy()
    foreign[3, 1] = 500
    mistakes = {
        "latent_dim=3, but length=5, .*latent_dim=None are wanted": lambda: build(media, latent_dim=3),
        "decoder is made for length=6": lambda: LanguageModel(
            RecurrentDecoder(6, media.vocabulary_size), media
        ),
        "media must be a Text, for sentences alone": lambda: LanguageModel(trained.decoder, Image(8, 8, 1)),
        "decoder must be a TextDecoder": lambda: LanguageModel(media, media),
        "The model takes int32 examples .num, .*, not <U5": lambda: trained.score(np.array(["a dog"])),
        "x has int32 examples of shape .4,": lambda: trained.fit(packed[:, :4]),
        "not int64 of shape": lambda: trained.score(packed.astype("int64")),
        "from 0 to 14, but the data hold 500": lambda: trained.fit(foreign),
        "data hold 500: pack sentences": lambda: trained.fit(packed, validation_data=foreign),
        "but the data hold 500: pack": lambda: trained.score(foreign),
        "num must be at least 1": lambda: trained.generate(0),
        "temperature must be at least 0, not -1": lambda: trained.generate(1, temperature=-1),
        "top_k must be a whole number, or None, not 2.5": lambda: trained.generate(1, top_k=2.5),
        "top_p must be above 0, or None, not 0": lambda: trained.generate(1, top_p=0),
        "or None, not nan": lambda: trained.generate(1, top_p=float("nan")),
        "labels": lambda: trained.generate(1, labels=1),
    }
    for message, mistake in mistakes.items():
        with pytest.raises(InputError, match=message):
            mistake()
