"""Which examples are held out for validation and testing, by a seed, where a source does not tell."""

import numbers

import numpy as np

from keras_gen.datasets import memory
from keras_gen.datasets.account import some
from keras_gen.errors import InputError

TRIES = 60  # orders of units of several sizes, of which the one whose splits are most alike in classes wins
DIVIDED = (
    "Divided by time, first for training, then for validation, last for testing, since whole ones are too "
    "few or too long for every split to have some"
)


def hold_out(found, name, validation=None, test=None, seed=0, stratify=True):
    """Take the splits that a source lacks from its training examples, by a seeded permutation.

    Examples of one group, or of one file, such as the pieces of a recording, stay in one split. Recordings
    are divided by time, where there are no groups, if there are fewer of a class than splits, or if whole
    ones are so few or so long that nothing would be left for a split.

    Args:
        found: the `Found`, whose account notes what is divided.
        name: of the source, for messages.
        validation: share of the training examples, or None for a tenth, at most 5000.
        test: the same for testing, or None for a tenth, of the digits a fifth.
        seed: of the permutation.
        stratify: whether each split has the classes, or the combinations of several labels, in the proportion
            of all. What is the only one of its class is for training.

    Returns:
        The splits, name -> tuple of examples, and of labels and factors or None; and their files, name of a
        split -> the file of each example, or None.

    Raises:
        InputError: there is nothing to train on, or a share is out of its range, or of a split that is there.
    """
    if "train" not in found.splits:
        raise InputError(f"{name} leaves no {found.media.plural} to train on.")
    check_groups(found.groups or {}, name)
    train = found.splits["train"]
    total = len(train[0])
    shares = _shares(found, name, validation, test)
    units = np.arange(total)
    named = found.groups or found.files
    if named is not None:
        units = np.unique(named["train"], return_inverse=True)[1]
    classes = None if train[1] is None or not stratify else train[1].reshape(total, -1)
    held_out = {split: share for split, share in shares.items() if share}
    divisible = np.zeros(units.max() + 1, bool)
    if found.files is not None and found.groups is None:
        divisible = np.bincount(units) > len(held_out)
    rare = np.zeros_like(divisible) if classes is None else _of_rare(units, classes, len(held_out))
    for divided, are_large in (
        (rare & divisible, bool(found.groups)),
        (divisible, False),
        (rare & divisible, True),
    ):
        rows = _rows(units, classes, held_out, divided, seed, are_large)
        if all(chosen.any() for chosen in rows.values()):
            break
    if not rows["train"].any():
        raise InputError(_nothing_left(found, len(divisible)))
    if divided.any():
        found.account.notes[DIVIDED] = np.unique(found.files["train"][divided[units]]).tolist()
    rows = {split: chosen for split, chosen in rows.items() if chosen.any()}
    examples = memory.divided(train[0], rows)
    splits = found.splits | {
        split: (examples[split], *(None if array is None else array[chosen] for array in train[1:]))
        for split, chosen in rows.items()
    }
    files = found.files
    if files is not None:
        files = files | {split: files["train"][chosen] for split, chosen in rows.items()}
    return splits, files


def check_groups(groups, name):
    """Raises `InputError` where a group is in two splits at once.

    Args:
        groups: name of a split -> the group of each example, array of str.
        name: of the source, for messages.
    """
    for split in groups:
        for other in groups:
            both = np.intersect1d(groups[split], groups[other]) if split < other else ()
            if len(both):
                raise InputError(
                    f"{name} has groups in {split} and {other} at once ({some(both.tolist())}): leave out "
                    "groups, or choose splits of which none divides a group."
                )


def _shares(found, name, validation, test):
    """The share of each split that is to be held out, 0 for none."""
    total, plural = len(found.splits["train"][0]), found.media.plural
    shares = {}
    for split, argument, share, default in (
        ("test", "test", test, 0.2 if name == "digits" else 0.1),
        ("val", "validation", validation, min(0.1, 5000 / total)),
    ):
        if split in found.splits:
            check_not_given(argument, share, split, name)
        else:
            shares[split] = default if share is None else share
            check_share(argument, shares[split], plural)
    return shares


def check_not_given(argument, share, split, name):
    """Raises `InputError` where a share was given of a split that a source, of this name, brings itself."""
    if share is not None:
        raise InputError(f"{argument}={share!r} has no use: {name} brings a {split} split of its own.")


def check_share(argument, share, plural):
    """Raises `InputError` for what is no share of examples that leaves others."""
    if not isinstance(share, numbers.Real) or not 0 <= share < 1:
        raise InputError(f"{argument} must be a share of the {plural}, from 0 to below 1, but is {share!r}.")


def _nothing_left(found, count):
    what = "groups" if found.groups else found.media.plural
    advice = "lower validation and test"
    if count <= 2:
        advice = f"give at least 3{', or longer ones with chunks=True' * (found.media.key == 'audio')}"
    return f"None of {count} {what} would be left to train on: {advice}."


def _rows(units, classes, held_out, divided, seed, are_large):
    """Which examples are of each split: name -> bool (examples,).

    Args:
        units: number of the file or group of each example, or of the example.
        classes: int (examples, labels), or None to take no heed of them.
        held_out: split -> share above 0.
        divided: whether a unit is divided by time, bool (units,).
        seed: of the permutation.
        are_large: whether one unit may be all that is held out for a split, however large it is.
    """
    rows = {split: np.zeros(len(units), bool) for split in (*held_out, "train")}
    for unit in np.flatnonzero(divided):
        places = np.flatnonzero(units == unit)
        for split, taken in divided_by_time(places, held_out).items():
            rows[split][taken] = True
    rest = np.flatnonzero(~divided[units])
    if len(rest):
        least = 0 if divided.any() else 1
        wanted = {split: max(least, round(share * len(rest))) for split, share in held_out.items()}
        among = None if classes is None else classes[rest]
        for split, places in _taken(units[rest], among, wanted, seed, are_large).items():
            rows[split][rest[places]] = True
    return rows


def divided_by_time(places, held_out):
    """The places of each split: the first for training, the last for what is to be held out.

    Args:
        places: int (N,), in the order of time.
        held_out: split -> share above 0; the first one takes the last places.
    """
    counts = {split: max(1, round(share * len(places))) for split, share in held_out.items()}
    taken = {}
    for split, count in counts.items():
        places, taken[split] = places[:-count], places[-count:]
    return taken | {"train": places}


def _taken(units, classes, wanted, seed, are_large):
    """The places of examples for each split, in whole units; arguments as of `_rows`, wanted in examples."""
    units = np.unique(units, return_inverse=True)[1]
    sizes = np.bincount(units)
    random = np.random.default_rng(seed)
    if classes is None:
        taken = _in_order(random.permutation(len(sizes)), sizes, wanted, are_large)
    else:
        kinds = np.unique(classes, axis=0, return_inverse=True)[1].reshape(len(units))
        strata, is_alone = _strata(units, kinds), _of_rare(units, classes, 1)
        tried = []
        for _ in range(TRIES if sizes.max() > 1 else 1):
            order = _interleaved(random.permutation(len(sizes)), strata, sizes, is_alone, random)
            tried.append(_in_order(order, sizes, wanted, are_large))
        taken = min(tried, key=lambda taken: _imbalance(taken, units, kinds))
    return {split: np.flatnonzero(np.isin(units, chosen)) for split, chosen in taken.items()}


def _in_order(rest, sizes, wanted, are_large):
    """The units of each split: the first of an order for those held out, the rest for training."""
    taken = {}
    for split, count in wanted.items():
        most = 1.5 * count
        if are_large and len(rest):
            most = max(most, sizes[rest].min())
        taken[split] = _first(rest, sizes, count, most)
        rest = rest[~np.isin(rest, taken[split])]
    return taken | {"train": rest}


def _first(order, sizes, wanted, most):
    """The first units, in order, that together have the wanted examples; those beyond `most` are skipped."""
    chosen, count = [], 0
    for unit in order:
        if count >= wanted:
            break
        if count + sizes[unit] <= most:
            chosen.append(unit)
            count += sizes[unit]
    return np.array(chosen, int)


def _strata(units, kinds):
    """The most common class, or combination of labels, of each unit."""
    most = kinds.max() + 1
    pairs, counts = np.unique(units * most + kinds, return_counts=True)
    order = np.lexsort((-counts, pairs // most))
    first = np.unique(pairs[order] // most, return_index=True)[1]
    return pairs[order][first] % most


def _of_rare(units, classes, most):
    """Whether each unit has an example of a class that at most so many units have, bool (units,)."""
    count = units.max() + 1
    is_rare = np.zeros(count, bool)
    for column in classes.T:
        of_class, unit = np.divmod(np.unique(column.astype(np.int64) * count + units), count)
        is_rare[unit[np.bincount(of_class)[of_class] <= most]] = True
    return is_rare


def _interleaved(order, strata, sizes, is_alone, random):
    """Units so ordered that every first part has the strata in the proportion of all; lone ones come last.

    Within its stratum a unit stands at the share of examples before it, from a random start.
    """
    grouped = np.argsort(strata[order], kind="stable")
    units = order[grouped]
    stratum, size = strata[units], sizes[units]
    totals = np.bincount(stratum, size)
    before = np.cumsum(size) - size - (np.cumsum(totals) - totals)[stratum]
    place = (before + random.random(len(totals))[stratum] * size) / totals[stratum]
    place[is_alone[units]] = 1.0
    return units[np.lexsort((grouped, place))]


def _imbalance(taken, units, kinds):
    """How far splits differ in their classes: (those that training lacks, that others lack, differences)."""
    whole = np.bincount(kinds)
    counts = {
        split: np.bincount(kinds[np.isin(units, some)], minlength=len(whole)) for split, some in taken.items()
    }
    missing = {split: int(np.sum(count == 0)) for split, count in counts.items()}
    shares = [count / max(1, count.sum()) - whole / whole.sum() for count in counts.values()]
    return missing["train"], sum(missing.values()), float(np.abs(shares).sum())
