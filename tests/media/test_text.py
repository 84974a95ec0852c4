import collections
import gzip
import itertools
import json
import os
import re
import sys
import unicodedata
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from keras_gen.errors import InputError
from keras_gen.media import Text

DATA = os.environ.get("KERAS_GEN_DATA")
UNKNOWN, END = 1, 2
OPTIONS = ("nfkc", "lower", "strip_special", "strip_stop_words")
PLAIN = dict.fromkeys(OPTIONS, False)
TRICKY = [
    "A dog, a cat, and two cows run; one (the brown one) sleeps.",
    "It's the man's dog-house, isn't it?",
    "Don't say you can't've done it!",
    "Don’t say “no”, he said; say ‘yes’ or «oui».",
    "The dogs' owner feeds the boss's horses.",
    "All of this is the dogs'",
    "All of this is the dogs'.",
    'He said "no", and then "yes!"',
    "He said 'no'. 'Yes', said she.",
    "They play rock 'n' roll.",
    'One quote ("in brackets") [sic] {and braces}.',
    "In one he said: \"it's 'done'\".",
    "50% of $5, €6 and £7 is #8.",
    "A well-known T-shirt - of all things - was left...",
    "Wait... what?!",
    "A & B or 3 / 4 = five",
    "Žluťoučký kůň pěl, ďábelské ódy.",
    "[END] [UNK]",
]
# What text may hold: characters of one to four bytes, of several code points, of both directions, and zeros.
ODD = [
    "",
    "plain",
    "naïve",
    "日本語",
    "a🐎b",
    "👩‍👩‍👧 👍🏽",
    "e\u0301",
    "\ufeffa\ufffd",
    "שלום abc",
    "a\0b\1\2\x1b[31mc\x7fd\x85e",
    "\0",
]


def squeezed(text):
    """Without what separates and controls, each run of which becomes one space."""
    kept = (" " if unicodedata.category(c) in ("Cc", "Zs", "Zl", "Zp") else c for c in text)
    return " ".join("".join(kept).split())


def random_texts(num, seed=0):
    """Strings of code points of any kind, with spaces between some."""
    random = np.random.default_rng(seed)
    ranges = [(0, 0x80), (0x80, 0x500), (0x500, 0xD800), (0xE000, 0x10000), (0x10000, 0x110000)]
    for _ in range(num):
        codes = (random.integers(*ranges[random.integers(5)]) for _ in range(random.integers(1, 20)))
        yield "".join(chr(code) + " " * (random.random() < 0.3) for code in codes)


# Words.


@pytest.fixture(scope="module")
def media():
    return Text(length=48).learn(TRICKY)


@pytest.mark.parametrize("sentence", TRICKY)
def test_sentences_come_back_as_they_are_written(media, sentence):
    messy = f"\t{sentence.replace(' ', '  ')}\r\n"
    for raw in ([sentence], [messy], np.array([sentence]), [sentence.encode()]):
        assert media.unpack(media.pack(raw)).tolist() == [sentence.lower()]


def test_packed_sentences_are_numbers_of_words_with_an_end_and_zeros_behind():
    media = Text(length=7, vocabulary=["a", "dog", ",", "runs"])
    assert media.is_learned and media.vocabulary_size == 7 and len(media.lookups) == 1
    assert media.shape == media.model_shape == (7,) and media.dtype == "int32"
    expected = {
        "": ([END, 0, 0, 0, 0, 0, 0], ""),
        "A dog, runs": ([3, 4, 5, 6, END, 0, 0], "a dog, runs"),
        "a cat, runs": ([3, UNKNOWN, 5, 6, END, 0, 0], "a �, runs"),
        "a dog runs a dog runs": ([3, 4, 6, 3, 4, 6, END], "a dog runs a dog runs"),
        "a dog runs a dog runs, a dog": ([3, 4, 6, 3, 4, 6, 5], "a dog runs a dog runs,"),
    }
    packed = media.pack(list(expected))
    assert packed.dtype == np.int32
    np.testing.assert_array_equal(packed, [tokens for tokens, _ in expected.values()])
    unpacked = media.unpack(packed)
    assert unpacked.dtype.kind == "U" and unpacked.tolist() == [text for _, text in expected.values()]
    np.testing.assert_array_equal(media.pack("a dog"), [3, 4, END, 0, 0, 0, 0])
    # What is written as Keras writes its own tokens is none of them.
    for text in ("[END] END", "[UNK] UNK"):
        packed_signs = Text(length=7, lower=False, vocabulary=["a"]).pack(text)
        np.testing.assert_array_equal(packed_signs, [*[UNKNOWN] * 4, END, 0, 0])
    # What a model writes behind the end is no part of the sentence.
    assert media.unpack(np.array([[3, 4, END, 6, 3, END, 4]])).tolist() == ["a dog"]
    model = media.to_model(packed)
    assert model.dtype == tf.int32 and np.array_equal(model, packed)
    assert media.pack([]).shape == (0, 7) and media.unpack(packed[:0]).shape == (0,)


def test_the_most_frequent_words_are_learned_in_order():
    # Each as often as no other, in an order that is not the alphabet's.
    words = ["the", "Dog", ",", "don't", "T-shirt", ".", "é", "?", "a", "zebra", "3"]
    random = np.random.default_rng(0)
    drawn = random.permutation([word for count, word in enumerate(words, 1) for _ in range(3 * count)])
    sentences = [" ".join(part) for part in np.array_split(drawn, 20)]
    counts = collections.Counter(
        re.findall(r"\w+(?:['-]\w+)*|[^\w\s]", " ".join(sentences).lower())
    ).most_common()
    assert len({count for _, count in counts}) == len(words)
    for most in (1, 4, 11, 100):
        blank = Text(length=8, most_words=most)
        media = blank.learn(sentences)
        assert media.vocabulary == tuple(word for word, _ in counts)[:most]
        assert media.vocabulary_size == 3 + len(media.vocabulary)
        assert media.learn(["something else"]) is media and not blank.is_learned
    # Those equally frequent too are in an order that does not depend on that of the sentences.
    equal = ["a b c d e f", "g h", "i"]
    assert Text(most_words=5).learn(equal) == Text(most_words=5).learn(equal[::-1])


# Characters.


def test_characters_are_numbered_by_how_frequent_they_are_and_come_back_whatever_the_text():
    texts = [*ODD * 8, *random_texts(200)]
    media = Text(60, "characters", most_words=40, **PLAIN).learn(texts)
    clean = [squeezed(text) for text in texts]
    counts = collections.Counter("".join(clean))
    expected = sorted(counts, key=lambda character: (-counts[character], character))[:40]
    assert media.vocabulary == tuple(expected) and " " in expected and "日" in expected
    numbers = {character: number for number, character in enumerate(expected, 3)}
    packed = media.tokenize(texts)
    for text, row in zip(clean, packed, strict=True):
        tokens = [*(numbers.get(character, UNKNOWN) for character in text), END]
        np.testing.assert_array_equal(row, [*tokens, *[0] * 60][:60])
    written = ["".join(c if c in numbers else "\ufffd" for c in text) for text in clean]
    assert media.unpack(packed).tolist() == written and written != clean
    assert media.unknown_share(packed[1]) == np.mean([c not in numbers for c in "plain"])
    assert len(media.lookups) == 1 and media.vocabulary_size == 43


def test_case_is_kept_where_it_is_asked_for_and_long_names_are_cut():
    names = ["Zoë", "McKay"]
    for lower in (True, False):
        media = Text(4, "characters", lower=lower).learn(names)
        told = ["zoë", "mcka"] if lower else ["Zoë", "McKa"]
        assert media.unpack(media.pack(names)).tolist() == told
        assert media.pack(names)[:, 3].tolist() == [END, media.pack("a")[0]]


# Sub-words.

LONG = [
    "ab" * 900,
    "a" * 1500 + " dog",
    " ".join(["dog"] * 700),
    "dogs'sdog-dog-dogdog 日dog日日 dog",
    "\u200d日\u200d",
]


@pytest.fixture(scope="module")
def subwords():
    pytest.importorskip("tokenizers")
    frequent = ["a dog and the dogs", "the dog-house's dogs", "newest and widest", "abab ababab aa aaaa"]
    return Text(4096, "subwords", most_words=300, lower=False).learn(
        [*TRICKY, *frequent * 9, *random_texts(20)]
    )


def of_the_library(media, texts):
    """What the library makes of clean texts, in parts between unknown characters: lists of numbers."""
    from tokenizers import Tokenizer, models

    numbers = {piece: number for number, piece in enumerate(["", "[UNK]", "", *media.vocabulary])}
    greedy = models.WordPiece(
        numbers, unk_token="[UNK]", continuing_subword_prefix="", max_input_chars_per_word=10_000
    )
    library = Tokenizer(greedy)
    for text in texts:
        marked = "".join(c if c in numbers else "\1" for c in f" {text}" if text)
        parts = [library.encode(part).ids for part in marked.split("\1")]
        yield [*parts[0], *itertools.chain(*([UNKNOWN, *part] for part in parts[1:])), END]


def test_subwords_are_those_of_the_library_whatever_the_text(subwords):
    texts = [*TRICKY, *ODD, *MIXED, *LONG, *random_texts(100, seed=1)]
    clean = [text.decode() for text in subwords.clean(texts).numpy()]
    expected = list(of_the_library(subwords, clean))
    assert len(clean[-1]) < 40 and max(map(len, expected)) > 500
    for length in (4096, 33, 16, 2):
        media = Text(**{**subwords.get_config(), "length": length})
        rows = [[*tokens, *[0] * length][:length] for tokens in expected]
        np.testing.assert_array_equal(media.tokenize(texts), rows)
    written = ["".join(c if c in subwords.vocabulary else "\ufffd" for c in text) for text in clean]
    assert subwords.unpack(subwords.tokenize(texts)).tolist() == written and written != clean


def test_subwords_are_frequent_parts_of_words(subwords):
    vocabulary = subwords.vocabulary
    assert {" ", "a", " dog", " dogs", "est"} <= set(vocabulary) and len(vocabulary) <= 300
    # A space begins a word, and none stands elsewhere.
    assert not [piece for piece in vocabulary if " " in piece[1:] or len(piece) > 16]
    assert [vocabulary[number - 3] for number in subwords.pack("the dogs")[:2]] == [" the", " dogs"]
    sentences = [" ".join(random) for random in itertools.permutations(["one", "two", "three", "éé"])]
    learned = Text(most_words=20, tokenizer="subwords").learn(sentences)
    assert learned == Text(most_words=20, tokenizer="subwords").learn(sentences[::-1])
    # Rare characters are left out where there are many, and nothing is joined with them.
    small = Text(most_words=6, tokenizer="subwords").learn(["ab ab ab ab abc cab"])
    assert small.vocabulary == (" ", "a", "b", "ab", " ab")


def test_the_library_is_needed_to_learn_only(subwords, monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    kept = json.loads(json.dumps(keras.saving.serialize_keras_object(subwords)))
    again = keras.saving.deserialize_keras_object(kept)
    assert again == subwords and again.lookups == []
    np.testing.assert_array_equal(again.pack(TRICKY[:3]), subwords.pack(TRICKY[:3]))
    with pytest.raises(InputError, match=r"not installed: pip install 'keras_gen\[subwords\]'"):
        Text(tokenizer="subwords").learn(["a dog"])


# Bytes.


@pytest.mark.parametrize("text", ODD)
def test_bytes_are_their_own_numbers_whatever_the_text(text):
    media = Text(length=40, tokenizer="bytes", **PLAIN)
    clean = squeezed(text)
    content = list(clean.encode())
    assert min(content, default=32) >= 32
    np.testing.assert_array_equal(media.pack(text), [*content, END, *[0] * (39 - len(content))])
    assert media.unpack(media.pack([text])).tolist() == [clean]
    assert media.vocabulary_size == 256 and media.lookups == [] and media.learn(["x"]) is media


def test_bytes_cut_within_a_character_leave_whole_characters():
    text = "aé日🐎z"
    content = text.encode()
    for length in range(2, len(content) + 3):
        media = Text(length, "bytes")
        packed = media.pack([text])
        np.testing.assert_array_equal(packed[0], [*content, END, 0][:length])
        assert media.unpack(packed).tolist() == [content[:length].decode(errors="ignore")]


def test_whatever_bytes_a_model_writes_are_text_without_control_characters():
    tokens = np.random.default_rng(0).integers(0, 256, (200, 16))
    for text, row in zip(Text(16, "bytes").unpack(tokens), tokens, strict=True):
        written = bytes(token for token in row.tolist()[: (*row, END).index(END)] if token >= 32)
        assert written.decode(errors="ignore") == text


# Settings.


def without_special(text):
    return "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in text)


def without_stop_words(text):
    # Words as they are packed: letters with their marks, and what apostrophes and hyphens join.
    parts = re.split(r"([\w\u0300-\u036f]+(?:['’-][\w\u0300-\u036f]+)*)", text)
    return "".join(part for part in parts if part.lower() not in ENGLISH_STOP_WORDS)


DONE = {
    "nfkc": lambda text: unicodedata.normalize("NFKC", text),
    "lower": str.lower,
    "strip_special": without_special,
    "strip_stop_words": without_stop_words,
}
MIXED = [
    "The ﬁne DOG’s\u00a0½ café-bar, ℌello\u2028and e\u0301t cetera…",
    "Iñaki and the mother-in-law don't: IT'S a I\u0301 (well-known) (the) 'a' #1 top.",
    "ÀÉÎ ΟΔΟΣ İstanbul ÆSIR ЖУК ǅ Ⅷ ² ﷺ 🐎 $5\tA\0THE\x1bz",
    "the and of",
    "!?",
]


@pytest.mark.parametrize("chosen", itertools.product([False, True], repeat=4))
def test_every_option_changes_what_it_is_named_for_and_nothing_else(chosen):
    options = dict(zip(OPTIONS, chosen, strict=True))
    media = Text(160, "bytes", **options)
    expected = MIXED
    # In this order; separators are spaces before letters are made small.
    for name in (name for name in OPTIONS if options[name]):
        expected = [DONE[name](text if name == "nfkc" else squeezed(text)) for text in expected]
    expected = [squeezed(text) for text in expected]
    assert media.unpack(media.pack(MIXED)).tolist() == expected
    # None of them is done without anything to do.
    undone = [squeezed(text) for text in MIXED]
    assert (expected != undone) == any(chosen)


def test_words_are_told_apart_whatever_the_tokenizer():
    expected = [["isn't", "it", "the", "well-known", '"', "bar", '"', "?"], []]
    for tokenizer in ("words", "characters", "bytes"):
        assert Text(tokenizer=tokenizer).words(['Isn\'t it the  well-known "Bar"?', " "]) == expected


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"strip_special": True, "strip_stop_words": True},
        {"lower": False},
        {"tokenizer": "subwords"},
        {"tokenizer": "characters", "lower": False},
        {"tokenizer": "bytes"},
    ],
)
def test_packing_in_graph_is_packing_of_normal_strings(settings):
    texts = [*TRICKY, *ODD, *MIXED, *random_texts(300)]
    media = Text(length=24, **settings).learn(texts[::2])
    pack = tf.function(media.pack_in_graph, input_signature=[media.raw_spec])
    packed = pack([unicodedata.normalize("NFKC", text) for text in texts])
    assert packed.dtype == tf.int32 and packed.shape == (len(texts), 24)
    np.testing.assert_array_equal(packed, media.pack(texts))
    # Many of them are long, cut or unknown in part, but none is without anything.
    assert {0, END} < set(np.unique(packed)) and len(np.unique(packed)) > 50
    broken = [b"a \xff dog", b"dog \xe2", b"\xc0", b"a\0b \x80"]
    readable = [text.decode(errors="replace") for text in broken]
    np.testing.assert_array_equal(pack(broken), media.pack(readable))


@pytest.mark.parametrize(
    "name, value",
    [
        ("length", 9),
        ("most_words", 6),
        ("nfkc", False),
        ("lower", False),
        ("strip_special", True),
        ("strip_stop_words", True),
        ("vocabulary", ["b", "a"]),
        ("vocabulary", None),
    ],
)
def test_serialization_and_equality(name, value):
    settings = {"length": 8, "most_words": 5, "vocabulary": ["a", "b"]}
    media, other = Text(**settings), Text(**{**settings, name: value})
    assert other != media and hash(other) != hash(media)
    # As it is kept in files.
    kept = json.loads(json.dumps(keras.saving.serialize_keras_object(other)))
    again = keras.saving.deserialize_keras_object(kept)
    assert again == other and hash(again) == hash(other) and again.get_config() == other.get_config()
    if other.is_learned:
        np.testing.assert_array_equal(again.pack(["B a c."]), other.pack(["B a c."]))


def test_unknown_words_and_characters_are_named_the_most_frequent_first():
    words, characters = Text(24).learn(["A dog hums."]), Text(24, tokenizer="characters").learn(["a dog"])
    assert words.unknown_examples(["The cello hums.", "A naïve cello", "a"]) == "'cello', 'the', 'naïve'"
    assert characters.unknown_examples(["good", "gxyzyx", "y"]) == "'y', 'x', 'z'"
    with pytest.warns(UserWarning, match="50% of the words given .* unknown, such as 'cello': pack"):
        words.pack("cello hums")


def test_media_tell_their_size_but_not_their_words():
    assert repr(Text(16)) == "Text(length=16, words)" and repr(Text(16, "bytes")) == "Text(length=16, bytes)"
    assert repr(Text(16, "characters", vocabulary="ab")) == "Text(length=16, 2 characters)"
    words = [f"word{number}" for number in range(1234)]
    assert repr(Text(vocabulary=words)) == "Text(length=32, 1,234 words)"


BYTES = Text(16, "bytes")


@pytest.mark.parametrize(
    "mistake, message",
    [
        (lambda: Text().pack("A dog."), "no vocabulary yet: take media.learn"),
        (lambda: Text().vocabulary_size, "no vocabulary yet"),
        (lambda: Text().unpack(np.zeros((1, 32), np.int32)), "no vocabulary yet"),
        (lambda: BYTES.pack([b"a", b"\xff"]), "not valid UTF-8: .* byte 0xff in position 0"),
        (lambda: BYTES.pack("\ud83d"), "not valid UTF-8: .*surrogates not allowed"),
        (lambda: BYTES.pack(["a", 1]), "must be a str, or bytes of UTF-8, not a int"),
        (lambda: BYTES.pack([None]), "must be a str, or bytes of UTF-8, not a NoneType"),
        (lambda: BYTES.pack(None), "must be a list of str, not a NoneType"),
        # Which would be learned letter by letter.
        (lambda: Text().learn("A dog."), "must be a list of str, not a str"),
        (lambda: Text().learn([]), "no words to learn"),
        (lambda: Text().learn(["", " \n"]), "no words to learn"),
        (lambda: Text(strip_special=True).learn(["?!"]), "no words to learn"),
        (lambda: Text(vocabulary=["a", "b", "a"]), "different strings, none of them empty, unlike 'a'"),
        (lambda: Text(tokenizer="subwords", vocabulary=["a", ""]), "none of them empty, unlike ''"),
        (lambda: Text(tokenizer="characters").learn([" "]), "no characters to learn"),
        (lambda: Text(tokenizer="characters", vocabulary=["a", "dog"]), "one in each entry, not 'dog'"),
        (lambda: Text(tokenizer="word"), "Unknown tokenizer 'word': did you mean 'words'"),
        (lambda: Text(tokenizer="bytes", vocabulary=["a"]), "Bytes have no vocabulary"),
        (lambda: Text(length=1), "length must be a whole number from 2, not 1"),
        (lambda: Text(length=8.0), "length must be a whole number from 2, not 8.0"),
        (lambda: Text(most_words=0), "most_words must be a whole number from 1, not 0"),
        (lambda: BYTES.sheet([]), "0 sentences do not fill 1 rows"),
        (lambda: BYTES.sheet(["a", "b", "c"], rows=2), "3 sentences do not fill 2 rows"),
    ],
)
def test_mistakes_are_input_errors_of_one_line(mistake, message):
    with pytest.raises(InputError, match=message) as refusal:
        mistake()
    assert re.fullmatch(r"[A-Za-z0-9].+\.", str(refusal.value))


# Looking.

LINES = ["one, two.", "žluť 🐎", "three", "four", "five", "six"]


def test_sheets_have_a_line_each_and_a_gap_between_rows(tmp_path):
    packed = BYTES.pack(LINES)
    for examples in (packed, np.array(LINES), LINES):
        assert BYTES.sheet(examples) == "one, two.\nžluť 🐎\nthree\nfour\nfive\nsix\n"
        assert BYTES.sheet(examples, rows=2) == "one, two.\nžluť 🐎\nthree\n\nfour\nfive\nsix\n"
    # What is compared stands below the other.
    pairs, rows = BYTES.beside(np.array(LINES[:3]), np.array(LINES[3:]))
    assert BYTES.sheet(pairs, rows) == "one, two.\nfour\n\nžluť 🐎\nfive\n\nthree\nsix\n"
    shown = BYTES.show(packed, rows=2)
    assert shown == BYTES.sheet(packed, rows=2) and repr(shown) == shown[:-1]
    path = tmp_path / f"sheet{BYTES.sheet_ending}"
    BYTES.save_sheet(packed, path, rows=2)
    assert path.name == "sheet.txt" and path.read_bytes().decode() == shown
    path = tmp_path / f"one{BYTES.ending}"
    BYTES.save(BYTES.unpack(packed)[1], path)
    assert path.name == "one.txt" and path.read_bytes().decode() == "žluť 🐎\n"


def test_tensorboard_gets_the_sheet_as_it_is(tmp_path):
    with tf.summary.create_file_writer(str(tmp_path)).as_default(step=7):
        BYTES.summarize("samples", BYTES.pack([*LINES[:4], "# a <b>", "* c"]), rows=2)
    found = []
    for path in tmp_path.iterdir():
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                kind = value.metadata.plugin_data.plugin_name
                found.append((event.step, value.tag, kind, tf.make_ndarray(value.tensor).item().decode()))
    ((step, tag, kind, text),) = found
    assert (step, tag, kind) == (7, "samples", "text")
    # Indented, so that nothing in it is read as Markdown.
    lines = text.split("\n")
    assert all(line.startswith("    ") for line in lines[:-1])
    assert [line[4:] for line in lines][:8] == [*LINES[:3], "", "four", "# a <b>", "* c", ""]


@pytest.mark.skipif(not DATA, reason="KERAS_GEN_DATA is not set to a folder of real data")
def test_captions_come_back_as_they_are_written():
    with gzip.open(Path(DATA) / "captions_train.txt.gz", "rt", encoding="utf-8") as file:
        captions = file.read().splitlines()
    media = Text(length=32).learn(captions)
    packed = media.pack(captions)
    whole = (packed != UNKNOWN).all(axis=1) & (packed == END).any(axis=1)
    # Most of them, though half of the words that are in use at all are not known.
    assert len(captions) == 29000 and len(media.vocabulary) == 5000 and whole.mean() > 0.75
    clean = np.array([text.decode() for text in media.clean(captions).numpy()])
    assert (media.unpack(packed) == clean)[whole].mean() >= 0.995


@pytest.mark.skipif(not DATA, reason="KERAS_GEN_DATA is not set to a folder of real data")
def test_subwords_of_captions_are_those_of_the_library():
    pytest.importorskip("tokenizers")
    captions = [
        gzip.decompress((Path(DATA) / f"captions_{split}.txt.gz").read_bytes()).decode().splitlines()
        for split in ("val", "test")
    ]
    media = Text(64, "subwords", most_words=1000).learn(captions[0])
    clean = [text.decode() for text in media.clean(captions[1]).numpy()]
    packed = media.tokenize(captions[1])
    assert len(packed) == 1000 and (packed == END).any(axis=1).all() and media.unknown_share(packed) < 1e-3
    for row, tokens in zip(packed, of_the_library(media, clean), strict=True):
        np.testing.assert_array_equal(row, [*tokens, *[0] * 64][:64])
    assert (media.unpack(packed) == clean).mean() > 0.99
