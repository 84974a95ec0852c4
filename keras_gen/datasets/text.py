"""Sentences by split, from files, folders and lists."""

import warnings
from collections import Counter, defaultdict

import numpy as np

from keras_gen.datasets.account import Account, some
from keras_gen.datasets.docstrings import read_docstrings
from keras_gen.datasets.files import parts_of, stem_of
from keras_gen.datasets.labels import number_texts
from keras_gen.datasets.packing import by_reason, reasons
from keras_gen.datasets.splits import splits_of_folders
from keras_gen.datasets.text_files import FieldNeeded, is_of_lines, read_sentences, splits_of_files
from keras_gen.errors import InputError
from keras_gen.logs import log
from keras_gen.media.text import MOST_UNKNOWN, Text
from keras_gen.media.tokenizers import END

SPLITS = ("train", "val", "test")
PLURAL = Text.plural
NOTES = ("changelog", "copying", "licence", "license", "notice", "readme", "requirements")


def read_docstring_set():
    """The sentences of Python's own docstrings, all for training, and their `Account`."""
    sentences = read_docstrings()
    return _splits({"train": sentences}), Account(PLURAL, found=len(sentences))


def are_strings(examples):
    """Whether what was given are sentences, as a list or an array."""
    return _is_row(examples) and len(examples) > 0 and isinstance(examples[0], str)


def _is_row(examples):
    return isinstance(examples, list) or (isinstance(examples, np.ndarray) and examples.ndim == 1)


def check_strings(sentences):
    """Raises `InputError` for anything but a list or row of str with a sentence in it."""
    if not _is_row(sentences):
        raise InputError(f"Sentences must be a list or row of str, not of type {type(sentences).__name__}.")
    others = [type(sentence).__name__ for sentence in sentences if not isinstance(sentence, str)]
    if others:
        raise InputError(f"Sentences must be str, not {others[0]}.")
    if not any(sentence.strip() for sentence in sentences):
        raise InputError("There are no sentences: give at least one line of text.")


def without_empty(splits, account):
    """The splits of sentences, name -> (sequence of str, labels or None), without those that are empty."""
    kept = {}
    for split, (sentences, labels) in splits.items():
        is_text = np.array([bool(sentence.strip()) for sentence in sentences])
        account.found += len(sentences)
        if not is_text.all():
            account.set_apart("it is empty", [], count=int(np.sum(~is_text)))
        kept[split] = (
            np.array(sentences, object)[is_text],
            None if labels is None else labels[is_text],
        )
    return kept


def read_text_file(path, field=None, label=None):
    """The sentences of one file, all for training, and their `Account`; see `read_text_files`."""
    account = Account(PLURAL)
    found = read_text_files([path.name], lambda _: path.read_bytes(), field, label, ["train"], account)
    return found, account


def read_text_tree(tree, field=None, label=None):
    """The sentences of the files of a `Tree`, whose folders or names tell the splits, and their `Account`.

    Texts such as README and LICENSE beside other files are notes, not sentences. See `read_text_files`.

    Raises:
        InputError: there are no such files, or none that can be used, or they tell some splits only.
    """
    names, splits, account = list_text_tree(tree)
    found = read_text_files(names, tree.read, field, label, splits, account)
    tree.note_others(account)
    return found, account


def list_text_tree(tree):
    """The files of sentences in a `Tree`, before any is read; the errors are those of `read_text_tree`.

    Returns:
        Their names, the split of each, and the `Account` of what is left out already.
    """
    names, account = tree.of(PLURAL), Account(PLURAL)
    if not names:
        raise InputError(
            f"{tree.source} holds no files of sentences, such as sentences.txt, but it holds {tree.told()}."
        )
    notes = [name for name in names if stem_of(name).lower() in NOTES]
    if 0 < len(notes) < len(names):
        names = [name for name in names if stem_of(name).lower() not in NOTES]
        account.ignored["notes"] = notes
    splits, _ = splits_of_folders(tree.source, [parts_of(name) for name in names])
    if splits and None in splits:
        raise InputError(
            f"{tree.source} holds {names[splits.index(None)]} beside folders named like splits: move it into "
            "one of them, or out."
        )
    return names, splits or splits_of_files(names), account


def read_text_files(names, read, field, label, splits, account):
    """Read the sentences of files.

    Args:
        names: of the files.
        read: function from a name to the bytes of the file; an `OSError` or `InputError` in it sets the file
            aside, unless it is the only one.
        field, label: see `read_sentences`.
        splits: of the files, a name for each.
        account: the `Account` that counts and names what cannot be used.

    Returns:
        The splits, name -> (array of str, array of labels as str or None).

    Raises:
        InputError: no sentence is left, the only file cannot be used, one could with a field, or without one
            some have a sentence a line and others are of JSON.
    """
    found, labels, failures, faults, read_files = defaultdict(list), defaultdict(list), {}, Counter(), []
    faulty = defaultdict(list)
    for name, split in zip(names, splits, strict=True):
        try:
            sentences, told, lost = read_sentences(name, read(name), field, label)
        except FieldNeeded as error:
            beside = "" if len(names) == 1 else f" Other files are beside it ({some(names)})."
            raise InputError(f"{error}{beside}") from error
        except (OSError, InputError) as error:
            if len(names) == 1:
                raise InputError(f"{error}") from error
            # Without the file's name, so that equal reasons are counted together.
            failures[name] = f"{error}".removeprefix(f"{name} ").rstrip(".")
            continue
        found[split] += sentences
        labels[split] += told or []
        faults += lost
        read_files.append(name)
        for reason in lost:
            faulty[reason].append(name)
    check_one_kind(read_files, field)
    note_texts(names, sum(map(len, found.values())), faults, faulty, failures, account)
    return _splits(found, labels)


def check_one_kind(names, field):
    """Raises `InputError` where, without a field, some files have a sentence a line and others are JSON."""
    kinds = {is_of_lines(name): name for name in names}
    if len(kinds) > 1 and field is None:
        raise InputError(
            f"Some files have a sentence a line, such as {kinds[True]}, and others are of JSON, such as "
            f"{kinds[False]}: give one or the other, by its path or alone in a folder."
        )


def note_texts(names, count, faults, faulty, failures, account):
    """Notes in an `Account` what became of the sentences of files.

    Args:
        names: of the files.
        count: of the sentences that can be used.
        faults: `Counter` of the reasons why lines cannot be used.
        faulty: dict, such a reason -> names of files.
        failures: dict, name of a file that cannot be used -> reason.
        account: the `Account`.

    Raises:
        InputError: no sentence is left.
    """
    told = [f"{reason} ({lines:,} line{'s' * (lines > 1)})" for reason, lines in faults.items()]
    told = "; ".join(told + reasons(by_reason(failures)))
    if told and not count:
        raise InputError(f"No sentence can be used ({some(names)}): {told}.")
    account.found += count + faults.total() + len(failures)
    for reason, lines in faults.items():
        account.set_apart(reason, faulty[reason], count=lines)
    for reason, files in by_reason(failures).items():
        account.set_apart(f"the file {reason}", files)
    account.tell(told and f"Some sentences were set aside ({some(names)}): {told}.")


def _splits(found, labels=None):
    if not any(found.values()):
        raise InputError("There are no sentences: give at least one line of text.")
    return {
        split: (
            np.array(sentences, dtype=object),
            np.array(labels[split]) if labels and labels[split] else None,
        )
        for split, sentences in found.items()
        if sentences
    }


def number_classes(splits):
    """Splits with the labels of sentences as numbers, and the names of the classes, or None.

    Args:
        splits: name -> (sentences, array of str or None).
    """
    if any(labels is None for _, labels in splits.values()):
        return splits, None
    names, numbers = number_texts(np.concatenate([labels for _, labels in splits.values()]))
    ends = np.cumsum([len(sentences) for sentences, _ in splits.values()])
    parts = zip(splits.items(), np.split(numbers, ends[:-1]), strict=True)
    return {split: (sentences, part) for (split, (sentences, _)), part in parts}, names


def pack_sentences(media, splits):
    """Pack the sentences of all splits, with the vocabulary of those for training where there is none yet.

    Args:
        media: a `Text`.
        splits: name -> (sequence of str, labels or None).

    Returns:
        The `Text` and the packed splits. A warning tells if more than a fifth of the tokens of a split are
        unknown, and names some; a line if most sentences are one word.
    """
    was_learned = media.is_learned
    media = media.learn(splits["train"][0])
    packed = {split: media.tokenize(sentences) for split, (sentences, _) in splits.items()}
    if media.tokenizer == "words" and not was_learned and np.mean(packed["train"][:, 1] == END) > 0.5:
        log.info("Most sentences are one word: tokenizer='characters' suits them, such as names.")
    shares = {split: media.unknown_share(sentences) for split, sentences in packed.items()}
    if max(shares.values()) > MOST_UNKNOWN:
        told = ", ".join(f"{share:.0%} of {split}" for split, share in shares.items())
        strangest = splits[max(shares, key=shares.get)][0]
        advice = "take tokenizer='bytes' (of a recipe: --set tokenizer=bytes), which knows every text"
        if was_learned:
            advice = f"give a Text without vocabulary, which learns theirs, or {advice}"
        elif len(media.vocabulary) >= media.most_words:
            advice = f"raise most_words, or {advice}"
        warnings.warn(
            f"Many {media.tokenizer} are unknown to the vocabulary of {media}, such as "
            f"{media.unknown_examples(strangest)}, and packed as unknown ({told}): {advice}.",
            stacklevel=3,
        )
    return media, {split: (sentences, splits[split][1]) for split, sentences in packed.items()}


def each_once(splits, account):
    """The packed sentences of all splits without those that are packed as one before; a line counts them.

    Args:
        splits: name -> (packed sentences, None).
        account: the `Account` that tells of them.

    Returns:
        The same without them.
    """
    kept, seen = {}, set()
    for split in sorted(splits, key=SPLITS.index):
        is_new = []
        for sentence in map(bytes, splits[split][0]):
            is_new.append(sentence not in seen)
            seen.add(sentence)
        kept[split] = (splits[split][0][is_new], None)
    counts = {split: len(splits[split][0]) - len(sentences) for split, (sentences, _) in kept.items()}
    told = ", ".join(f"{count} of {split}" for split, count in counts.items() if count)
    if told:
        log.info("Sentences that are packed as others are left out: %s.", told)
        account.set_apart("it is packed as another sentence", [], count=sum(counts.values()))
    return kept
