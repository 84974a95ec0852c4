"""The figures of docs/results.md, taken again."""

import json
from pathlib import Path
from typing import NamedTuple

from keras_gen import recipes
from keras_gen.errors import InputError, unknown
from keras_gen.logs import log

DEVIATIONS = 3  # within which a figure holds


class Figure(NamedTuple):
    """A figure that was told.

    Args:
        told: float.
        spread: its deviation over draws or seeds, or None where it is of one seed and was never repeated.
    """

    told: float
    spread: float | None = None

    def verdict(self, found):
        """Whether a figure taken again is the one told: "held", "missed", or "spread unknown"."""
        if self.spread is None:
            return "spread unknown"
        return "held" if abs(found - self.told) <= DEVIATIONS * self.spread else "missed"


class Row(NamedTuple):
    """What a recipe scores as it is, with seed 0, on test data.

    Args:
        figures: dict, name of a measure -> `Figure`.
        data: what `--data` has to name, or None where the data come with the kit.
    """

    figures: dict
    data: str | None = None


ROWS = {
    "digits-gan": Row(
        {"frechet": Figure(2.73, 0.26), "kid": Figure(0.0089, 0.0087), "label_agreement": Figure(0.982)}
    ),
    "digits-vae": Row({"frechet": Figure(4.23, 0.36), "nll": Figure(19.54), "elbo": Figure(-19.79)}),
    "docstrings-vae": Row({"nll": Figure(51.67)}),
    "vowels-vae": Row({"frechet": Figure(3.1, 0.13), "log_mel": Figure(1.78)}),
    "shapes-tcvae": Row({"mig": Figure(0.466, 0.054), "nll": Figure(28.34, 0.09)}),
    "mnist-vae-best": Row({"nll": Figure(82.88), "elbo": Figure(-86.79)}, "mnist.npz"),
    "mnist-vae": Row({"nll": Figure(88.74), "elbo": Figure(-92.69)}, "mnist.npz"),
    "mnist-vqvae": Row({"elbo": Figure(-116.35)}, "mnist.npz"),
    "fsdd-vae": Row(
        {
            "frechet": Figure(9.0, 0.6),
            "label_agreement_digit": Figure(0.994),
            "label_agreement_speaker": Figure(0.972),
            "log_mel": Figure(2.92),
        },
        "a zip of the Free Spoken Digit Dataset",
    ),
}


def row_of(name, data):
    """The `Row` of a name, and the resolved config of its recipe.

    Args:
        name: in `ROWS`.
        data: path of its data, or None.

    Raises:
        InputError: there is no such row, its data are not given, or were not asked for.
    """
    if name not in ROWS:
        raise unknown("row", name, ROWS)
    row = ROWS[name]
    if row.data and data is None:
        raise InputError(f"{name} is of data that do not come with the kit: name {row.data} by --data.")
    if data is not None and not row.data:
        raise InputError(f"{name} is of data that come with the kit: leave --data out.")
    return row, recipes.resolve(name, {} if data is None else {"data": data})


def reproduce(name, run, data=None):
    """Trains and scores a row of docs/results.md again, or goes on with it.

    Says first how long the training will take.

    Args:
        name: of the row.
        run: a `Run`; its folder is made.
        data: path of its data, where these do not come with the kit.

    Returns:
        A list of (measure, its `Figure`, the figure found, the verdict).

    Raises:
        InputError: as `row_of` and `runs.training.train`.
    """
    from keras_gen.runs.rehearsal import rehearse  # imports TensorFlow
    from keras_gen.runs.training import train

    row, config = row_of(name, data)
    if not run.metrics_file.exists():
        log.info("%s: training %s, and then its scores", name, rehearse(run, config) or "one step")
        train(run, name, config)
    found = json.loads(Path(run.metrics_file).read_text())
    return [
        (measure, figure, found[measure], figure.verdict(found[measure]))
        for measure, figure in row.figures.items()
    ]
