"""What is measured of sentences while a source is checked."""

import codecs
import functools
import gzip
import io
import unicodedata
import zlib
from collections import Counter

import numpy as np

from keras_gen.datasets.checks.measures import Measure, Problem
from keras_gen.media import Text

PLURAL = Text.plural
RARE = 1e-5  # share of all characters below which one counts as rare
MOST_RARE = 40  # rare characters that are named
FIRST_PART = 2**20  # bytes
# The longer marks first, since that of UTF-32 begins as that of UTF-16 does.
MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF8: "UTF-8 with a byte-order mark",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
FIELDS = np.dtype(
    [
        ("characters", np.int32),
        ("words", np.int32),
        ("letters", np.float32),
        ("surprise", np.float32),
        ("broken", bool),
        ("controls", bool),
        ("composed", bool),
    ]
)
MEASURES = (
    Measure("length", "characters", lambda rows: rows["characters"], np.log1p),
    Measure("words", "words", lambda rows: rows["words"], np.log1p),
    Measure("letters", "share of characters", lambda rows: rows["letters"]),
    Measure(
        "surprise",
        "bits per character, by the frequency of characters in all",
        lambda rows: rows["surprise"],
    ),
)
PROBLEMS = (
    Problem(
        "wrongly decoded",
        "they hold U+FFFD, or are UTF-8 that was read as Windows-1252",
        lambda rows: rows["broken"],
    ),
    Problem("with invisible characters", "controls and the like", lambda rows: rows["controls"]),
    Problem(
        "with accents as characters of their own",
        "not in the Unicode form NFC",
        lambda rows: ~rows["composed"],
    ),
)


def rows_of(sentences):
    """What is measured of each sentence, of the fields `FIELDS`; and how often each character comes."""
    counts = Counter()
    for sentence in sentences:
        counts.update(sentence)
    total = sum(counts.values())
    bits = {character: -np.log2(count / total) for character, count in counts.items()}
    letters = {character for character in counts if character.isalpha()}
    hidden = {
        character
        for character in counts
        if unicodedata.category(character) in ("Cc", "Cf", "Co", "Cn") and character not in "\t\u200c\u200d"
    }
    rows = np.empty(len(sentences), FIELDS)
    for place, sentence in enumerate(sentences):
        length = max(1, len(sentence))
        rows[place] = (
            len(sentence),
            len(sentence.split()),
            sum(map(letters.__contains__, sentence)) / length,
            sum(map(bits.__getitem__, sentence)) / length,
            "\ufffd" in sentence or _is_mojibake(sentence),
            not hidden.isdisjoint(sentence),
            unicodedata.is_normalized("NFC", sentence),
        )
    return rows, counts


def scripts_of(counts):
    """How many characters each script has, such as LATIN, and the other kinds; `Counter`."""
    scripts = Counter()
    for character, count in counts.items():
        scripts[_script(character)] += count
    return scripts


def rare_characters(counts):
    """The characters that hardly ever come, the rarest first, as (character, name, count)."""
    total = sum(counts.values())
    rare = sorted((count, character) for character, count in counts.items() if count < RARE * total)
    return [
        (character, unicodedata.name(character, f"U+{ord(character):04X}"), count)
        for count, character in rare[:MOST_RARE]
    ]


def encoding_of(name, raw):
    """The encoding of a file by its first megabyte, in words."""
    if name.lower().endswith(".gz"):
        try:
            raw = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(FIRST_PART)
        except (OSError, EOFError, zlib.error):
            return "damaged"
    raw = raw[:FIRST_PART]
    marked = next((told for mark, told in MARKS.items() if raw.startswith(mark)), None)
    return marked or ("ASCII" if raw.isascii() else "UTF-8")


@functools.cache
def _script(character):
    category = unicodedata.category(character)
    if category.startswith("L"):
        # The name of a letter begins with its script; Unicode's own property is not in the standard library.
        return unicodedata.name(character, "unnamed").split()[0].title()
    kinds = {"N": "digits", "P": "punctuation", "Z": "spaces", "M": "accents", "S": "symbols"}
    return kinds.get(category[0], "invisible")


def _is_mojibake(sentence):
    """Whether a sentence is UTF-8 that was read as Windows-1252."""
    if sentence.isascii():
        return False
    try:
        return len(sentence.encode("cp1252").decode("utf-8")) < len(sentence)
    except UnicodeError:
        return False
