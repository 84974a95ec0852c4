"""A value as a function of examples seen, the one clock that batch size, replicas and resuming do not change.

A schedule is also a Keras `LearningRateSchedule`: give it to an optimizer as `learning_rate`, and the models
of this kit read it on the clock of examples instead of the optimizer's count of steps.
"""

import math

import keras
from keras import ops

from keras_gen.errors import InputError


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Base of all schedules: `schedule(examples)` gives the value after so many examples."""

    def __call__(self, examples):
        raise NotImplementedError


def _progress(examples, total):
    """The share of `total` that has passed, within [0, 1]; all of it where there is nothing to wait for."""
    if total == 0:
        return ops.ones_like(ops.cast(examples, "float32"))
    return ops.clip(ops.cast(examples, "float32") / total, 0.0, 1.0)


@keras.saving.register_keras_serializable("keras_gen")
class Constant(Schedule):
    """The same value for ever.

    Args:
        value: float.
    """

    def __init__(self, value):
        self.value = float(value)

    def __call__(self, examples):
        return ops.convert_to_tensor(self.value, "float32")

    def get_config(self):
        return {"value": self.value}


@keras.saving.register_keras_serializable("keras_gen")
class Linear(Schedule):
    """A straight line from one value to another, constant afterwards.

    Args:
        start: float, the value at the first example.
        stop: float, the value from `examples` on.
        examples: int >= 0, how many examples the change takes.

    Raises:
        InputError: the number of examples is negative.

    Example:

    >>> float(Linear(0.0, 1.0, examples=100)(25))
    0.25
    """

    def __init__(self, start, stop, examples):
        self.start, self.stop, self.examples = float(start), float(stop), _checked(examples)

    def __call__(self, examples):
        return self.start + (self.stop - self.start) * _progress(examples, self.examples)

    def get_config(self):
        return {"start": self.start, "stop": self.stop, "examples": self.examples}


@keras.saving.register_keras_serializable("keras_gen")
class Cosine(Linear):
    """Half a cosine from one value to another, constant afterwards (Loshchilov & Hutter 2017, without
    restarts).

    Args:
        start: float, the value at the first example.
        stop: float, the value from `examples` on.
        examples: int >= 0, how many examples the change takes.

    Raises:
        InputError: the number of examples is negative.

    Example:

    >>> round(float(Cosine(1.0, 0.0, examples=100)(50)), 6)
    0.5
    """

    def __call__(self, examples):
        fallen = (1.0 - ops.cos(math.pi * _progress(examples, self.examples))) / 2.0
        return self.start + (self.stop - self.start) * fallen


@keras.saving.register_keras_serializable("keras_gen")
class WarmUp(Schedule):
    """Another schedule, scaled up from zero over the first examples.

    Args:
        schedule: a `Schedule` or a float.
        examples: int >= 0, how many examples the rise takes.

    Raises:
        InputError: the number of examples is negative.

    Example:

    >>> float(WarmUp(2.0, examples=100)(50))
    1.0
    """

    def __init__(self, schedule, examples):
        self.schedule, self.examples = get(schedule), _checked(examples)

    def __call__(self, examples):
        return _progress(examples, self.examples) * self.schedule(examples)

    def get_config(self):
        return {"schedule": keras.saving.serialize_keras_object(self.schedule), "examples": self.examples}

    @classmethod
    def from_config(cls, config):
        return cls(keras.saving.deserialize_keras_object(config["schedule"]), config["examples"])


@keras.saving.register_keras_serializable("keras_gen")
class Cyclical(Schedule):
    """A rise from zero that starts again and again, constant after the last.

    Source: Fu et al. 2019, arXiv 1903.10145, equations 6 and 7: beta = min(tau / R, 1), tau = mod(t, T/M) /
    (T/M).

    Args:
        value: float, reached at the end of each rise.
        examples: int >= 1, T, how many examples all cycles take.
        cycles: int >= 1, M.
        rise: float in (0, 1], R, the share of a cycle that it rises.

    Raises:
        InputError: a number is out of its range.

    Example:

    >>> beta = Cyclical(1.0, examples=400)
    >>> [float(beta(examples)) for examples in (0, 25, 50, 99, 100, 125)]
    [0.0, 0.5, 1.0, 1.0, 0.0, 0.5]
    """

    def __init__(self, value, examples, cycles=4, rise=0.5):
        if examples < 1 or cycles < 1 or not 0 < rise <= 1:
            raise InputError(
                "A cyclical schedule takes at least 1 example and 1 cycle, and a rise above 0 and up to 1, "
                f"not {examples}, {cycles} and {rise}."
            )
        self.value, self.examples, self.cycles, self.rise = (
            float(value),
            int(examples),
            int(cycles),
            float(rise),
        )

    def __call__(self, examples):
        passed = self.cycles * ops.cast(examples, "float32") / self.examples
        share = ops.where(passed < self.cycles, passed - ops.floor(passed), 1.0)
        return self.value * ops.minimum(share / self.rise, 1.0)

    def get_config(self):
        return {"value": self.value, "examples": self.examples, "cycles": self.cycles, "rise": self.rise}


class Clock:
    """A learning rate as an optimizer takes it: a schedule, read at a model's own clock and scaled.

    Args:
        schedule: a Keras `LearningRateSchedule`, such as a `Schedule`.
        clock: variable that counts what the schedule goes by.
        scale: variable, which the value is multiplied by.
        settable: bool, whether the optimizer may be set to another rate, or shares `scale` with others.
    """

    def __init__(self, schedule, clock, scale, settable=True):
        self.schedule, self.clock, self.scale, self.settable = schedule, clock, scale, settable

    def __call__(self):
        return self.scale * self.schedule(self.clock)

    def assign(self, value):
        """Scales what is left of the schedule, so that it is `value` now: how Keras sets a learning rate.

        Raises:
            InputError: the schedule is 0 now, or several optimizers share it.
        """
        now = float(self.schedule(self.clock))
        if not self.settable:
            raise InputError(
                "The schedules of the two optimizers are scaled together: set the learning_rate of "
                "model.optimizer, or give an optimizer a number for its learning rate."
            )
        if now == 0.0:
            raise InputError(
                f"The schedule of the learning rate is 0 now, so it cannot be scaled to {value:g}: set it "
                "later, or give the optimizer a number for its learning rate."
            )
        self.scale.assign(float(value) / now)


def get(value):
    """The schedule that a number stands for, or the schedule itself.

    Args:
        value: a `Schedule` or a float.

    Returns:
        A `Schedule`.

    Raises:
        InputError: it is neither.
    """
    if isinstance(value, Schedule):
        return value
    if isinstance(value, (int, float)):
        return Constant(value)
    raise InputError(f"A number or a schedule of keras_gen.schedules is needed here, not {value!r}.")


def _checked(examples):
    if examples < 0:
        raise InputError(f"A schedule takes at least 0 examples, not {examples}.")
    return int(examples)
