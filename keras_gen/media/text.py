"""Sentences: from strings to the tokens that a model sees, and back."""

import unicodedata
import warnings
from collections import Counter

import keras
import numpy as np
import tensorflow as tf

from keras_gen.errors import InputError, unknown
from keras_gen.media.media import Media
from keras_gen.media.subwords import SubwordTokenizer
from keras_gen.media.tokenizers import (
    END,
    PADDING,
    UNKNOWN,
    WORD,
    ByteTokenizer,
    CharacterTokenizer,
    WordTokenizer,
    spaced,
)

TOKENIZERS = {
    "words": WordTokenizer,
    "subwords": SubwordTokenizer,
    "characters": CharacterTokenizer,
    "bytes": ByteTokenizer,
}
BLOCK = 10_000  # sentences that are packed at once
SPACE = r"[\pZ\p{Cc}\s]+"  # also line separators and control characters
SPECIAL = r"[^\pL\pM\pN\s]"
MOST_UNKNOWN = 0.2  # share of unknown tokens above which there is a warning
NAMED = 3  # unknown words in a warning
EDGE = "\1"  # marks the edges of words; clean text never holds it


@keras.saving.register_keras_serializable("keras_gen")
class Text(Media):
    """Sentences of up to one number of tokens, in their raw, packed and model forms.

    A raw sentence is a string. A packed one is int32 (length,): token numbers, an end, and padding with 0; a
    sentence that is too long is cut and has no end. The model form is the packed form.

    Words, sub-words and characters are looked up in a vocabulary that `learn` takes from data. Others are
    packed as unknown and written as the replacement character. Bytes need no vocabulary and know every text.

    Args:
        length: tokens of a packed sentence, with its end, at least 2.
        tokenizer: "words", where punctuation marks are words too; "subwords", frequent words and parts of
            words, which the library `tokenizers` learns and nothing else needs; "characters", those of
            Unicode, such as for names; or "bytes", those of UTF-8.
        most_words: words, sub-words or characters that `learn` takes at most, at least 1.
        nfkc: whether strings are brought to Unicode's normal form KC. This happens in Python only; exported
            signatures expect it.
        lower: whether text becomes lower case.
        strip_special: whether all but letters, digits and spaces is removed.
        strip_stop_words: whether scikit-learn's English stop words are removed.
        vocabulary: sequence of str, the words, sub-words or characters in the order of their numbers, or None
            to `learn` them.

    Raises:
        InputError: a number is out of its range, there is no such tokenizer, or the vocabulary is not one of
            its tokens.

    Example:

    >>> media = Text(length=8).learn(["A dog runs.", "A cat sleeps, and a dog runs."])
    >>> packed = media.pack(["A dog, and a cat."])
    >>> media.unpack(packed).tolist()
    ['a dog, and a cat.']
    """

    dtype = "int32"
    key = "text"
    plural = "sentences"
    ending = ".txt"
    endings = (".txt",)
    sheet_ending = ".txt"
    sheet_endings = (".txt",)

    def __init__(
        self,
        length=32,
        tokenizer="words",
        most_words=5000,
        nfkc=True,
        lower=True,
        strip_special=False,
        strip_stop_words=False,
        vocabulary=None,
    ):
        for name, value, least in (("length", length, 2), ("most_words", most_words, 1)):
            if not isinstance(value, int | np.integer) or value < least:
                raise InputError(f"{name} must be a whole number from {least}, not {value!r}.")
        if tokenizer not in TOKENIZERS:
            raise unknown("tokenizer", tokenizer, TOKENIZERS)
        if tokenizer == "bytes" and vocabulary is not None:
            raise InputError("Bytes have no vocabulary: leave it out, or take tokenizer='words'.")
        for token, count in Counter(vocabulary).items():
            if count > 1 or not token:
                raise InputError(
                    f"A vocabulary holds different strings, none of them empty, unlike {token!r}."
                )
            if tokenizer == "characters" and len(token) > 1:
                raise InputError(f"A vocabulary of characters holds one in each entry, not {token!r}.")
        self.length, self.most_words, self.tokenizer = int(length), int(most_words), tokenizer
        self.nfkc, self.lower = nfkc, lower
        self.strip_special, self.strip_stop_words = strip_special, strip_stop_words
        self.vocabulary = None if vocabulary is None else tuple(vocabulary)
        self._tokens = None
        if tokenizer == "bytes":
            self._tokens = ByteTokenizer(self.length)
        elif self.vocabulary is not None:
            self._tokens = TOKENIZERS[tokenizer](self.vocabulary, self.length)

    @property
    def shape(self):
        """The shape of a packed sentence, (length,)."""
        return (self.length,)

    @property
    def model_shape(self):
        """The shape of its model form, (length,)."""
        return (self.length,)

    @property
    def raw_spec(self):
        """What an exported signature takes: a batch of strings."""
        return tf.TensorSpec((None,), tf.string, name="text")

    @property
    def is_learned(self):
        """Whether sentences can be packed: always for bytes, else once there is a vocabulary."""
        return self._tokens is not None

    @property
    def vocabulary_size(self):
        """The number of different tokens, with padding, unknown and end."""
        return self._learned.size

    @property
    def lookups(self):
        """The layers whose tables exported signatures use."""
        return [] if self._learned.lookup is None else [self._tokens.lookup]

    @property
    def _learned(self):
        if self._tokens is None:
            raise InputError(
                "This Text has no vocabulary yet: take media.learn(sentences), or tokenizer='bytes'."
            )
        return self._tokens

    def learn(self, sentences):
        """The same media with a vocabulary: the most frequent tokens of sentences, at most `most_words`.

        Args:
            sentences: sequence of str.

        Returns:
            A `Text`; itself where there is nothing to learn.

        Raises:
            InputError: there are none in them, or the library that learns sub-words is not installed.
        """
        if self.is_learned:
            return self
        vocabulary = TOKENIZERS[self.tokenizer].learn(self.clean(sentences), self.most_words)
        if not vocabulary:
            raise InputError(f"The sentences hold no {self.tokenizer} to learn.")
        return Text(**{**self.get_config(), "vocabulary": vocabulary})

    def pack(self, raw):
        """Pack one sentence, or several; warn if more than a fifth of the tokens are unknown.

        Args:
            raw: a str, or bytes of UTF-8, or a sequence of these.

        Returns:
            int32 (length,), or (num, length).

        Raises:
            InputError: it is something else, or not valid UTF-8, or there is no vocabulary yet.
        """
        is_one = isinstance(raw, str | bytes)
        packed = self.tokenize([raw] if is_one else raw)
        share = self.unknown_share(packed)
        if share > MOST_UNKNOWN:
            warnings.warn(
                f"{share:.0%} of the {self.tokenizer} given are unknown to the vocabulary of {self}, and "
                f"packed as unknown, such as {self.unknown_examples([raw] if is_one else raw)}: pack "
                "sentences like those that it was learned from.",
                stacklevel=2,
            )
        return packed[0] if is_one else packed

    def tokenize(self, sentences):
        """Pack several sentences, without a warning of unknown tokens.

        Args:
            sentences: sequence of str, or of bytes of UTF-8.

        Returns:
            int32 array (num, length).

        Raises:
            InputError: an entry is something else or not valid UTF-8, or there is no vocabulary yet.
        """
        clean = self.clean(sentences)
        blocks = range(0, max(len(clean), 1), BLOCK)
        return np.concatenate([self._learned.encode(clean[begin : begin + BLOCK]) for begin in blocks])

    def unknown_share(self, packed):
        """The share of tokens that the vocabulary does not know, from 0 to 1; 0 for bytes or without tokens.

        Args:
            packed: int32 (num, length) or (length,), packed sentences.
        """
        if self.tokenizer == "bytes":
            return 0.0
        packed = np.asarray(packed)
        tokens = np.count_nonzero((packed != PADDING) & (packed != END))
        return float(np.count_nonzero(packed == UNKNOWN) / max(tokens, 1))

    def unknown_examples(self, sentences):
        """A few of the words, or characters, that the vocabulary does not know, as a str to read.

        Args:
            sentences: sequence of str, of which the first 10,000 count.
        """
        of_words, some, known = self.tokenizer == "words", sentences[:BLOCK], set(self.vocabulary)
        texts = self.words(some) if of_words else self.as_array(self.clean(some))
        strange = Counter(part for text in texts for part in text if part not in known)
        return ", ".join(repr(part) for part, _ in strange.most_common(NAMED))

    def pack_in_graph(self, raw):
        """Pack in graph, for exported signatures; strings should be in Unicode's normal form NFKC.

        Args:
            raw: string tensor (batch,); what is not valid UTF-8 is taken for unreadable characters.

        Returns:
            int32 tensor (batch, length).
        """
        valid = tf.strings.unicode_transcode(raw, "UTF-8", "UTF-8", errors="replace")
        return tf.ensure_shape(self._learned.encode(self._clean_in_graph(valid)), (None, self.length))

    def clean(self, sentences):
        """Sentences as the tokenizer sees them: normalized, lower-cased and stripped as the settings say.

        Args:
            sentences: sequence of str, or of bytes of UTF-8.

        Returns:
            String tensor (num,).

        Raises:
            InputError: an entry is something else, or not valid UTF-8.
        """
        if isinstance(sentences, str | bytes) or not np.iterable(sentences):
            raise InputError(f"Sentences must be a list of str, not a {type(sentences).__name__}.")
        texts = [_decoded(sentence) for sentence in sentences]
        texts = [unicodedata.normalize("NFKC", text) for text in texts] if self.nfkc else texts
        return self._clean_in_graph(tf.constant(texts, tf.string))

    def _clean_in_graph(self, texts):
        texts = tf.strings.regex_replace(texts, SPACE, " ")  # first, since lower() stops at a NUL
        texts = tf.strings.lower(texts, "utf-8") if self.lower else texts
        texts = tf.strings.regex_replace(texts, SPECIAL, " ") if self.strip_special else texts
        if self.strip_stop_words:
            # RE2's \b also matches within words, at hyphens and at letters beyond ASCII.
            texts = tf.strings.regex_replace(texts, WORD, rf"{EDGE}\1{EDGE}")
            texts = tf.strings.regex_replace(texts, _stop_words(), "")
            texts = tf.strings.regex_replace(texts, EDGE, "")
        return tf.strings.strip(tf.strings.regex_replace(texts, " +", " "))

    def words(self, sentences):
        """The words and punctuation marks of sentences, whatever the tokenizer is: list of lists of str."""
        split = tf.strings.split(spaced(self.clean(sentences))).to_list()
        return [[word.decode() for word in words] for words in split]

    def unpack(self, packed):
        """Packed sentences as readable text: array of str (batch,)."""
        return self.as_array(self.to_raw(tf.convert_to_tensor(packed)))

    def to_model(self, packed):
        """The model form of packed sentences: the tokens as they are."""
        return tf.cast(tf.ensure_shape(packed, (packed.shape[0], self.length)), tf.int32)

    def to_raw(self, model):
        """The text of tokens (batch, length) up to the end token; that of words is spaced as in print."""
        return self._learned.decode(model)

    def as_array(self, raw):
        """A tensor of strings as an array of str."""
        return np.array([text.decode() for text in raw.numpy()], dtype=str)

    # Looking.

    def sheet(self, examples, rows=None):
        """Sentences as one text: one a line, with an empty line between rows.

        Args:
            examples: str (batch,), or packed sentences (batch, length).
            rows: of equal length; by default one.

        Returns:
            A str.

        Raises:
            InputError: there are no sentences, or they do not fill so many rows.
        """
        sentences = np.asarray(examples)
        if not len(sentences) or len(sentences) % (rows or 1):
            raise InputError(f"{len(sentences)} sentences do not fill {rows or 1} rows.")
        sentences = self.unpack(sentences) if sentences.dtype.kind == "i" else sentences
        return "\n\n".join("\n".join(row) for row in sentences.reshape(rows or 1, -1)) + "\n"

    def beside(self, examples, others):
        """Examples paired with what is compared with them, for `sheet`: (sentences, rows)."""
        return np.stack([examples, others], axis=1).reshape(-1), len(examples)

    def show(self, examples, rows=None):
        """A batch of sentences as an object that notebooks display."""
        return Sheet(self.sheet(examples, rows))

    def save_sheet(self, examples, path, rows=None, origin=None):
        """Writes a batch as a text file, a line each; see `sheet`. It has no place for an `Origin`."""
        path.write_text(self.sheet(examples, rows), encoding="utf-8")

    def save(self, example, path, origin=None):
        """Write one sentence as a text file, which has no place for an `Origin`."""
        path.write_text(f"{example}\n", encoding="utf-8")

    def summarize(self, name, examples, rows=None):
        """Write a batch to TensorBoard's text tab, with its default writer and step."""
        # Markdown shows indented lines as they are.
        tf.summary.text(name, "".join(f"    {line}\n" for line in self.sheet(examples, rows).split("\n")))

    def get_config(self):
        return {
            "length": self.length,
            "tokenizer": self.tokenizer,
            "most_words": self.most_words,
            "nfkc": self.nfkc,
            "lower": self.lower,
            "strip_special": self.strip_special,
            "strip_stop_words": self.strip_stop_words,
            "vocabulary": self.vocabulary,
        }

    def __repr__(self):
        number = f"{len(self.vocabulary):,} " if self.vocabulary else ""
        return f"Text(length={self.length}, {number}{self.tokenizer})"


class Sheet(str):
    """Text that a notebook shows as it is."""

    def __repr__(self):
        return str(self).rstrip("\n")


def _decoded(sentence):
    if not isinstance(sentence, str | bytes):
        raise InputError(f"A sentence must be a str, or bytes of UTF-8, not a {type(sentence).__name__}.")
    try:
        # Strings too: half of a surrogate pair has no UTF-8.
        return (sentence.encode() if isinstance(sentence, str) else sentence).decode()
    except UnicodeError as error:
        raise InputError(f"A sentence is not valid UTF-8: {error}.") from error


def _stop_words():
    """A pattern of scikit-learn's English stop words, each between two edges."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return rf"(?i){EDGE}({'|'.join(sorted(ENGLISH_STOP_WORDS))}){EDGE}"
