"""What a training run needs to go on exactly, beyond what a saved model holds."""

import dataclasses
import inspect
import json
import zipfile

import numpy as np

from keras_gen import distribution
from keras_gen.errors import InputError

MEMBER = "training.json"


@dataclasses.dataclass
class TrainingState:
    """The state of a training besides the model: how far its running means, random generators and callbacks have come.

    Noise and the order of the data need no state of their own: they follow from the model's seed and its clock.

    Args:
        metrics: of each replica the variables of its running means, in an epoch that is not over.
        generators: states of the layers' own random generators, such as dropout's, in the order of the model's variables.
        callbacks: place and class of a callback -> its state.
        restores: how often the training was put back to a checkpoint since it began, because it diverged.
        replicas: how many there are; each draws noise of its own.
    """

    metrics: list = dataclasses.field(default_factory=list)
    generators: list = dataclasses.field(default_factory=list)
    callbacks: dict = dataclasses.field(default_factory=dict)
    restores: int = 0
    replicas: int = 1

    @classmethod
    def of(cls, model, callbacks, restores=0):
        """The state of a model and its callbacks as they are.

        Args:
            model: a `GenerativeModel`.
            callbacks: list of Keras callbacks. One of the kit tells its state by `get_state`; of any other, the plain values
                count that are not arguments of its constructor.
            restores: int.
        """
        return cls(
            metrics=distribution.values_of_replicas(model.distribute_strategy, _running(model)),
            generators=[variable.numpy().tolist() for variable in model.generators],
            callbacks={name: _state_of(callback) for name, callback in _named(callbacks)},
            restores=restores,
            replicas=model.distribute_strategy.num_replicas_in_sync,
        )

    @classmethod
    def read(cls, path):
        """The state in a checkpoint.

        Raises:
            InputError: the file is no checkpoint.
        """
        try:
            with zipfile.ZipFile(path) as archive:
                return cls(**json.loads(archive.read(MEMBER)))
        except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
            raise InputError(f"{path} cannot be read as a checkpoint: {error}.") from error

    def add_to(self, path):
        """Writes the state into a saved model, which is read as before."""
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(MEMBER, json.dumps(dataclasses.asdict(self)))

    def restore(self, model, callbacks):
        """Puts running means, generators and callbacks where they were."""
        distribution.assign_to_replicas(model.distribute_strategy, _running(model), self.metrics)
        for variable, value in zip(model.generators, self.generators, strict=True):
            variable.assign(value)
        model.give_replicas_own_generators()
        for name, callback in _named(callbacks):
            if name in self.callbacks:
                _restore(callback, self.callbacks[name])


def _running(model):
    return [variable for metric in model.metrics for variable in metric.variables]


def _named(callbacks):
    return [(f"{place} {type(callback).__name__}", callback) for place, callback in enumerate(callbacks)]


def _state_of(callback):
    if hasattr(callback, "get_state"):
        return callback.get_state()
    arguments = inspect.signature(type(callback).__init__).parameters
    return {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in vars(callback).items()
        if isinstance(value, (bool, int, float, str, np.generic)) and name not in arguments
    }


def _restore(callback, state):
    if hasattr(callback, "set_state"):
        callback.set_state(state)
    else:
        vars(callback).update(state)
