"""Writing files that are never seen half written, and reading what may be damaged."""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from keras_gen.errors import InputError

PARTIAL = ".partial-"


def ending_of(path):
    """The ending of a file's name in lower case, also where dots begin the name.

    >>> ending_of("drawn/...PNG")
    '.png'
    """
    return f".{os.fspath(path).rpartition('.')[2].lower()}"


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
        write: function of a path on the same disk, with the same name, that writes the file there.
    """
    # In a folder of this process alone, so that nobody can put a link where the file is written.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=PARTIAL, ignore_cleanup_errors=True) as own:
        partial = Path(own) / path.name
        write(partial)
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)


def sync(folder):
    """Waits until all files and folders of a folder, and their names, are on the disk."""
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir():
            sync_entry(path)
        else:
            with open(path, "rb") as file:
                os.fsync(file.fileno())


def sync_entry(folder):
    """Waits until the names in a folder are on the disk, where the system can open folders."""
    if os.name == "posix":
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def remove_partial(folder):
    """Removes what a process that was killed left half written in a folder and those below."""
    for partial in list(folder.rglob(f"{PARTIAL}*")):
        if partial.is_dir() and not partial.is_symlink():
            shutil.rmtree(partial, ignore_errors=True)
        else:
            partial.unlink(missing_ok=True)


def write_atomically(path, text):
    """Writes a text file that is never seen half written; of a name that is not Unicode it has the escaped
    bytes.
    """
    data = text.encode("utf-8", errors="backslashreplace")
    replace_atomically(path, lambda partial: partial.write_bytes(data))


def read_json(path):
    """What a JSON file says.

    Args:
        path: of the file.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error


def checksum(path):
    """The SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def damage(path):
    """What is wrong with a zip archive, such as a saved model: a text, or None where it is whole.

    Args:
        path: of the file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
    except Exception as error:  # noqa: BLE001 - a damaged archive fails in as many ways as it has layers
        return getattr(error, "strerror", None) or str(error) or type(error).__name__
    return broken and f"bad checksum of {broken}"


@contextlib.contextmanager
def locked(folder, doing, patience=0):
    """Keeps other processes from doing the same in a folder while this one does.

    Args:
        folder: `pathlib.Path` that exists.
        doing: what is done there, such as "training".
        patience: float, how many seconds to wait for another one.

    Raises:
        InputError: another process does it, or the folder cannot be locked.
    """
    import filelock  # late, as it brings all of asyncio

    path = folder / ".lock"
    if path.is_symlink():  # which might lead to a file of another kind
        raise InputError(f"{path} cannot be locked (it is a link): remove it.")
    lock = filelock.FileLock(path, timeout=patience)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise InputError(f"Another process is {doing} in {folder}: wait for it, or stop it first.") from error
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be locked ({reason}): remove it.") from error
    with lock:
        yield
