"""The examples of a source while it is checked: what was measured of each, and what it is called."""

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Callable

import numpy as np

from keras_gen.datasets.account import Account
from keras_gen.datasets.checks import sentences
from keras_gen.datasets.checks.images import ImageProbe
from keras_gen.datasets.checks.recordings import RecordingProbe
from keras_gen.datasets.files import open_tree
from keras_gen.datasets.packing import pack_all
from keras_gen.datasets.readers import Found, media_of, read
from keras_gen.errors import InputError
from keras_gen.media import Audio, Text

SPLITS = ("train", "val", "test")


@dataclasses.dataclass
class Examples:
    """The examples of all splits, one behind the other.

    Attributes:
        plural: what they are called.
        account: the `Account` of the source.
        splits: of each, array of str.
        labels: name of a label -> the class of each, array of str, "" where there is none.
        rows: what was measured of each, a structured array; None of sentences.
        probe: that measured them; None of sentences.
        names: of each, a sequence of str.
        raw: function from a place to the raw example, as the probe takes it; the sentence of sentences.
        notes: list of sentences that tell what `load` would refuse.
        encodings: of files of sentences, `Counter` of words.
    """

    plural: str
    account: Account
    splits: np.ndarray
    labels: dict
    rows: np.ndarray | None
    probe: ImageProbe | RecordingProbe | None
    names: list
    raw: Callable
    notes: list = dataclasses.field(default_factory=list)
    encodings: Counter = dataclasses.field(default_factory=Counter)

    def __len__(self):
        return len(self.splits)


@contextlib.contextmanager
def opened(request):
    """The `Examples` of a source, measured, while its files are open.

    Args:
        request: a `Request`.

    Raises:
        InputError: nothing of the source can be used; see `read`.
    """
    if request.kind == "tree":
        with open_tree(request.path) as tree:
            media = media_of(tree, request)
            if not isinstance(media, Text):
                yield _of_tree(tree, media, request)
                return
    found = read(request)
    yield _of_sentences(found, request) if isinstance(found.media, Text) else _of_arrays(found, request)


def _of_tree(tree, media, request):
    probe, notes = _probe(media), []
    try:
        found = read(dataclasses.replace(request, media=probe))
    except InputError as error:
        if request.of_files:
            raise
        found = _heap(tree, probe)
        notes = [f"load refuses this order of folders, so all files are checked together: {error}"]
    files = np.concatenate([found.files[split] for split in _splits(found)])
    rows = np.concatenate([found.splits[split][0] for split in _splits(found)])
    return _examples(found, request, rows, probe, files, lambda place: tree.read(files[place]), notes)


def _heap(tree, probe):
    account, names = Account(probe.plural), tree.of(probe.plural)
    rows, places = pack_all(probe, names, tree.read, account)
    tree.note_others(account)
    return Found(probe, {"train": (rows, None)}, None, account, {"train": np.array(names, object)[places]})


def _of_arrays(found, request):
    probe = _probe(found.media)
    arrays = [found.splits[split][0] for split in _splits(found)]
    rows = np.array([probe.pack(example) for array in arrays for example in array], probe.dtype)
    ends = np.cumsum([len(array) for array in arrays])

    def raw(place):
        split = int(np.searchsorted(ends, place, "right"))
        return arrays[split][place - ends[split]]

    return _examples(found, request, rows, probe, _places(found), raw)


def _of_sentences(found, request):
    texts = np.concatenate([found.splits[split][0] for split in _splits(found)])
    examples = _examples(found, request, None, None, texts, texts.__getitem__)
    examples.encodings = Counter(_encodings(request))
    return examples


def _encodings(request):
    """The encoding of each file of sentences."""
    if request.kind == "text file":
        yield sentences.encoding_of(request.path.name, request.path.read_bytes())
    elif request.kind == "tree":
        with open_tree(request.path) as tree:
            for name in tree.of(sentences.PLURAL):
                # What cannot be read stands in the account.
                with contextlib.suppress(InputError, OSError):
                    yield sentences.encoding_of(name, tree.read(name))


def _examples(found, request, rows, probe, names, raw, notes=()):
    splits = _splits(found)
    counts = {split: len(found.splits[split][0]) for split in splits}
    found.account.used = counts
    return Examples(
        sentences.PLURAL if probe is None else probe.plural,
        found.account,
        np.repeat(splits, list(counts.values())),
        _labels(found, request),
        rows,
        probe,
        names,
        raw,
        list(notes),
    )


def _splits(found):
    return [split for split in SPLITS if split in found.splits]


def _places(found):
    """What examples are called that have no name."""
    return [f"{split} {place}" for split in _splits(found) for place in range(len(found.splits[split][0]))]


def _labels(found, request):
    """The names of the classes of all examples, by label."""
    if not found.class_names:
        return {}
    several = found.class_names
    if not isinstance(several, dict):
        several = {request.pattern.labels[0] if request.pattern else request.column or "class": several}
    columns = {label: [] for label in several}
    for split in _splits(found):
        examples, numbers = found.splits[split][:2]
        for column, (label, names) in enumerate(several.items()):
            known = [""] * len(examples)
            if numbers is not None:
                own = numbers.reshape(len(numbers), -1)[:, column]
                known = np.array([*map(str, names)], object)[own]
            columns[label].append(np.asarray(known, object))
    return {label: np.concatenate(column) for label, column in columns.items()}


def _probe(media):
    return RecordingProbe(media.rate) if isinstance(media, Audio) else ImageProbe()
