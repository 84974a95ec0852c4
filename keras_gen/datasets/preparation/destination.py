"""The folder of a prepared set while it is being made: begun, gone on with, complete, or refused."""

import contextlib
import json
import shutil
from pathlib import Path

from keras_gen.datasets.prepared import ACCOUNT, BEGUN, WORK
from keras_gen.datasets.remote import is_remote
from keras_gen.datasets.shards import is_prepared
from keras_gen.errors import InputError
from keras_gen.files import PARTIAL, locked, make_folder, read_json, remove_partial, write_atomically

DATASHEET = "datasheet.md"
CONTENTS = "contents"  # the setting that is of the source
SETTINGS = "settings"  # the key in account.json of what the set was made with


class Destination:
    """A folder for a prepared set, in which nothing but this set may lie.

    Args:
        folder: path.
        settings: dict, what decides the set; another one is refused.
        source: path of the source, or None.

    Raises:
        InputError: the folder holds something else, or lies in the source.
    """

    def __init__(self, folder, settings, source=None):
        if is_remote(folder):
            raise InputError(f"{folder} is elsewhere: prepare to a folder here, and copy it there.")
        self.folder, self.settings = Path(folder).expanduser(), json.loads(json.dumps(settings))
        self.work = self.folder / WORK
        is_near = source is not None and not is_remote(source)
        if is_near and self.folder.resolve().is_relative_to(source.resolve()):
            raise InputError(f"{folder} lies in {source}, which is to be read: choose another folder.")
        if self.folder.is_symlink() or self.folder.exists() and not self.folder.is_dir():
            raise InputError(f"{folder} is no folder: choose another.")
        if self.work.is_symlink():
            raise InputError(f"{self.work} is a link, which is not written through: remove it.")
        self._check()

    @property
    def is_complete(self):
        """Whether the set is there already."""
        return is_prepared(self.folder)

    def _check(self):
        begun = self._begun()
        if begun is None:
            found = self.folder.iterdir() if self.folder.exists() else []
            others = sorted(p.name for p in found if p != self.work and not p.name.startswith(PARTIAL))
            if others:
                raise InputError(
                    f"{self.folder} holds something else ({', '.join(others[:3])}): choose a folder that is "
                    "empty or not there yet."
                )
            return
        changed = sorted(
            key for key in begun.keys() | self.settings.keys() if begun.get(key) != self.settings.get(key)
        )
        if changed == [CONTENTS]:
            raise InputError(
                f"The source has changed since {self.folder} was begun: remove that, or choose another."
            )
        if changed:
            told = ", ".join(
                f"{key} is {_shown(begun.get(key))} there, {_shown(self.settings.get(key))} here"
                for key in changed
                if key != CONTENTS  # of which a hash tells nothing to anyone
            )
            raise InputError(
                f"{self.folder} was begun otherwise ({told}): give the same command, remove that folder, or "
                "choose another."
            )

    def _begun(self):
        """The settings that the folder was begun with; None where nothing is begun."""
        for path in (self.work / BEGUN, self.folder / ACCOUNT):
            if path.is_file() and not path.is_symlink():
                found = read_json(path)
                settings = found.get(SETTINGS) if isinstance(found, dict) else None
                if isinstance(settings, dict):
                    return settings
        return None

    @contextlib.contextmanager
    def held(self):
        """Keeps other processes from making the set while this one does, and removes what is half written.

        Raises:
            InputError: another process does, or the folder cannot be written.
        """
        make_folder(self.folder)
        make_folder(self.work)
        with locked(self.work, "preparing"):
            remove_partial(self.folder)
            write_atomically(self.work / BEGUN, json.dumps({SETTINGS: self.settings}))
            yield

    def finish(self):
        """Removes what is not needed any more."""
        shutil.rmtree(self.work, ignore_errors=True)


def _shown(value):
    return str(value)[:60]
