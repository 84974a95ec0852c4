"""Sentences in text files, one a line, in tables and in lines of JSON."""

import collections
import contextlib
import csv
import gzip
import io
import json
import re
import zlib
from pathlib import PurePath

from keras_gen.datasets.files import TEXTS
from keras_gen.datasets.splits import SPLITS, check_splits
from keras_gen.errors import InputError

MOST_CHARACTERS = 10_000
# A small file can claim to unpack to any amount.
MOST_BYTES = 2**30
# A field with more lines than this is taken for a quote that was not closed.
MOST_LINES = 100
# Bytes at the start by which files that are not text give themselves away.
FIRST_PART = 2**13


def read_sentences(name, raw, field=None):
    """Read the sentences of one file.

    Line breaks within a sentence become spaces, spaces around it are removed, empty sentences are skipped.
    Other fields of a row or object need not be valid.

    Args:
        name: of the file, which ends in one of `TEXTS`. A .txt file has a sentence a line, a .jsonl file an
            object a line, a .csv file commas and a first row that names the columns.
        raw: bytes of the file, UTF-8 with or without a byte-order mark.
        field: key of the objects or name of the column that holds the sentences.

    Returns:
        The sentences, a list of str; and a `collections.Counter` of the reasons why lines, rows or objects
        were set aside, such as "it is not valid UTF-8".

    Raises:
        InputError: if the file is not text, is damaged, unpacks to more than a gigabyte, or has another
            ending, or the field is missing from it or has no use.
    """
    ending = _ending(name)
    if not ending:
        raise InputError(f"{name} is no file of sentences: its name should end in {', '.join(TEXTS)}.")
    if ending.endswith(".gz"):
        raw = _unpack(name, raw)
    if b"\0" in raw[:FIRST_PART]:
        raise InputError(f"{name} is not a text file: it holds NUL bytes.")
    # Invalid bytes become surrogates, which no valid text has, so that the rest can be read.
    lines = io.TextIOWrapper(io.BytesIO(raw), "utf-8-sig", "surrogateescape")
    texts, faults = READERS[ending.removesuffix(".gz")](name, lines, field)
    sentences = []
    for text in texts:
        text = " ".join(text.splitlines()).strip()
        if len(text) > MOST_CHARACTERS:
            faults[f"it is longer than {MOST_CHARACTERS:,} characters"] += 1
        elif not _is_valid(text):
            faults["it is not valid UTF-8"] += 1
        elif text:
            sentences.append(text)
    return sentences, faults


def split_of(name):
    """The split that a file's name tells, "train", "val" or "test", or None.

    Args:
        name: such as "test.txt", "captions_train.jsonl.gz" or "validate-captions.csv", in small or capital
            letters. None if its first and last parts name different splits.
    """
    return SPLITS.get(_word_of(name))


def splits_of_files(names):
    """The split of each file by its name; all are for training if no name tells one, or for one file.

    Raises:
        InputError: only some names tell their split, none tells train, or two different words mean one split.
    """
    words = [_word_of(name) for name in names]
    if len(names) == 1 or not any(words):
        return ["train"] * len(names)
    if None in words:
        example = next(name for name, word in zip(names, words, strict=True) if word)
        raise InputError(
            f"Some files tell their split, but {names[words.index(None)]} does not, as {example} does: end "
            "its name in train, val or test, or rename those that are no splits."
        )
    check_splits("The files", words)
    return [SPLITS[word] for word in words]


def _word_of(name):
    """The word by which a file's name tells its split, in small letters, or None."""
    name = PurePath(name).name.lower()
    parts = re.split("[._-]", name.removesuffix(_ending(name)))
    words = [part for part in (parts[-1], parts[0]) if part in SPLITS and _ending(name)]
    return words[0] if len({SPLITS[word] for word in words}) == 1 else None


def _ending(name):
    return next((ending for ending in TEXTS if name.lower().endswith(ending)), "")


def _unpack(name, raw):
    try:
        raw = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{name} could not be unpacked: {error}.") from error
    if len(raw) > MOST_BYTES:
        raise InputError(f"{name} unpacks to more than a gigabyte: give it in several files.")
    return raw


def _is_valid(text):
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_lines(name, lines, field):
    if field is not None:
        raise InputError(f"field has no use for {name}, each line of which is a sentence: leave it out.")
    return list(lines), collections.Counter()


def _read_objects(name, lines, field):
    texts, faults = [], collections.Counter()
    first, is_known = None, False
    for line in lines:
        if not line.strip():
            continue
        found = _parse(line)
        if not isinstance(found, dict):
            faults["it is not a JSON object"] += 1
            continue
        first = found if first is None else first
        is_known = is_known or field in found
        if isinstance(found.get(field), str):
            texts.append(found[field])
        else:
            faults[f"it has no text in the field {field!r}"] += 1
    if first is not None and not is_known:
        raise _without(name, "field", field, "the fields of its first object", first)
    return texts, faults


def _parse(line):
    try:
        return json.loads(line)
    # Too deeply nested brackets raise RecursionError.
    except (ValueError, RecursionError):
        return None


def _read_table(name, lines, field):
    texts, faults = [], collections.Counter()
    with _fields_of_any_size():
        rows = filter(None, _rows(name, lines))
        columns = [column.strip() for column in next(rows, [])]
        if field not in columns:
            raise _without(name, "column", field, "its columns", columns)
        place = columns.index(field)
        for row in rows:
            if len(row) > place:
                texts.append(row[place])
            else:
                faults[f"it ends before the column {field!r}"] += 1
    return texts, faults


def _rows(name, lines):
    """The rows of a table. Refuses a quote that is not closed: it would swallow the rows that follow."""
    taken = []

    def recorded():
        for line in lines:
            taken.append(line)
            yield line

    reader = csv.reader(recorded(), skipinitialspace=True, strict=True)
    while True:
        first = reader.line_num + 1
        taken.clear()
        is_closed = True
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # In a row of one line, stray quotes within a field are accepted.
            is_closed = len(taken) == 1 and "unexpected end" not in f"{error}"
            row = next(csv.reader(taken, skipinitialspace=True)) if is_closed else None
        if not is_closed or len(taken) > MOST_LINES:
            raise InputError(
                f"{name} has a quote in line {first} that is not closed, or not within {MOST_LINES} lines: "
                "close it, or write it twice where it is a character of the text."
            )
        yield row


@contextlib.contextmanager
def _fields_of_any_size():
    """Lifts the csv module's limit on the length of a field. It is global, so it is restored."""
    limit = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _without(name, kind, field, places, known):
    """The error where a field was not given or does not exist, which names those that do."""
    known = ", ".join(map(repr, known)) or "none"
    if field is None:
        return InputError(
            f"{name} needs field, the name of the {kind} that holds the sentences: {places} are {known}."
        )
    return InputError(f"{name} has no {kind} {field!r}: {places} are {known}.")


READERS = {".txt": _read_lines, ".jsonl": _read_objects, ".csv": _read_table}
