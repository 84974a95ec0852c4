"""Packing many images or recordings at once, on several threads."""

import re
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from keras_gen.cores import available_cores
from keras_gen.datasets.account import some
from keras_gen.datasets.memory import divided, empty
from keras_gen.datasets.progress import watched
from keras_gen.errors import InputError
from keras_gen.media import Audio, pillow

# Examples to a task: handing tiny ones over one by one would cost more than decoding them.
CHUNK = 16
READERS = 2  # threads beyond the cores, which wait for the disk meanwhile
MOST_REASONS = 10
LEAST_USED = 0.5  # share of all sound below which a warning tells of what is cut away
LEAST_OF_ONE = 0.1  # the same of one recording


def pack_all(media, names, read, account):
    """Pack one example from each of many files.

    Args:
        media: the `Media` that packs them.
        names: one name for each file.
        read: function from a name to the raw example; whatever it raises sets the file aside.
        account: the `Account` that tells of files that cannot be used, and of sound that is cut away.

    Returns:
        The packed examples that were kept, (kept, *media.shape), and the places of their names, int (kept,).

    Raises:
        InputError: if none can be used.
    """
    examples = empty((len(names), *media.shape), media.dtype)
    lengths, is_animated = np.zeros(len(names), int), np.zeros(len(names), bool)
    faults = defaultdict(list)

    def pack(i):
        if isinstance(media, Audio):
            waveform = media.clean(read(names[i]), tell=lambda fault: faults[fault].append(i))
            examples[i], lengths[i] = media.cut(waveform), len(waveform)
        else:
            raw = read(names[i])
            examples[i], is_animated[i] = media.pack(raw), pillow.is_animated(raw)

    kept = _attempt(pack, names, account)
    if isinstance(media, Audio):
        tell_of_cut(media, lengths[kept], account)
        _note_repaired(names, faults, kept, account)
    elif is_animated[kept].any():
        files = [str(names[i]) for i in kept if is_animated[i]]
        account.tell(f"Of some files only the first frame is used ({some(files)}): chunks=True takes all.")
    rows = np.isin(np.arange(len(names)), kept)
    return divided(examples, {"kept": rows})["kept"], kept


def pack_all_chunks(media, names, read, account):
    """Pack recordings as pieces, images as frames; like `pack_all`, with the place of each one's file."""
    pieces, lengths, faults = {}, {}, defaultdict(list)

    def pack(i):
        if isinstance(media, Audio):
            waveform = media.clean(read(names[i]), tell=lambda fault: faults[fault].append(i))
            pieces[i], lengths[i] = media.cut(waveform, chunks=True), len(waveform)
        else:
            pieces[i] = media.pack_frames(read(names[i]))

    kept = _attempt(pack, names, account)
    counts = np.array([len(pieces[i]) for i in kept])
    if isinstance(media, Audio):
        note_pieces(media, np.array([lengths[i] for i in kept]), counts, account)
        _note_repaired(names, faults, kept, account)
    examples, end = empty((counts.sum(), *media.shape), media.dtype), 0
    for i in kept:
        some = pieces.pop(i)
        examples[end : end + len(some)] = some
        end += len(some)
    return examples, np.repeat(kept, counts)


def _note_repaired(names, faults, kept, account):
    """Notes the files that had faults which were repaired, and are used."""
    for fault in sorted(faults):
        repaired = sorted(set(faults[fault]) & set(kept.tolist()))
        if repaired:
            account.notes[f"Repaired: {fault}"] = [str(names[i]) for i in repaired]


def tell_of_cut(media, lengths, account):
    """Notes in an `Account` how much sound is used of recordings, whose lengths are int (kept,) samples."""
    kept = np.minimum(lengths, media.samples)
    account.seconds = used, found = _seconds(media, kept, lengths)
    if used < LEAST_USED * found or (kept < LEAST_OF_ONE * lengths).any():
        account.tell(
            f"Of {found:,.1f} seconds of sound {used:,.1f} are used ({used / found:.0%}), as recordings are "
            f"cut to {media.samples / media.rate:.3g} seconds: chunks=True takes long ones in pieces."
        )


def note_pieces(media, lengths, counts, account):
    """Notes in an `Account` how much sound is used of recordings that are taken in pieces.

    Args:
        media: the `Audio`.
        lengths: samples of each recording, int (kept,).
        counts: of its pieces, int (kept,).
        account: the `Account`.
    """
    account.seconds = _seconds(media, np.minimum(lengths, counts * media.samples), lengths)


def _seconds(media, *samples):
    return tuple(float(part.sum()) / media.rate for part in samples)


def _attempt(pack, names, account):
    """Calls `pack` with the place of every name; the places of those that did not fail."""
    failures = {}

    def pack_some(start):
        for i in range(start, min(start + CHUNK, len(names))):
            try:
                pack(i)
            # A library that reads files of others may trip in any way, which must not end the packing of all.
            except Exception as error:
                failures[i] = reason_of(error)

    plural = account.plural
    starts = range(0, len(names), CHUNK)
    # Decoders free the interpreter while they work, so threads keep all cores busy.
    with ThreadPoolExecutor(available_cores() + READERS) as threads:
        work = threads.map(pack_some, starts)
        for _ in watched(work, f"Reading {plural}", len(starts), plural, CHUNK):
            pass
    tell_of_failures({str(names[i]): failures[i] for i in sorted(failures)}, len(names), account)
    return np.array([i for i in range(len(names)) if i not in failures])


def reason_of(error):
    """Why an example cannot be packed, in words."""
    if isinstance(error, InputError):
        return str(error).rstrip(".")
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return f"{type(error).__name__}, {error}".rstrip(".")


def tell_of_failures(failures, total, account):
    """Notes in an `Account` the examples that cannot be packed.

    Args:
        failures: dict, name -> reason.
        total: number of examples, with those that were packed.
        account: the `Account`.

    Raises:
        InputError: if none could be packed.
    """
    plural, kinds = account.plural, by_reason(failures)
    told = "; ".join(reasons(kinds))
    if len(failures) == total:
        raise InputError(f"None of the {total} {plural} can be used: {told}.")
    account.found += total
    for reason, files in kinds.items():
        account.set_apart(reason, files)
    if failures:
        account.tell(f"{len(failures)} of {total} {plural} were set aside: {told}.")


def by_reason(failures):
    """The files that fail alike, under the words for the first of them.

    Args:
        failures: dict, name of a file -> reason.

    Returns:
        Dict, reason -> list of names.
    """
    kinds = defaultdict(list)
    for name, reason in failures.items():
        # Numbers, and what is quoted, are of the one file.
        kinds[re.sub(r"'[^']*'|\d[\w.,+-]*", "", reason)].append(name)
    return {failures[files[0]]: files for files in kinds.values()}


def reasons(kinds):
    """Why files were set aside, in words.

    Args:
        kinds: dict, reason -> list of names.

    Returns:
        List of str.
    """
    told = [f"{reason} ({some(files)})" for reason, files in list(kinds.items())[:MOST_REASONS]]
    others = sum(list(kinds.values())[MOST_REASONS:], [])
    if others:
        told.append(f"other reasons ({some(others)})")
    return told
