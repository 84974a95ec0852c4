"""How varied the sentences of a text generator are, beside one another.

Every figure depends on how many sentences there are and how long they are: compare it only at one number of
sentences, beside that of as many real ones.
"""

from collections import Counter

import numpy as np

from keras_gen.errors import InputError

EPSILON = 0.1  # matches counted where there are none, so that one order alone does not make BLEU 0


def diversity_scores(sentences):
    """The usual figures of diversity, comparable only at one number of sentences, beside those of real text.

    Args:
        sentences: lists of tokens, strings or integers, without padding: at least two, one of three tokens.

    Returns:
        A dict of floats: `distinct_1`, `distinct_2` and `distinct_3`, high where sentences are varied, and
        `self_bleu`, for up to four tokens, high where they are monotonous.

    Raises:
        InputError: when there are too few sentences, or they are not lists of tokens or too short.
    """
    sentences = _checked(sentences)
    scores = {f"distinct_{n}": distinct_n(sentences, n) for n in (1, 2, 3)}
    return scores | {"self_bleu": self_bleu(sentences)}


def distinct_n(sentences, n):
    """Share of different n-grams among all n-grams of all sentences.

    It falls as sentences are added, even to varied ones: there are only so many n-grams to say.

    Args:
        sentences: lists of tokens, strings or integers, without padding: at least one of n tokens.
        n: how many neighboring tokens are counted as one, at least 1.

    Returns:
        A float in (0, 1]: 1 where nothing is said twice.

    Raises:
        InputError: when no sentence has n tokens, or the arguments are not of this kind.

    Source: Li et al. 2016, arXiv 1510.03055.
    """
    sentences = _checked(sentences, n)
    counts = Counter(ngram for sentence in sentences for ngram in _ngrams(sentence, n))
    if not counts:
        longest = max(map(len, sentences), default=0)
        raise InputError(
            f"The longest of {len(sentences)} sentences has {longest} tokens: give at least one of {n}."
        )
    return len(counts) / counts.total()


def self_bleu(sentences, n=4):
    """Mean BLEU of each sentence with all others as its references: how much they repeat one another.

    It rises as sentences are added, even varied ones: each finds more to match. A sentence without a token
    of any other scores 0; one of fewer than n tokens scores low even among copies of itself.

    Args:
        sentences: lists of tokens, strings or integers, without padding: at least two.
        n: the longest n-grams that are matched, at least 1; all lengths up to it weigh the same.

    Returns:
        A float in [0, 1]: high is monotonous, 1 where each of the sentences, of n tokens or more, has a copy.

    Raises:
        InputError: when there are fewer than two sentences, or the arguments are not of this kind.

    Source: Zhu et al. 2018, arXiv 1802.01886, for self-BLEU; Papineni et al. 2002 for BLEU; Chen & Cherry
    2014, method 1, for its smoothing, as in NLTK's `sentence_bleu`.
    """
    sentences = _checked(sentences, n)
    if len(sentences) < 2:
        raise InputError(
            f"`sentences` number {len(sentences)}: give at least two, to compare with each other."
        )
    matches, totals = np.array([_matches(sentences, order) for order in range(1, n + 1)]).swapaxes(0, 1)
    precisions = np.where(matches > 0, matches, EPSILON) / np.maximum(totals, 1)
    scores = _brevity_penalties(sentences) * np.exp(np.log(precisions).mean(axis=0))
    return float(np.where(matches[0] > 0, scores, 0).mean())


def _matches(sentences, n):
    """How many n-grams of each sentence another one has as well, and how many it has, two lists."""
    counts = [Counter(_ngrams(sentence, n)) for sentence in sentences]
    largest, second = {}, {}
    for own in counts:
        for ngram, count in own.items():
            most = largest.get(ngram, 0)
            largest[ngram] = max(most, count)
            second[ngram] = max(second.get(ngram, 0), min(most, count))
    # Only the largest count exceeds the second largest, the most that is found elsewhere: to clip all at it is
    # to clip each at the most among the others, without comparing every pair.
    matches = [sum(min(count, second[ngram]) for ngram, count in own.items()) for own in counts]
    return matches, [own.total() for own in counts]


def _brevity_penalties(sentences):
    """The factor of each sentence for being shorter than the other nearest in length, of two the shorter."""
    lengths = Counter(map(len, sentences))
    penalties = {}
    for length, count in lengths.items():
        others = lengths if count > 1 else lengths.keys() - {length}
        _, nearest = min((abs(other - length), other) for other in others)
        penalties[length] = np.exp(min(0, 1 - nearest / max(length, 1)))
    return np.array([penalties[len(sentence)] for sentence in sentences])


def _ngrams(sentence, n):
    return zip(*(sentence[start:] for start in range(n)), strict=False)


def _checked(sentences, n=1):
    """The sentences as a list, refused where they or `n` would be counted as something else than is meant."""
    if not isinstance(n, int) or n < 1:
        raise InputError(f"`n` is {n!r}: give an integer of at least 1.")
    sentences = list(sentences)
    for sentence in sentences:
        if isinstance(sentence, (str, bytes)) or not hasattr(sentence, "__len__"):
            raise InputError(f"A sentence is {sentence!r}: give a list of its tokens, such as ['a', 'dog'].")
    return sentences
