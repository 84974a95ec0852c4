"""What a search can make least or most: measures of a finished model, taken on validation examples."""

from typing import NamedTuple

from keras_gen.errors import unknown


class Objective(NamedTuple):
    """A quality that settings are compared by.

    Args:
        metric: its name among the metrics of a run.
        direction: "min" or "max", whichever is better.
        measures: the functions in `measures` any of which gives it.
    """

    metric: str
    direction: str
    measures: tuple


LIKELIHOODS = ("evidence", "bound", "language")
OBJECTIVES = {
    "kid": Objective("kid", "min", ("quality",)),
    "frechet": Objective("frechet", "min", ("quality",)),
    "label_agreement": Objective("label_agreement", "max", ("quality",)),
    "nll": Objective("nll", "min", LIKELIHOODS),
    "elbo": Objective("elbo", "max", ("evidence", "bound")),
    "log_mel": Objective("log_mel", "min", ("reconstruction",)),
    "mr_stft": Objective("mr_stft", "min", ("reconstruction",)),
    "reconstruction_accuracy": Objective("reconstruction_accuracy", "max", ("writing",)),
    "mig": Objective("mig", "max", ("disentanglement",)),
    "dci_disentanglement": Objective("dci_disentanglement", "max", ("disentanglement",)),
}
CONDITIONAL = ("label_agreement",)


def available(config):
    """The objectives of a recipe's models: dict, name -> `Objective`."""
    return {
        name: objective
        for name, objective in OBJECTIVES.items()
        if set(objective.measures) & set(config.measures)
        and (name not in CONDITIONAL or config.num_classes is not None)
    }


def get(config, name=None):
    """An objective of a recipe's models.

    Args:
        config: of the recipe.
        name: such as "kid"; None takes the likelihood of models that have one, the KID of others.

    Returns:
        (name, `Objective`).

    Raises:
        InputError: its models are not measured by this.
    """
    names = available(config)
    name = name or ("nll" if "nll" in names else "kid")
    if name not in names:
        raise unknown("measure", name, names)
    return name, names[name]
