"""Images and recordings in a tree of files, whose layout or names tell splits and classes."""

import dataclasses

import numpy as np

from keras_gen.datasets.account import Account, some
from keras_gen.datasets.files import endings, parts_of, stem_of
from keras_gen.datasets.labels import number_texts
from keras_gen.datasets.manifest import Manifest
from keras_gen.datasets.memory import divided
from keras_gen.datasets.name_pattern import NamePattern
from keras_gen.datasets.packing import pack_all, pack_all_chunks
from keras_gen.datasets.splits import splits_of_folders
from keras_gen.errors import InputError


def read_tree(tree, media, labels="inferred", is_test=None, chunks=False):
    """Read the images or recordings of a tree.

    Top folders named by a word of `SPLITS` are splits. A single top folder is skipped. Hidden files,
    __MACOSX and files with other endings are ignored.

    Args:
        tree: a `Tree`.
        media: the `Media` that packs them.
        labels: where labels come from: "inferred" from the folders that files lie in, "top" from top folders,
            a `NamePattern` from names without their endings, a `Manifest`, or None for no labels. Where
            training examples lie in class folders, those of other splits need not: they have no labels then.
        is_test: the `Selection` of names that are of the test split, or None.
        chunks: whether a recording is packed as consecutive pieces, an animated image as its frames.

    Returns:
        The splits, name -> (packed examples, int32 labels or None); the sorted class names (for several
        labels a dict, label -> names) or None; name of a split -> the file of each example; the same of the
        pattern's groups, or None; and the `Account`.

    Raises:
        InputError: no file can be used, or the folders make no splits (see `splits_of_folders`).
    """
    listing = list_tree(tree, media, labels, is_test)
    names, account = listing.names, listing.account
    examples, places = (pack_all_chunks if chunks else pack_all)(media, names, tree.read, account)
    _tell_of_lost(listing.classes, listing.classes[places], account)
    tree.note_others(account)
    splits, classes = listing.splits[places], listing.classes[places]
    pattern = labels if isinstance(labels, NamePattern) else None
    class_names, labels = number_values(classes, pattern, isinstance(labels, Manifest))
    found, files, groups = {}, {}, None if listing.groups is None else {}
    parts = {str(split): splits == split for split in np.unique(splits)}
    examples = divided(examples, parts)
    for split, rows in parts.items():
        is_labeled = labels is not None and (labels[rows] >= 0).all()
        found[split] = (examples[split], labels[rows] if is_labeled else None)
        files[split] = np.array(names, object)[places[rows]]
        if groups is not None:
            groups[split] = listing.groups[places[rows]]
    return found, class_names, files, groups, account


@dataclasses.dataclass
class Listing:
    """The files of one medium in a tree, and what their layout or names tell, before any is read.

    Attributes:
        names: of the files, list of str.
        splits: array of str (files,).
        classes: the values of their labels, array of str (files,), or (files, labels) by a pattern; "" where
            there is none.
        account: the `Account` of what is left out already.
        groups: text of the pattern's field of groups, array of str (files,), or None.
    """

    names: list
    splits: np.ndarray
    classes: np.ndarray
    account: Account
    groups: np.ndarray | None = None


def list_tree(tree, media, labels="inferred", is_test=None):
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
    if isinstance(labels, Manifest):
        return Listing(*_by_manifest(tree.source, names, labels, account), account)
    names, splits, depth = _by_splits(tree.source, names, account)
    if isinstance(labels, NamePattern):
        names, splits, classes, groups = _by_pattern(tree.source, names, splits, labels, is_test, account)
        return Listing(names, splits, classes, account, groups)
    names, splits, classes = _by_folders(tree.source, names, splits, depth, labels, account)
    return Listing(names, splits, _in_one_case(splits, classes, account), account)


def _by_splits(source, names, account):
    """The files that are of a split, their splits, and the parts of their paths down to their class.

    Files beside the folders of splits are set aside.
    """
    splits, depth = splits_of_folders(source, [parts_of(name) for name in names])
    splits = splits or ["train"] * len(names)
    is_stray = np.array([split is None for split in splits])
    _set_strays_apart("the folders of splits", names, is_stray, account)
    return _chosen(names, ~is_stray), np.array([split for split in splits if split]), depth


def _by_folders(source, names, splits, depth, labels, account):
    """The files that class folders let in, their splits, and their classes, "" where there are none."""
    folders = [parts_of(name)[depth:-1] for name in names]
    if labels is None:
        folders = [()] * len(names)
    elif labels == "top":
        folders = [folder[:1] for folder in folders]
    else:
        while len({folder[:1] for folder in folders if folder}) == 1:
            folders = [folder[1:] for folder in folders]
    classes = np.array(["/".join(folder) for folder in folders])
    # One class tells nothing: its folder is only a part of all files.
    if len(set(classes) - {""}) < 2:
        return names, splits, np.full(len(names), "")
    is_bare, with_classes = classes == "", set(splits[classes != ""])
    if "train" not in with_classes:
        raise InputError(
            f"{source} holds class folders for {', '.join(sorted(with_classes))}, but none for train, such "
            f"as for {names[(splits == 'train').argmax()]}: sort these files into the same classes, or give "
            "labels=None."
        )
    is_stray = is_bare & np.isin(splits, list(with_classes))
    _set_strays_apart(
        "class folders", names, is_stray, account, ": labels=None takes all files, without labels"
    )
    return _chosen(names, ~is_stray), splits[~is_stray], classes[~is_stray]


def _set_strays_apart(folders, names, is_stray, account, advice=""):
    strays = _chosen(names, is_stray)
    if strays:
        account.found += len(strays)
        account.set_apart(
            f"it lies beside {folders}",
            strays,
            told=f"{len(strays)} of {len(names)} {account.plural} lie beside {folders}, and are set aside "
            f"({some(strays)}){advice}.",
        )


def _chosen(names, mask):
    return [name for name, is_chosen in zip(names, mask, strict=True) if is_chosen]


def _by_manifest(source, names, manifest, account):
    """The files that a `Manifest` has a label for, their splits and their classes."""
    kept, classes, splits = manifest.apply(names, account)
    names = [names[place] for place in kept]
    if splits is None:
        names_of_splits, splits, _ = _by_splits(source, names, account)
        kept = dict.fromkeys(names_of_splits)
        classes = [label for name, label in zip(names, classes, strict=True) if name in kept]
        names = names_of_splits
    return names, np.array(splits), np.array(classes)


def _by_pattern(source, names, splits, pattern, is_test, account):
    """The files whose names match a pattern, their splits, values of labels (files, labels), and groups."""
    fields = [pattern.read(stem_of(name)) for name in names]
    matching = np.array([values is not None for values in fields])
    if not matching.any():
        raise InputError(
            f"No name in {source} is of the pattern {pattern.pattern}, the first being {names[0]}."
        )
    if not matching.all():
        lost = _chosen(names, ~matching)
        account.found += len(lost)
        account.set_apart(
            f"its name is not of the pattern {pattern.pattern}",
            lost,
            told=f"{len(lost)} of {len(names)} names are not of the pattern {pattern.pattern}, and their "
            f"files were set aside ({some(lost)}).",
        )
    names = _chosen(names, matching)
    fields, splits = [values for values in fields if values is not None], splits[matching]
    if is_test is not None:
        is_test.check(source, fields)
        if "test" in splits:
            account.tell(
                f"{source} has a split for testing, to which the files that test= chooses are added."
            )
        splits = np.where([is_test(values) for values in fields], "test", splits)
    # "" is no class, of a pattern that tells groups alone.
    classes = np.array([[values[label] for label in pattern.labels] or [""] for values in fields])
    groups = None if pattern.groups is None else np.array([values[pattern.groups] for values in fields])
    return names, splits, classes, groups


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


def number_values(classes, pattern, is_of_table=False):
    """Class names and int32 labels of examples, from the values of their labels; -1 for no class.

    Args:
        classes: array of str (N,), or (N, labels) by a pattern; "" for no class.
        pattern: the `NamePattern`, or None.
        is_of_table: whether they are of a table, whose numbers are classes in the order of their size. Names
            of folders and files stand in alphabetical order, as in Keras.
    """
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
    if is_of_table:
        return number_texts(classes)
    labels = np.where(classes == "", -1, np.searchsorted(values, classes))
    return [str(name) for name in values], labels.astype(np.int32)
