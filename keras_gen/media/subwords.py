"""Sub-words: parts of words, as long as they are frequent, cut and joined in graph."""

from collections import Counter

import numpy as np
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.media.tokenizers import END, UNKNOWN, UNREADABLE, WORD, CharacterTokenizer, until_end

LONGEST = 16  # characters of a sub-word
CODES = 0x110000  # Unicode's code points


class SubwordTokenizer:
    """Frequent characters and parts of words by number, from a vocabulary that byte-pair encoding learns.

    A sentence is cut, from left to right, into the longest sub-words of the vocabulary. In graph that is a
    walk along a trie. The merges of byte-pair encoding would have to be repeated one by one. Models learn
    equally well from either (Uzan et al. 2024, arXiv 2403.01289). `tokenizers.models.WordPiece` does the same
    if continuations have no prefix.

    A space belongs to the word after it, and each sentence begins with a space. So text comes back as it was.

    Args:
        vocabulary: tuple of str, the sub-words of numbers 3, 4, ...
        length: sub-words of a packed sentence, with its end.
    """

    lookup = None

    def __init__(self, vocabulary, length):
        self.length = length
        self.size = 3 + len(vocabulary)
        self._pieces = np.array(["", UNREADABLE, "", *vocabulary], dtype=object)
        # Clean text holds no control characters.
        self._trie = Trie({chr(END): END, **{piece: number for number, piece in enumerate(vocabulary, 3)}})

    @staticmethod
    def learn(texts, most_subwords):
        """Characters, of which the most frequent take at most half of the places, and what byte-pair encoding
        (Sennrich et al. 2016, arXiv 1508.07909) joins within words: tuple of str.

        Raises:
            InputError: the library `tokenizers` is not installed.
        """
        try:
            from tokenizers import Tokenizer, models, trainers
        except ImportError as error:
            raise InputError(
                "tokenizer='subwords' learns by the library tokenizers, which is not installed: "
                "pip install 'keras_gen[subwords]'."
            ) from error
        characters = CharacterTokenizer.learn(_begun(texts), (most_subwords + 1) // 2)
        known, words = set(characters), Counter()
        for text in tf.strings.regex_replace(_begun(texts), rf"( ?{WORD})", "\\1\1").numpy():
            words.update(text.decode().split("\1"))
        parts = Counter()
        for word, count in words.items():
            readable = "".join(character if character in known else "\1" for character in word)
            for part in readable.split("\1"):
                parts[part] += count
        learner = Tokenizer(models.BPE())
        learner.train_from_iterator(
            parts.elements(),
            trainers.BpeTrainer(
                vocab_size=most_subwords, min_frequency=2, max_token_length=LONGEST, show_progress=False
            ),
        )
        numbers = learner.get_vocab()
        return (*characters, *(piece for piece in sorted(numbers, key=numbers.get) if len(piece) > 1))

    def encode(self, texts):
        """Clean texts, string (batch,) -> int32 (batch, length)."""
        codes = tf.strings.unicode_decode(tf.strings.join([_begun(texts), chr(END)]), "UTF-8")
        numbers, sizes = self._trie.longest(codes.values)
        # The place behind each, and one behind all of them.
        count = tf.size(sizes)
        behind = tf.concat([tf.range(count) + sizes, [count]], 0)
        starts = tf.cast(codes.row_starts(), tf.int32)
        begins = tf.scatter_nd(starts[:, None], tf.ones_like(starts), [count + 1])
        # Each round doubles how many sub-words of a sentence are known, until they fill its length.
        for _ in range((self.length - 1).bit_length()):
            begins = tf.tensor_scatter_nd_max(begins, behind[:, None], begins)
            behind = tf.gather(behind, behind)
        chosen = tf.ragged.boolean_mask(codes.with_values(numbers), codes.with_values(begins[:-1] > 0))
        return chosen.to_tensor(shape=(None, self.length))

    def decode(self, tokens):
        """int32 (batch, length) -> texts, string (batch,)."""
        pieces = tf.gather(tf.constant(self._pieces), until_end(tokens))
        return tf.strings.strip(tf.strings.reduce_join(pieces, axis=-1))


class Trie:
    """Finds the longest known string at each place of a text.

    Args:
        numbers: dict from strings to their numbers, which are above 0.
    """

    def __init__(self, numbers):
        nodes = {"": 0}
        for text in numbers:
            for end in range(1, len(text) + 1):
                nodes.setdefault(text[:end], len(nodes))
        edges = sorted(
            (nodes[text[:-1]] * CODES + ord(text[-1]), node) for text, node in nodes.items() if text
        )
        self._edges, self._children = np.array(edges, np.int64).T
        self._numbers = np.array([numbers.get(text, 0) for text in nodes], np.int32)
        self._longest = max(map(len, numbers))

    def longest(self, codes):
        """Code points, int32 (num,) -> the number of the longest string that begins there, and its size.

        A place where none begins has the number `UNKNOWN` and size 1. Strings are found across the ends of
        texts, unless these are marked.
        """
        count = tf.size(codes)
        ahead = tf.concat([tf.cast(codes, tf.int64), tf.zeros([self._longest], tf.int64)], 0)
        node = tf.zeros_like(codes, tf.int64)
        number, size = tf.fill([count], UNKNOWN), tf.ones([count], tf.int32)
        for step in range(self._longest):
            edge = node * CODES + ahead[step : step + count]
            place = tf.minimum(tf.searchsorted(self._edges, edge), len(self._edges) - 1)
            # No edge begins at a node below 0.
            node = tf.where(tf.gather(self._edges, place) == edge, tf.gather(self._children, place), -1)
            found = tf.gather(self._numbers, tf.maximum(node, 0))
            number = tf.where(found > 0, found, number)
            size = tf.where(found > 0, step + 1, size)
        return number, size


def _begun(texts):
    """Texts that begin with a space, unless they are empty."""
    return tf.strings.regex_replace(texts, "^(.)", r" \1")
