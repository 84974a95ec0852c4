"""What a name, a path or arrays hold: a reader for each kind of source."""

import dataclasses
import os
from typing import Any

from keras_gen.datasets.account import Account
from keras_gen.datasets.arrays import check_examples, pack_arrays, pack_waveforms, read_npz
from keras_gen.datasets.builtin import NAMES, read_builtin, read_tfds
from keras_gen.datasets.files import IMAGES, RECORDINGS, TEXTS, endings, is_archive, open_tree
from keras_gen.datasets.folders import read_tree
from keras_gen.datasets.labels import number_given
from keras_gen.datasets.manifest import Manifest, Table
from keras_gen.datasets.name_pattern import NamePattern, Selection
from keras_gen.datasets.remote import path_of
from keras_gen.datasets.shapes import SHAPES, read_shapes
from keras_gen.datasets.text import (
    are_strings,
    check_strings,
    number_classes,
    read_docstring_set,
    read_text_file,
    read_text_tree,
    without_empty,
)
from keras_gen.datasets.vowels import LOUDNESS, RATE, SAMPLES, VOWELS, read_vowels
from keras_gen.errors import InputError, unknown
from keras_gen.media import Audio, Image, Media, Text

TFDS = "tfds:"
FOLDERS = ("inferred", "top", None)  # labels that need nothing but folders
LABELS = (
    'labels must be "inferred", "top" or None, a pattern of names, such as "{animal}_{index}", a table, such '
    'as "labels.csv", or a column of sentences'
)


@dataclasses.dataclass
class Request:
    """A source, and what `load` was told of it."""

    source: Any
    media: Media | None = None
    size: tuple | None = None
    channels: int | None = None
    labels: NamePattern | Table | str | None = "inferred"
    is_test: Selection | None = None
    chunks: bool = False
    field: str | None = None

    @property
    def is_path(self):
        """Whether the source is a name or a path."""
        return isinstance(self.source, str | os.PathLike)

    @property
    def path(self):
        return path_of(self.source)

    @property
    def name(self):
        """How messages call the source."""
        return str(self.source) if self.is_path else "arrays"

    @property
    def kind(self):
        """The key in `READERS` of what the source is.

        Raises:
            InputError: it is no name that is known and no path that exists, or a file of another kind.
        """
        if not self.is_path:
            first = self.source[0] if _are_pairs(self.source) else self.source
            first = first[0] if isinstance(first, tuple) and first else first
            is_text = are_strings(first) or isinstance(self.media, Text)
            return "strings" if is_text else "arrays"
        if self.source in NAMES:
            return self.source if self.source in READERS else "builtin"
        if self.name.startswith(TFDS):
            return "tfds"
        path = self.path
        if not path.exists():
            raise unknown("data set or missing path", self.name, NAMES)
        if path.is_dir() or is_archive(path) or path.suffix.lower() in RECORDINGS:
            return "tree"
        if path.name.lower().endswith(TEXTS):
            return "text file"
        return "npz" if path.suffix.lower() == ".npz" else "other file"

    @property
    def of_files(self):
        """The names of arguments that were given and are about files in a folder or .zip."""
        given = {"labels": isinstance(self.labels, NamePattern | Table), "chunks": self.chunks}
        return [name for name, is_given in given.items() if is_given]

    @property
    def pattern(self):
        """The `NamePattern` of labels, or None."""
        return self.labels if isinstance(self.labels, NamePattern) else None

    @property
    def column(self):
        """Column or key of the labels of sentences, or None."""
        return self.labels if isinstance(self.labels, str) and self.labels not in FOLDERS else None

    def labels_in(self, tree):
        """Where labels come from, as `read_tree` takes it, for the files of a `Tree`."""
        return Manifest.of(tree, self.labels) if isinstance(self.labels, Table) else self.labels

    def check_no_images(self):
        """Raises `InputError` where what is of images was given for something else."""
        if self.size or self.channels:
            name = self.source if self.is_path else "a list of str"
            raise InputError(f"size and channels are of images, which {name} does not hold: leave them out.")


@dataclasses.dataclass
class Found:
    """What a source holds.

    Attributes:
        media: the `Media` of its examples.
        splits: name -> (examples, labels or None), packed except sentences; synthetic sets have a third
            array, of factors.
        class_names: names of the classes, or None.
        account: the `Account` of them.
        files: name of a split -> the file that each example comes from, or None.
        groups: the same of what must be in one split only, such as a speaker, or None.
        is_published: whether the splits are those that all compare themselves on, and stay as they are.
    """

    media: Media
    splits: dict
    class_names: Any
    account: Account
    files: dict | None = None
    groups: dict | None = None
    is_published: bool = False

    def without_labels(self):
        """The same, with None for labels."""
        splits = {name: (arrays[0], None, *arrays[2:]) for name, arrays in self.splits.items()}
        return dataclasses.replace(self, splits=splits, class_names=None)


def read(request):
    """Reads a source.

    Args:
        request: a `Request`.

    Returns:
        `Found`.

    Raises:
        InputError: the source is unknown, missing, empty, damaged or malformed, or something was asked that
            has no use for it.
    """
    check_uses(request)
    found = READERS[request.kind](request)
    return found.without_labels() if request.labels is None else found


def check_uses(request):
    """Raises `InputError` where something was asked that has no use for the kind of source."""
    kind = request.kind
    of_what = request.source if request.is_path else "arrays"
    if kind not in ("tree", "text file"):
        if request.column:
            raise InputError(f"{LABELS}, but is {request.column!r} for {of_what}.")
        if request.field:
            raise InputError(
                f"field is of .jsonl, .json, .csv and .tsv files, but has no use for {of_what}: leave it out."
            )
    asked = request.of_files
    if asked and kind != "tree":
        raise InputError(
            f"{asked[0]} is about the files in a folder or .zip, but has no use for {of_what}: leave it out."
        )
    brings_text = kind in ("strings", "docstrings", "text file")
    if isinstance(request.media, Text) and not brings_text and kind != "tree":
        raise InputError(
            f"{request.source} brings no sentences: give 'docstrings', a list of str, or a file, folder or "
            f".zip of files that end in {', '.join(TEXTS)}."
        )
    if brings_text:
        _check_text(request)
    if isinstance(request.media, Audio) and kind not in ("arrays", "vowels", "npz", "tree"):
        raise InputError(
            f"{request.source} brings no recordings: give a folder or .zip of them, or 'vowels'."
        )


def _check_text(request):
    if request.media is not None and not isinstance(request.media, Text):
        name = request.source if request.is_path else "a list of str"
        raise InputError(f"media is {request.media}, but {name} brings sentences: give a Text.")
    request.check_no_images()


def _read_strings(request):
    splits, account = _pairs(request.source), Account(Text.plural)
    for texts, _ in splits.values():
        if are_strings(texts) and all(text.lower().endswith(IMAGES + RECORDINGS) for text in texts):
            raise InputError(
                f"The list holds names of files, such as {texts[0]!r}, not sentences: give their folder."
            )
        check_strings(texts)
    splits, class_names = number_given(splits, account.plural, stacklevel=5)
    splits, media = without_empty(splits, account), request.media or Text()
    return Found(media, splits, class_names, account, is_published="test" in splits)


def _read_docstrings(request):
    return _text(request, *read_docstring_set())


def _read_text_file(request):
    return _text(request, *read_text_file(request.path, request.field, request.column))


def _text(request, splits, account):
    return Found(request.media or Text(), *number_classes(splits), account)


def _are_pairs(source):
    """Whether a source is examples for training and for testing, each with labels or None."""
    is_two = isinstance(source, tuple | list) and len(source) == 2
    return is_two and all(isinstance(pair, tuple) for pair in source)


def _pairs(source):
    """The splits of examples alone, of a pair with labels, or of two such pairs: name -> pair."""
    splits = {"train": source if isinstance(source, tuple) else (source, None)}
    if _are_pairs(source):
        splits = dict(zip(("train", "test"), source, strict=True))
    for pair in splits.values():
        if len(pair) != 2:
            raise InputError(
                "A tuple must be a pair of examples and labels, or two such pairs, for training and testing, "
                f"but has {len(pair)} entries."
            )
    return splits


def _read_arrays(request):
    splits = _pairs(request.source)
    for examples, _ in splits.values():
        check_examples(examples)
    return _packed(request, splits)


def _packed(request, splits):
    if isinstance(request.media, Audio):
        found = pack_waveforms(splits, request.media)
    else:
        found = pack_arrays(splits, request.media, request.size, request.channels)
    return Found(*found, is_published="test" in splits)


def _read_npz(request):
    return _packed(request, read_npz(request.path))


def _read_vowels(request):
    request.check_no_images()
    media = request.media or Audio(
        SAMPLES, RATE, mels=64, window=256, hop=64, fft_length=512, loudness=LOUDNESS
    )
    if not isinstance(media, Audio) or (media.samples, media.rate) != (SAMPLES, RATE):
        raise InputError(
            f"The vowels are recordings of {SAMPLES} samples at {RATE} Hz, but media is {media}."
        )
    return _known(media, read_vowels(), list(VOWELS))


def _read_shapes(request):
    media = request.media or Image(*(request.size or (32, 32)), request.channels or 3)
    if media.height != media.width or media.channels == 4:
        raise InputError(f"The shapes are drawn as squares, without alpha, but are to be {media}.")
    return _known(media, read_shapes(media.height, media.channels), list(SHAPES))


def _known(media, splits, class_names):
    """What is known by its name, of which nothing is set aside."""
    account = Account(media.plural, found=sum(len(arrays[0]) for arrays in splits.values()))
    return Found(media, splits, class_names, account, is_published=True)


def _read_builtin(request):
    splits, class_names = read_builtin(request.source)
    media, splits, numbers, account = pack_arrays(splits, request.media, request.size, request.channels)
    return Found(media, splits, class_names or numbers, account, is_published=True)


def _read_tfds(request):
    name = request.name.removeprefix(TFDS)
    return _known(*read_tfds(name, request.media, request.size, request.channels))


def _read_tree(request):
    with open_tree(request.path) as tree:
        media = media_of(tree, request)
        if isinstance(media, Text):
            return _text(request, *read_text_tree(tree, request.field, request.column))
        # One recording is no set of examples; its pieces are.
        is_one = isinstance(media, Audio) and len(tree.of(media.plural)) == 1
        splits, class_names, files, groups, account = read_tree(
            tree, media, request.labels_in(tree), request.is_test, request.chunks or is_one
        )
        return Found(media, splits, class_names, account, files, groups)


def media_of(tree, request):
    """The media for the files of a tree: as requested, or by default for what it holds.

    Raises:
        InputError: it holds both images and recordings, or neither of these nor sentences; or something was
            asked that has no use for the media.
    """
    media = request.media or _default_media(tree, request)
    if isinstance(media, Text):
        if request.of_files:
            raise InputError(f"{request.of_files[0]} has no use where sentences are loaded: leave it out.")
        return media
    if request.column:
        raise InputError(f"{LABELS}, but is {request.column!r} for {media.plural}.")
    if request.field:
        raise InputError(f"field is of sentences, but {media.plural} are loaded: leave it out.")
    return media


def _default_media(tree, request):
    images, recordings = tree.of("images"), tree.of("waveforms")
    if images and recordings and not (request.size or request.channels):
        raise InputError(
            f"{tree.source} holds {len(images)} images and {len(recordings)} recordings: say which with "
            "media=Image(64, 64, 3) or media=Audio()."
        )
    if images:
        return Image(*(request.size or (64, 64)), request.channels or 3)
    if recordings or tree.of("sentences"):
        request.check_no_images()
        return Audio() if recordings else Text()
    raise InputError(
        f"{tree.source} holds no images, recordings or sentences: their names should end in "
        f"{', '.join(endings('images'))}, in {', '.join(endings('waveforms'))}, or in "
        f"{', '.join(endings('sentences'))}, but it holds {tree.told()}."
    )


def _read_other_file(request):
    raise InputError(
        f"{request.source} is none of what can be loaded: a folder or .zip of images, recordings or "
        f"sentences, an .npz of arrays, a recording, ending in {', '.join(RECORDINGS)}, or a file of "
        f"sentences, ending in {', '.join(TEXTS)}."
    )


READERS = {
    "arrays": _read_arrays,
    "builtin": _read_builtin,
    "docstrings": _read_docstrings,
    "npz": _read_npz,
    "other file": _read_other_file,
    "shapes": _read_shapes,
    "strings": _read_strings,
    "text file": _read_text_file,
    "tfds": _read_tfds,
    "tree": _read_tree,
    "vowels": _read_vowels,
}
