import csv
import gzip
import json

import pytest

from keras_gen.datasets import files
from keras_gen.datasets.files import TEXTS
from keras_gen.datasets.text_files import read_sentences, split_of
from keras_gen.errors import InputError

# With what is quoted in tables and objects, what is beyond ASCII, and one sentence twice.
SENTENCES = ["A dog, brown, runs.", 'He said "no".', "Žluťoučký kůň 🐎 pěl.", "A cat sits.", "A cat sits."]
LONG = "a" * 10_001
NOT_UTF8 = "Ein Bär.".encode("latin-1")
LIMIT = 12_345


@pytest.fixture(autouse=True)
def limit():
    """A limit of the csv module that the user has set."""
    before = csv.field_size_limit(LIMIT)
    yield
    csv.field_size_limit(before)


def table(values):
    quoted = ['"' + value.replace('"', '""') + '"' for value in values]
    rows = ["id,caption", *(f"{i},{value}" for i, value in enumerate(quoted))]
    return "\r\n".join(rows).encode()


def objects(values):
    return "\n".join(json.dumps({"id": i, "caption": value}) for i, value in enumerate(values)).encode()


def lines(values):
    return "\n".join(values).encode()


def array(values):
    return b"[" + objects(values).replace(b"\n", b",\n") + b"]"


def tabs(values):
    return table(values).replace(b"id,", b"id\t").replace(b',"', b'\t"')


WRITERS = {
    ".txt": (lines, None),
    ".jsonl": (objects, "caption"),
    ".json": (array, "caption"),
    ".csv": (table, "caption"),
    ".tsv": (tabs, "caption"),
}


@pytest.mark.parametrize("ending", TEXTS)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_every_format_is_read_alike(ending, mark):
    write, field = WRITERS[ending.removesuffix(".gz")]
    raw = mark + write(["", *SENTENCES[:2], "   ", *SENTENCES[2:], ""])
    packed = gzip.compress(raw) if ending.endswith(".gz") else raw
    assert read_sentences(f"Captions{ending.upper()}", packed, field) == (SENTENCES, None, {})


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_system(end):
    text = f"{end}A dog runs. {end}{end}\tA cat\u2028sits."
    assert read_sentences("a.txt", text.encode()) == (["A dog runs.", "A cat sits."], None, {})


@pytest.mark.parametrize("write, ending", [(objects, ".jsonl"), (table, ".csv")])
def test_line_breaks_within_become_spaces(write, ending):
    raw = write(["A dog\r\nruns\nand runs.\n", "A cat sits."])
    assert read_sentences(f"a{ending}", raw, "caption") == (["A dog runs and runs.", "A cat sits."], None, {})


def test_of_a_table_the_column_is_read_whatever_else_it_has():
    raw = b'\nid,by, "caption" \n\n1,me, "A dog, brown, runs.",2\n' + NOT_UTF8 + b",,A cat sits."
    assert read_sentences("a.csv", raw, "caption") == (["A dog, brown, runs.", "A cat sits."], None, {})


BAD = {
    ".txt": (
        [NOT_UTF8, LONG.encode(), b"a" * 200_000],
        {"it is not valid UTF-8": 1, "it is longer than 10,000 characters": 2},
    ),
    ".jsonl": (
        [
            b'{"caption": "' + NOT_UTF8 + b'"}',
            b'{"caption": "\\ud800"}',
            b'{"caption": "%s"}' % LONG.encode(),
            b'{"caption": ',
            b'["caption"]',
            b"[" * 100_000,
            b"1" * 100_000,
            b'{"id": 1}',
            b'{"caption": 1}',
        ],
        {
            "it is not valid UTF-8": 2,
            "it is longer than 10,000 characters": 1,
            "it is not a JSON object": 4,
            "it has no text in the field 'caption'": 2,
        },
    ),
    ".csv": (
        [b"1," + NOT_UTF8, b'2,"A\n' + NOT_UTF8 + b'\nB"', b"3," + b"a" * 200_000, b"4"],
        {
            "it is not valid UTF-8": 2,
            "it is longer than 10,000 characters": 1,
            "it ends before the column 'caption'": 1,
        },
    ),
}


@pytest.mark.parametrize("ending", BAD)
def test_bad_lines_are_set_aside_and_counted(ending):
    write, field = WRITERS[ending]
    bad, faults = BAD[ending]
    longest = "b" * 10_000
    start = write(["A dog runs.", longest])
    last = write(["A cat sits."]).splitlines()[-1]
    sentences, _, found = read_sentences(f"a{ending}", b"\n".join([start, *bad, last]), field)
    assert sentences == ["A dog runs.", longest, "A cat sits."] and found == faults
    assert csv.field_size_limit() == LIMIT


def test_lines_of_which_none_is_an_object_are_counted():
    assert read_sentences("a.jsonl", b"A dog runs.\n \n[]\n") == ([], None, {"it is not a JSON object": 2})


# Without the time, which would be in the names of tests and differ between processes.
PACKED = gzip.compress(b"A dog runs.\n" * 1000, mtime=0)


@pytest.mark.parametrize(
    "name, raw, field, message",
    [
        ("a.pdf", b"A dog runs.", None, r"a.pdf is no file of sentences: .* end in .txt, .txt.gz, .jsonl"),
        ("a.txt", b"\x89PNG\r\n\0\0", None, "a.txt is not a text file: it holds NUL bytes"),
        ("a.txt", "A dog runs.".encode("utf-16-le"), None, "a.txt is UTF-16LE without a byte-order mark"),
        ("a.txt.gz", b"A dog runs.", None, "a.txt.gz could not be unpacked: Not a gzipped file"),
        ("a.txt.gz", PACKED[:30], None, "a.txt.gz could not be unpacked: Compressed file ended"),
        ("a.txt.gz", PACKED[:10] + b"\xff" * 20, None, "a.txt.gz could not be unpacked: Error -3"),
        ("a.txt", b"A dog runs.", "caption", "field has no use for a.txt, .*: leave it out"),
        ("a.csv", table(SENTENCES), None, "a.csv needs field, .* column .*: its columns are 'id', 'caption'"),
        ("a.csv", table(SENTENCES), "text", "a.csv has no column 'text': its columns are 'id', 'caption'"),
        ("a.csv", b"", "text", "a.csv has no column 'text': its columns are none"),
        ("a.jsonl", b'1\n{"a": 1}\n{"b": 1}', None, "needs field, .* field .* its first object are 'a'[.]$"),
        ("a.jsonl", b'1\n{"a": 1}\n{"b": 1}', "c", "has no field 'c': .* its first object are 'a'[.]$"),
    ],
)
def test_mistakes_are_input_errors(name, raw, field, message):
    with pytest.raises(InputError, match=message):
        read_sentences(name, raw, field)
    assert csv.field_size_limit() == LIMIT


def test_what_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(files, "MOST_BYTES", 12_000)
    assert len(read_sentences("a.txt.gz", PACKED)[0]) == 1000
    monkeypatch.setattr(files, "MOST_BYTES", 11_999)
    with pytest.raises(
        InputError, match="a.txt.gz unpacks to more than a gigabyte: give it in several files"
    ):
        read_sentences("a.txt.gz", PACKED)


@pytest.mark.parametrize(
    "name, split",
    [
        ("train.txt", "train"),
        ("TEST.TXT", "test"),
        ("valid.csv", "val"),
        ("captions_train.txt.gz", "train"),
        ("captions-Validation.jsonl", "val"),
        ("ptb.valid.txt", "val"),
        ("test/captions.val.csv.gz", "val"),
        ("captions/train.txt", "train"),
        ("test/captions.txt", None),
        ("latest.txt", None),
        ("train_captions.txt", "train"),
        ("validate-captions.txt", "val"),
        ("captions_eval.txt", "test"),
        ("dev.txt", "val"),
        ("train_test.txt", None),
        ("my_validate_x.txt", "val"),
        ("train2.txt", "train"),
        ("test-2017_a.csv", "test"),
        ("captionstrain.txt", None),
        ("test.txt.zip", None),
        (".txt", None),
    ],
)
def test_names_tell_splits(name, split):
    assert split_of(name) == split


OBJECTS = b"""{"text": "Play jazz.", "intent": "play"}
{"text": "Rain?", "intent": "weather"}
{"text": "No label."}
{"text": "Number.", "intent": 7}
{"text": "Empty.", "intent": " "}
{"text": "Neither.", "intent": ["a"]}"""
LISTS = b'[["play", "Play jazz."], ["weather", "Rain?"], ["No label."], [7, "Number."]]'
TABLE = b"intent,text\nplay,Play jazz.\nweather ,Rain?\n,No label.\n7,Number.\nshort\n"


@pytest.mark.parametrize(
    "name, raw, field, label, faults",
    [
        ("a.jsonl", OBJECTS, "text", "intent", {"it has no label in the field 'intent'": 3}),
        ("a.json", LISTS, "2", "1", {"it is not a JSON object": 1}),
        (
            "a.csv",
            TABLE,
            "text",
            "intent",
            {"it has no label in the column 'intent'": 1, "it ends before the column 'text'": 1},
        ),
        ("a.tsv", TABLE.replace(b"intent,text\n", b"").replace(b",", b"\t"), "2", "1", None),
    ],
)
def test_labels_stand_beside_sentences(name, raw, field, label, faults):
    sentences, labels, found = read_sentences(name, raw, field, label)
    assert sentences == ["Play jazz.", "Rain?", "Number."] and labels == ["play", "weather", "7"]
    assert faults is None or found == faults


@pytest.mark.parametrize("name, raw", [("a.jsonl", OBJECTS), ("a.csv", TABLE)])
def test_a_label_that_there_is_not_is_told_with_those_that_there_are(name, raw):
    with pytest.raises(InputError, match="has no (field|column) 'intents': .*'text'"):
        read_sentences(name, raw, "text", "intents")
    with pytest.raises(InputError, match="labels has no use for a.txt"):
        read_sentences("a.txt", b"A dog.", None, "intent")
