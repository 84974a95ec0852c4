"""Limits that scores are held to, such as "kid>0.05"."""

import math
import operator
import re
from typing import NamedTuple

from keras_gen.errors import InputError
from keras_gen.evaluation.registry import measure

SIGNS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}
LIMIT = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*", re.IGNORECASE)


class Limit(NamedTuple):
    """What a score may not be.

    Args:
        name: of the measure.
        sign: one of `SIGNS`.
        value: float.

    Example:

    >>> limit = Limit.parse("kid > 0.05")
    >>> limit.is_broken({"kid": 0.1}), limit.is_broken({"kid": 0.05}), limit.is_broken({"kid": float("nan")})
    (True, False, True)
    """

    name: str
    sign: str
    value: float

    @classmethod
    def parse(cls, text):
        """The limit that a text tells.

        Raises:
            InputError: it is none, or there is no such measure.
        """
        found = LIMIT.fullmatch(text)
        if found is None:
            raise InputError(
                f"A limit is a measure, one of {', '.join(SIGNS)} and a number, such as kid>0.05, not "
                f"{text!r}."
            )
        measure(found[1])
        return cls(found[1], found[2], float(found[3]))

    def is_broken(self, metrics):
        """Whether a score is what it may not be; one that is not finite always is.

        Raises:
            InputError: the measure was not taken.
        """
        if self.name not in metrics:
            raise InputError(f"{self.name} is no measure of this model: it has {', '.join(metrics)}.")
        value = metrics[self.name]
        return not math.isfinite(value) or SIGNS[self.sign](value, self.value)

    def __str__(self):
        return f"{self.name}{self.sign}{self.value:g}"
