"""Writing files that are never seen half written."""

import contextlib
import fcntl
import os
import tempfile

from keras_gen.errors import InputError

PARTIAL = ".partial-"


def make_folder(folder):
    """Makes a folder that can be written to, or finds it.

    Args:
        folder: `pathlib.Path`.

    Raises:
        InputError: there is no such folder to be had.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be written: {error.strerror or error}.") from error


def replace_atomically(path, write):
    """Puts a file in its place once it is whole and on the disk; until then an earlier one stays there.

    Args:
        path: `pathlib.Path` of the file.
        write: function of a path beside it, with the same suffix, that writes the file there.
    """
    partial = path.with_name(f"{PARTIAL}{path.name}")
    try:
        write(partial)
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def locked(folder, doing):
    """Keeps other processes from doing the same in a folder while this one does.

    Args:
        folder: `pathlib.Path` that exists.
        doing: what is done there, such as "training".

    Raises:
        InputError: another process does it.
    """
    with open(folder / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError(
                f"Another process is {doing} in {folder}: wait for it, or stop it first."
            ) from error
        yield


def remove_partial(folder):
    """Removes what a process that was killed left half written in a folder and those below."""
    for partial in folder.rglob(f"{PARTIAL}*"):
        if partial.is_file():
            partial.unlink(missing_ok=True)


def write_atomically(path, text):
    """Writes a text file that is never seen half written."""
    replace_atomically(path, lambda partial: partial.write_text(text, encoding="utf-8"))
