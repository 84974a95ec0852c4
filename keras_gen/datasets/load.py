"""Loading images, recordings and sentences by name, by path or from arrays."""

import os
from pathlib import Path

import numpy as np

from keras_gen.datasets.arrays import check_examples, pack_arrays, pack_waveforms, read_npz
from keras_gen.datasets.builtin import NAMES, read_builtin, read_tfds
from keras_gen.datasets.dataset import Dataset
from keras_gen.datasets.files import ENDINGS, IMAGES, RECORDINGS, TEXTS, open_tree, read_tree
from keras_gen.datasets.labels import warn_of_missing
from keras_gen.datasets.name_pattern import NamePattern, Selection
from keras_gen.datasets.shapes import FACTORS, SHAPES, read_shapes
from keras_gen.datasets.text import (
    are_strings,
    pack_sentences,
    read_docstring_set,
    read_strings,
    read_text_file,
    read_text_tree,
)
from keras_gen.datasets.vowels import FACTORS as VOICE_FACTORS
from keras_gen.datasets.vowels import RATE, SAMPLES, VOWELS, read_vowels
from keras_gen.errors import InputError, unknown
from keras_gen.media import Audio, Image, Text


def load(
    source,
    *,
    media=None,
    size=None,
    channels=None,
    labels=None,
    chunks=False,
    field=None,
    batch_size=64,
    seed=0,
    validation=None,
    test=None,
):
    """Load images, recordings or sentences, packed in memory and ready to train on.

    A source is one of:
    - a name: "digits" (offline), "shapes" and "vowels" (synthetic, with known `Dataset.factors`),
      "docstrings" (sentences of the installed Python), "mnist", "fashion_mnist", "cifar10", "cifar100"
      (downloaded by Keras), or "tfds:NAME" (TensorFlow Datasets);
    - the path of a folder or .zip of images or recordings. Top folders named train, test or val (or training,
      testing, eval, evaluation, valid, validate, validation, dev, in any case) are splits; other folders are
      classes. A warning names the files that cannot be used, and why;
    - the path of a .txt (a sentence a line), .jsonl or .csv file, also with .gz, or of a folder or .zip of
      such files. Files or folders that are named by one of these words, or begin or end in one, such as
      mine_test.txt, are splits;
    - the path of an .npz file with x_train, y_train, x_test, y_test, or x and y; labels may be missing;
    - an array of images (N, H, W) or (N, H, W, C), or a list of arrays or `PIL.Image.Image`; with an `Audio`,
      an array of int16 waveforms (N, samples); a tuple of such examples and labels; two such tuples, for
      training and testing, as `keras.datasets` give them; or a list of str.

    Labels may be whole numbers, str or one-hot rows. They are numbered from 0 over all splits together.

    Args:
        source: a name, a path, an array or a pair of arrays, as above.
        media: the `Image`, `Audio` or `Text` to pack as. By default an `Image` of `size` and `channels`, or
            `Audio()` or `Text()` for files of these alone. A `Text` without a vocabulary learns that of the
            training split.
        size: height and width in pixels, 8 to 256. By default 64 for files, 32 for the shapes, and for arrays
            and other names their own.
        channels: 1 or 3. By default 3 for files and the shapes, and for arrays and other names their own.
        labels: pattern of the file names, such as "{digit}_{speaker}_{index}"; each field except index is a
            label. By default folders are the classes.
        chunks: whether long recordings are packed as consecutive pieces instead of being cut.
        field: key or column that holds the sentences, of .jsonl and .csv files.
        batch_size: examples in a batch.
        seed: decides the splits and the order of training, 0 to 2**31 - 1.
        validation: share of the training examples to hold out for validation, from 0 (none) to below 1, if
            the source has no such split. By default 0.1, at most 5000 examples.
        test: the same for testing, or files chosen by their names, such as "index=0,1,2" or "speaker=theo".
            By default 0.1, for the digits 0.2.

    Returns:
        A `Dataset`. Warnings name files that cannot be used, labels that were renumbered, classes without
        training examples, and a share of unknown words above a fifth; a line counts the held-out sentences
        that are also training sentences, which of the docstrings are left out.

    Raises:
        InputError: the source is unknown, missing, empty, damaged or malformed; an argument is out of its
            range or has no use; or a share is given though the source has that split.
    """
    if size is not None:
        _check_size(size)
    if channels not in (None, 1, 3):
        raise InputError(f"channels must be 1 (gray) or 3 (color), but is {channels!r}.")
    if media is not None and (size or channels):
        raise InputError("size and channels have no use beside media: leave them out.")
    if isinstance(media, Image):
        size, channels = media.height, media.channels
        if media.width != media.height:
            raise InputError(
                f"Images are loaded as squares, but media is {media}: give its height and width alike."
            )
    if not isinstance(seed, int) or not 0 <= seed < 2**31:
        raise InputError(f"seed must be an integer from 0 to 2**31 - 1, but is {seed!r}.")
    pattern = None if labels is None else NamePattern(labels)
    is_test = None
    if isinstance(test, str):
        test, is_test = None, Selection(test, pattern)
    # For files, `origins` tells which file each training example comes from.
    media, splits, class_names, *origins = _read(
        source, media, size, channels, pattern, is_test, chunks, field
    )
    if isinstance(media, Image):
        _check_size(media.height)
    name = str(source) if isinstance(source, str | os.PathLike) else "arrays"
    if is_test is not None and "test" not in splits:
        raise InputError(f"No file of {name} is chosen for testing.")
    splits = _hold_out(splits, name, media.plural, validation, test, seed, *origins)
    warn_of_missing(class_names, splits["train"][1])
    if isinstance(media, Text):
        media, splits = pack_sentences(media, splits, each_once=name == "docstrings")
    factor_names = list(VOICE_FACTORS if isinstance(media, Audio) else FACTORS)
    return Dataset(
        media,
        **splits,
        class_names=class_names,
        # Only synthetic sets bring a third array; a folder may have the name of one.
        factor_names=factor_names if len(splits["train"]) == 3 else None,
        pattern=labels,
        batch_size=batch_size,
        seed=seed,
        name=name,
    )


def _read(source, media, size, channels, pattern, is_test, chunks, field):
    """The media, the splits of the source (packed, except sentences), and the class names or None."""
    is_path = isinstance(source, str | os.PathLike)
    path = Path(source if is_path else "").expanduser()
    is_name = is_path and (source in NAMES or str(source).startswith("tfds:"))
    if is_path and not is_name and not path.exists():
        raise unknown("data set or missing path", str(source), NAMES)
    is_tree = is_path and not is_name and (path.is_dir() or path.suffix.lower() == ".zip")
    is_text_file = is_path and not (is_name or is_tree) and path.name.lower().endswith(TEXTS)
    if field and not (is_tree or is_text_file):
        raise InputError(
            f"field is of .jsonl and .csv files, but has no use for {source if is_path else 'arrays'}: leave "
            "it out."
        )
    if (pattern or chunks) and not is_tree:
        raise InputError(
            f"{'labels' if pattern else 'chunks'} is about the files in a folder or .zip, but has no use for "
            f"{source if is_path else 'arrays'}: leave it out."
        )
    is_text = is_text_file or source == "docstrings" if is_path else are_strings(source)
    if is_text or (isinstance(media, Text) and not is_tree):
        return _read_text(source, path, media, size, channels, is_text_file, field)
    if not is_path:
        return _read_arrays(source, media, size, channels)
    if source == "vowels":
        _check_no_images(source, size, channels)
        media = media or Audio(SAMPLES, RATE, mels=64, window=256, hop=64, fft_length=512)
        _check_vowels(media)
        return media, read_vowels(), list(VOWELS)
    if isinstance(media, Audio) and not is_tree and path.suffix.lower() != ".npz":
        raise InputError(f"{source} brings no recordings: give a folder or .zip of them, or 'vowels'.")
    if source == "shapes":
        media = Image(size or 32, size or 32, channels or 3)
        return media, read_shapes(media.height, media.channels), list(SHAPES)
    if source in NAMES:
        splits, class_names = read_builtin(source)
        media, splits, numbers = pack_arrays(splits, size, channels)
        return media, splits, class_names or numbers
    if str(source).startswith("tfds:"):
        return read_tfds(str(source).removeprefix("tfds:"), size, channels)
    if path.suffix.lower() == ".npz":
        splits = read_npz(path)
        return (
            pack_waveforms(splits, media) if isinstance(media, Audio) else pack_arrays(splits, size, channels)
        )
    if not is_tree:
        raise InputError(
            f"{source} is none of what can be loaded: a folder or .zip of images, recordings or sentences, "
            f"an .npz of arrays, or a file of sentences, ending in {', '.join(TEXTS)}."
        )
    with open_tree(path) as tree:
        media = media or _media_of(tree, size, channels)
        if isinstance(media, Text):
            if pattern or chunks:
                raise InputError("labels and chunks have no use where sentences are loaded: leave them out.")
            return media, read_text_tree(tree, field), None
        if field:
            raise InputError(f"field is of sentences, but {media.plural} are loaded: leave it out.")
        if chunks and not isinstance(media, Audio):
            raise InputError("chunks is about recordings, but images are loaded: leave it out.")
        return media, *read_tree(tree, media, pattern, is_test, chunks)


def _media_of(tree, size, channels):
    """The default media for the files of a tree."""
    images, recordings = tree.of("images"), tree.of("waveforms")
    if images and recordings and not (size or channels):
        raise InputError(
            f"{tree.source} holds {len(images)} images and {len(recordings)} recordings: say which with "
            "media=Image(64, 64, 3) or media=Audio()."
        )
    if recordings and not images:
        _check_no_images(tree.source, size, channels)
        return Audio()
    if not images and tree.of("sentences"):
        _check_no_images(tree.source, size, channels)
        return Text()
    if not images:
        raise InputError(
            f"{tree.source} holds no images, recordings or sentences: their names should end in "
            f"{', '.join(ENDINGS['images'])}, in {', '.join(ENDINGS['waveforms'])}, or in "
            f"{', '.join(ENDINGS['sentences'])}."
        )
    return Image(size or 64, size or 64, channels or 3)


def _read_text(source, path, media, size, channels, is_text_file, field):
    """The media, the sentences of each split before packing, and no classes."""
    is_path = isinstance(source, str | os.PathLike)
    name = source if is_path else "a list of str"
    media = Text() if media is None else media
    if not isinstance(media, Text):
        raise InputError(f"media is {media}, but {name} brings sentences: give a Text.")
    _check_no_images(name, size, channels)
    if not is_path:
        if are_strings(source) and all(text.lower().endswith(IMAGES + RECORDINGS) for text in source):
            raise InputError(
                f"The list holds names of files, such as {source[0]!r}, not sentences: give their folder."
            )
        return media, read_strings(source), None
    if source == "docstrings":
        return media, read_docstring_set(), None
    if is_text_file:
        return media, read_text_file(path, field), None
    raise InputError(
        f"{source} brings no sentences: give 'docstrings', a list of str, or a file, folder or .zip of files "
        f"that end in {', '.join(TEXTS)}."
    )


def _check_no_images(source, size, channels):
    if size or channels:
        raise InputError(f"size and channels are of images, which {source} does not hold: leave them out.")


def _read_arrays(source, media, size, channels):
    splits = {"train": source if isinstance(source, tuple) else (source, None)}
    if (
        isinstance(source, tuple | list)
        and len(source) == 2
        and all(isinstance(pair, tuple) for pair in source)
    ):
        splits = dict(zip(("train", "test"), source, strict=True))
    for pair in splits.values():
        if len(pair) != 2:
            raise InputError(
                "A tuple must be a pair of examples and labels, or two such pairs, for training and testing, "
                f"but has {len(pair)} entries."
            )
        if are_strings(pair[0]):
            raise InputError("Sentences have no labels: give the list of str alone.")
        check_examples(pair[0])
    return pack_waveforms(splits, media) if isinstance(media, Audio) else pack_arrays(splits, size, channels)


def _check_vowels(media):
    if not isinstance(media, Audio) or (media.samples, media.rate) != (SAMPLES, RATE):
        raise InputError(
            f"The vowels are recordings of {SAMPLES} samples at {RATE} Hz, but media is {media}."
        )


def _check_size(size):
    if not isinstance(size, int | np.integer) or not 8 <= size <= 256:
        raise InputError(f"size must be 8 to 256 pixels, but is {size!r}; pass size to have images resized.")


def _hold_out(splits, name, plural, validation, test, seed, origins=None):
    """Take the splits that the source lacks from its training examples, by a seeded permutation.

    `origins`, integers (count,), number the recording that each training example is a piece of; pieces of one
    recording stay in one split.
    """
    if "train" not in splits:
        raise InputError(f"{name} leaves no {plural} to train on.")
    train = splits["train"]
    total = len(train[0])
    whole = np.arange(total) if origins is None else np.unique(origins, return_inverse=True)[1]
    pieces = np.bincount(whole)
    rest = np.random.default_rng(seed).permutation(len(pieces))
    taken = {}
    for split, argument, share, default in (
        ("test", "test", test, 0.2 if name == "digits" else 0.1),
        ("val", "validation", validation, min(0.1, 5000 / total)),
    ):
        if split in splits:
            if share is not None:
                raise InputError(
                    f"{argument}={share!r} has no use: {name} brings a {split} split of its own."
                )
            continue
        share = default if share is None else share
        if not 0 <= share < 1:
            raise InputError(
                f"{argument} must be a share of the {plural}, from 0 to below 1, but is {share!r}."
            )
        wanted = max(1, round(share * total)) if share else 0
        taken[split] = _whole_files(wanted, rest, pieces)
        rest = rest[~np.isin(rest, taken[split])]
    if not len(rest):
        advice = "lower validation and test" if len(pieces) > 2 else "give at least 3, such as shorter ones"
        raise InputError(f"None of {len(pieces)} {plural} would be left to train on: {advice}.")
    taken["train"] = rest
    rows = {split: np.isin(whole, some) for split, some in taken.items() if len(some)}
    return splits | {
        split: tuple(None if array is None else array[chosen] for array in train)
        for split, chosen in rows.items()
    }


def _whole_files(wanted, order, pieces):
    """The first files, in order, that together have the wanted pieces; far too large ones are skipped."""
    most = max(1.5 * wanted, pieces[order].min(initial=0)) if wanted else 0
    chosen, count = [], 0
    for whole in order:
        if count >= wanted:
            break
        if count + pieces[whole] <= most:
            chosen.append(whole)
            count += pieces[whole]
    return np.array(chosen, int)
