"""Files elsewhere, such as gs:// and s3://, which TensorFlow reads."""

import os
import re
from pathlib import Path, PurePosixPath

import tensorflow as tf

from keras_gen.errors import InputError

SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://")


def is_remote(source):
    """Whether a source is the address of files elsewhere, such as "gs://bucket/folder"."""
    return isinstance(source, str | os.PathLike | RemotePath) and bool(SCHEME.match(str(source)))


def path_of(source):
    """A `pathlib.Path`, or a `RemotePath` of an address."""
    return RemotePath(str(source)) if is_remote(source) else Path(source).expanduser()


class RemotePath:
    """An address of a file or a folder, with what of `pathlib.Path` is wanted here.

    Args:
        address: such as "gs://bucket/folder".
    """

    def __init__(self, address):
        self._address = address.rstrip("/")

    def __str__(self):
        return self._address

    def __truediv__(self, name):
        return RemotePath(f"{self._address}/{name}")

    @property
    def name(self):
        return PurePosixPath(self._address).name

    @property
    def suffix(self):
        return PurePosixPath(self._address).suffix

    def exists(self):
        """Whether there is such a file or folder.

        Raises:
            InputError: addresses of this kind cannot be read here.
        """
        return self._told(tf.io.gfile.exists)

    def is_dir(self):
        return self._told(tf.io.gfile.isdir)

    def stat(self):
        """What of `os.stat_result` is wanted: (size in bytes, time of the last change)."""
        told = tf.io.gfile.stat(self._address)
        return told.length, told.mtime_nsec

    def open(self):
        """The file, open for reading bytes from any place."""
        return tf.io.gfile.GFile(self._address, "rb")

    def read_bytes(self):
        try:
            with self.open() as file:
                return file.read()
        except tf.errors.OpError as error:
            raise OSError(error.message) from error

    def walk(self):
        """The names of the files below a folder, and of what cannot be read there, name -> reason."""
        names, lost = [], {}

        def note(error):
            lost[getattr(error, "message", str(error))[:200]] = "It cannot be opened"

        for folder, _, files in tf.io.gfile.walk(self._address, onerror=note):
            within = folder.removeprefix(self._address).strip("/")
            names += [f"{within}/{name}" if within else name for name in files]
        return names, lost

    def _told(self, ask):
        try:
            return ask(self._address)
        except tf.errors.UnimplementedError as error:
            raise InputError(
                f"{self} cannot be read here: TensorFlow reads gs:// itself, and s3:// and others with "
                "tensorflow-io, of an equal version."
            ) from error
        except tf.errors.OpError as error:
            raise InputError(f"{self} cannot be read: {error.message}.") from error
