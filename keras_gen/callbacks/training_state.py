"""The state that a resumed training needs besides the saved model."""

import dataclasses
import inspect
import json
import zipfile

import numpy as np

from keras_gen.errors import InputError
from keras_gen.training import distribution
from keras_gen.training.replicas import generators_of, give_own_generators
from keras_gen.training.reports import PARTS

MEMBER = "training.json"


@dataclasses.dataclass
class TrainingState:
    """The state of a training besides the model: running means, random generators and callbacks.

    Noise and the order of the data need no state: they follow from the model's seed and its clock.

    Args:
        metrics: for each replica a dict of its running means in an unfinished epoch, "mean/variable" ->
            float. Older versions kept lists of floats, equally many for each mean.
        generators: states of the layers' own random generators, such as dropout's, in the order of the
            model's variables.
        callbacks: place and class of a callback -> its state.
        restores: how often the training returned to a checkpoint because it diverged.
        replicas: their number; each draws its own noise.
    """

    metrics: list = dataclasses.field(default_factory=list)
    generators: list = dataclasses.field(default_factory=list)
    callbacks: dict = dataclasses.field(default_factory=dict)
    restores: int = 0
    replicas: int = 1

    @classmethod
    def of(cls, model, callbacks, restores=0):
        """The current state of a model and its callbacks.

        Args:
            model: a `GenerativeModel`.
            callbacks: list of Keras callbacks. Those of the kit give their state by `get_state`; of others,
                plain attributes that are no constructor arguments are kept.
            restores: int.
        """
        sums = distribution.values_of_replicas(model.distribute_strategy, model.reports.sums)
        return cls(
            metrics=[dict(zip(_names(model), own.flatten().tolist(), strict=True)) for own in sums],
            generators=[variable.numpy().tolist() for variable in generators_of(model)],
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
        except Exception as error:  # noqa: BLE001 - a damaged archive fails in as many ways as it has layers
            raise InputError(f"{path} cannot be read as a checkpoint: {error}.") from error

    def add_to(self, path):
        """Adds the state to a saved model, which still loads as before."""
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(MEMBER, json.dumps(dataclasses.asdict(self)))

    def restore(self, model, callbacks):
        """Restores running means, generators and callbacks.

        Parts of running means that an older version did not have begin at zero.

        Raises:
            InputError: the state is of an older version with other running means.
        """
        sums = model.reports.sums
        known = [_by_name(own, model) for own in self.metrics]
        values = [np.reshape([own.get(name, 0.0) for name in _names(model)], sums.shape) for own in known]
        distribution.assign_to_replicas(model.distribute_strategy, sums, values)
        for variable, value in zip(generators_of(model), self.generators, strict=True):
            variable.assign(value)
        give_own_generators(model)
        for name, callback in _named(callbacks):
            if name in self.callbacks:
                _restore(callback, self.callbacks[name])


def _names(model):
    """The sums of a model's running means, in the order of their variable."""
    return [f"{name}/{part}" for name in model.reports.names for part in PARTS]


def _by_name(values, model):
    """The sums of a replica by name, also from the lists of older versions."""
    if isinstance(values, dict):
        return values
    # Equally many for each mean; later versions add parts at the end, and means of norms.
    names = [name for name in model.reports.names if not name.endswith("gradient_norm")]
    share, rest = divmod(len(values), max(1, len(names)))
    if rest:
        raise InputError(
            f"The checkpoint has {len(values)} numbers of running means, of which the model has "
            f"{len(names)}: go on with the version of keras_gen that wrote it."
        )
    pairs = [f"{name}/{part}" for name in names for part in PARTS[:share]]
    return dict(zip(pairs, values, strict=True))


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
