"""Diversity of sentences against NLTK's BLEU and against naive counts."""

import numpy as np
import pytest
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

from keras_gen.errors import InputError
from keras_gen.metrics.diversity import distinct_n, diversity_scores, self_bleu


def random_sentences(lengths, vocabulary=12, seed=0):
    random = np.random.default_rng(seed)
    return [[f"w{token}" for token in random.integers(vocabulary, size=length)] for length in lengths]


def varied_sentences():
    """Short, empty and repeated ones, lone lengths between two others, words said often, and a stranger."""
    lengths = [0, 1, 1, 2, 2, 3, 3, 4, 17, 20, 23, 31, *np.random.default_rng(1).integers(4, 14, size=44)]
    sentences = random_sentences(lengths)
    return [*sentences, sentences[20], sentences[20], ["w1"] * 9, ["w1"] * 6, ["never", "seen"]]


def pairwise_self_bleu(sentences, n):
    weights, smoothing = (1 / n,) * n, SmoothingFunction().method1
    scores = [
        sentence_bleu(sentences[:own] + sentences[own + 1 :], sentence, weights, smoothing)
        for own, sentence in enumerate(sentences)
    ]
    return np.mean(scores)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_self_bleu_is_the_mean_of_nltks_bleu_against_all_others(n):
    sentences = varied_sentences()
    assert self_bleu(sentences, n) == pytest.approx(pairwise_self_bleu(sentences, n), abs=1e-9)


@pytest.mark.parametrize("lengths", [(9, 11, 14), (3, 5), (0, 0), (0, 6), (2, 2, 2)])
def test_few_sentences_of_other_lengths_score_as_in_nltk(lengths):
    sentences = random_sentences(lengths, vocabulary=2)
    assert self_bleu(sentences) == pytest.approx(pairwise_self_bleu(sentences, 4), abs=1e-9)


def test_copies_are_as_monotonous_as_can_be():
    sentences = [["a", "dog", "saw", "a", "dog"]] * 5
    scores = diversity_scores(sentences)
    expected = {"distinct_1": 3 / 25, "distinct_2": 3 / 20, "distinct_3": 3 / 15, "self_bleu": 1}
    assert scores == pytest.approx(expected, abs=1e-12)
    assert all(type(score) is float for score in scores.values())


def test_strangers_are_as_varied_as_can_be():
    scores = diversity_scores(np.arange(30).reshape(5, 6))
    assert scores == {"distinct_1": 1, "distinct_2": 1, "distinct_3": 1, "self_bleu": 0}


@pytest.mark.parametrize("n", [1, 2, 3])
def test_distinct_counts_ngrams_within_sentences(n):
    sentences = varied_sentences()
    ngrams = [
        " ".join(sentence[start : start + n])
        for sentence in sentences
        for start in range(len(sentence) - n + 1)
    ]
    assert distinct_n(sentences, n) == len(set(ngrams)) / len(ngrams)


@pytest.mark.parametrize(
    "score, message",
    [
        (
            lambda: distinct_n([["a"], ["a", "b"]], 3),
            "longest of 2 sentences has 2 tokens.*one of 3",
        ),
        (lambda: distinct_n([], 1), "longest of 0 sentences has 0"),
        (lambda: distinct_n([["a"]], 0), "`n` is 0"),
        (lambda: self_bleu([["a"]]), "number 1"),
        (lambda: self_bleu([["a"], ["b"]], 2.0), "`n` is 2.0"),
        (lambda: diversity_scores(["a dog", "a cat"]), "'a dog'.*list of its tokens"),
        (lambda: diversity_scores([1, 2, 3]), "A sentence is 1"),
    ],
)
def test_what_cannot_be_scored_is_refused(score, message):
    with pytest.raises(InputError, match=message):
        score()
