"""What a search may change of a recipe: a range or a choice for each field."""

import dataclasses
import math
import random

from keras_gen.errors import InputError, unknown
from keras_gen.recipes.fields import override

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


def parse_ranges(config, texts):
    """What the command line says of a space.

    Args:
        config: of the recipe, whose fields say what type a value has.
        texts: list such as ["beta=0.5:4", "learning_rate=1e-4:1e-2:log", "network=conv,mlp"].

    Returns:
        Dict, field -> `Range` or `Choice`.

    Raises:
        InputError: a text is neither, or a field is unknown.
    """
    space = {}
    for text in texts:
        field, _, values = text.partition("=")
        if not values:
            raise InputError(
                f"--range takes field=low:high, field=low:high:log or field=a,b,c, not {text!r}."
            )
        if field not in vars(config):
            raise unknown("field", field, vars(config))
        low, *rest = values.split(":")
        if rest:
            high, *log = rest
            if log not in ([], ["log"]):
                raise InputError(f"--range takes field=low:high or field=low:high:log, not {text!r}.")
            space[field] = Range(_value(config, field, low), _value(config, field, high), bool(log))
        else:
            space[field] = Choice(*(_value(config, field, value) for value in values.split(",")))
    return space


def _value(config, field, text):
    """A text as the type of its field, which it need not suit yet."""
    current = getattr(config, field)
    if isinstance(current, bool | str):
        return {"true": True, "false": False}.get(text, text) if isinstance(current, bool) else text
    if current is None:
        return int(text) if text.isdecimal() else text
    try:
        return type(current)(text.replace("_", ""))
    except (TypeError, ValueError) as error:
        raise InputError(
            f"Field {field!r} takes {type(current).__name__}s, and its range likewise, not {text!r}."
        ) from error


def check_space(config, space):
    """Refuses a space that is empty, or has values that no setting of the recipe can have.

    Args:
        config: of the recipe.
        space: dict, field -> `Range` or `Choice`.

    Raises:
        InputError: there is nothing to search, a field is unknown, or a range goes beyond what the field may be.
    """
    if not space:
        raise InputError(
            "The space is empty, so there is nothing to search: give a range of at least one field, such as width=32,64."
        )
    source = random.Random(0)
    for field, values in space.items():
        if field not in vars(config):
            raise unknown("field", field, vars(config))
        if not isinstance(values, Range | Choice):
            raise InputError(f"The space of {field!r} is a Range or a Choice, not {values!r}.")
        for value in values.ends:
            _check_value(config, space, field, value, source)


def _check_value(config, space, field, value, source):
    try:
        override(config, {field: value})
    except InputError as refusal:
        # Perhaps with other values of the other fields, as prior=vamp goes with num_classes=none.
        for _ in range(DRAWS):
            others = {name: values.draw(source) for name, values in space.items()}
            try:
                override(config, others | {field: value})
                return
            except InputError:
                continue
        raise InputError(f"The space of {field!r} ({space[field]}) holds {value!r}: {refusal}") from refusal


def slower(config, space):
    """The space of training that begins with the weights of an earlier run: nothing that changes their shapes, and learning
    rates from a third to three times those of fine-tuning.

    Args:
        config: for fine-tuning.
        space: of its recipe.

    Returns:
        Dict, field -> `Range` or `Choice`.
    """
    kept = {field: values for field, values in space.items() if field not in config.architecture}
    rates = {
        field: Range(getattr(config, field) / 3, getattr(config, field) * 3, log=True)
        for field in config.learning_rates
    }
    return kept | rates
