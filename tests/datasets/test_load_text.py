import csv
import gzip
import io
import json
import re
import warnings
import zipfile
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import soundfile

from keras_gen.datasets import load
from keras_gen.datasets.files import Tree
from keras_gen.datasets.readers import Request, media_of
from keras_gen.errors import InputError
from keras_gen.media import Audio, Image, Text

UNKNOWN, END = 1, 2
SENTENCES = [f'Dog {number:02}, "brown", runs.' for number in range(40)]
# Every sentence is packed to the last letter.
PLAIN = Text(32, "bytes", nfkc=False, lower=False)
ALL = {"batch_size": 1, "validation": 0, "test": 0}


def lines(sentences):
    return "\n".join(sentences).encode()


def objects(sentences):
    return lines(json.dumps({"id": i, "caption": sentence}) for i, sentence in enumerate(sentences))


def table(sentences):
    stream = io.StringIO()
    csv.writer(stream).writerows([("id", "caption"), *enumerate(sentences)])
    return stream.getvalue().encode()


def tree(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def written(root, name, content):
    return tree(root, {name: content}) / name


def splits_of(data):
    """The sentences of each split."""
    names = [split for split in ("train", "val", "test") if getattr(data, split) is not None]
    return {split: data.media.unpack(data.arrays(split)[0]).tolist() for split in names}


PARTS = {"a.txt": SENTENCES[:10], "b/a.txt.gz": SENTENCES[10:15], "b/latest.txt": SENTENCES[15:]}
# What is hidden, and what is no text, is skipped.
FILES = {
    name: (gzip.compress if name.endswith(".gz") else bytes)(lines(part)) for name, part in PARTS.items()
}
SKIPPED = {".hidden.txt": b"hidden", "__MACOSX/._a.txt": b"\0", "notes.md": b"notes"}
SOURCES = {
    "txt": lambda root: written(root, "a.txt", lines(SENTENCES)),
    "txt.gz": lambda root: written(root, "A.TXT.GZ", gzip.compress(lines(SENTENCES))),
    "jsonl": lambda root: written(root, "a.jsonl", objects(SENTENCES)),
    "csv": lambda root: written(root, "a.csv", table(SENTENCES)),
    "folder": lambda root: tree(root, FILES | SKIPPED),
    "folder.txt": lambda root: tree(root / "folder.txt", FILES | SKIPPED),
    "zip": lambda root: zipped(root / "a.zip", FILES | SKIPPED),
    "list": lambda root: SENTENCES,
    "array": lambda root: np.array(SENTENCES),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.filterwarnings("error")
def test_every_source_brings_the_same_sentences_and_splits(tmp_path, source):
    found = SOURCES[source](tmp_path)
    arguments = {"field": "caption"} if source in ("jsonl", "csv") else {}
    found = str(found) if source == "txt" else found
    data = load(found, media=PLAIN, batch_size=8, seed=3, **arguments)
    assert data.media == PLAIN and data.class_names is None and data.num_classes is None
    splits = splits_of(data)
    assert {split: len(sentences) for split, sentences in splits.items()} == {
        "train": 32,
        "val": 4,
        "test": 4,
    }
    assert sorted(sum(splits.values(), [])) == SENTENCES
    # Chosen by the seed, and not in the order of the file.
    assert splits == splits_of(load(SENTENCES, media=PLAIN, batch_size=8, seed=3))
    other = splits_of(load(SENTENCES, media=PLAIN, batch_size=8, seed=4))
    assert other["test"] != splits["test"] and splits["test"] not in (SENTENCES[:4], SENTENCES[-4:])


@pytest.mark.parametrize("kind", ["txt", "folder"])
def test_without_media_sentences_are_words(tmp_path, kind):
    data = load(SOURCES[kind](tmp_path), batch_size=4)
    assert data.media == Text(vocabulary=data.media.vocabulary)
    assert {"dog", ",", '"', "brown", "runs", "."} < set(data.media.vocabulary)
    assert set(sum(splits_of(data).values(), [])) >= {text.lower() for text in splits_of(data)["train"]}


@pytest.mark.parametrize("make", [tree, zipped])
def test_files_tell_their_splits(tmp_path, make):
    files = {
        "captions_train.txt": lines(SENTENCES[:20]),
        "more/captions-TRAIN.txt.gz": gzip.compress(lines(SENTENCES[20:30])),
        "captions_test.txt": lines(SENTENCES[34:]),
    }
    data = load(make(tmp_path / "a.zip", files), media=PLAIN, batch_size=4, validation=0.1)
    splits = splits_of(data)
    assert splits["test"] == SENTENCES[34:] and len(splits["val"]) == 3
    assert sorted(splits["train"] + splits["val"]) == SENTENCES[:30]
    files["valid.txt"] = lines(SENTENCES[30:34])
    splits = splits_of(load(make(tmp_path / "b.zip", files), media=PLAIN, batch_size=4))
    assert splits == {"train": SENTENCES[:30], "val": SENTENCES[30:34], "test": SENTENCES[34:]}
    with pytest.raises(InputError, match="test=0.1 has no use: .* brings a test split"):
        load(tmp_path / "b.zip", media=PLAIN, test=0.1)


def test_the_vocabulary_is_of_the_training_split_alone(tmp_path):
    files = {name: lines([f"one {name}word word"] * 3) for name in ("train", "val", "test")}
    data = load(tree(tmp_path, {f"{name}.txt": text for name, text in files.items()}), batch_size=1)
    assert sorted(data.media.vocabulary) == ["one", "trainword", "word"]
    for split in ("train", "val", "test"):
        assert (data.arrays(split)[0] == UNKNOWN).sum(axis=1).tolist() == [0 if split == "train" else 1] * 3
    # Also where what is held out comes from the same file.
    data = load([f"word{number}" for number in range(40)], batch_size=1)
    splits = splits_of(data)
    assert sorted(data.media.vocabulary) == sorted(splits["train"]) and len(splits["train"]) == 32
    assert splits["val"] == splits["test"] == ["�"] * 4


def test_media_with_a_vocabulary_are_kept_and_others_learn_as_they_are_set():
    known = Text(8, vocabulary=["runs", "dog"])
    data = load(SENTENCES, media=known, **ALL)
    assert data.media == known
    np.testing.assert_array_equal(data.arrays("train")[0], known.pack(SENTENCES))
    asked = Text(6, most_words=3, strip_special=True)
    data = load(SENTENCES, media=asked, **ALL)
    assert sorted(data.media.vocabulary) == ["brown", "dog", "runs"] and not asked.is_learned
    assert data.media == Text(6, most_words=3, strip_special=True, vocabulary=data.media.vocabulary)


def test_batches_are_int32_of_static_shape():
    data = load(SENTENCES, media=PLAIN, batch_size=5, validation=0.1, test=0)
    assert data.train.element_spec.shape == (5, 32) and data.train.element_spec.dtype == "int32"
    batches = np.stack([batch.numpy() for batch in data.train])
    assert batches.shape == (7, 5, 32) and data.steps_per_epoch == 7
    drawn = PLAIN.unpack(batches.reshape(35, 32)).tolist()
    assert len(set(drawn)) == 35 and set(drawn) <= set(splits_of(data)["train"]) and drawn != sorted(drawn)
    assert data.test is None and len(splits_of(data)["val"]) == 4


# What cannot be used.


def test_bad_lines_and_files_are_set_aside_and_told_in_one_warning(tmp_path):
    files = {
        "a.txt": lines(SENTENCES[:30]) + b"\nEin B\xe4r.\n" + b"x" * 100_000 + b"\n\xff\n \n",
        "b.txt": lines(SENTENCES[30:]) + b"\n\xff",
        "binary.txt": bytes(range(256)),
        "other.txt": b"\0",
        "packed.txt.gz": b"not packed",
        "empty.txt": b"",
    }
    for source in (tree(tmp_path / "folder", files), zipped(tmp_path / "a.zip", files)):
        with pytest.warns(UserWarning) as caught:
            data = load(source, media=PLAIN, **ALL)
        assert splits_of(data) == {"train": SENTENCES}
        assert [str(warning.message) for warning in caught] == [
            "Some sentences were set aside (6: a.txt, b.txt, binary.txt, empty.txt, other.txt, ...): "
            "it is not valid UTF-8 (3 lines); it is longer than 10,000 characters (1 line); "
            "is not a text file: it holds NUL bytes (2: binary.txt, other.txt); "
            "could not be unpacked: Not a gzipped file (b'no') (1: packed.txt.gz)."
        ]


def test_damaged_members_of_a_zip_are_set_aside(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.txt": lines(SENTENCES), "b.txt": lines(SENTENCES)})
    content = bytearray(path.read_bytes())
    content[60:100] = bytes(40)  # within the first member
    path.write_bytes(content)
    with pytest.warns(UserWarning, match=r"could not be unpacked: Bad CRC-32 .*\(1: a.txt\)"):
        assert splits_of(load(path, media=PLAIN, **ALL)) == {"train": SENTENCES}


TEXTS = {"a.txt": lines(SENTENCES), "b.txt": lines(SENTENCES)}


@pytest.mark.parametrize(
    "files, arguments, message",
    [
        ({"a.txt": b""}, {}, "There are no sentences: give at least one line of text"),
        ({"a.txt": b" \n\n"}, {}, "There are no sentences"),
        ({"a.txt": b"\0\1\2"}, {}, "a.txt is not a text file: it holds NUL bytes"),
        (
            {"a.txt": b"\xff\n\xfe"},
            {},
            r"No sentence can be used \(1: a.txt\): it is not valid UTF-8 \(2 lines\)",
        ),
        (
            {"a.txt": b"\0", "b.txt": b"\0"},
            {},
            r"No sentence can be used .*holds NUL bytes \(2: a.txt, b.txt\)",
        ),
        ({"a.csv": table(SENTENCES)}, {}, "a.csv needs field, the name of the column .* are 'id', 'caption'"),
        ({"a.csv": table(SENTENCES)}, {"field": "text"}, "a.csv has no column 'text'"),
        ({"a.jsonl": objects(SENTENCES)}, {"field": "text"}, "a.jsonl has no field 'text'"),
        ({"a.txt": lines(SENTENCES)}, {"field": "text"}, "field has no use for a.txt"),
        (TEXTS, {"field": "text"}, "field has no use for a.txt"),
        (TEXTS, {"size": 32}, "size and channels are of images, which .* does not hold"),
        (TEXTS, {"channels": 1}, "size and channels are of images, which .* does not hold"),
        (TEXTS, {"media": PLAIN, "size": 32}, "size and channels have no use beside media"),
        (TEXTS, {"labels": "{digit}_{index}"}, "labels has no use where sentences are loaded"),
        (TEXTS, {"media": PLAIN, "chunks": True}, "chunks has no use where sentences are loaded"),
        (TEXTS, {"test": "index=0"}, "needs a field of the pattern"),
        (TEXTS, {"media": Image(16, 16, 3)}, "holds no images"),
        (TEXTS, {"media": Audio()}, "holds no waveforms"),
        (
            TEXTS,
            {"batch_size": 65, "duplicates": "keep"},
            "batch_size=65 is more than the 64 training sentences",
        ),
        (TEXTS | {"a_train.txt": b"A dog."}, {}, "Some files tell their split, but a.txt does not"),
        ({"train.txt": b"", "test.txt": b"A dog."}, {}, "leaves no sentences to train on"),
        ({"a.md": b"A dog."}, {}, "holds no images, recordings or sentences"),
        ({"a.md": b"A dog."}, {"media": PLAIN}, "holds no files of sentences, such as sentences.txt"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_mistakes_with_files_are_input_errors_of_one_line(tmp_path, files, arguments, message):
    tree(tmp_path, files)
    with pytest.raises(InputError, match=message) as refusal:
        load(tmp_path, **arguments)
    assert re.fullmatch(r"[^\n]+\.", str(refusal.value))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"size": 32}, "size and channels are of images"),
        ({"channels": 3}, "size and channels are of images"),
        ({"media": Image(16, 16, 3)}, "media is Image.* brings sentences: give a Text"),
        ({"media": Audio()}, "media is Audio.* brings sentences: give a Text"),
        ({"labels": "{digit}_{index}"}, "labels is about the files in a folder or .zip"),
        ({"chunks": True}, "chunks is about the files in a folder or .zip"),
        ({"field": "text"}, "field (is of .jsonl, .json, .csv and .tsv files, but )?has no use for"),
    ],
)
@pytest.mark.parametrize("kind", ["file", "list", "docstrings"])
def test_what_has_no_use_is_an_input_error(tmp_path, kind, arguments, message):
    source = {"file": tmp_path / "a.txt", "list": SENTENCES, "docstrings": "docstrings"}[kind]
    (tmp_path / "a.txt").write_bytes(lines(SENTENCES))
    with pytest.raises(InputError, match=message) as refusal:
        load(source, **arguments)
    # In which the sentences themselves are not told.
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize(
    "source, arguments, message",
    [
        ("nowhere.txt", {}, "missing path 'nowhere.txt'"),
        (Path("nowhere/captions.csv"), {"field": "caption"}, "missing path 'nowhere/captions.csv'"),
        ("docstring", {}, "missing path 'docstring': did you mean 'docstrings'"),
        ("digits", {"media": PLAIN}, "digits brings no sentences: give 'docstrings', a list of str"),
        ([], {"media": PLAIN}, "There are no sentences"),
        (["", " "], {}, "There are no sentences"),
        (["A dog.", 1], {}, "Sentences must be str, not int"),
        (np.zeros(4), {"media": PLAIN}, "Sentences must be str, not float64"),
        (np.zeros((4, 4)), {"media": PLAIN}, "must be a list or row of str, not of type ndarray"),
        (("A dog.", "A cat."), {"media": PLAIN}, "must be a list or row of str, not of type str"),
        (5, {"media": PLAIN}, "must be a list or row of str, not of type int"),
        (["A dog.", "\ud83d", "A cat."], {"batch_size": 1}, "A sentence is not valid UTF-8"),
        (SENTENCES, {"validation": 1.0}, "validation must be a share of the sentences"),
        (["A dog.", "A cat."], {}, "None of 2 sentences would be left to train on"),
        (np.array(5.0), {}, "Floating images must lie in"),
    ],
)
def test_what_is_no_source_of_sentences_is_an_input_error(source, arguments, message):
    with pytest.raises(InputError, match=message):
        load(source, **arguments)


@pytest.mark.parametrize("kind", [list, np.array])
def test_sentences_come_with_labels_and_for_testing(kind):
    texts, labels = kind([*SENTENCES, " "]), [i % 3 for i in range(41)]
    data = load((texts, labels), media=PLAIN, batch_size=1)
    told = {}
    for split in ("train", "val", "test"):
        packed, found = data.arrays(split)
        told |= dict(zip(data.media.unpack(packed), found.tolist(), strict=True))
    assert told == {sentence: i % 3 for i, sentence in enumerate(SENTENCES)}
    assert data.class_names == ["0", "1", "2"] and data.account.set_aside["it is empty"].count == 1
    # For testing they stay as they are, also those that are learned from.
    pairs = ((SENTENCES, np.eye(2)[[0, 1] * 20]), (SENTENCES[:3], [[0, 1]] * 3))
    with pytest.warns(UserWarning, match="numbered from 0 to 1") as caught:
        data = load(pairs, media=PLAIN, batch_size=1, validation=0.1)
    assert caught[0].filename == __file__
    assert data.arrays("test")[1].tolist() == [1, 1, 1] and data.account.used["test"] == 3
    bare = load(((SENTENCES, None), (SENTENCES[:3], None)), media=PLAIN, batch_size=1)
    assert splits_of(bare)["test"] == SENTENCES[:3] and bare.class_names is None


def test_notes_beside_images_or_recordings_are_not_taken_for_examples(tmp_path):
    tree(tmp_path, {"notes.txt": b"A note.", "labels.csv": b"a,b"})
    for number in range(12):
        PIL.Image.new("RGB", (16, 16), (number, 0, 0)).save(tmp_path / f"{number}.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = load(tmp_path, size=16, **ALL)
        assert data.media == Image(16, 16, 3) and len(data.arrays("train")[0]) == 12
        # Unless it is said.
        assert splits_of(load(tmp_path / "notes.txt", media=PLAIN, **ALL)) == {"train": ["A note."]}
    with pytest.raises(InputError, match="field is of sentences, but images are loaded"):
        load(tmp_path, field="a")
    for names, media in (
        (["a.wav", "a.txt"], Audio()),
        (["a.png", "a.txt"], Image(64, 64, 3)),
        (["a.txt", "b.csv"], Text()),
    ):
        assert media_of(Tree("source", names, None), Request("source")) == media
    soundfile.write(tmp_path / "a.wav", np.zeros(9), 8000)
    with pytest.raises(InputError, match="holds 12 images and 1 recordings"):
        load(tmp_path)


@pytest.mark.slow
def test_docstrings_are_sentences_of_known_words():
    data = load("docstrings")
    assert data.name == "docstrings" and data.media == Text(vocabulary=data.media.vocabulary)
    assert 3000 < len(data.media.vocabulary) <= 5000 and data.class_names is None
    packed, labels = data.arrays("train")
    total = sum(len(data.arrays(split)[0]) for split in ("train", "val", "test"))
    assert labels is None and total > 5000 and len(packed) == pytest.approx(0.8 * total, rel=0.01)
    # Of at most 24 words, so that nearly all have room for their end.
    assert (packed == END).sum(axis=1).mean() > 0.99 and (packed == UNKNOWN).mean() < 0.01
    assert all(re.fullmatch(r"\S.*\.", text) for text in data.media.unpack(packed[:200]))


def test_no_docstring_is_in_two_splits(monkeypatch, caplog):
    """Also not as the model sees them, to which rare words are alike."""
    frequent = [f"{animal} {number:02} runs." for animal in ("Dog", "Cat") for number in range(40)]
    sentences = frequent + [f"It is {letter * 3}." for letter in "abcdefghijklmnopqrst"]
    monkeypatch.setattr("keras_gen.datasets.text.read_docstrings", lambda: sentences)
    splits, left_out = ("train", "val", "test"), {}
    for words in (46, 1000):
        caplog.clear()
        with caplog.at_level("INFO"):
            data = load("docstrings", media=Text(8, most_words=words), batch_size=1, seed=1)
        rows = [row.tobytes() for split in splits for row in data.arrays(split)[0]]
        assert len(rows) == len(set(rows))
        left_out[words] = sum(map(int, re.findall(r"(\d+) of ", caplog.text)))
        assert left_out[words] == len(sentences) - len(rows)
    assert left_out[46] > 10 > left_out[1000]


def test_held_out_sentences_that_are_packed_as_training_ones_are_left_out(tmp_path):
    held_out = [SENTENCES[3].upper(), *SENTENCES[:2], "A cat."]
    root = tree(tmp_path, {"train.txt": lines(SENTENCES), "test.txt": lines(held_out)})
    with pytest.warns(UserWarning, match="3 of 4 sentences of test stand in other splits too, as packed"):
        data = load(root, media=Text(8), batch_size=1, validation=0)
    assert splits_of(data)["test"] == ["� �."] and data.account.set_aside.popitem()[1].names == held_out[:3]


@pytest.mark.filterwarnings("ignore:Many words")
def test_where_most_sentences_are_one_word_characters_are_advised(caplog):
    names = ["Ann", "Anna", "Ada", "Dan", "Nada", "Dana", "Anda", "Naan", "Daan", "Aad"]
    with caplog.at_level("INFO"):
        load([*names[:6], *(f"{name} runs" for name in names[6:])], batch_size=1, test=0, validation=0)
        assert "Most sentences are one word: tokenizer='characters' suits them" in caplog.text
        caplog.clear()
        load([*names[:4], *(f"{name} runs" for name in names[4:])], batch_size=1, test=0, validation=0)
        data = load(names, media=Text(8, "characters", lower=False), batch_size=1)
    assert not caplog.text
    assert {text for texts in splits_of(data).values() for text in texts} == set(names)


def test_labels_of_all_files_are_numbered_together(tmp_path):
    rows = {
        "train.csv": [("one", "b"), ("two", "a"), ("three", "b"), ("four", "c")],
        "test.csv": [("five", "a"), ("six", "c")],
        "val.csv": [("seven", "b")],
    }
    files = {name: lines(["text,kind", *(",".join(row) for row in some)]) for name, some in rows.items()}
    data = load(tree(tmp_path, files), media=Text(8, "bytes"), field="text", labels="kind", batch_size=1)
    assert data.class_names == ["a", "b", "c"] and data.num_classes == 3
    for name, some in rows.items():
        packed, labels = data.arrays(name.removesuffix(".csv"))
        told = [
            (text, data.class_names[label])
            for text, label in zip(data.media.unpack(packed), labels, strict=True)
        ]
        assert told == some and labels.dtype == np.int32
    batch, labels = next(iter(data.train))
    assert batch.shape == (1, 8) and labels.shape == (1,)
    numbers = tmp_path / "numbers.csv"
    numbers.write_text("text,kind\n" + "".join(f"word {n},{n}\n" for n in range(12)))
    data = load(numbers, field="text", labels="kind", batch_size=1, validation=0, test=0)
    assert data.class_names == [str(n) for n in range(12)] and data.arrays("train")[1].tolist() == [
        *range(12)
    ]
    with pytest.raises(InputError, match="labels must be .* or a column of sentences, but is 'kind' for"):
        load(SENTENCES, labels="kind")
