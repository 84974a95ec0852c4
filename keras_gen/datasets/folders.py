"""Images and recordings in a tree of files, whose layout or names tell splits and classes."""

import dataclasses

import numpy as np

from keras_gen.datasets.account import Account, some
from keras_gen.datasets.files import endings, parts_of, stem_of
from keras_gen.datasets.packing import pack_all, pack_all_chunks
from keras_gen.datasets.splits import splits_of_folders
from keras_gen.errors import InputError


def read_tree(tree, media, pattern=None, is_test=None, chunks=False):
    """Read the images or recordings of a tree, whose layout tells splits and classes.

    Top folders named by a word of `SPLITS` are splits. Other folders are classes, unless a pattern reads
    labels from file names. A single top folder is skipped. Hidden files, __MACOSX and files with other
    endings are ignored. Where training examples lie in class folders, those of other splits need not: they
    have no labels then.

    Args:
        tree: a `Tree`.
        media: the `Media` that packs them.
        pattern: the `NamePattern` of the files' names without their endings, or None.
        is_test: the `Selection` of names that are of the test split, or None.
        chunks: whether a recording is packed as consecutive pieces.

    Returns:
        The splits, name -> (packed examples, int32 labels or None); the sorted class names (for several
        labels a dict, label -> names) or None; name of a split -> the file of each example; and the
        `Account`.

    Raises:
        InputError: no file can be used, files lie beside class folders, or the folders make no splits (see
            `splits_of_folders`).
    """
    listing = list_tree(tree, media, pattern, is_test)
    names, account = listing.names, listing.account
    examples, places = (pack_all_chunks if chunks else pack_all)(media, names, tree.read, account)
    _tell_of_lost(listing.classes, listing.classes[places], account)
    tree.note_others(account)
    splits, classes = listing.splits[places], listing.classes[places]
    class_names, labels = number_values(classes, pattern)
    found, files = {}, {}
    for split in map(str, np.unique(splits)):
        rows = splits == split
        is_labeled = labels is not None and (labels[rows] >= 0).all()
        found[split] = (examples[rows], labels[rows] if is_labeled else None)
        files[split] = np.array(names, object)[places[rows]]
    return found, class_names, files, account


@dataclasses.dataclass
class Listing:
    """The files of one medium in a tree, and what their layout or names tell, before any is read.

    Attributes:
        names: of the files, list of str.
        splits: array of str (files,).
        classes: the values of their labels, array of str (files,), or (files, labels) by a pattern; "" where
            there is none.
        account: the `Account` of what is left out already.
    """

    names: list
    splits: np.ndarray
    classes: np.ndarray
    account: Account


def list_tree(tree, media, pattern=None, is_test=None):
    """List the files of a tree that are of a medium; the arguments and errors are those of `read_tree`.

    Returns:
        A `Listing`.
    """
    names, account = tree.of(media.plural), Account(media.plural)
    if not names:
        raise InputError(
            f"{tree.source} holds no {media.plural}: their names should end in "
            f"{', '.join(endings(media.plural))}, but it holds {tree.told()}."
        )
    splits, classes = _layout(tree.source, [parts_of(name) for name in names], pattern is None)
    if pattern is not None:
        names, splits, classes = _by_pattern(tree.source, names, splits, pattern, is_test, account)
    else:
        classes = _in_one_case(splits, classes, account)
    return Listing(names, splits, classes, account)


def _by_pattern(source, names, splits, pattern, is_test, account):
    """The files whose names match a pattern, their splits, and the values of their labels (files, labels)."""
    fields = [pattern.read(stem_of(name)) for name in names]
    matching = np.array([values is not None for values in fields])
    if not matching.any():
        raise InputError(
            f"No name in {source} is of the pattern {pattern.pattern}, the first being {names[0]}."
        )
    if not matching.all():
        lost = [name for name, fits in zip(names, matching, strict=True) if not fits]
        account.found += len(lost)
        account.set_apart(
            f"its name is not of the pattern {pattern.pattern}",
            lost,
            told=f"{len(lost)} of {len(names)} names are not of the pattern {pattern.pattern}, and their "
            f"files were set aside ({some(lost)}).",
        )
    names = [name for name, fits in zip(names, matching, strict=True) if fits]
    fields, splits = [values for values in fields if values is not None], splits[matching]
    if is_test is not None:
        is_test.check(source, fields)
        splits = np.where([is_test(values) for values in fields], "test", splits)
    return names, splits, np.array([[values[label] for label in pattern.labels] for values in fields])


def _in_one_case(splits, classes, account):
    """The classes, where a held-out one that differs from a training one in its case alone is that one."""
    known = set(classes[splits == "train"])
    for split, name in sorted({*zip(splits.tolist(), classes.tolist(), strict=True)}):
        if name in known:
            continue
        alike = [other for other in known if other.casefold() == name.casefold()]
        if len(alike) == 1 and alike[0] not in classes[splits == split]:
            account.tell(f"The class {name} of {split} is taken for {alike[0]} of train.")
            classes = np.where((splits == split) & (classes == name), alike[0], classes)
    return classes


def _tell_of_lost(classes, kept, account):
    columns = zip(classes.reshape(len(classes), -1).T, kept.reshape(len(kept), -1).T, strict=True)
    lost = [str(name) for column, rest in columns for name in np.setdiff1d(column, rest)]
    if lost:
        account.tell(f"No file of some classes can be used, which are left out ({some(lost)}).")


def number_values(classes, pattern):
    """Class names and int32 labels of examples, from the values of their labels; -1 for no class."""
    if pattern is not None and len(pattern.labels) > 1:
        parts = [np.unique(column, return_inverse=True) for column in classes.T]
        class_names = {
            label: [str(name) for name in values]
            for label, (values, _) in zip(pattern.labels, parts, strict=True)
        }
        return class_names, np.stack([labels for _, labels in parts], axis=-1).astype(np.int32)
    classes = classes.reshape(len(classes))
    values = np.unique(classes[classes != ""])
    # One class tells nothing.
    if len(values) < 2:
        return None, None
    labels = np.where(classes == "", -1, np.searchsorted(values, classes))
    return [str(name) for name in values], labels.astype(np.int32)


def _layout(source, paths, classes_are_folders=True):
    """The split and the class of each path, two arrays of names; the class is "" if there is none."""
    splits, depth = splits_of_folders(source, paths)
    classes = [path[depth] if len(path) > depth + 1 else "" for path in paths]
    splits, classes = np.array(splits or ["train"] * len(paths)), np.array(classes)
    is_bare = classes == ""
    if classes_are_folders and is_bare.any() and not is_bare.all():
        beside = "/".join(paths[is_bare.argmax()])
        if not set(splits[is_bare]) & set(splits[~is_bare]):
            if "train" not in splits[is_bare]:
                return splits, classes
            raise InputError(
                f"{source} holds class folders for {', '.join(sorted(set(splits[~is_bare])))}, but none for "
                f"{', '.join(sorted(set(splits[is_bare])))}, such as for {beside}: sort these files into the "
                "same classes, or move them out."
            )
        raise InputError(
            f"{source} holds files both in class folders and beside them, such as {beside} ({is_bare.sum()} "
            f"of {len(paths)}): move every one into the folder of its class, or, where there are no classes, "
            "all into one folder."
        )
    return splits, classes
