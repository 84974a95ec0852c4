"""A recipe with ranges in the place of some of its values, as KerasTuner takes it."""

import math

import keras_tuner

from keras_gen import evaluation, recipes
from keras_gen.errors import InputError
from keras_gen.recipes.settings import find, knows, override
from keras_gen.recipes.space import Range, check_space, slower
from keras_gen.runs.run import fine_tuned

DRAWS = 100  # of the importance-weighted likelihood of validation examples, at most
DIGITS = 4  # of a setting, so that it reads well


class HyperRecipe(keras_tuner.HyperModel):
    """A recipe to be searched.

    It is given to the tuners of this kit, or to KerasTuner's own, which then train without checkpoints.

    Example:

    >>> from keras_gen.tuners import HyperRecipe, Range
    >>> hyper = HyperRecipe("digits-gan", measure="kid", epochs=2, space={"r1": Range(0.1, 10.0, log=True)})
    >>> hyper.objective.name, hyper.objective.direction
    ('kid', 'min')
    >>> hyper.space
    {'r1': Range(low=0.1, high=10.0, log=True)}

    Args:
        recipe: name of the recipe, such as "digits-gan", or the path of a Python file.
        measure: name of what is to be made least or most, taken of validation examples with a fixed seed:
            "kid", "frechet", "nll", "label_agreement", ..., as the models of the recipe allow; None takes the
            likelihood of models that have one, the KID of others.
        space: dict, field of the recipe -> `Range` or `Choice`; None takes the recipe's own, without the
            `fields` given and those that have no use with them.
        epochs: int >= 1, epochs of a trial, over which its schedules run; None for all of the recipe's.
        start: folder of an earlier run of the recipe, whose settings and weights trials begin with; its own
            space then changes no architecture, and has learning rates around a tenth of that run's. None
            begins anew.
        fields: dict, field of the recipe -> value, or text of a value, that is not searched or that the
            search begins at.

    Attributes:
        objective: `keras_tuner.Objective`, the measure and its direction.
        secondary: names of other metrics that trials are told by, where they are measured.
        full: config of a training in full, with the recipe's own values of what is searched.
        short: the same for a trial.
        space: as given, or the recipe's.

    Raises:
        InputError: the recipe, a field or the measure is unknown, the space is empty or goes beyond what a
            field may be, or the recipe needs data of yours.
    """

    def __init__(self, recipe, measure=None, space=None, epochs=None, start=None, fields=None):
        super().__init__(name=recipes.short_name(recipe))
        self.recipe, fields = recipes.full_name(recipe), fields or {}
        config = recipes.resolve(recipe, fields) if start is None else fine_tuned(recipe, start, fields)
        if not config.data:
            raise InputError(f"{recipe} needs files of yours: give data, a file, a folder or a zip.")
        self.full = config
        self.space = _own_space(recipe, config, start, fields) if space is None else dict(space)
        short = {"epochs": epochs or config.epochs, "most_restores": 0}
        if knows(config, "nll_samples"):
            short["nll_samples"] = min(config.nll_samples, DRAWS)
        self.short = override(config, short)
        check_space(self.short, self.space)
        self._measure = evaluation.choose(self.short, measure)
        self.objective = keras_tuner.Objective(self._measure.name, self._measure.direction)
        self.secondary = sorted(evaluation.available(self.short).keys() - {self._measure.name})

    def declare(self, hp):
        """Registers the space with `keras_tuner.HyperParameters`; the recipe's values are the defaults if
        inside.

        Returns:
            Dict, field -> value.
        """
        values = {}
        for field, space in self.space.items():
            default = find(self.short, field).value if knows(self.short, field) else None
            if not isinstance(space, Range):
                default = default if default in space.values else space.values[0]
                values[field] = hp.Choice(field, list(space.values), default=default)
                continue
            low, high = space.ends
            inside = isinstance(default, int | float) and low <= default <= high
            number = hp.Int if space.is_whole else hp.Float
            values[field] = number(
                field,
                low,
                high,
                sampling="log" if space.log else "linear",
                default=default if inside else _rounded(math.sqrt(low * high) if space.log else low, space),
            )
        return {field: _rounded(value, self.space[field]) for field, value in values.items()}

    def config(self, hp, execution=0):
        """The config of a trial.

        Args:
            hp: `keras_tuner.HyperParameters`.
            execution: int >= 0, of several of the trial, each of which has a seed of its own.

        Returns:
            A `Recipe`.

        Raises:
            InputError: the values do not go together.
        """
        config = override(self.short, {**self.declare(hp), "seed": self.short.seed + execution})
        config.share_data(self.short)
        return config

    def best(self, hp, seed):
        """The config of the full training: the values of a trial, all epochs, and a seed that no trial had.

        Args:
            hp: `keras_tuner.HyperParameters`.
            seed: int >= 0.

        Returns:
            A `Recipe`.
        """
        return override(self.full, {**self.declare(hp), "seed": seed})

    def build(self, hp):
        """A compiled model of a trial."""
        return self.config(hp).build()

    def fit(self, hp, model, *args, epochs=None, initial_epoch=0, **settings):
        """Trains a model on the recipe's data and measures it, for KerasTuner's own tuners.

        Args:
            hp: `keras_tuner.HyperParameters`.
            model: as `build` made it.
            *args: none: the data are the recipe's.
            epochs: int, None for those of a trial.
            initial_epoch: int, as in `keras.Model.fit`.
            **settings: of `keras.Model.fit`.

        Returns:
            Dict of floats, the metrics and the measure.
        """
        if args:
            raise InputError(
                "The data are the recipe's: call search() without any, or give HyperRecipe the field data."
            )
        config = self.config(hp)
        dataset = config.load()
        model.fit(
            dataset.batches("train", initial_epoch * config.steps_per_epoch),
            steps_per_epoch=config.steps_per_epoch,
            initial_epoch=initial_epoch,
            epochs=epochs or config.epochs,
            **settings,
        )
        config.finish(model, dataset)
        return self.measure(model, config)

    def check_data(self):
        """Loads the data, and refuses those that trials cannot be compared on.

        Raises:
            InputError: they cannot be loaded, or leave too little to validate on.
        """
        dataset = self.short.load()
        self.short.check_data(dataset)
        if dataset.val is None or dataset.count("val") < 4:
            raise InputError("The data leave too little to validate on: at least 4 examples are needed.")
        evaluation.check_needs(self._measure, self.short, dataset)

    def measure(self, model, config):
        """Measures a trial on validation examples, with the seed of the search.

        Args:
            model: trained.
            config: of its trial.

        Returns:
            Dict of floats, the metrics and, under its name, the measure that is searched by.

        Raises:
            InputError: the measure that is searched by is not a finite number.
        """
        scored = override(config, {"seed": self.short.seed})
        scores = evaluation.evaluate(model, config.load(), scored, self.objective.name, "val")
        metrics = {name: float(number) for score in scores for name, number in score.metrics.items()}
        value = metrics.get(self.objective.name, math.nan)
        if not math.isfinite(value):
            raise InputError(f"The measure {self.objective.name} is {value}.")
        return metrics


def _own_space(recipe, config, start, fields):
    """The space of a recipe, without what is given, and what has no use with that."""
    space = recipes.space_of(recipe)
    whole = recipes.get(recipe).recipe
    space = {
        field: values for field, values in space.items() if knows(config, field) or not knows(whole, field)
    }
    given = {find(config, field).name for field in fields if knows(config, field)}
    if start is not None:
        space = slower(config, space)
    return {
        f: values for f, values in space.items() if not knows(config, f) or find(config, f).name not in given
    }


def _rounded(value, space):
    """A value as the user writes it. KerasTuner turns bools to numbers, and its logarithmic integers may be
    one too large.
    """
    if not isinstance(space, Range):
        return next(each for each in space.values if each == value)  # of bools KerasTuner makes numbers
    value = min(max(value, space.low), space.high)
    return int(value) if space.is_whole else float(f"{value:.{DIGITS}g}")
