"""What a search may change of a recipe: a range or a choice for each field."""

import dataclasses
import math
import random

from keras_gen.errors import InputError
from keras_gen.recipes.settings import find, override, parse

DRAWS = 64  # settings of the other fields, in which a value must be valid at least once


@dataclasses.dataclass(frozen=True)
class Range:
    """All numbers between two, both included; whole ones where both are whole.

    Args:
        low: int or float.
        high: int or float above it.
        log: whether equal ratios are equally likely, instead of equal differences; low must then be above 0.

    Raises:
        InputError: these are not the ends of a range.
    """

    low: int | float
    high: int | float
    log: bool = False

    def __post_init__(self):
        if not all(type(end) in (int, float) for end in self.ends):
            raise InputError(
                f"A range is one of numbers, not from {self.low!r} to {self.high!r}: take a choice."
            )
        if not self.low < self.high < math.inf:
            raise InputError(
                f"A range goes from a number to a larger one, not from {self.low!r} to {self.high!r}."
            )
        if self.log and self.low <= 0:
            raise InputError(
                f"A logarithmic range begins above 0, not at {self.low!r}: leave log out, or begin higher."
            )

    @property
    def is_whole(self):
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def ends(self):
        return (self.low, self.high)

    def draw(self, source):
        """A value, from a `random.Random`."""
        low, high = (math.log(self.low), math.log(self.high)) if self.log else self.ends
        value = source.uniform(low, high)
        value = math.exp(value) if self.log else value
        return round(value) if self.is_whole else value

    def __str__(self):
        return f"{self.low:g} to {self.high:g}{', logarithmic' if self.log else ''}"


@dataclasses.dataclass(frozen=True, init=False)
class Choice:
    """One of some values.

    Args:
        *values: at least two different ones, all int, float, str or bool.

    Raises:
        InputError: there are fewer, or of several types.
    """

    values: tuple

    def __init__(self, *values):
        object.__setattr__(self, "values", values)
        if len(set(values)) < max(2, len(values)):
            raise InputError(f"A choice is among at least two different values, not {values!r}.")
        if {type(value) for value in values} not in ({int}, {float}, {str}, {bool}):
            raise InputError(f"A choice is among values all int, float, str or bool, not {values!r}.")

    @property
    def ends(self):
        return self.values

    def draw(self, source):
        """A value, from a `random.Random`."""
        return source.choice(self.values)

    def __str__(self):
        return ", ".join(map(str, self.values))


def parse_ranges(recipe, texts):
    """What the command line says of a space.

    Args:
        recipe: `Recipe`, whose fields say what type a value has.
        texts: list such as ["beta=0.5:4", "learning_rate=1e-4:1e-2:log", "network=conv,mlp"].

    Returns:
        Dict, field -> `Range` or `Choice`.

    Raises:
        InputError: a text is neither, or a field is unknown.
    """
    space = {}
    for text in texts:
        name, _, values = text.partition("=")
        if not values:
            raise InputError(
                f"--range takes field=low:high, field=low:high:log or field=a,b,c, not {text!r}."
            )
        field = find(recipe, name).field
        low, *rest = values.split(":")
        if rest:
            high, *log = rest
            if log not in ([], ["log"]):
                raise InputError(f"--range takes field=low:high or field=low:high:log, not {text!r}.")
            space[name] = Range(parse(low, field), parse(high, field), bool(log))
        else:
            space[name] = Choice(*(parse(value, field) for value in values.split(",")))
    return space


def check_space(recipe, space):
    """Refuses a space that is empty, or has values that no setting of the recipe can have.

    Args:
        recipe: `Recipe`.
        space: dict, field -> `Range` or `Choice`.

    Raises:
        InputError: there is nothing to search, a field is unknown, or a range goes beyond the field's.
    """
    if not space:
        raise InputError(
            "The space is empty, so there is nothing to search: give a range of at least one field, such as "
            "width=32,64."
        )
    source = random.Random(0)
    for field, values in space.items():
        if not isinstance(values, Range | Choice):
            raise InputError(f"The space of {field!r} is a Range or a Choice, not {values!r}.")
        for value in values.ends:
            _check_value(recipe, space, field, value, source)


def _check_value(recipe, space, field, value, source):
    try:
        override(recipe, {field: value})
    except InputError as refusal:
        # Perhaps with other values of the other fields, as prior=vamp goes with num_classes=none.
        for _ in range(DRAWS):
            others = {name: values.draw(source) for name, values in space.items()}
            try:
                override(recipe, others | {field: value})
                return
            except InputError:
                continue
        raise InputError(f"The space of {field!r} ({space[field]}) holds {value!r}: {refusal}") from refusal


def slower(recipe, space):
    """The space of training that begins with the weights of an earlier run.

    It changes none of their shapes, and has learning rates from a third to three times those of fine-tuning.

    Args:
        recipe: for fine-tuning.
        space: of the recipe.

    Returns:
        Dict, field -> `Range` or `Choice`.
    """
    rates = [find(recipe, name) for name in recipe.learning_rates]
    kept = {}
    for name, values in space.items():
        setting = find(recipe, name)
        if not setting.shapes_weights and setting not in rates:
            kept[name] = values
    return kept | {rate.short_name: Range(rate.value / 3, rate.value * 3, log=True) for rate in rates}
