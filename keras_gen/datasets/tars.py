"""Tar archives, read in place: nothing of them is ever written to a path that they name."""

import bz2
import contextlib
import gzip
import lzma
import tarfile
import tempfile
import threading
import zlib
from collections import Counter
from pathlib import Path

from keras_gen.errors import InputError
from keras_gen.files import replace_atomically

TAR = ".tar"
OPEN = {
    ".tar.gz": gzip.open,
    ".tgz": gzip.open,
    ".tar.bz2": bz2.open,
    ".tar.xz": lzma.open,
}
ENDINGS = (TAR, *OPEN)
DAMAGED = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, tarfile.TarError)
PORTION = 2**20
# A small file can claim to unpack to any amount. Media hardly shrink at all, and text tenfold.
MOST_TIMES, ALWAYS = 100, 2**30


def is_tar(path):
    """Whether a path is that of a tar archive, by its name."""
    return str(path).lower().endswith(ENDINGS)


def is_compressed(path):
    """Whether the archive must be unpacked as a whole before one file in it can be found."""
    return str(path).lower().endswith(tuple(OPEN))


def uncompress(path, target):
    """Writes the plain tar archive of a compressed one.

    Args:
        path: of the archive.
        target: path of the file to write.

    Raises:
        InputError: it is damaged, or unpacks to far more than files of media or text would.
    """
    most = max(ALWAYS, MOST_TIMES * Path(path).stat().st_size)
    unpack = next(opener for ending, opener in OPEN.items() if str(path).lower().endswith(ending))

    def write(partial):
        count = 0
        with open(partial, "wb") as file, unpack(path) as packed:
            while portion := _portion(path, packed):
                count += len(portion)
                if count > most:
                    raise InputError(
                        f"{path} unpacks to more than {MOST_TIMES} times its size: give a folder of files."
                    )
                file.write(portion)

    replace_atomically(Path(target), write)


def _portion(path, packed):
    try:
        return packed.read(PORTION)
    except DAMAGED as error:
        raise InputError(f"{path} could not be unpacked: {error}.") from error


@contextlib.contextmanager
def open_tar(path, most):
    """The files of a tar archive.

    Args:
        path: of the archive.
        most: bytes of a file that is read.

    Yields:
        The path of the plain archive, which is gone afterwards where it had to be unpacked; the names, in
        their order; a function from a name to the bytes of the file; and name -> reason of what is there and
        cannot be read.

    Raises:
        InputError: the archive is damaged.
    """
    with contextlib.ExitStack() as stack:
        if is_compressed(path):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            uncompress(path, folder / "plain.tar")
            path = folder / "plain.tar"
        try:
            archive = stack.enter_context(tarfile.open(path, "r:"))
            members = archive.getmembers()
        except DAMAGED as error:
            raise InputError(f"{path} could not be opened as a tar archive: {error}.") from error
        files = {member.name: member for member in members if member.isreg()}
        lock = threading.Lock()  # since the archive has one position, and many threads ask for files
        lost = {m.name: "It is a link in an archive" for m in members if m.issym() or m.islnk()}
        lost |= {m.name: "It is no file" for m in members if m.isdev() or m.isfifo()}
        twice = [name for name, count in Counter(m.name for m in members if m.isreg()).items() if count > 1]
        lost |= dict.fromkeys(twice, "Its name comes twice in the archive, of which the last file is read")

        def read(name):
            member = files[name]
            if member.size > most:
                raise InputError("A file is larger than a gigabyte.")
            try:
                with lock:
                    raw = archive.extractfile(member).read()
            except DAMAGED as error:
                raise InputError(f"A file could not be unpacked: {error}.") from error
            if len(raw) < member.size:
                raise InputError("A file could not be unpacked: the archive ends before it.")
            return raw

        yield path, list(files), read, lost
