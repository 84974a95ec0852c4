"""Loading images, recordings and sentences by name, by path or from arrays."""

import reprlib
import warnings

import numpy as np

from keras_gen.datasets.dataset import Dataset
from keras_gen.datasets.duplicates import CHOICES, without_duplicates
from keras_gen.datasets.files import stem_of
from keras_gen.datasets.held_out import hold_out
from keras_gen.datasets.labels import warn_of_missing
from keras_gen.datasets.manifest import Table, is_table
from keras_gen.datasets.name_pattern import NamePattern, Selection
from keras_gen.datasets.prepared import load_prepared, prepared_folder
from keras_gen.datasets.readers import LABELS, Request, read
from keras_gen.datasets.shapes import FACTORS
from keras_gen.datasets.text import each_once, pack_sentences
from keras_gen.datasets.vowels import FACTORS as VOICE_FACTORS
from keras_gen.errors import InputError, unknown
from keras_gen.media import Audio, Image, Text
from keras_gen.media.image import check_channels

STRATIFY = ("auto", True, False)


def load(
    source,
    *,
    media=None,
    size=None,
    channels=None,
    labels="inferred",
    field=None,
    chunks=False,
    batch_size=64,
    seed=0,
    validation=None,
    test=None,
    groups=None,
    stratify="auto",
    duplicates="auto",
):
    """Load images, recordings or sentences, packed in memory and ready to train on.

    A source is one of:
    - a name: "digits" (offline), "shapes" and "vowels" (synthetic, with known `Dataset.factors`),
      "docstrings" (sentences of the installed Python), "mnist", "fashion_mnist", "cifar10", "cifar100"
      (downloaded by Keras), or "tfds:NAME" (TensorFlow Datasets);
    - the path of a folder or .zip of images or recordings, or of one recording. Top folders named train, test
      or val (or training, testing, eval, evaluation, valid, validate, validation, dev, in any case) are
      splits; other folders are classes, see `labels`. Only the training examples need class folders; held-out
      examples outside class folders have no labels. Files beside class folders are set aside. Folders that
      are links are followed;
    - the path of a .txt (a sentence on each line), .jsonl, .json, .csv or .tsv file, also with .gz, or of a
      folder or .zip of such files. Folders with one of the words above as their name are splits, and so are
      files with one in their name, such as mine_test.txt;
    - the path of a prepared set, a folder that `keras-gen prepare` made. Its examples stay on the disk, in
      any number. It has its own media, labels and splits; arguments that do not agree with them are refused;
    - the path of an .npz file with x_train, y_train, x_test, y_test, or x and y; labels may be missing;
    - an array of images (N, H, W) or (N, H, W, C), or a list of arrays or `PIL.Image.Image`; with an `Audio`,
      an array of int16 waveforms (N, samples); a list of str; a tuple of such examples and labels; or two
      such tuples, for training and testing, as `keras.datasets` give them.

    Labels may be whole numbers, str or one-hot rows. They are numbered from 0 over all splits together.

    Args:
        source: a name, a path, an array or a pair of arrays, as above.
        media: the `Image`, `Audio` or `Text` to pack as. By default an `Image` of `size` and `channels`, or
            `Audio()` or `Text()` for files of these alone. A `Text` without a vocabulary learns that of the
            training split.
        size: pixels of each side, or (height, width), 8 to 256 each. By default 64 for files, 32 for the
            shapes, and for arrays and other names their own.
        channels: 1, 3 or, with alpha, 4. By default 3 for files and the shapes, and for arrays and other
            names their own, without alpha.
        labels: where labels come from. "inferred" takes those of the source; in a folder or .zip the class of
            a file is the folder that it lies in, named by its path, such as "animals/cats". "top" takes top
            folders alone, such as "animals". A pattern of the file names, such as
            "{digit}_{speaker}_{index}", makes each field a label, except index, the field of `groups`, and
            {_}, which may stand several times. A table, such as "labels.csv" or "labels.jsonl", in the folder
            or elsewhere, has the columns file, label and perhaps split; a `Table` names other columns. For
            sentences it is the column or key that holds their labels, text or whole numbers, such as
            "intent"; without one they have no labels. None is for no labels.
        field: column or key that holds the sentences, of .jsonl, .json, .csv and .tsv files; its number from
            1, such as "2", of lists and of tables whose first row names no columns.
        chunks: whether all of a file is taken: consecutive pieces of a long recording instead of its
            beginning, all frames of an animated image and pages of a TIFF instead of the first. All pieces
            and frames of a file are in one split. But if there are fewer recordings than splits, or fewer
            recordings of a class, these are divided by time, first for training, last for testing. A single
            recording is always taken in pieces.
        batch_size: examples in a batch.
        seed: decides the splits and the order of training, 0 to 2**31 - 1.
        validation: share of the training examples to hold out for validation, from 0 (none) to below 1, if
            the source has no such split. By default 0.1, at most 5000 examples.
        test: the same for testing, or files chosen by their names, such as "index=0,1,2" or "speaker=theo".
            By default 0.1, for the digits 0.2.
        groups: a field of the pattern in `labels`, such as "speaker". All examples with one value of it are
            in one split. It is not a label then.
        stratify: whether the splits that are held out have the classes, or the combinations of several
            labels, in the proportion of all. Groups are kept whole, and come as near to it as they can.
            "auto" does so, except for data whose test set papers compare on, see `duplicates`.
        duplicates: what to do with held-out examples that are packed like training examples, and with test
            examples that are packed like validation examples. "drop" leaves them out, "keep" only counts
            them. "auto" keeps them in data whose test set papers compare on: sets with a name, and arrays
            that have a test split, as an .npz file may. It also keeps them, with a warning, where a split
            would be empty. Training examples are never left out.

    Returns:
        A `Dataset`. Its `account` tells what was found, used, set aside and why, and ignored. One warning
        tells what was left out, unless these are only notes beside the data. Others name labels that were
        renumbered, classes without training examples, and a share of unknown words above a fifth.

    Raises:
        InputError: the source is unknown, missing, empty, damaged or malformed; an argument is out of its
            range or has no use; a share is given though the source has that split; or nothing is left of a
            split without duplicates.
    """
    prepared = prepared_folder(source)
    if prepared is not None:
        return load_prepared(
            prepared,
            str(source),
            batch_size=batch_size,
            seed=seed,
            media=media,
            size=size,
            channels=channels,
            labels=labels,
            field=field,
            chunks=chunks,
            validation=validation,
            test=test,
            groups=groups,
            stratify=stratify,
            duplicates=duplicates,
        )
    if duplicates not in CHOICES:
        raise unknown("duplicates", duplicates, CHOICES)
    if stratify not in STRATIFY:
        raise InputError(f'stratify must be "auto", True or False, but is {stratify!r}.')
    request, test = request_of(
        source,
        media=media,
        size=size,
        channels=channels,
        labels=labels,
        groups=groups,
        field=field,
        chunks=chunks,
        seed=seed,
        test=test,
    )
    found = read(request)
    media, class_names = found.media, found.class_names
    if isinstance(media, Image):
        _sides((media.height, media.width))
    name = request.name
    if request.is_test is not None and "test" not in found.splits:
        raise InputError(f"No file of {name} is chosen for testing.")
    if stratify == "auto":
        stratify = not found.is_published
    splits, files = hold_out(found, name, validation, test, seed, stratify)
    warn_of_missing(class_names, splits["train"][1])
    account = found.account
    if isinstance(media, Text):
        files = {split: sentences for split, (sentences, _) in splits.items()}
        media, splits = pack_sentences(media, splits)
    if name == "docstrings":
        splits = each_once(splits, account)
    if duplicates == "auto" and found.is_published:
        duplicates = "keep"
    group_name = request.pattern and request.pattern.groups
    if group_name:  # stands behind the labels of the examples while some of these are left out
        splits = {
            split: (
                *arrays,
                np.array([request.pattern.read(stem_of(file))[group_name] for file in files[split]]),
            )
            for split, arrays in splits.items()
        }
    splits = without_duplicates(splits, account, duplicates, files)
    if group_name:
        groups = {split: arrays[-1] for split, arrays in splits.items()}
        splits = {split: arrays[:-1] for split, arrays in splits.items()}
    account.used = {split: len(splits[split][0]) for split in ("train", "val", "test") if split in splits}
    if account.warning:
        warnings.warn(account.warning, stacklevel=2)
    factor_names = list(VOICE_FACTORS if isinstance(media, Audio) else FACTORS)
    return Dataset(
        media,
        **splits,
        class_names=class_names,
        # Only synthetic sets bring a third array; a folder may have the name of one.
        factor_names=factor_names if len(splits["train"]) == 3 else None,
        group_name=group_name,
        groups=groups if group_name else None,
        pattern=request.pattern.without_groups() if request.pattern and class_names else None,
        batch_size=batch_size,
        seed=seed,
        name=name,
        account=account,
    )


def request_of(
    source,
    *,
    media=None,
    size=None,
    channels=None,
    labels="inferred",
    groups=None,
    field=None,
    chunks=False,
    seed=0,
    test=None,
):
    """What `load`, `prepare` and `check` are asked for, checked as far as it can be without reading.

    The arguments are those of `load`.

    Returns:
        The `Request`, and the share for testing or None.

    Raises:
        InputError: an argument is out of its range, or two contradict each other.
    """
    if size is not None:
        size = _sides(size)
    if channels is not None:
        check_channels(channels)
    if media is not None and (size or channels):
        raise InputError("size and channels have no use beside media: leave them out.")
    if isinstance(media, Image):
        _sides((media.height, media.width))
    if not isinstance(seed, int) or not 0 <= seed < 2**31:
        raise InputError(f"seed must be an integer from 0 to 2**31 - 1, but is {seed!r}.")
    labels = _labels(labels, groups)
    if groups is not None and not isinstance(labels, NamePattern):
        raise InputError(
            f"groups={groups!r} needs the pattern of the file names, such as labels='{{{groups}}}_{{index}}'."
        )
    is_test = None
    if isinstance(test, str):
        test, is_test = None, Selection(test, labels if isinstance(labels, NamePattern) else None)
    field = None if field is None else str(field)
    return Request(source, media, size, channels, labels, is_test, chunks, field), test


def _sides(size):
    """Height and width, of which one number tells both."""
    sides = tuple(size) if isinstance(size, tuple | list) else (size, size)
    if len(sides) != 2 or not all(isinstance(s, int | np.integer) and 8 <= s <= 256 for s in sides):
        raise InputError(
            f"size must be 8 to 256 pixels, one number or (height, width), but is {size!r}; pass size to "
            "have images resized."
        )
    return sides


def _labels(labels, groups):
    """The labels that `load` is given as a `Request` has them."""
    if isinstance(labels, int) and not isinstance(labels, bool):
        return str(labels)
    if labels is None or isinstance(labels, Table):
        return labels
    if not isinstance(labels, str) or not labels:
        raise InputError(
            f"{LABELS}, but is {reprlib.repr(labels)}; labels of arrays stand beside these, as load((x, y))."
        )
    if "{" in labels:
        return NamePattern(labels, groups)
    return Table(labels) if is_table(labels) else labels
