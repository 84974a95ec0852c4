"""Packing many pictures at once, on several threads."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from rich.console import Console
from rich.progress import track

from keras_gen.errors import InputError

# Pictures to a task: handing tiny ones over one by one would cost more than decoding them.
CHUNK = 16


def pack_all(media, names, read):
    """Pack many pictures; those that cannot be read are set aside, counted and named in one warning.

    Args:
        media: the `Image` that packs them.
        names: one name for each picture.
        read: function from a name to the raw picture; an `OSError` or `InputError` in it sets the picture
            aside.

    Returns:
        The packed pictures that were kept, uint8 (kept, height, width, channels), and which of the names they
        belong to, bool (len(names),).

    Raises:
        InputError: if none can be read.
    """
    pictures = np.empty((len(names), *media.shape), np.uint8)
    kept = np.ones(len(names), bool)

    def pack(start):
        for i in range(start, min(start + CHUNK, len(names))):
            try:
                pictures[i] = media.pack(read(names[i]))
            except (OSError, InputError):
                kept[i] = False

    starts = range(0, len(names), CHUNK)
    console = Console(stderr=True)
    watched = len(names) >= 5000 and (console.is_terminal or console.is_jupyter)
    # Pillow frees the interpreter while it decodes and resizes, so threads keep all cores busy.
    with ThreadPoolExecutor() as threads:
        work = threads.map(pack, starts)
        for _ in track(
            work, "Packing pictures", len(starts), console=console, transient=True, disable=not watched
        ):
            pass
    if not kept.any():
        raise InputError(f"None of the {len(names)} pictures could be read, the first being {names[0]}.")
    if kept.all():
        return pictures, kept
    lost = [str(names[i]) for i in np.flatnonzero(~kept)]
    shown = ", ".join(lost[:5]) + (", ..." if len(lost) > 5 else "")
    message = f"{len(lost)} of {len(names)} pictures could not be read and were set aside: {shown}"
    warnings.warn(message, stacklevel=2)
    return pictures[kept], kept
