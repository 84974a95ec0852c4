"""Looking at a source before anything is trained on it."""

import hashlib
from collections import Counter, defaultdict

import numpy as np

from keras_gen.datasets import near_duplicates
from keras_gen.datasets.checks import sentences
from keras_gen.datasets.checks.examples import SPLITS, opened
from keras_gen.datasets.checks.findings import QUANTILES, Duplicate, Findings, Flag, Outlier
from keras_gen.datasets.checks.measures import FAR
from keras_gen.datasets.load import request_of
from keras_gen.datasets.prepared import prepared_folder
from keras_gen.errors import InputError
from keras_gen.html import inline_picture

DRAWN = {"images": 48, "waveforms": 24, "sentences": 30}
MOST_PAIRS_SHOWN, MOST_OUTLIERS = 40, 24


def check(source, *, media=None, labels="inferred", field=None, seed=0):
    """Look at a source: what is in it, what may be wrong with it, and what is in it twice.

    All examples are read, one after the other, and only what is measured of each is kept: some 500 bytes of
    an image or a recording. Sentences, and arrays, are held in memory as `load` holds them. Nothing is
    written.

    Args:
        source: as in `load`, but for prepared sets.
        media: an `Image`, `Audio` or `Text` of any size: what to look at in a folder that holds several.
        labels: as in `load`; each field of a pattern is shown with its balance.
        field: as in `load`.
        seed: of the examples that are drawn to be shown, and of the sample that is compared where all pairs
            would be too many; 0 or more.

    Returns:
        A `Findings`: `print` shows it, `save("check.html")` writes a page with pictures.

    Raises:
        InputError: the source is unknown, missing, empty or nothing of it can be used; an argument has no
            use.

    Example:

    >>> findings = check(["a red ball", "a red ball", "a blue house"])
    >>> [pair.names for pair in findings.duplicates]
    [('a red ball', 'a red ball')]
    """
    if prepared_folder(source) is not None:
        raise InputError(
            f"{source} is a prepared set, whose account.json and datasheet.md tell what is in it: check what "
            "it was prepared from."
        )
    request, _ = request_of(source, media=media, labels=labels, field=field, seed=seed)
    with opened(request) as examples:
        findings = Findings(request.name, examples.plural, examples.account, examples.notes)
        if examples.rows is None:
            rows, findings.kinds, findings.rare = _of_sentences(examples)
            content = np.array([_digest(text) for text in examples.names])
            measures, problems = sentences.MEASURES, sentences.PROBLEMS
        else:
            rows, content = examples.rows, examples.rows["content"]
            measures, problems = examples.probe.measures, examples.probe.problems
            findings.kinds = {title: Counter(of(rows)) for title, of in examples.probe.kinds.items()}
        findings.spreads = {
            measure.name: (measure.unit, np.quantile(measure.of(rows), QUANTILES).tolist())
            for measure in measures
        }
        findings.flags = [
            Flag(problem.name, problem.criterion, [examples.names[place] for place in places])
            for problem in problems
            if len(places := np.flatnonzero(problem.of(rows)))
        ]
        findings.balance = _balance(examples)
        findings.outliers = _outliers(examples, rows, measures)
        _find_duplicates(findings, examples, content, seed)
        _draw(findings, examples, seed)
    return findings


def _digest(text):
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest().encode()


def _of_sentences(examples):
    rows, counts = sentences.rows_of(examples.names)
    kinds = {"characters": sentences.scripts_of(counts)}
    if examples.encodings:
        kinds["encoding of files"] = examples.encodings
    return rows, kinds, sentences.rare_characters(counts)


def _balance(examples):
    balance = {}
    for label, classes in examples.labels.items():
        counts = defaultdict(dict)
        for (name, split), count in Counter(zip(classes, examples.splits.tolist(), strict=True)).items():
            counts[name or "without"][split] = count
        balance[label] = dict(counts)
    return balance


def _outliers(examples, rows, measures):
    """The examples that are farthest from the median in any measure."""
    measures = [measure for measure in measures if measure.scale]
    deviations = np.stack([measure.deviations(rows) for measure in measures])
    farthest = np.abs(deviations).argmax(axis=0)
    apart = np.take_along_axis(deviations, farthest[np.newaxis], axis=0)[0]
    places = np.flatnonzero(np.abs(apart) > FAR)
    places = places[np.argsort(-np.abs(apart[places]), kind="stable")]
    values = {measure.name: measure.of(rows) for measure in measures}
    return [
        Outlier(
            str(examples.names[place]),
            str(examples.splits[place]),
            int(place),
            name := measures[farthest[place]].name,
            float(values[name][place]),
            float(apart[place]),
        )
        for place in places
    ]


def _find_duplicates(findings, examples, content, seed):
    """Pairs, and how many examples of a split stand in another."""
    _, first, group = np.unique(content, return_index=True, return_inverse=True)
    unique, leader = np.sort(first), first[group]
    pairs = [
        (int(leader[place]), int(place), True, "")
        for place in np.flatnonzero(leader != np.arange(len(leader)))
    ]
    try:
        near, criterion, told = _near(examples, unique, seed)
    except InputError as error:
        near, criterion, told = [], "", str(error)
    findings.criterion = criterion
    findings.notes += [told] if told else []
    findings.duplicates = [
        Duplicate(
            tuple(str(examples.names[place]) for place in pair),
            tuple(str(examples.splits[place]) for place in pair),
            tuple(pair),
            is_exact,
            told,
        )
        for *pair, is_exact, told in pairs + near
    ]
    # Pairs across splits first: they make figures of tests too good.
    findings.duplicates.sort(key=lambda pair: pair.splits[0] == pair.splits[1])
    # Splits that hold the content of a group, or that of a near one.
    present = {split: np.zeros(len(leader), int) for split in SPLITS if split in examples.splits}
    for split, counts in present.items():
        np.add.at(counts, leader[examples.splits == split], 1)
    beside = {split: np.zeros(len(leader), bool) for split in present}
    for one, other, *_ in near:
        for split, counts in present.items():
            beside[split][one] |= counts[other] > 0
            beside[split][other] |= counts[one] > 0
    for split in reversed(present):  # held-out ones first
        mine = leader[examples.splits == split]
        for other, counts in present.items():
            count = int(np.count_nonzero((counts[mine] > (other == split)) | beside[other][mine]))
            if count:
                findings.shared[split, other] = count


def _near(examples, unique, seed):
    """Near duplicates among examples that are not the same: pairs, the criterion, and a note or ""."""
    if examples.rows is None:
        found, compared = near_duplicates.near_sentences(examples.names[unique], seed)
        is_cut = len(found) >= near_duplicates.MOST_FOUND
        pairs = [
            (int(unique[one]), int(unique[other]), False, f"{alike:.2f} in common")
            for one, other, alike in found
        ]
        criterion = (
            f"at least {near_duplicates.LEAST_ALIKE:g} of their parts of {near_duplicates.PART} characters "
            "in common (Jaccard's index)"
        )
    else:
        probe, rows = examples.probe, examples.rows[unique]
        if not probe.can_compare:
            raise InputError(probe.missing)
        found, compared = near_duplicates.near_pairs(rows["fingerprint"], probe.most_bits, seed)
        is_cut = len(found) >= near_duplicates.MOST_FOUND
        found = found[probe.are_near(rows, found)]
        pairs = [
            (int(unique[one]), int(unique[other]), False, f"{bits} bits apart") for one, other, bits in found
        ]
        criterion = probe.near
    told = ""
    if is_cut:
        told = (
            f"The first {near_duplicates.MOST_FOUND:,} pairs of near duplicates are told: there may be more."
        )
    elif compared < len(unique):
        told = (
            f"Near duplicates were sought of {compared:,} {examples.plural}, a sample drawn by seed {seed}, "
            f"as all pairs of {len(unique):,} are too many."
        )
    return pairs, criterion, told


def _draw(findings, examples, seed):
    """Draws what is shown: some examples at random, and some of the duplicates and outliers."""
    count = min(DRAWN[examples.plural], len(examples))
    drawn = np.sort(np.random.default_rng(seed).choice(len(examples), count, replace=False))
    if examples.rows is None:
        findings.sheet = [(str(examples.names[place]), None) for place in drawn]
        return
    shown = {place for pair in findings.duplicates[:MOST_PAIRS_SHOWN] for place in pair.places}
    findings.outliers, rest = findings.outliers[:MOST_OUTLIERS], findings.outliers[MOST_OUTLIERS:]
    if rest:
        findings.notes.append(f"{len(rest):,} more outliers are not shown.")
    shown |= {outlier.place for outlier in findings.outliers}
    findings.pictures = {place: _picture(examples, place) for place in sorted(shown)}
    findings.sheet = [(str(examples.names[place]), _picture(examples, place)) for place in drawn]


def _picture(examples, place):
    return inline_picture(examples.probe.picture(examples.raw(place)))
