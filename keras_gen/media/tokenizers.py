"""Tokenizers in graph: words with punctuation, characters, or bytes."""

from collections import Counter

import keras
import numpy as np
import tensorflow as tf

# The numbers below the first token. A decoder begins with PADDING, which no sentence holds.
PADDING, UNKNOWN, END = 0, 1, 2
UNREADABLE = "\N{REPLACEMENT CHARACTER}"  # how an unknown word is written

# A word is letters, marks and digits with inner apostrophes and hyphens, or any other single character.
WORD = r"([\pL\pM\pN]+(?:['’-][\pL\pM\pN]+)*|[^\s])"
# Patterns with spaces that print does not have, and their replacements.
UNSPACED = (
    (r'" ([^"]*) "', r'"\1"'),
    (r"' ([^']*) '", r"'\1'"),
    (r"(s) '( |$)", r"\1'\2"),
    (r" ([,.;:!?%)\]}’”»…])", r"\1"),
    (r"([(\[{“‘«$£€#]) ", r"\1"),
)


class WordTokenizer:
    """Words and punctuation by number, from a vocabulary; Keras' `TextVectorization` looks them up.

    Args:
        vocabulary: tuple of str, the words of numbers 3, 4, ...
        length: tokens of a packed sentence, with its end.
    """

    def __init__(self, vocabulary, length):
        # No text holds it as one word, since brackets are words of their own.
        self.end = "[END]"
        self.lookup = _lookup([self.end, *vocabulary], length)
        self.size = 3 + len(vocabulary)
        self._words = np.array(["", UNREADABLE, "", *vocabulary], dtype=object)

    @staticmethod
    def learn(texts, most_words):
        """The most frequent words of clean texts, the most frequent first: tuple of str."""
        lookup = keras.layers.TextVectorization(most_words + 2, standardize=None)
        lookup.adapt(tf.data.Dataset.from_tensor_slices(texts).batch(1024).map(spaced))
        return tuple(str(word) for word in lookup.get_vocabulary(include_special_tokens=False))

    def encode(self, texts):
        """Clean texts, string (batch,) -> int32 (batch, length)."""
        return tf.cast(self.lookup(tf.strings.join([spaced(texts), self.end], " ")), tf.int32)

    def decode(self, tokens):
        """int32 (batch, length) -> readable texts, string (batch,)."""
        words = tf.gather(tf.constant(self._words), until_end(tokens))
        texts = tf.strings.strip(tf.strings.reduce_join(words, axis=-1, separator=" "))
        for pattern, rewrite in UNSPACED:
            texts = tf.strings.regex_replace(texts, pattern, rewrite)
        return texts


class CharacterTokenizer:
    """Unicode's code points by number, from a vocabulary; spaces are characters too.

    Args:
        vocabulary: tuple of str, the characters of numbers 3, 4, ...
        length: characters of a packed sentence, with its end.
    """

    def __init__(self, vocabulary, length):
        self.end = chr(END)  # clean text holds no control characters
        self.lookup = _lookup([self.end, *vocabulary], length, split="character")
        self.size = 3 + len(vocabulary)
        self._characters = np.array(["", UNREADABLE, "", *vocabulary], dtype=object)

    @staticmethod
    def learn(texts, most_characters):
        """The most frequent characters of clean texts, the most frequent first: tuple of str."""
        counts = Counter()
        for text in texts.numpy():
            counts.update(text.decode())
        # Equally frequent ones too are in an order that does not depend on that of the texts.
        return tuple(sorted(counts, key=lambda character: (-counts[character], character))[:most_characters])

    def encode(self, texts):
        """Clean texts, string (batch,) -> int32 (batch, length)."""
        return tf.cast(self.lookup(tf.strings.join([texts, self.end])), tf.int32)

    def decode(self, tokens):
        """int32 (batch, length) -> texts, string (batch,)."""
        return tf.strings.reduce_join(tf.gather(tf.constant(self._characters), until_end(tokens)), axis=-1)


class ByteTokenizer:
    """The bytes of UTF-8 by their own number; control characters are not written.

    Args:
        length: bytes of a packed sentence, with its end.
    """

    size = 256
    lookup = None

    def __init__(self, length):
        self.length = length
        # Control characters are not written: clean text holds none, and they would break lines.
        self._bytes = np.array([*[b""] * 32, *(bytes([byte]) for byte in range(32, 256))], dtype=object)

    def encode(self, texts):
        """Clean texts, string (batch,) -> int32 (batch, length)."""
        ended = tf.strings.join([texts, bytes([END])])
        return tf.cast(tf.io.decode_raw(ended, tf.uint8, fixed_length=self.length), tf.int32)

    def decode(self, tokens):
        """int32 (batch, length) -> texts, string (batch,); bytes that make no character are left out."""
        texts = tf.strings.reduce_join(tf.gather(tf.constant(self._bytes), until_end(tokens)), axis=-1)
        return tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="ignore")


def _lookup(vocabulary, length, split="whitespace"):
    """Keras' layer that numbers the parts of texts by their place in a vocabulary, from 2."""
    # Always on the processor: other devices have no strings.
    with tf.init_scope(), tf.device("CPU"):
        lookup = keras.layers.TextVectorization(
            standardize=None, split=split, output_sequence_length=length, vocabulary=vocabulary
        )
        lookup.build((None,))  # which exports ask for
    return lookup


def spaced(texts):
    """Texts with one space between all their words and signs."""
    return tf.strings.strip(
        tf.strings.regex_replace(tf.strings.regex_replace(texts, WORD, r" \1 "), r"\s+", " ")
    )


def until_end(tokens):
    """Tokens, (batch, length), of which those from the end on are PADDING."""
    ended = tf.cumsum(tf.cast(tokens == END, tf.int32), axis=-1)
    return tf.where(ended > 0, PADDING, tokens)
