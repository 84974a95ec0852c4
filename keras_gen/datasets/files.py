"""Files in folders and archives, by name."""

import contextlib
import os
import re
import unicodedata
import zipfile
from collections import Counter, defaultdict, deque
from pathlib import PurePosixPath

from keras_gen.datasets.account import printable, some
from keras_gen.datasets.remote import is_remote
from keras_gen.datasets.tars import is_tar, open_tar
from keras_gen.errors import InputError
from keras_gen.media import pillow

MOST_BYTES = 2**30
# What unpacks to more bytes than this and to more than these times its size is taken for a bomb.
SUSPECT_BYTES, SUSPECT_TIMES = 2**26, 100
# Unpack a little at a time, since zipfile cuts a member to its stated size only afterwards. Stored and
# deflated members give no more than was asked for; with other methods a few bytes may become megabytes.
PORTIONS = {zipfile.ZIP_STORED: 2**16, zipfile.ZIP_DEFLATED: 2**16}
LEAST_PORTION = 2**6
RECORDINGS = (".wav", ".flac", ".ogg", ".mp3", ".opus", ".oga", ".aiff", ".aif", ".aifc")
IMAGES = tuple(pillow.ENDINGS)
TEXTS = tuple(
    f"{ending}{packed}" for ending in (".txt", ".jsonl", ".csv", ".tsv", ".json") for packed in ("", ".gz")
)
MEDIA = ("images", "waveforms", "sentences")
# What lies beside data as a rule, so that nobody has to be warned of it.
NOTES = (".md", ".rst", ".log", ".ini", ".db", ".py", ".ipynb", ".sh", ".sha256", ".md5")
PAPERS = (".pdf", ".html", ".htm", ".xml", ".yaml", ".yml", ".toml", ".npy", ".npz", ".pkl", ".mat", *TEXTS)
WHAT_WOULD_WORK = {
    ".heic": "pillow_heif.register_heif_opener() lets Pillow read them",
    ".heif": "pillow_heif.register_heif_opener() lets Pillow read them",
    ".m4a": "ffmpeg -i a.m4a a.flac makes them readable",
    ".aac": "ffmpeg -i a.aac a.flac makes them readable",
    ".wma": "ffmpeg -i a.wma a.flac makes them readable",
}


def endings(plural):
    """The endings of files of a medium, "images", "waveforms" or "sentences", in small letters."""
    if plural == "images":
        known = pillow.formats()
        return tuple(ending for ending, kind in pillow.ENDINGS.items() if kind in known)
    return RECORDINGS if plural == "waveforms" else TEXTS


class Tree:
    """Files below a folder or in an archive, by name.

    Args:
        source: path, for messages.
        names: of all files, with "/" or, as Windows has it, a backslash between folders.
        read: function from a name to the bytes of the file.
        lost: dict, name -> reason, of what is there and cannot be read.
        path: from which other processes can read the same, or None for the source.

    Attributes:
        names: sorted, of the files that are neither hidden nor lead out of the source.
        hidden: of the files that are hidden, as those in __MACOSX are.
        lost: as given, and of the names that lead out of the source.
    """

    def __init__(self, source, names, read, lost=None, path=None):
        self.source, self.read, self.lost, self.path = source, read, dict(lost or {}), path or source
        self.names, self.hidden = [], []
        for name in sorted(set(names)):
            parts = parts_of(name)
            if ".." in parts:
                self.lost[name] = "Its name leads out of the archive"
            else:
                (self.hidden if _is_hidden(parts) else self.names).append(name)

    def of(self, plural):
        """The names that end as such media do, "images", "waveforms" or "sentences"."""
        ends = endings(plural)
        return [name for name in self.names if name.lower().endswith(ends)]

    def others(self, plural):
        """The other names by kind, such as ".md", and those that are hidden: dict, kind -> names."""
        kinds, wanted = defaultdict(list), set(self.of(plural))
        for name in self.names:
            if name not in wanted:
                kinds[_ending(name) or "without an ending"].append(name)
        return dict(sorted(kinds.items())) | ({"hidden": self.hidden} if self.hidden else {})

    def told(self):
        """How many files there are of each kind, in words."""
        kinds = Counter(printable(_ending(name)) or "without an ending" for name in self.names)
        return ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common(5)) or "no files"

    def note_others(self, account):
        """Notes in the `Account` of a medium what is not read, and what cannot be."""
        plural = account.plural
        account.ignored |= self.others(plural)
        for reason in dict.fromkeys(self.lost.values()):
            names = [name for name, why in self.lost.items() if why == reason]
            account.found += len(names)
            account.set_apart(reason, names, told=f"{reason}, so it is set aside ({some(names)}).")
        quiet = NOTES if plural == "sentences" else NOTES + PAPERS
        quiet += tuple(ending for medium in MEDIA for ending in endings(medium))
        strange = {
            kind: names
            for kind, names in account.ignored.items()
            if kind.startswith(".") and kind not in quiet
        }
        if strange:
            told = "; ".join(f"{printable(kind)} {some(names)}" for kind, names in strange.items())
            advice = "; ".join(dict.fromkeys(WHAT_WOULD_WORK[k] for k in strange if k in WHAT_WOULD_WORK))
            account.tell(
                f"Files of kinds that are not read were ignored ({told}){': ' * bool(advice)}{advice}."
            )


def is_archive(path):
    """Whether a path is that of an archive that `open_tree` opens, by its name."""
    return is_tar(path) or str(path).lower().endswith(".zip")


@contextlib.contextmanager
def open_tree(path):
    """The `Tree` of a folder, of a .zip or .tar archive, which is read in place, or of one file.

    Folders that are symbolic links are followed, each real folder once.

    Raises:
        InputError: the archive is damaged.
    """
    if path.is_dir():
        names, lost = path.walk() if is_remote(path) else _walk(path)
        yield Tree(path, names, lambda name: (path / name).read_bytes(), lost)
        return
    if is_tar(path):
        if is_remote(path):
            raise InputError(
                f"{path} is a tar archive elsewhere: copy it here, or give its files in a folder."
            )
        with open_tar(path, MOST_BYTES) as (plain, names, read, lost):
            yield Tree(path, names, read, lost, plain)
        return
    if not is_archive(path):
        yield Tree(path, [path.name], lambda _: path.read_bytes())
        return
    try:
        archive = zipfile.ZipFile(path.open() if is_remote(path) else path)
    except Exception as error:  # a damaged archive fails in as many ways as it has layers
        raise InputError(f"{path} could not be opened as a zip archive: {error}.") from error

    def read(name):
        # A small archive can claim to hold any amount. No permitted example is larger than this.
        member = archive.getinfo(name)
        check_unpacked(member.compress_size, member.file_size)
        try:
            with archive.open(name) as member:
                portion = PORTIONS.get(archive.getinfo(name).compress_type, LEAST_PORTION)
                member.MIN_READ_SIZE = portion
                return b"".join(iter(lambda: member.read(portion), b""))
        # The member is encrypted, damaged or packed by an unknown method; each has errors of its own.
        except Exception as error:
            raise InputError(f"A file could not be unpacked: {error}.") from error

    names = [name for name in archive.namelist() if not name.endswith(("/", "\\"))]
    twice = [name for name, count in Counter(names).items() if count > 1]
    lost = dict.fromkeys(twice, "Its name comes twice in the archive, of which the last file is read")
    with archive:
        yield Tree(path, names, read, lost)


def check_unpacked(packed, unpacked):
    """Raises `InputError` where this many bytes should not be unpacked from those packed."""
    if unpacked > MOST_BYTES:
        raise InputError("It unpacks to more than a gigabyte: give it in several files.")
    if unpacked > SUSPECT_BYTES and unpacked > SUSPECT_TIMES * packed:
        raise InputError(
            f"It unpacks to more than {SUSPECT_TIMES} times its size, as a bomb does: give what it holds."
        )


def _walk(root):
    """The names of the files below a folder, and of what cannot be read there, name -> reason."""
    names, lost, seen = [], {}, set()
    # Links come last, so that a folder is read where it really is, if that is below the root.
    folders, links = deque([""]), deque()
    while folders or links:
        is_link = not folders
        folder = (links if is_link else folders).popleft()
        real = (root / folder).resolve()
        if real in seen:
            lost[folder] = "It is a folder that is read already"
            continue
        if is_link and (root / folder).parent.resolve().is_relative_to(real):
            lost[folder] = "It is a link to a folder that it lies in"
            continue
        seen.add(real)
        try:
            entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
        except OSError as error:
            lost[folder] = f"It cannot be opened, {error.strerror}"
            continue
        for entry in entries:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if os.path.isdir(entry):  # which is no error for a link to itself
                if _is_hidden((entry.name,)):
                    names.append(name)
                else:
                    (links if entry.is_symlink() else folders).append(name)
            elif os.path.isfile(entry):
                names.append(name)
            else:
                lost[name] = "It is a link to nothing" if entry.is_symlink() else "It is no file"
    return names, lost


def parts_of(name):
    """The folders and the file of a name, tuple of str, alike on all systems.

    Windows has backslashes between them, and a Mac writes accents as characters of their own.
    """
    name = unicodedata.normalize("NFC", name.replace("\\", "/"))
    return PurePosixPath(re.sub("^([A-Za-z]:)?/+", "", name)).parts


def stem_of(name):
    """The last part of a name without its ending."""
    return PurePosixPath(parts_of(name)[-1]).stem


def _is_hidden(parts):
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _ending(name):
    """The ending of a name in small letters, such as ".png" or ".txt.gz"; empty where it has none."""
    name = PurePosixPath(name.lower().replace("\\", "/"))
    return "".join(name.suffixes[-2:]) if name.suffix == ".gz" else name.suffix
