"""The registry of measures: each says once what it is called, what it means and which way is better."""

import dataclasses
import fnmatch
from collections.abc import Callable
from typing import NamedTuple

from keras_gen.errors import InputError, unknown
from keras_gen.logs import log
from keras_gen.media import Audio, Image, Text

# What measures may need: name -> (whether a config and its dataset have it, how that is told).
NEEDS = {
    "labels": (lambda config, dataset: config.num_classes is not None, "a conditional model"),
    "factors": (
        lambda config, dataset: dataset is None or dataset.factor_names is not None,
        "data whose factors are known, such as shapes or vowels",
    ),
    "held_out": (
        lambda config, dataset: getattr(dataset, "tested", "test") != "train",
        "examples that were not learned from",
    ),
    "images": (lambda config, dataset: isinstance(config.media, Image), "images"),
    "audio": (lambda config, dataset: isinstance(config.media, Audio), "recordings"),
    "text": (  # whose media are known only once their words are loaded
        lambda config, dataset: "writing" in config.measures or isinstance(config.media, Text),
        "sentences",
    ),
}


@dataclasses.dataclass(frozen=True)
class Measure:
    """One number about a model.

    Args:
        name: as in `metrics.json`; a name that ends in * stands for one number for each label or factor.
        direction: "min" or "max", whichever is better; None where neither is, so that no search takes it.
        meaning: one line, with the unit.
        needs: names in `NEEDS`, without which there is no such number.
        split: "test" for a number about held-out examples (in a search, validation examples), "train" for a
            number about the training.

    Raises:
        InputError: the direction or a need is none of these.
    """

    name: str
    direction: str | None
    meaning: str
    needs: tuple = ()
    split: str = "test"

    def __post_init__(self):
        if self.direction not in ("min", "max", None):
            raise InputError(f"direction must be 'min', 'max' or None, not {self.direction!r}.")
        for name in self.needs:
            if name not in NEEDS:
                raise unknown("need", name, NEEDS)

    def is_met(self, config, dataset=None):
        """Whether a config and its dataset have what is needed; a dataset that is not loaded yet may have
        it.
        """
        return all(NEEDS[name][0](config, dataset) for name in self.needs)


class Table(NamedTuple):
    """Numbers of parts of the data.

    Args:
        columns: tuple of str; those that are names of measures hold these.
        rows: list of tuples, a cell for each column: str, int, float, or None where there is no number.
    """

    columns: tuple
    rows: list


class Score(NamedTuple):
    """What an evaluation found.

    Args:
        metrics: dict, name of a measure -> number.
        conditions: sentences on how the numbers were taken.
        real: dict, name -> what real examples score, where that is known.
        tables: dict, heading, such as "By class" -> `Table`. Where its second column is "of", rows of the
            model and rows of real examples take turns: "model" and "real".
        alike: dict, "generated" and "held_out" -> (packed examples nearest to training ones, these training
            examples, distances), as `Quality.most_alike` gives it, where that is known.
    """

    metrics: dict
    conditions: str = ""
    real: dict = {}
    tables: dict = {}
    alike: dict = {}


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """A function that takes some measures together.

    Args:
        function: of a model, its dataset and its config -> `Score`.
        measures: tuple of `Measure`s.
        where_named: whether only recipes that name the function are measured by it, instead of all that have
            what it needs.
        costly: whether a search takes it only where it compares by one of them.
    """

    function: Callable
    measures: tuple
    where_named: bool = False
    costly: bool = False

    def applies(self, config, dataset=None):
        """Whether the models of a config are measured by this."""
        named = not self.where_named or self.function.__name__ in config.measures
        return named and any(measure.is_met(config, dataset) for measure in self.measures)


EVALUATIONS = {}  # name of the function -> `Evaluation`
MEASURES = {}  # name -> `Measure`


def declare(*measures):
    """Makes measures known to reports and TensorBoard, whoever takes them."""
    MEASURES.update((measure.name, measure) for measure in measures)


def register(*measures, where_named=False, costly=False):
    """Registers the function below as what takes these measures of a trained model.

    Example:

    >>> from keras_gen.evaluation import Measure, Score, register
    >>> @register(Measure("brightness", "max", "mean of what is generated, from 0 to 255", needs=("images",)))
    ... def brightness(model, dataset, config):
    ...     return Score({"brightness": float(model.generate(100, seed=config.seed).mean())})
    >>> del EVALUATIONS["brightness"], MEASURES["brightness"]

    Args:
        *measures: `Measure`s.
        where_named: see `Evaluation`.
        costly: see `Evaluation`.

    Returns:
        The decorator, which leaves the function as it is.
    """

    def decorate(function):
        declare(*measures)
        EVALUATIONS[function.__name__] = Evaluation(function, measures, where_named, costly)
        return function

    return decorate


def measure(name):
    """The `Measure` that a number of this name is.

    Raises:
        InputError: none is registered.
    """
    found = MEASURES.get(name) or next(
        (m for m in MEASURES.values() if fnmatch.fnmatchcase(name, m.name)), None
    )
    if found is None:
        raise unknown("measure", name, MEASURES)
    return found


def evaluate(model, dataset, config, compared_by=None, split="test", wanted=None):
    """Takes all measures that apply to a model, or those that are wanted.

    Args:
        model: trained.
        dataset: the `Dataset`.
        config: of the recipe, with `media`, `num_classes`, `measures`, `seed` and what the evaluations read.
        compared_by: name of the measure that a search compares by; costly evaluations of other measures are
            left out. None takes all.
        split: "test", "val" or "train", whose examples are measured on. Of "train" there is nothing that
            compares training examples with held-out ones.
        wanted: names of measures; evaluations that take none of them are left out. None takes all.

    Returns:
        List of `Score`s, whose conditions name another split than "test".

    Raises:
        InputError: there is no such split, or a measure that is wanted is unknown or not taken of this model.
    """
    if split != "test":
        dataset = dataset.tested_on(split)
    evaluations = [
        each
        for each in EVALUATIONS.values()
        if each.applies(config, dataset)
        and (compared_by is None or not each.costly or compared_by in [m.name for m in each.measures])
    ]
    if wanted is not None:
        check_taken(wanted, config, dataset)
        evaluations = _that_take(wanted, evaluations)
    scores = [each.function(model, dataset, config) for each in evaluations]
    if split == "train":
        scores = [_of_training(score, config, dataset) for score in scores]
    if split == "test":
        return scores
    told = f"Measured on {split}, which stands for the test examples."
    return [score._replace(conditions=f"{told} {score.conditions}".strip()) for score in scores]


def check_taken(names, config, dataset):
    """Refuses measures that are not taken of the models of a config on these data.

    Args:
        names: of measures.
        config: as in `evaluate`.
        dataset: likewise.

    Raises:
        InputError: one is unknown, or not taken.
    """
    applying = (each for each in EVALUATIONS.values() if each.applies(config, dataset))
    found = sorted({m.name for each in applying for m in each.measures if m.is_met(config, dataset)})
    for name in names:
        if measure(name).name not in found:
            raise InputError(f"{name} is no measure of this model on these data: it has {', '.join(found)}.")


def _that_take(wanted, evaluations):
    """Those of the evaluations that take measures of these names; tells what is not needed for them."""
    names = {measure(name).name for name in wanted}
    chosen = [each for each in evaluations if names & {m.name for m in each.measures}]
    others = [each.function.__name__ for each in evaluations if each not in chosen]
    if others:
        log.info("Not needed for %s: %s", ", ".join(wanted), ", ".join(others))
    return [each for each in evaluations if each in chosen]


def _of_training(score, config, dataset):
    """What a score tells where training examples stand for the held-out ones, and so for real ones."""
    kept = {
        name: value
        for name, value in score.metrics.items()
        if name not in MEASURES or MEASURES[name].is_met(config, dataset)
    }
    return score._replace(metrics=kept, real={}, alike={})


def available(config):
    """The measures that a search of a recipe can make least or most: dict, name -> `Measure`."""
    return {
        measure.name: measure
        for each in EVALUATIONS.values()
        if each.applies(config)
        for measure in each.measures
        if measure.direction and not measure.name.endswith("*") and measure.is_met(config)
    }


def choose(config, name=None):
    """The measure that a search makes least or most.

    Args:
        config: of the recipe.
        name: such as "kid"; None takes the likelihood of models that have one, the KID of others.

    Returns:
        `Measure`.

    Raises:
        InputError: its models are not measured by this.
    """
    found = available(config)
    name = name or ("nll" if "nll" in found else "kid")
    if name not in found:
        raise unknown("measure", name, found)
    return found[name]


def check_needs(measure, config, dataset):
    """Refuses data on which a measure cannot be taken.

    Raises:
        InputError: they have not what it needs.
    """
    for name in measure.needs:
        met, told = NEEDS[name]
        if not met(config, dataset):
            raise InputError(f"Measure {measure.name!r} needs {told}.")
