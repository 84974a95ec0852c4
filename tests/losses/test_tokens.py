"""The likelihood of sentences against a loop over their tokens."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.losses import CategoricalTokens
from keras_gen.media.tokenizers import PADDING

SIZE = 5
# Of several lengths, one of them full, and padding in the midst, which is none the less padding.
TOKENS = np.array([[3, 4, 1, 2], [4, 2, 0, 0], [2, 0, 0, 0], [3, 0, 4, 2]], "int32")


@pytest.fixture
def logits():
    """Logits at all places, those of padding among them; some large ones, whose exponentials would
    overflow.
    """
    random = np.random.default_rng(3)
    logits = 3 * random.normal(size=(*TOKENS.shape, SIZE))
    logits[0, 0] += 500
    return logits.astype("float32")


def by_hand(tokens, logits):
    """The log-probability of one sentence."""
    total = 0.0
    for token, row in zip(tokens, logits.astype("float64"), strict=True):
        if token != PADDING:
            total += row[token] - (row.max() + np.log(np.sum(np.exp(row - row.max()))))
    return total


def test_a_sentence_is_as_probable_as_its_tokens_together(logits):
    likelihood = CategoricalTokens(SIZE)
    counted = likelihood.counted(TOKENS).numpy()
    np.testing.assert_array_equal(counted, np.argwhere(TOKENS != PADDING))
    log_prob = likelihood.log_prob(TOKENS, logits[tuple(counted.T)])
    assert log_prob.shape == (4,) and log_prob.dtype == "float32"
    expected = [by_hand(tokens, rows) for tokens, rows in zip(TOKENS, logits, strict=True)]
    np.testing.assert_allclose(log_prob, expected, rtol=1e-5)
    np.testing.assert_allclose(likelihood.log_prob(TOKENS, logits), expected, rtol=1e-5)


def test_xla_gets_the_logits_of_all_places_whose_shape_is_static():
    likelihood, asked = CategoricalTokens(SIZE), []
    for xla in (False, True):
        tf.function(lambda: asked.append(likelihood.counted(TOKENS)), jit_compile=xla)()
    assert asked[0].shape == (None, 2) and asked[1] is None


def test_columns_of_padding_change_nothing(logits):
    likelihood = CategoricalTokens(SIZE)
    longer = np.pad(TOKENS, ((0, 0), (0, 3)), constant_values=PADDING)
    # No more logits are asked for than before, and at the same places.
    np.testing.assert_array_equal(likelihood.counted(longer), likelihood.counted(TOKENS))
    counted = logits[tuple(likelihood.counted(TOKENS).numpy().T)]
    assert len(counted) == 10
    np.testing.assert_array_equal(likelihood.log_prob(longer, counted), likelihood.log_prob(TOKENS, counted))


def test_a_distribution_over_every_short_sentence_adds_up_to_1(logits):
    """Sentences of two places, the logits of the second the same whatever is first: 4 x 4 of them hold no
    padding.
    """
    likelihood = CategoricalTokens(SIZE)
    pairs = np.array([(first, second) for first in range(1, SIZE) for second in range(1, SIZE)], "int32")
    rows = np.where(np.arange(SIZE) == PADDING, -np.inf, logits[1, :2]).astype("float32")
    log_prob = likelihood.log_prob(pairs, np.tile(rows, (16, 1)))
    np.testing.assert_allclose(np.sum(np.exp(log_prob)), 1.0, rtol=1e-5)


@pytest.mark.parametrize("outside", [-1, SIZE, 500])
def test_tokens_that_have_no_logit_are_refused(outside):
    likelihood = CategoricalTokens(SIZE)
    likelihood.check(TOKENS)
    tokens = TOKENS.copy()
    tokens[1, 1] = outside
    with pytest.raises(InputError, match=f"from 0 to 4, but the data hold {outside}: pack sentences"):
        likelihood.check(tokens)


def test_config_round_trip():
    likelihood = CategoricalTokens(SIZE)
    restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(likelihood))
    assert type(restored) is CategoricalTokens
    assert restored.get_config() == likelihood.get_config()
    assert restored.num_parameters() == SIZE
