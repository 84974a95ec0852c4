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

from keras_gen.datasets.files import SPLITS, TEXTS
from keras_gen.errors import InputError

MOST_CHARACTERS = 10_000
# A small file can claim to unpack to any amount.
MOST_BYTES = 2**30
# Bytes at the start by which files that are not text give themselves away.
FIRST_PART = 2**13


def read_sentences(name, raw, field=None):
    """Read the sentences of one file.

    Each is on one line: line breaks within become spaces, and spaces around it are left out. Those that are empty are
    skipped. Only what is read needs to be valid: what else a row or an object holds does not matter.

    Args:
        name: of the file, which ends in one of `TEXTS`. A .txt file has a sentence a line, a .jsonl file an object a
            line, a .csv file commas and a first row that names the columns.
        raw: bytes of the file, UTF-8 with or without a byte-order mark.
        field: key of the objects or name of the column that holds the sentences.

    Returns:
        List of str; and a `collections.Counter` of why lines, rows or objects were set aside, such as "it is not valid
            UTF-8".

    Raises:
        InputError: if the file is not text, is damaged, unpacks to more than a gigabyte, or has another ending, or the
            field is missing from it or has no use.
    """
    ending = _ending(name)
    if not ending:
        raise InputError(f"{name} is no file of sentences: its name should end in {', '.join(TEXTS)}.")
    if ending.endswith(".gz"):
        raw = _unpack(name, raw)
    if b"\0" in raw[:FIRST_PART]:
        raise InputError(f"{name} is not a text file: it holds NUL bytes.")
    # What is invalid becomes surrogates, which no valid text has, so that the rest can be read.
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
        name: such as "test.txt" or "captions_train.jsonl.gz", in small or capital letters.
    """
    name = PurePath(name).name.lower()
    return SPLITS.get(re.split("[._-]", name.removesuffix(_ending(name)))[-1])


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
    # Brackets nested too deeply are refused in their own way.
    except (ValueError, RecursionError):
        return None


def _read_table(name, lines, field):
    texts, faults = [], collections.Counter()
    with _fields_of_any_size():
        rows = filter(None, csv.reader(lines, skipinitialspace=True))
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


@contextlib.contextmanager
def _fields_of_any_size():
    """A field too long for the csv module would end the whole reading. The limit is everyone's, so it is put back."""
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
