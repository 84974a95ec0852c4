"""Sentences in text files, one a line, in tables and in lines of JSON."""

import codecs
import collections
import contextlib
import csv
import gzip
import io
import itertools
import json
import re
import zlib

from keras_gen.datasets.files import TEXTS, check_unpacked, parts_of
from keras_gen.datasets.splits import SPLITS, check_splits, split_word
from keras_gen.errors import InputError

MOST_CHARACTERS = 10_000
PORTION = 2**20  # bytes that are unpacked at a time
# A field with more lines than this is taken for a quote that was not closed.
MOST_LINES = 100
# Bytes at the start by which files that are not text give themselves away.
FIRST_PART = 2**13
LEAST_ZEROS = 4
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
SEPARATORS = ",\t;|"
NOT_UTF8 = "it is not valid UTF-8"
# More invalid lines than this are told of a file in another encoding.
FEW_INVALID, SHARE_INVALID = 4, 0.1
MOST_SHOWN, MOST_COLUMNS = 60, 20  # characters and names, in messages


class FieldNeeded(InputError):
    """A file could be read if the user said where in it the sentences are."""


def read_sentences(name, raw, field=None, label=None):
    """Read the sentences of one file, and perhaps their labels.

    Line breaks within a sentence become spaces, spaces around it are removed, empty sentences are skipped.
    Other fields of a row or object need not be valid.

    Args:
        name: of the file, which ends in one of `TEXTS`. A .txt file has a sentence a line. A .json file is a
            list, a .jsonl file has a line for each entry: objects, lists, or sentences. A .csv or .tsv file
            has columns, between commas, tabs, semicolons or bars, and a first row that names them.
        raw: bytes of the file, UTF-8 with or without a byte-order mark, or UTF-16 or UTF-32 with one.
        field: key of the objects or name of the column that holds the sentences; of lists, and of columns
            without names, its number from 1.
        label: the same of what holds their labels, text or whole numbers, or None.

    Returns:
        The sentences, a list of str; their labels, a list of str, or None; and a `collections.Counter` of the
        reasons why lines, rows or objects were set aside, such as "it is not valid UTF-8".

    Raises:
        InputError: if the file is not text, is damaged, unpacks to more than a gigabyte, has another ending
            or, in a tenth of its lines, another encoding, or field or label is missing from it or has no use.
    """
    ending = _ending(name)
    if not ending:
        raise InputError(f"{name} is no file of sentences: its name should end in {', '.join(TEXTS)}.")
    if ending.endswith(".gz"):
        raw = _unpack(name, raw)
    raw = _as_utf8(name, raw)
    # Invalid bytes become surrogates, which no valid text has, so that the rest can be read.
    lines = io.TextIOWrapper(io.BytesIO(raw), "utf-8-sig", "surrogateescape")
    entries, faults = READERS[ending.removesuffix(".gz")](name, lines, field, label)
    sentences, labels = [], []
    for text, told in entries:
        text = " ".join(text.splitlines()).strip()
        if len(text) > MOST_CHARACTERS:
            faults[f"it is longer than {MOST_CHARACTERS:,} characters"] += 1
        elif not _is_valid(text) or not _is_valid(told or ""):
            faults[NOT_UTF8] += 1
        elif text:
            sentences.append(text)
            labels.append(told)
    invalid, lines = faults[NOT_UTF8], len(sentences) + faults.total()
    if invalid > max(FEW_INVALID, SHARE_INVALID * lines):
        raise InputError(
            f"{name} is not UTF-8 in {invalid:,} of {lines:,} lines: if it is Latin-1, give what "
            f"iconv -f LATIN1 -t UTF-8 {name} > new{_ending(name).removesuffix('.gz')} makes of it."
        )
    return sentences, None if label is None else labels, faults


def is_of_lines(name):
    """Whether a file has a sentence a line, by its name; tables have columns, and JSON has fields."""
    return _ending(name).startswith(".txt")


def split_of(name):
    """The split that a file's name tells, "train", "val" or "test", or None.

    Args:
        name: such as "test.txt", "captions_train.jsonl.gz" or "validate-captions.csv", in small or capital
            letters. None if its parts name different splits.
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
    name = parts_of(name)[-1].lower()
    parts = re.split("[ ._-]", name.removesuffix(_ending(name)))
    words = [word for word in map(split_word, parts) if word and _ending(name)]
    return words[0] if len({SPLITS[word] for word in words}) == 1 else None


def _ending(name):
    return next((ending for ending in TEXTS if name.lower().endswith(ending)), "")


def _unpack(name, raw):
    unpacked = io.BytesIO()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
            while portion := file.read(PORTION):
                unpacked.write(portion)
                check_unpacked(len(raw), unpacked.tell())
    except InputError as error:
        raise InputError(str(error).replace("It", name, 1)) from error
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{name} could not be unpacked: {error}.") from error
    return unpacked.getvalue()


def _as_utf8(name, raw):
    mark = next((mark for mark in MARKS if raw.startswith(mark)), None)
    if mark:
        try:
            raw = raw.decode(MARKS[mark]).encode()
        except UnicodeDecodeError as error:
            raise InputError(
                f"{name} is {MARKS[mark].upper()} by its first bytes, but damaged: {error}."
            ) from error
    start = raw[:FIRST_PART]
    if b"\0" not in start:
        return raw
    # Of two bytes for each letter, one is 0.
    for code, zeros in (("UTF-16LE", start[1::2]), ("UTF-16BE", start[::2])):
        if zeros.count(0) == start.count(0) > max(LEAST_ZEROS, len(zeros) / 2):
            raise InputError(
                f"{name} is {code} without a byte-order mark: give what iconv -f {code} -t UTF-8 {name} > "
                f"new{_ending(name).removesuffix('.gz')} makes of it."
            )
    raise InputError(f"{name} is not a text file: it holds NUL bytes.")


def _is_valid(text):
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_lines(name, lines, field, label):
    for asked, value in (("field", field), ("labels", label)):
        if value is not None:
            raise InputError(
                f"{asked} has no use for {name}, each line of which is a sentence: leave it out."
            )
    return [(line, None) for line in lines], collections.Counter()


def _read_objects(name, lines, field, label):
    return _read_entries(name, (_parse(line) for line in lines if line.strip()), field, label)


def _read_array(name, lines, field, label):
    text = lines.read()
    try:
        entries = json.loads(text)
    # Too deeply nested brackets raise RecursionError.
    except (ValueError, RecursionError) as error:
        entries = [_parse(line) for line in text.splitlines() if line.strip()]
        if len(entries) < 2 or entries[0] is None:
            raise InputError(f"{name} is not JSON: {error}.") from error
    if isinstance(entries, dict):
        key = next(filter(str.isidentifier, entries), "KEY")
        raise InputError(
            f"{name} holds an object with the keys {', '.join(map(repr, list(entries)[:5]))}, not a list: "
            f"make files of its lists, such as by jq .{key} {name} > {key}.json."
        )
    return _read_entries(name, entries if isinstance(entries, list) else [entries], field, label)


def _read_entries(name, entries, field, label):
    """The sentences among what JSON holds, objects, lists, or sentences, each with its label or None."""
    texts, faults = [], collections.Counter()
    first, first_list, is_known, is_label_known = None, None, False, label is None
    place, label_place = _place(field), _place(label)
    for entry in entries:
        if isinstance(entry, dict):
            first = entry if first is None else first
            is_known, is_label_known = is_known or field in entry, is_label_known or label in entry
            found, told = entry.get(field), entry.get(label)
            reason = f"it has no text in the field {field!r}"
        else:
            found, told = entry if field is None else None, None
            if isinstance(entry, list):
                first_list = first_list or entry
                found, told = (
                    entry[at] if at is not None and at < len(entry) else None for at in (place, label_place)
                )
            reason = "it is not a JSON object"
        if not isinstance(found, str):
            faults[reason] += 1
        elif label is not None and (not isinstance(told, str | int) or not str(told).strip()):
            faults[f"it has no label in the field {label!r}"] += 1
        else:
            texts.append((found, None if label is None else str(told).strip()))
    if first is not None and not is_known:
        raise _without(name, "field", field, "the fields of its first object", first)
    if first is not None and not is_label_known:
        raise _without(name, "field", label, "the fields of its first object", first)
    if first_list and place is None and not texts:
        raise FieldNeeded(
            f"{name} needs field, the number of the entry that holds the sentence, such as field='1': its "
            f"first list is {json.dumps(first_list)[:MOST_SHOWN]}."
        )
    return texts, faults


def _place(field):
    """The place of a column or entry that is given by its number from 1, or None."""
    return int(field) - 1 if field and re.fullmatch("[1-9][0-9]{0,4}", field) else None


def _parse(line):
    try:
        return json.loads(line)
    # Too deeply nested brackets raise RecursionError.
    except (ValueError, RecursionError):
        return None


def _read_table(name, lines, field, label):
    texts, faults = [], collections.Counter()
    with _fields_of_any_size():
        separator, lines = _separator(lines, field)
        rows = filter(None, _rows(name, lines, separator))
        first = next(rows, [])
        columns = [column.strip() for column in first]
        place = _column(name, columns, field)
        label_place = None if label is None else _column(name, columns, label)
        if field not in columns:
            rows = itertools.chain([first], rows)
        for row in rows:
            told = None if label is None else "".join(row[label_place : label_place + 1]).strip()
            if len(row) <= place:
                faults[f"it ends before the column {field!r}"] += 1
            elif told == "":
                faults[f"it has no label in the column {label!r}"] += 1
            else:
                texts.append((row[place], told))
    return texts, faults


def _column(name, columns, wanted):
    """The place of a column by its name or number; raises `InputError` where there is none."""
    place = columns.index(wanted) if wanted in columns else _place(wanted)
    if place is None or place >= len(columns):
        raise _without(name, "column", wanted, "its columns", columns)
    return place


def _separator(lines, field):
    """What stands between the columns of a table by its first line, and its lines."""
    before = []
    for line in lines:
        before.append(line)
        if line.strip():
            break
    columns = {}
    for separator in SEPARATORS:
        row = next(csv.reader(before[-1:], delimiter=separator, skipinitialspace=True), [])
        columns[separator] = [column.strip() for column in row]
    named = [separator for separator in SEPARATORS if field in columns[separator]]
    best = max(named or SEPARATORS, key=lambda separator: len(columns[separator]))
    return best, itertools.chain(before, lines)


def _rows(name, lines, separator):
    """The rows of a table. Refuses a quote that is not closed: it would swallow the rows that follow."""
    taken = []

    def recorded():
        for line in lines:
            taken.append(line)
            yield line

    reader = csv.reader(recorded(), delimiter=separator, skipinitialspace=True, strict=True)
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
            row = next(csv.reader(taken, delimiter=separator, skipinitialspace=True)) if is_closed else None
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
    without_names = ""
    if kind == "column" and known:
        without_names = "; where these are no names, give the number of the column, such as field='1'"
    known = ", ".join(repr(str(name)[:MOST_SHOWN]) for name in list(known)[:MOST_COLUMNS]) or "none"
    if field is None:
        return FieldNeeded(
            f"{name} needs field, the name of the {kind} that holds the sentences: {places} are "
            f"{known}{without_names}."
        )
    return InputError(f"{name} has no {kind} {field!r}: {places} are {known}{without_names}.")


READERS = {
    ".txt": _read_lines,
    ".jsonl": _read_objects,
    ".json": _read_array,
    ".csv": _read_table,
    ".tsv": _read_table,
}
