"""How varied the sentences of a text generator are.

All figures depend on the number and length of sentences: compare them at equal numbers, and with real
sentences.
"""

from collections import Counter

import numpy as np

from keras_gen.errors import InputError

EPSILON = 0.1  # matches counted in place of 0, so that one order alone does not make BLEU 0


def diversity_scores(sentences):
    """Distinct n-grams and self-BLEU; compare them only at equal numbers of sentences.

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

    It falls as sentences are added, even varied ones, since common n-grams recur.

    Args:
        sentences: lists of tokens, strings or integers, without padding: at least one of n tokens.
        n: tokens of an n-gram, at least 1.

    Returns:
        A float in (0, 1]; 1 if nothing is repeated.

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

    It rises as sentences are added, even varied ones, since each finds more matches. A sentence that shares
    no token with another scores 0; one of fewer than n tokens scores low even among its copies.

    Args:
        sentences: lists of tokens, strings or integers, without padding: at least two.
        n: length of the longest n-grams, at least 1; all lengths up to it weigh the same.

    Returns:
        A float in [0, 1]; high is monotonous, 1 if each sentence, of n tokens or more, has a copy.

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
    """The n-grams of each sentence that another one shares, and all its n-grams: two lists of counts."""
    counts = [Counter(_ngrams(sentence, n)) for sentence in sentences]
    largest, second = {}, {}
    for own in counts:
        for ngram, count in own.items():
            most = largest.get(ngram, 0)
            largest[ngram] = max(most, count)
            second[ngram] = max(second.get(ngram, 0), min(most, count))
    # Clipping all counts at the second largest equals clipping each at the largest among the others, since
    # only the largest exceeds it. So no pairs need to be compared.
    matches = [sum(min(count, second[ngram]) for ngram, count in own.items()) for own in counts]
    return matches, [own.total() for own in counts]


def _brevity_penalties(sentences):
    """BLEU's brevity penalties, against the other sentence nearest in length (of two, the shorter)."""
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
    """The sentences as a list; refuses strings in place of lists of tokens, and an impossible `n`."""
    if not isinstance(n, int) or n < 1:
        raise InputError(f"`n` is {n!r}: give an integer of at least 1.")
    sentences = list(sentences)
    for sentence in sentences:
        if isinstance(sentence, (str, bytes)) or not hasattr(sentence, "__len__"):
            raise InputError(f"A sentence is {sentence!r}: give a list of its tokens, such as ['a', 'dog'].")
    return sentences
