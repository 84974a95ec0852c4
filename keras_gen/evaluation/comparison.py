"""What scores say beside others: which is better, and what cannot be told apart."""

import fnmatch
import math
from typing import NamedTuple

from keras_gen.errors import InputError
from keras_gen.evaluation.registry import measure

DEVIATIONS = 2.0  # that an interval reaches to either side of a mean
SPREADS = ("_low", "_high", "_std")
COPIED, UNDERFITTED = -3.0, 3.0  # of C_T, Meehan et al. 2020


def direction(name):
    """Which way the measure of a name is better: "min" or "max"; None where neither is, or nobody knows."""
    try:
        return measure(name).direction
    except InputError:  # of another version of the kit, or a measure of one's own
        return None


def meaning(name):
    """What the measure of a name means; an empty text where that is not known."""
    try:
        return measure(name).meaning
    except InputError:
        return ""


def interval(name, metrics):
    """Where a number lies for all that is known of its spread.

    Args:
        name: of the measure.
        metrics: dict, name -> number: `NAME_low` and `NAME_high` are the ends of an interval, `NAME_std` is a
            standard deviation.

    Returns:
        (low, high), or None where no spread is known.
    """
    low, high = metrics.get(f"{name}_low"), metrics.get(f"{name}_high")
    if low is not None and high is not None:
        return low, high
    deviation = metrics.get(f"{name}_std")
    if deviation is None or name not in metrics:
        return None
    return metrics[name] - DEVIATIONS * deviation, metrics[name] + DEVIATIONS * deviation


def is_spread(name, metrics):
    """Whether a number tells the spread of another."""
    return any(name.endswith(ending) and name.removesuffix(ending) in metrics for ending in SPREADS)


def is_of(name, measured):
    """Whether a number is a measure of a name, such as "probe_*", or tells its spread."""
    return any(fnmatch.fnmatchcase(name, measured + ending) for ending in ("", *SPREADS))


def apart(name, metrics, others):
    """Whether a measure of two models can be told apart.

    Args:
        name: of the measure.
        metrics: dict, name -> number, of one model.
        others: of the other.

    Returns:
        Whether their intervals have no number in common; where one has none, whether it lies outside the
        other's. None where neither has one.
    """
    ranges = [interval(name, each) for each in (metrics, others)]
    if ranges == [None, None]:
        return None
    (low, high), (other_low, other_high) = (
        found or (each[name], each[name]) for found, each in zip(ranges, (metrics, others), strict=True)
    )
    return high < other_low or other_high < low


class Compared(NamedTuple):
    """A measure of several models.

    Args:
        name: of the measure.
        direction: "min", "max" or None.
        numbers: that of each model, None where it has none.
        spreads: (low, high) of each, or None.
        best: places of the best model and of those that cannot be told apart from it; none where no number is
            better than another.
        certain: whether the others can be told apart from the best; None where no spread is known.
    """

    name: str
    direction: str | None
    numbers: list
    spreads: list
    best: list
    certain: bool | None


def compare(scores):
    """What several models score, measure by measure.

    Args:
        scores: list of dicts, name -> number, of a model each.

    Returns:
        List of `Compared`.
    """
    names = dict.fromkeys(name for metrics in scores for name in metrics)
    return [
        _compared(name, scores) for name in names if not any(is_spread(name, metrics) for metrics in scores)
    ]


def _compared(name, scores):
    numbers, way = [metrics.get(name) for metrics in scores], direction(name)
    spreads = [interval(name, metrics) for metrics in scores]
    there = [place for place, number in enumerate(numbers) if number is not None and math.isfinite(number)]
    if way is None or len(there) < 2:
        return Compared(name, way, numbers, spreads, [], None)
    first = (min if way == "min" else max)(there, key=numbers.__getitem__)
    found = {place: apart(name, scores[first], scores[place]) for place in there if place != first}
    if None in found.values():
        best = [place for place in there if numbers[place] == numbers[first]]
        return Compared(name, way, numbers, spreads, best if len(best) < len(there) else [], None)
    best = [place for place in there if place == first or not found[place]]
    return Compared(name, way, numbers, spreads, best, len(best) < len(there))


def verdict(metrics, real, plural):
    """What scores say of a model, in a sentence or two.

    Args:
        metrics: dict, name -> number.
        real: dict, name -> what real data score.
        plural: what examples are called.

    Returns:
        List of sentences.
    """
    told = []
    name = next((each for each in ("kid", "frechet") if each in metrics and each in real), None)
    if name:
        beside = f"{name} {_with_interval(name, metrics)}; real {plural} {_with_interval(name, real)}"
        found = apart(name, metrics, real)
        if found is None:
            told.append(f"Distance to held-out {plural}: {beside}.")
        else:
            by = f"by {name}" if found else f"by {name}, whose intervals overlap"
            word = "can" if found and metrics[name] > real[name] else "cannot"
            told.append(f"What it generates {word} be told from real {plural} {by} ({beside}).")
    elif "nll" in metrics:
        beside = f", {metrics['bits_per_byte']:.3g} bits per byte" if "bits_per_byte" in metrics else ""
        told.append(f"Held-out {plural} cost at most {metrics['nll']:.4g} nats each{beside}.")
    if "label_agreement" in metrics:
        real_share = f", of real ones {real['label_agreement']:.1%}" if "label_agreement" in real else ""
        told.append(f"{metrics['label_agreement']:.1%} are of the class asked for{real_share}.")
    if "copying" in metrics:
        score = metrics["copying"]
        if score < COPIED:
            found = f"It copies training {plural}"
        elif score > UNDERFITTED:
            found = f"No copies: it stays farther from training {plural} than held-out ones do"
        else:
            found = f"No sign of copied training {plural}"
        told.append(f"{found} (C_T {score:.1f}).")
    return told


def _with_interval(name, metrics):
    ends = interval(name, metrics)
    return f"{metrics[name]:.3g}" + (f", {ends[0]:.3g} to {ends[1]:.3g}" if ends else "")
