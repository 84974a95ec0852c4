"""Preparing: from any number of files to a set of shards that `load` reads by index."""

import contextlib
import json
import warnings
from pathlib import Path

import numpy as np

import keras_gen
from keras_gen.cores import available_cores
from keras_gen.datasets.account import Account
from keras_gen.datasets.files import Tree, open_tree
from keras_gen.datasets.folders import list_tree
from keras_gen.datasets.held_out import DIVIDED
from keras_gen.datasets.labels import warn_of_missing
from keras_gen.datasets.load import request_of
from keras_gen.datasets.manifest import Table
from keras_gen.datasets.name_pattern import NamePattern
from keras_gen.datasets.preparation import blocks
from keras_gen.datasets.preparation.assignment import Packed, assign, assign_by_time, without_twins
from keras_gen.datasets.preparation.blocks import as_json, readers_closed
from keras_gen.datasets.preparation.datasheet import datasheet
from keras_gen.datasets.preparation.destination import DATASHEET, SETTINGS, Destination
from keras_gen.datasets.preparation.hash_split import check_shares, hash_of, splits_by_hash
from keras_gen.datasets.preparation.imports import PREFIXES, is_import, open_import
from keras_gen.datasets.preparation.intake import Arrays, Files, Sentences, contents_of
from keras_gen.datasets.preparation.shard_tasks import write_splits
from keras_gen.datasets.prepared import ACCOUNT, prepared_folder
from keras_gen.datasets.readers import check_uses, media_of, read
from keras_gen.datasets.shards import SPLITS, Index, write_index
from keras_gen.datasets.text import list_text_tree
from keras_gen.errors import InputError, unknown
from keras_gen.files import write_atomically
from keras_gen.logs import log
from keras_gen.media import Audio, Image, Text
from keras_gen.pool import Pool, progress

DUPLICATES = ("drop", "keep")


def prepare(
    source,
    destination,
    *,
    media=None,
    size=None,
    channels=None,
    labels="inferred",
    field=None,
    chunks=False,
    groups=None,
    seed=0,
    validation=None,
    test=None,
    duplicates="drop",
    license=None,
    processes=None,
):
    """Pack any number of images, recordings or sentences into a folder that `load` reads by index.

    Several processes pack the files, a block at a time, so that memory does not grow with their number. What
    cannot be used is set aside. Examples that are packed alike are kept once. The source's own splits stay;
    otherwise examples are split by hash, and an example, or a group, stays in its split when others are
    added. A single recording is taken in pieces and divided by time, as by `load`. The folder then holds the
    shards, `dataset.json` (what is in them), `account.json` (every file, line or duplicate that was left
    out, and why) and `datasheet.md`.

    The same command goes on where it was stopped, and gives the same bytes. In a script it belongs below
    `if __name__ == "__main__":`, since processes are started.

    Args:
        source: what `load` takes.
        destination: path of the folder, which is empty, not there yet, or was begun by the same command.
        media, size, channels, labels, field, chunks: as in `load`.
        groups: field of `labels`, the pattern of the names, such as "speaker", each value of which is in one
            split only; it is no label then.
        seed: decides the splits, 0 to 2**31 - 1.
        validation: share of the training examples to hold out for validation, from 0 to below 1, if the
            source has no such split. By default 0.1.
        test: the same for testing, or files chosen by their names, such as "index=0,1,2".
        duplicates: what becomes of examples that are packed as one before them: "drop" leaves them out,
            "keep" only counts those that stand in another split.
        license: of the data, for the datasheet.
        processes: how many pack, at least 1; by default as many as there are cores.

    Returns:
        `pathlib.Path` of the folder.

    Raises:
        InputError: the source or an argument is refused as by `load`; the folder holds something else, or was
            begun otherwise; or nothing is left to train on.
    """
    if duplicates not in DUPLICATES:
        raise unknown("duplicates", duplicates, DUPLICATES)
    if processes is not None and (not isinstance(processes, int) or processes < 1):
        raise InputError(f"processes must be a whole number from 1, but is {processes!r}.")
    if not isinstance(license, str | None):
        raise InputError(f"license must be a text, such as 'CC BY 4.0', but is {license!r}.")
    if prepared_folder(source) is not None:
        raise InputError(
            f"{source} is a prepared set already: load it, or prepare what it was made from once more."
        )
    request, test_share = request_of(
        source,
        media=media,
        size=size,
        channels=channels,
        labels=labels,
        groups=groups,
        field=field,
        chunks=chunks,
        seed=seed,
        test=test,
    )
    with intake_of(request) as intake:
        present = intake.brought
        if "train" not in present:
            raise InputError(f"{request.name} leaves no {intake.media.plural} to train on.")
        if request.is_test is not None and "test" not in present:
            raise InputError(f"No file of {request.name} is chosen for testing.")
        shares = check_shares(request.name, intake.media.plural, present, validation, test_share)
        settings = {
            "source": whence(request),
            "contents": intake.contents,
            "media": as_json(intake.media),
            "labels": _told(request.labels),
            "field": request.field,
            "chunks": chunks,
            "groups": groups,
            "seed": seed,
            "validation": validation,
            "test": test,
            "duplicates": duplicates,
            "license": license,
            "keras_gen": keras_gen.__version__,
        }
        folder = Destination(destination, settings, _local_tree(request))
        if not folder.is_complete:
            with (
                folder.held(),
                Pool(_processes(processes, intake), blocks.__name__) as pool,
                readers_closed(),
            ):
                # Another process may have completed it before this one could begin.
                if not folder.is_complete:
                    _make(folder, request, intake, pool, shares)
        folder.finish()
    return folder.folder


@contextlib.contextmanager
def intake_of(request):
    """What is to be packed of a source, a `Files`, `Sentences` or `Arrays`; archives are open meanwhile.

    Args:
        request: the `Request`.

    Raises:
        InputError: as by `load`.
    """
    if is_import(request.source):
        yield _imported(request)
        return
    check_uses(request)
    if request.kind == "tree":
        with open_tree(request.path) as tree:
            media = media_of(tree, request)
            if isinstance(media, Text):
                names, splits, account = list_text_tree(tree)
                tree.note_others(account)
                yield Sentences(request, account, tree, names, splits)
            else:
                listing = list_tree(tree, media, request.labels_in(tree), request.is_test)
                tree.note_others(listing.account)
                contents = contents_of(tree, listing.names, listing.splits, listing.classes)
                yield Files(request, media, listing, tree.path, contents)
        return
    if request.kind == "text file":
        path = request.path
        tree = Tree(path, [path.name], lambda _: path.read_bytes())
        yield Sentences(request, Account(Text.plural), tree, tree.names, ["train"])
        return
    found = read(request)
    if not isinstance(found.media, Text):
        yield Arrays(found)
        return
    names = None if found.class_names is None else np.array(found.class_names)

    def lists():
        for split, (texts, labels) in found.splits.items():
            yield split, split, texts, None if labels is None else names[labels].tolist()

    contents = hash_of(repr([(split, list(texts), labels) for split, _, texts, labels in lists()])).hex()
    yield Sentences(request, found.account, lists=lists, brought=found.splits, contents=contents)


def whence(request):
    """The source as the set tells it: without the folders above it, which are nobody's business."""
    kind = next((prefix for prefix in PREFIXES if request.name.startswith(prefix)), "")
    path = Path(request.name.removeprefix(kind)).expanduser()
    return f"{kind}{path.absolute().name}" if request.is_path and path.exists() else request.name


def _told(labels):
    """Labels as the set tells them: of a table nothing but its name."""
    if isinstance(labels, NamePattern):
        return labels.pattern
    return Path(labels.path).name if isinstance(labels, Table) else labels


def _imported(request):
    """What is to be packed of a set in the form of another tool."""
    if {"labels", "chunks"} & set(request.of_files) or request.is_test:
        raise InputError(
            f"labels, chunks and names for testing have no use for {request.name}: leave them out."
        )
    if request.labels == "top":
        raise InputError(f"labels='top' is about folders, but has no use for {request.name}: leave it out.")
    found = open_import(request.source, request.field, request.column)
    if found.is_text:
        if not isinstance(request.media or Text(), Text):
            raise InputError(f"media is {request.media}, but {request.name} brings sentences: give a Text.")
        request.check_no_images()
        return Sentences(
            request,
            Account(Text.plural),
            lists=found.sentences,
            brought=found.brought,
            contents=found.contents,
        )
    plural, listing = found.listing(labeled=request.labels is not None)
    media = request.media or (
        Audio() if plural == "waveforms" else Image(*(request.size or (64, 64)), request.channels or 3)
    )
    if media.plural != plural:
        raise InputError(f"media is {media}, but {request.name} brings {plural}.")
    if plural != "images":
        request.check_no_images()
    return Files(request, media, listing, found.path, found.contents)


def _local_tree(request):
    """The path of the files of a source, within which nothing may be written, or None."""
    return request.path if not is_import(request.source) and request.kind == "tree" else None


def _processes(asked, intake):
    if isinstance(intake, Arrays):
        return 1  # they are in the memory of this one
    if asked is not None:
        return asked
    return available_cores() if intake.is_many else 1


def _make(folder, request, intake, pool, shares):
    """Makes the set of what an intake holds, in a folder that is held, with its settings."""
    seed, license = folder.settings["seed"], folder.settings["license"]
    job = intake.job(str(folder.work))
    if isinstance(intake, Sentences):
        job = intake.read(job, pool, lambda numbers: splits_by_hash(numbers, *shares, seed) == "train")
    account = intake.account
    _pack(intake, job, pool)
    packed = Packed(job, intake.blocks, intake.splits)
    intake.note(packed)
    class_names, labels = intake.labels(packed.entries)
    if intake.is_one:
        ranks = assign_by_time(packed, shares)
        if any(shares):
            account.notes[DIVIDED] = intake.names
    else:
        ranks = assign(packed, intake.groups, shares, seed)
    kept = without_twins(packed, ranks, labels, intake, folder.settings["duplicates"])
    chosen = {split: np.flatnonzero(kept & (ranks == rank)) for rank, split in enumerate(SPLITS)}
    chosen = {split: rows for split, rows in chosen.items() if len(rows)}
    if "train" not in chosen:
        more = "a longer one" if intake.is_one else "more"
        raise InputError(f"None of {len(packed)} {account.plural} would be left to train on: give {more}.")
    for split, share in zip(("val", "test"), shares, strict=True):
        if share and split not in chosen:
            units = (
                f"{len(set(intake.groups))} groups" if intake.groups else f"{len(packed)} {account.plural}"
            )
            account.tell(
                f"Nothing is held out for {split}, where none of {units} falls by hash: take another seed."
            )
    account.cleaned = dict(packed.steps)
    account.used = {split: len(rows) for split, rows in chosen.items()}
    told = {split: None if labels is None else labels[rows] for split, rows in chosen.items()}
    warn_of_missing(class_names, told["train"])
    # Held-out examples may lack the labels that others have.
    told = {split: rows if rows is not None and (rows >= 0).all() else None for split, rows in told.items()}
    with progress("Writing", account.plural, sum(account.used.values())) as advance:
        splits = write_splits(folder.folder, job, pool, packed, chosen, told, advance)
    pattern = request.pattern.without_groups() if request.pattern and class_names else None
    index = Index(intake.media, splits, class_names, pattern, folder.settings["source"], license)
    groups = intake.groups and {
        split: [intake.groups[entry] for entry in packed.entries[rows]] for split, rows in chosen.items()
    }
    sheet = datasheet(index, account, folder.settings, told, groups)
    left = json.dumps({SETTINGS: folder.settings} | account.as_dict(), indent=1)
    write_atomically(folder.folder / ACCOUNT, left + "\n")
    write_atomically(folder.folder / DATASHEET, sheet)
    write_index(folder.folder, index)  # by which the set is complete
    if account.warning:
        warnings.warn(account.warning, stacklevel=3)


def _pack(intake, job, pool):
    """Packs what is not packed yet, and shows how it goes."""
    function, tasks = intake.tasks(job)
    sizes = [len(block) for block in intake.blocks]
    todo = [number for number in range(len(tasks)) if not job.path(number, ".json").is_file()]
    done = sum(sizes) - sum(sizes[number] for number in todo)
    if done:
        log.info(
            "Going on: %s of %s %s are packed already", f"{done:,}", f"{sum(sizes):,}", intake.account.plural
        )
    with progress("Packing", intake.account.plural, sum(sizes), done) as advance:
        for place, _ in pool.each(function, [tasks[number] for number in todo]):
            advance(sizes[todo[place]])
