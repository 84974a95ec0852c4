"""What a check measures, and when it is worth telling."""

import dataclasses
from collections.abc import Callable

import numpy as np

FAR = 6.0  # deviations from the median beyond which an example is an outlier
NORMAL = 1.4826  # deviation of a normal distribution, in those of its median absolute deviation
MEAN_NORMAL = 1.2533  # the same, in those of its mean absolute deviation


@dataclasses.dataclass(frozen=True)
class Measure:
    """A number that each example has.

    Attributes:
        name: what tables call it.
        unit: of the number, or what it is.
        of: function of the rows of examples -> an array of numbers.
        scale: function on whose values outliers are sought, such as `numpy.log` for sizes; None where an
            extreme value is no fault.
    """

    name: str
    unit: str
    of: Callable
    scale: Callable | None = np.asarray

    def deviations(self, rows):
        """How far each example is from the median, in robust standard deviations.

        As the modified z-scores of Iglewicz & Hoaglin (1993): of the median absolute deviation, or, where
        more than half of the examples are equal, of the mean one.
        """
        values = self.scale(np.asarray(self.of(rows), np.float64))
        apart = values - np.median(values)
        deviation = NORMAL * np.median(np.abs(apart)) or MEAN_NORMAL * np.mean(np.abs(apart))
        return apart / deviation if deviation else np.zeros(len(apart))


@dataclasses.dataclass(frozen=True)
class Problem:
    """What may be wrong with an example.

    Attributes:
        name: what tables call it.
        criterion: when it is told.
        of: function of the rows of examples -> bool array.
    """

    name: str
    criterion: str
    of: Callable


class Probe:
    """What takes the place of the media while a source is read. It packs what it measures of an example.

    Attributes:
        plural: what examples are called.
        dtype: fields of a row.
        measures: tuple of `Measure`.
        kinds: dict, title -> function of the rows -> a word for each.
        problems: tuple of `Problem`.
        near: the criterion of near duplicates, in words.
        most_bits: in which the fingerprints of near duplicates differ at most.
    """

    shape = ()
