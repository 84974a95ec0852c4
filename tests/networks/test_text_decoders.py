"""Decoders of sentences: what each place knows, and which tokens are written; and the encoders beside
them.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from keras_gen.errors import InputError
from keras_gen.media import Text
from keras_gen.media.tokenizers import END, PADDING, UNKNOWN
from keras_gen.networks import RecurrentDecoder, TransformerDecoder, recurrent, transformer
from keras_gen.networks.text_decoder import TextDecoder, choose

LENGTH, SIZE, LATENT_DIM, WIDTH = 6, 9, 3, 8
DECODERS = {"recurrent": RecurrentDecoder, "transformer": TransformerDecoder}
of_each_kind = pytest.mark.parametrize("kind", DECODERS)
of_each = pytest.mark.parametrize("latent_dim", [LATENT_DIM, None], ids=["latents", "no latents"])


def built(kind, latent_dim=LATENT_DIM, **settings):
    """A decoder that is far from its start, as one that has learned, where no weight is 0: the same at each
    call.
    """
    keras.utils.set_random_seed(0)
    settings = {"heads": 2, **settings} if kind == "transformer" else settings
    decoder = DECODERS[kind](LENGTH, SIZE, latent_dim, WIDTH, **settings)
    random = np.random.default_rng(1)
    for variable in decoder.trainable_variables:
        variable.assign(variable + 0.4 * random.normal(size=variable.shape))
    return decoder


def some_tokens(num=4):
    return np.random.default_rng(2).integers(1, SIZE, (num, LENGTH)).astype("int32")


def some_latents(decoder, num=4):
    if decoder.latent_dim is not None:
        return np.random.default_rng(3).normal(size=(num, decoder.latent_dim)).astype("float32")


# What each place knows.


@of_each
@of_each_kind
def test_a_token_changes_the_logits_after_it_alone(kind, latent_dim):
    decoder, tokens = built(kind, latent_dim), some_tokens()
    latents = some_latents(decoder)
    logits = decoder(tokens, latents).numpy()
    assert logits.shape == (4, LENGTH, SIZE) and logits.dtype == np.float32
    changed = np.tile(tokens, (LENGTH, 1, 1))
    for place in range(LENGTH):
        changed[place, :, place] = tokens[:, place] % (SIZE - 1) + 1
    again = decoder(changed.reshape(-1, LENGTH), None if latents is None else np.tile(latents, (LENGTH, 1)))
    moved = np.abs(np.reshape(again, (LENGTH, *logits.shape)) - logits).max(axis=(1, 3))
    after = np.triu(np.ones((LENGTH, LENGTH), bool), k=1)  # also far behind it
    assert np.all(moved[~after] < 1e-6) and np.all(moved[after] > 1e-4)


@of_each_kind
def test_the_latent_reaches_every_place_and_not_by_memory_alone(kind):
    decoder = built(kind)
    latents = tf.constant(some_latents(decoder))
    # With no token known, too, as under word dropout.
    for tokens in (some_tokens(), np.full((4, LENGTH), UNKNOWN, "int32")):
        with tf.GradientTape() as tape:
            # A copy for each place, of which that place alone is asked.
            copies = tf.tile(latents, (LENGTH, 1))
            tape.watch(copies)
            logits = tf.reshape(decoder(np.tile(tokens, (LENGTH, 1)), copies), (LENGTH, 4, LENGTH, SIZE))
            asked = tf.reduce_sum(tf.stack([logits[place, :, place] for place in range(LENGTH)]) ** 2)
        assert np.abs(tape.gradient(asked, copies)).min() > 1e-5
    # One step after the other, each after a memory that is as it is.
    memory = decoder.begin(4, latents)
    for place in range(LENGTH):
        with tf.GradientTape() as tape:
            tape.watch(latents)
            hidden, memory = decoder.step(tf.constant(place), tf.ones((4, WIDTH)), memory, latents)
            known = tf.reduce_sum(hidden[:, 0])
        assert np.abs(tape.gradient(known, latents)).min() > 1e-6
        memory = tuple(tf.stop_gradient(part) for part in memory)


@of_each
@of_each_kind
def test_place_by_place_the_logits_are_those_of_one_pass(kind, latent_dim):
    decoder, tokens = built(kind, latent_dim), some_tokens()
    latents = some_latents(decoder)
    logits = decoder(tokens, latents).numpy()
    before, memory = tf.fill([4], PADDING), decoder.begin(4, latents)
    for place in range(LENGTH):
        read = WIDTH**0.5 * decoder.embedding(before)
        hidden, memory = decoder.step(tf.constant(place), read, memory, latents)
        stepped = decoder.embedding(hidden, reverse=True)
        np.testing.assert_allclose(stepped, logits[:, place], rtol=1e-5, atol=1e-5)
        before = tokens[:, place]
    # Only the places that are asked for, in their order.
    places = np.array([(2, 5), (0, 0), (2, 1)])
    asked = decoder(tokens, latents, places)
    np.testing.assert_allclose(asked, logits[tuple(places.T)], rtol=1e-5, atol=1e-5)


@of_each
@of_each_kind
def test_each_label_reaches_every_place_and_what_is_written(kind, latent_dim):
    decoder, tokens = built(kind, latent_dim, num_classes=(3, 2)), some_tokens(6)
    latents = some_latents(decoder, 6)
    labels = np.array([[first, second] for first in range(3) for second in range(2)], "int32")
    logits = decoder(tokens, latents, labels=labels).numpy()
    for place, count in enumerate((3, 2)):
        others = labels.copy()
        others[:, place] = (others[:, place] + 1) % count
        moved = np.abs(decoder(tokens, latents, labels=others) - logits).max(axis=2)
        assert np.all(moved > 1e-4)
    for table in decoder.label_embedding.trainable_variables:
        table.assign(8 * table)
    written = decoder.generate(latents, labels=labels).numpy()
    likeliest = decoder(written, latents, labels=labels).numpy()
    likeliest[:, :, [PADDING, UNKNOWN]] = -np.inf
    expected = np.where(written == PADDING, PADDING, np.argmax(likeliest, axis=2))
    np.testing.assert_array_equal(written, expected)
    assert len(np.unique(written, axis=0)) > 1
    again = type(decoder).from_config(decoder.get_config())
    assert again.num_classes == (3, 2) and again.told_dim == (latent_dim or 0) + 32


# Writing.


def written_by_hand(decoder, latents, num, draw):
    """Sentences token by token, each from all logits at its place; `draw` says which token of logits (num,
    size).
    """
    tokens, was_forbidden = np.zeros((num, LENGTH), "int32"), False
    ended = np.zeros(num, bool)
    for place in range(LENGTH):
        logits = decoder(tokens, latents).numpy()[:, place]
        was_forbidden |= np.any(np.argmax(logits[~ended], axis=-1) < END) if not ended.all() else False
        logits[:, [PADDING, UNKNOWN]] = -np.inf
        tokens[:, place] = np.where(ended, PADDING, draw(logits, place))
        ended |= tokens[:, place] == END
    return tokens, was_forbidden


@of_each_kind
def test_without_chance_it_writes_the_likeliest_tokens(kind):
    decoder = built(kind)
    # Tokens that it must not write are among the likeliest, and sentences end soon and late.
    decoder.embedding.embeddings.assign(
        tf.concat([2.0 * decoder.embedding.embeddings[:3], decoder.embedding.embeddings[3:]], axis=0)
    )
    latents = 2 * some_latents(decoder, 40)
    expected, was_forbidden = written_by_hand(
        decoder, latents, 40, lambda logits, place: np.argmax(logits, axis=-1)
    )
    written = decoder.generate(latents)
    assert written.dtype == "int32"
    np.testing.assert_array_equal(written, expected)
    lengths = np.sum(expected != PADDING, axis=1)
    assert was_forbidden and np.any(expected[:, -1] == PADDING) and len(np.unique(lengths)) > 2
    assert not np.any(expected == UNKNOWN)
    for row in expected:  # an end has nothing behind it, and nothing else has padding behind it
        ends = np.flatnonzero(row == END)
        assert len(ends) <= 1 and np.all((row == PADDING) == (np.arange(LENGTH) > (*ends, LENGTH)[0]))


@of_each_kind
def test_by_chance_it_writes_what_is_drawn_from_the_logits_of_each_place(kind):
    decoder, rows = built(kind, latent_dim=None), np.arange(12)
    uniform = np.random.default_rng(4).random((12, LENGTH), "float32")
    how = {
        "temperature": np.where(rows % 4, 0.8, 0.0).astype("float32"),
        "top_k": (1 + rows % 5).astype("int32"),
        "top_p": np.linspace(0.3, 1.0, 12, dtype="float32"),
    }

    def draw(logits, place):
        return choose(logits, uniform[:, place], **how)

    expected, _ = written_by_hand(decoder, None, 12, draw)
    np.testing.assert_array_equal(decoder.generate(None, uniform, **how), expected)
    assert len(np.unique(expected, axis=0)) > 3


# Which token is chosen.

SETTINGS = [  # temperature, top_k, top_p
    (1.0, 7, 1.0),
    (0.5, 7, 1.0),
    (2.5, 7, 1.0),
    (1.0, 3, 1.0),
    (1.0, 7, 0.7),
    (1.5, 5, 0.6),
    (1.0, 7, 1e-6),
    (1.0, 1, 1.0),
    (0.0, 7, 1.0),
]
EVENLY = ((np.arange(2000) + 0.5) / 2000).astype("float32")


def shares_by_hand(logits, temperature, top_k, top_p):
    """How often each token of logits (size,) should be chosen."""
    logits = logits.astype("float64")
    order = np.argsort(-logits, kind="stable")
    if temperature == 0:
        top_k, temperature = 1, 1.0
    kept = order[:top_k]
    chances = np.exp((logits[kept] - logits[kept].max()) / temperature)
    chances /= chances.sum()
    kept = kept[: 1 + np.sum(np.cumsum(chances) < top_p)]
    shares = np.zeros(len(logits))
    shares[kept] = chances[: len(kept)]
    return shares / shares.sum()


def shares_of(chosen, settings=1):
    counts = [np.bincount(part, minlength=7) for part in np.array(chosen).reshape(settings, -1)]
    return np.array(counts) / len(EVENLY)


@pytest.fixture(scope="module")
def seven_logits():
    """Logits of seven tokens, in no order, of which one is never written."""
    logits = 1.5 * np.random.default_rng(5).normal(size=7).astype("float32")
    logits[0] = -np.inf
    return logits


def test_tokens_are_as_frequent_as_the_filtered_softmax_says(seven_logits):
    """Rows of every setting in one batch: for each, every token's share of numbers in [0, 1) is its
    probability.
    """
    columns = [np.repeat(column, len(EVENLY)) for column in zip(*SETTINGS, strict=True)]
    kinds = ("float32", "int32", "float32")
    columns = [column.astype(kind) for column, kind in zip(columns, kinds, strict=True)]
    num = len(SETTINGS)
    chosen = choose(np.tile(seven_logits, (num * len(EVENLY), 1)), np.tile(EVENLY, num), *columns)
    assert chosen.dtype == "int32"
    shares = shares_of(chosen, num)
    for found, settings in zip(shares, SETTINGS, strict=True):
        expected = shares_by_hand(seven_logits, *settings)
        np.testing.assert_array_equal(found > 0, expected > 0)
        np.testing.assert_allclose(found, expected, atol=1e-3)
    # That these settings keep other tokens, or weigh them differently.
    assert len(np.unique(shares[:6].round(2), axis=0)) == 6
    assert np.all(shares[6:].max(axis=1) == 1) and np.all(shares[6:].argmax(axis=1) == seven_logits.argmax())


@pytest.mark.parametrize("name, value", [("temperature", 0.6), ("top_k", 2), ("top_p", 0.5), (None, None)])
def test_a_setting_by_itself_leaves_the_others_alone(seven_logits, name, value):
    neutral = {"temperature": 1.0, "top_k": 7, "top_p": 1.0}
    settings = neutral if name is None else {**neutral, name: value}
    columns = {
        key: np.full(len(EVENLY), setting, "int32" if key == "top_k" else "float32")
        for key, setting in settings.items()
    }
    batch = np.tile(seven_logits, (len(EVENLY), 1))
    chosen = choose(batch, EVENLY, **({} if name is None else {name: columns[name]}))
    np.testing.assert_allclose(shares_of(chosen)[0], shares_by_hand(seven_logits, **settings), atol=1e-3)
    # The same numbers choose the same tokens where a setting is left out, and where it leaves nothing out.
    np.testing.assert_array_equal(choose(batch, EVENLY, **columns), chosen)


def test_the_least_and_the_greatest_numbers_choose_tokens_that_can_be_written(seven_logits):
    logits = np.tile(seven_logits[[0, 1, 2, 3, 0]], (2, 1))  # the first and the last are never written
    least_and_greatest = np.array([0.0, np.nextafter(np.float32(1), np.float32(0))])
    np.testing.assert_array_equal(choose(logits, least_and_greatest.astype("float32")), [1, 3])
    np.testing.assert_array_equal(choose(logits), np.argmax(logits, axis=-1))


# Training.


class Reads(TextDecoder):
    """Knows at each place the token that is read there, and nothing else."""

    def hidden(self, read, latents, training=False):
        return read


def test_word_dropout_takes_its_share_of_the_tokens_read_for_unknown():
    decoder = Reads(10, SIZE, width=SIZE, word_dropout=0.3)
    decoder.embedding.embeddings.assign(np.eye(SIZE))
    tokens = np.random.default_rng(6).integers(3, SIZE, (400, 10)).astype("int32")
    tokens[:100, 5:] = PADDING
    before = np.pad(tokens[:, :-1], ((0, 0), (1, 0)), constant_values=PADDING)

    def read(training):
        return np.argmax(decoder(tokens, training=training), axis=-1)

    np.testing.assert_array_equal(read(training=False), before)
    first, second = read(training=True), read(training=True)
    assert np.any(first != second)
    for tokens_read in (first, second):
        np.testing.assert_array_equal(
            tokens_read[before == PADDING], PADDING
        )  # so is what every sentence begins with
        dropped = tokens_read[before != PADDING] == UNKNOWN
        np.testing.assert_allclose(np.mean(dropped), 0.3, atol=0.03)  # three standard deviations are 0.024
        np.testing.assert_array_equal(
            tokens_read[before != PADDING][~dropped], before[before != PADDING][~dropped]
        )


@of_each_kind
def test_dropout_leaves_out_in_training_alone(kind):
    decoder, whole = built(kind, dropout=0.5), built(kind)
    decoder.set_weights(whole.get_weights())
    tokens, latents = some_tokens(), some_latents(whole)
    np.testing.assert_array_equal(decoder(tokens, latents), whole(tokens, latents))
    first, second = (decoder(tokens, latents, training=True).numpy() for _ in range(2))
    assert np.abs(first - second).max() > 0.1
    np.testing.assert_array_equal(whole(tokens, latents, training=True), whole(tokens, latents))


# Encoders.


@pytest.mark.parametrize("pair", [recurrent, transformer])
def test_encoders_do_not_see_padding(pair):
    """The same weights in a longer encoder, whose padding is embedded as something else, say the same of
    sentences.
    """

    def encoder(length):
        media = Text(length=length, vocabulary=tuple("abcdef"))
        settings = {"heads": 2} if pair is transformer else {}
        return pair(media, latent_dim=LATENT_DIM, width=WIDTH, **settings)[0]

    random = np.random.default_rng(7)
    short, long = encoder(LENGTH), encoder(LENGTH + 3)
    for variable, other in zip(short.weights, long.weights, strict=True):
        rows = variable.shape[0]
        values = random.normal(size=other.shape)  # also of places that the shorter one does not have
        variable.assign(values[:rows])
        if variable.shape == (9, WIDTH):
            values[PADDING] += 5.0
        other.assign(values)
    tokens = some_tokens()
    for row, end in enumerate((1, 3, LENGTH - 2, LENGTH)):
        tokens[row, end:] = PADDING
    longer = np.pad(tokens, ((0, 0), (0, 3)), constant_values=PADDING)
    for given, again in zip(short(tokens), long(longer), strict=True):
        assert given.dtype == "float32" and given.shape == (4, LATENT_DIM)
        np.testing.assert_allclose(again, given, rtol=1e-4, atol=1e-5)
    # Every token that is no padding counts.
    changed = np.tile(tokens, (LENGTH, 1, 1))
    for place in range(LENGTH):
        changed[place, :, place] = tokens[:, place] % (SIZE - 1) + 1
    changed[:, tokens == PADDING] = PADDING
    means = np.reshape(short(changed.reshape(-1, LENGTH))[0], (LENGTH, 4, LATENT_DIM))
    moved = np.abs(means - short(tokens)[0]).max(axis=2) > 1e-3
    np.testing.assert_array_equal(moved, tokens.T != PADDING)


# Settings.


def test_settings_that_make_no_decoder_are_told_in_one_sentence():
    mistakes = {
        "length must be at least 1, not 0": lambda: RecurrentDecoder(0, SIZE),
        "vocabulary_size must be at least 1, not 0": lambda: TransformerDecoder(LENGTH, 0),
        "latent_dim must be at least 1, not -2": lambda: RecurrentDecoder(LENGTH, SIZE, -2),
        "width must be at least 1, not 0": lambda: TransformerDecoder(LENGTH, SIZE, width=0),
        "dropout must be at least 0 and below 1, not 1.0": lambda: RecurrentDecoder(
            LENGTH, SIZE, dropout=1.0
        ),
        "word_dropout must be at least 0 and below 1, not -0.1": lambda: RecurrentDecoder(
            LENGTH, SIZE, word_dropout=-0.1
        ),
        "heads must divide width, but heads is 3 and width 8": lambda: TransformerDecoder(
            LENGTH, SIZE, width=8, heads=3
        ),
        "heads is 0": lambda: TransformerDecoder(LENGTH, SIZE, heads=0),
        "no vocabulary yet: take media.learn": lambda: recurrent(Text(length=LENGTH)),
    }
    for message, mistake in mistakes.items():
        with pytest.raises(InputError, match=message):
            mistake()


@of_each_kind
def test_it_is_made_again_from_its_settings(kind):
    settings = {"blocks": 1, "heads": 4} if kind == "transformer" else {}
    decoder = built(kind, dropout=0.1, word_dropout=0.2, **settings)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(decoder))
    assert copy.get_config() == decoder.get_config()
    copy.set_weights(decoder.get_weights())
    latents = some_latents(decoder)
    np.testing.assert_array_equal(copy(some_tokens(), latents), decoder(some_tokens(), latents))
    # What reads tokens and what writes them share one table.
    tables = [variable for variable in decoder.trainable_variables if SIZE in variable.shape]
    assert len(tables) == 1 and ops.size(tables[0]) == SIZE * WIDTH
