"""Tables that tell the labels of files, and perhaps their splits."""

import contextlib
import dataclasses
from collections import defaultdict
from pathlib import Path, PurePosixPath

from keras_gen.datasets.account import some
from keras_gen.datasets.files import TEXTS, parts_of
from keras_gen.datasets.splits import SPLITS, check_splits, split_word
from keras_gen.datasets.text_files import read_sentences
from keras_gen.errors import InputError

ENDINGS = tuple(ending for ending in TEXTS if not ending.startswith(".txt"))


@dataclasses.dataclass(frozen=True)
class Table:
    """A .csv, .tsv, .jsonl or .json file that tells the labels of files: `load(..., labels=Table(...))`.

    Its column or key `split`, where there is one, tells their splits.

    Args:
        path: of the file, in the folder that is loaded or elsewhere.
        file: column or key that holds the names of files; its number from 1 of lists and of tables whose
            first row names no columns.
        label: the same of their labels.

    Raises:
        InputError: the path has another ending.
    """

    path: str
    file: str = "file"
    label: str = "label"

    def __post_init__(self):
        if not is_table(self.path):
            raise InputError(f"A table of labels ends in {', '.join(ENDINGS)}, not as {str(self.path)!r}.")


def is_table(path):
    """Whether a path is one of a table, by its ending."""
    return str(path).lower().endswith(ENDINGS)


class Manifest:
    """What a .csv, .tsv, .jsonl or .json file tells of the files of a tree.

    Its names only choose among the files that were found; nothing is opened by them.

    Args:
        name: of the file, for messages.
        raw: its bytes, as `read_sentences` takes them.
        field: key or column of the names of files.
        label: the same of their labels.
        folder: parts of the path, within the tree, of the folder that it lies in.

    Raises:
        InputError: it cannot be read, or has no such key or column.
    """

    def __init__(self, name, raw, field, label, folder=()):
        self.name, self._folder = name, folder
        self._files, self._labels, self._faults = read_sentences(name, raw, field, label)
        self._splits, words = defaultdict(set), set()
        with contextlib.suppress(InputError):  # there is no such column
            files, told, _ = read_sentences(name, raw, field, "split")
            words = set(told)
            for file, word in zip(files, told, strict=True):
                self._splits[file].add(word)
        strange = sorted(word for word in words if split_word(word) is None)
        if strange:
            raise InputError(
                f"{name} names splits that are none ({some(strange)}): name them train, val or test."
            )
        if words:
            check_splits(f"The files of {name}", [split_word(word) for word in words])

    @classmethod
    def of(cls, tree, table):
        """The manifest that a `Table` is, of a file in the `Tree` or of another one."""
        path, columns = str(table.path), (str(table.file), str(table.label))
        inside = next((name for name in tree.names if parts_of(name) == parts_of(path)), None)
        if inside is None and not Path(path).expanduser().is_file():
            raise InputError(f"labels is {path!r}, but there is no such file, neither in {tree.source}.")
        if inside is None:
            return cls(path, Path(path).expanduser().read_bytes(), *columns)
        tree.names.remove(inside)  # it is not ignored
        return cls(path, tree.read(inside), *columns, parts_of(inside)[:-1])

    def apply(self, names, account):
        """The files that have one label, as places in `names`; their labels; and their splits or None.

        Files are found by their path from the folder of the manifest or from the top of the tree, or by the
        end of it where only one ends so, with or without their ending.

        Args:
            names: of the files of a `Tree`.
            account: the `Account` that tells of files without a label, and of labels without a file.

        Raises:
            InputError: no file has a label, or some have no split that others have.
        """
        find = _finder(names, self._folder)
        labels, splits, lost = defaultdict(set), defaultdict(set), []
        for file, label in zip(self._files, self._labels, strict=True):
            place = find(file)
            if place is None:
                lost.append(file)
            else:
                labels[place].add(label)
                splits[place] |= {SPLITS[split_word(word)] for word in self._splits.get(file, ())}
        kept = [place for place in sorted(labels) if len(labels[place]) == 1 and len(splits[place]) < 2]
        if not kept:
            raise InputError(
                f"{self.name} has no label for any of {len(names)} {account.plural} such as {names[0]}: it "
                f"names {some(self._files)}."
            )
        several = [names[place] for place in sorted(labels.keys() - set(kept))]
        without = [name for place, name in enumerate(names) if place not in labels]
        account.found += len(several) + len(without)
        for reason, left in (
            (f"{self.name} has no label for it", without),
            (f"{self.name} gives it several labels or splits", several),
            (f"{self.name} names it, but it is not there, or not the only one", lost),
        ):
            if left:
                account.set_apart(reason, left, told=f"{reason}, so it is set aside ({some(left)}).")
        if self._faults:
            faults = "; ".join(
                f"{reason} ({count:,} line{'s' * (count > 1)})" for reason, count in self._faults.items()
            )
            account.tell(f"Not all of {self.name} can be used: {faults}.")
        kept_labels = [labels[place].pop() for place in kept]
        if not self._splits:
            return kept, kept_labels, None
        bare = [names[place] for place in kept if not splits[place]]
        if bare:
            raise InputError(f"{self.name} names no split of some files ({some(bare)}): name it, or none.")
        return kept, kept_labels, [splits[place].pop() for place in kept]


def _finder(names, folder):
    """A function from a name in a manifest to the place of the one file that it stands for, or None.

    Args:
        names: of the files of a tree.
        folder: parts of the path of the manifest's folder.
    """
    paths, ends = [parts_of(name) for name in names], defaultdict(list)
    for place, path in enumerate(paths):
        for end in {path[-1], PurePosixPath(path[-1]).stem}:
            ends[end].append(place)

    def find(file):
        wanted = parts_of(file)
        found = [place for place in ends[wanted[-1]] if _ends(paths[place], wanted)] if wanted else []
        beside = [place for place in found if paths[place][:-1] == (*folder, *wanted[:-1])]
        exact = [place for place in found if len(paths[place]) == len(wanted)]
        found = beside or exact or found
        return found[0] if len(found) == 1 else None

    return find


def _ends(path, wanted):
    return path[len(path) - len(wanted) : -1] == wanted[:-1]
