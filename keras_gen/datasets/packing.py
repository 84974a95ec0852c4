"""Packing many images or recordings at once, on several threads."""

import re
import warnings
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from rich.console import Console
from rich.progress import track

from keras_gen.errors import InputError

# Examples to a task: handing tiny ones over one by one would cost more than decoding them.
CHUNK = 16
MOST_NAMED = 5
MOST_REASONS = 10


def pack_all(media, names, read):
    """Pack an example from each of many files; those that cannot be used are set aside, counted and named in one warning.

    Args:
        media: the `Media` that packs them.
        names: one name for each file.
        read: function from a name to the raw example; whatever it raises sets the file aside.

    Returns:
        The packed examples that were kept, (kept, *media.shape), and the places of their names, int (kept,).

    Raises:
        InputError: if none can be used.
    """
    examples = np.empty((len(names), *media.shape), media.dtype)

    def pack(i):
        examples[i] = media.pack(read(names[i]))

    kept = _attempt(pack, names, media.plural)
    return examples if len(kept) == len(names) else examples[kept], kept


def pack_all_chunks(media, names, read):
    """Pack many recordings, each as consecutive pieces: as `pack_all`, with the place of a name for each piece."""
    pieces = {}

    def pack(i):
        pieces[i] = media.pack_chunks(read(names[i]))

    kept = _attempt(pack, names, media.plural)
    return np.concatenate([pieces[i] for i in kept]), np.repeat(kept, [len(pieces[i]) for i in kept])


def _attempt(pack, names, plural):
    """Calls `pack` with the place of every name; the places of those that did not fail."""
    failures = {}

    def pack_some(start):
        for i in range(start, min(start + CHUNK, len(names))):
            try:
                pack(i)
            except InputError as error:
                failures[i] = str(error).rstrip(".")
            except OSError as error:
                failures[i] = error.strerror or str(error)
            # A library that reads files of others may trip in any way, which must not end the packing of all.
            except Exception as error:
                failures[i] = f"{type(error).__name__}, {error}".rstrip(".")

    starts = range(0, len(names), CHUNK)
    console = Console(stderr=True)
    watched = len(names) >= 5000 and (console.is_terminal or console.is_jupyter)
    # Decoders free the interpreter while they work, so threads keep all cores busy.
    with ThreadPoolExecutor() as threads:
        work = threads.map(pack_some, starts)
        for _ in track(
            work, f"Packing {plural}", len(starts), console=console, transient=True, disable=not watched
        ):
            pass
    told = "; ".join(reasons({str(names[i]): failures[i] for i in sorted(failures)}))
    if len(failures) == len(names):
        raise InputError(f"None of the {len(names)} {plural} can be used: {told}.")
    if failures:
        warnings.warn(f"{len(failures)} of {len(names)} {plural} were set aside: {told}.", stacklevel=3)
    return np.array([i for i in range(len(names)) if i not in failures])


def reasons(failures):
    """Why files were set aside: each kind of reason, as it is of its first file, with the files that it is of.

    Args:
        failures: dict, name of a file -> reason.

    Returns:
        List of str.
    """
    kinds = defaultdict(list)
    for name, reason in failures.items():
        # Numbers, and what is quoted, are of the one file.
        kinds[re.sub(r"'[^']*'|\d[\w.,+-]*", "", reason)].append(name)
    told = [f"{failures[files[0]]} ({some(files)})" for files in list(kinds.values())[:MOST_REASONS]]
    others = sum(list(kinds.values())[MOST_REASONS:], [])
    if others:
        told.append(f"other reasons ({some(others)})")
    return told


def some(names, most=MOST_NAMED):
    """How many, and the first few."""
    rest = ", ..." if len(names) > most else ""
    return f"{len(names)}: {', '.join(names[:most])}{rest}"
