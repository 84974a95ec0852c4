"""Arrays of examples that TensorFlow reads where they lie, and that are divided without a second copy."""

import math
import mmap

import numpy as np
import tensorflow as tf

PAGE = mmap.PAGESIZE
AT_ONCE = 2**22  # bytes that are moved before their memory is given back
GIVES_BACK = hasattr(mmap, "MADV_DONTNEED") and hasattr(mmap, "MAP_PRIVATE")


class _Pages(mmap.mmap):
    """The memory of one array, aligned as TensorFlow wants it, of which pages can be given back."""


def empty(shape, dtype):
    """An array like `numpy.empty`, whose memory `tensor` shares and `divided` gives back."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    kind = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if GIVES_BACK else {}
    return np.frombuffer(_Pages(-1, max(size, 1), **kind), dtype, count=math.prod(shape)).reshape(shape)


def tensor(array):
    """An array as a tensor in the processor's memory; it shares what `empty` made, which must not change
    then.

    Args:
        array: of numbers, of any shape.
    """
    if _pages(array) is None or not array.flags.c_contiguous or _offset(array):
        copy = empty(array.shape, array.dtype)
        copy[...] = array
        array = copy
    # A constant would be a copy, and keep its array alive besides.
    with tf.device("CPU"):
        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())


def divided(array, parts):
    """Takes the rows of an array apart. Where `empty` made it, its memory is given back as its rows are read.

    Args:
        array: (count, ...), of which nothing is left.
        parts: dict, name -> bool array (count,), its rows.

    Returns:
        Dict, name -> array as of `empty`. It is the array itself where one part takes all of it.
    """
    if array.dtype.hasobject:  # such as sentences, which are of no fixed size
        return {name: array[rows] for name, rows in parts.items()}
    for name, rows in parts.items():
        if rows.all():
            return {other: array if other == name else array[:0] for other in parts}
    taken = {name: empty((int(rows.sum()), *array.shape[1:]), array.dtype) for name, rows in parts.items()}
    done = dict.fromkeys(parts, 0)
    step = max(1, AT_ONCE // max(1, array[:1].nbytes))
    for start in range(0, len(array), step):
        some = array[start : start + step]
        for name, rows in parts.items():
            chosen = rows[start : start + step]
            end = done[name] + int(chosen.sum())
            np.compress(chosen, some, axis=0, out=taken[name][done[name] : end])
            done[name] = end
        _give_back(array, start + len(some))
    return taken


def _pages(array):
    """The `_Pages` that an array lies in, or None."""
    base = array.base
    while isinstance(base, np.ndarray | memoryview):
        base = base.base if isinstance(base, np.ndarray) else base.obj
    return base if isinstance(base, _Pages) else None


def _offset(array):
    """Bytes from the beginning of its pages to an array."""
    return array.ctypes.data % PAGE


def _give_back(array, rows):
    """Gives the pages back that hold the first rows of an array alone."""
    pages = _pages(array)
    if pages is None or not GIVES_BACK or not array.flags.c_contiguous or _offset(array):
        return
    size = rows * array[:1].nbytes // PAGE * PAGE
    if size:
        pages.madvise(mmap.MADV_DONTNEED, 0, size)
