"""Packing many pictures or recordings at once, on several threads."""

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


def pack_all(media, names, read):
    """Pack an example from each of many files; those that cannot be used are set aside, counted and named in one warning.

    Args:
        media: the `Media` that packs them.
        names: one name for each file.
        read: function from a name to the raw example; an `OSError` or `InputError` in it sets the file aside.

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
            except OSError as error:
                failures[i] = error.strerror or str(error)
            except InputError as error:
                # What follows the colon is of this one file.
                failures[i] = str(error).partition(":")[0]

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
    reasons = defaultdict(list)
    for i in sorted(failures):
        reasons[failures[i]].append(str(names[i]))
    told = "; ".join(f"{reason} ({some(lost)})" for reason, lost in reasons.items())
    if len(failures) == len(names):
        raise InputError(f"None of the {len(names)} {plural} can be used: {told}.")
    if failures:
        warnings.warn(f"{len(failures)} of {len(names)} {plural} were set aside: {told}.", stacklevel=3)
    return np.array([i for i in range(len(names)) if i not in failures])


def some(names):
    """How many, and the first few."""
    rest = ", ..." if len(names) > MOST_NAMED else ""
    return f"{len(names)}: {', '.join(names[:MOST_NAMED])}{rest}"
