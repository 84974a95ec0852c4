"""Several runs beside each other."""

import dataclasses

from keras_gen import recipes
from keras_gen.errors import InputError
from keras_gen.evaluation.comparison import Compared, compare
from keras_gen.files import write_atomically
from keras_gen.recipes.settings import flat, told

DATA_FIELDS = ("data", "data_seed", "stratify", "duplicates")


@dataclasses.dataclass
class Comparison:
    """What runs score, and what their settings differ in.

    Attributes:
        names: of the runs.
        rows: list of `Compared`.
        settings: list of (field, value of each run as text, "" where it has none), the recipe among them.
        same_data: bool, whether the settings of the data, and fingerprints, are the same.
        sheets: path of the samples of each run, or None.
    """

    names: list
    rows: list[Compared]
    settings: list
    same_data: bool
    sheets: list

    def write_page(self, path):
        """Writes it as a page of HTML that needs no other file.

        Raises:
            InputError: it cannot be written there.
        """
        from keras_gen.evaluation.page import compared_page  # which imports TensorFlow

        page = compared_page(self)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, page)
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror or error}.") from error


def compare_runs(runs):
    """A `Comparison` of scored runs.

    Args:
        runs: list of at least two `Run`s.

    Raises:
        InputError: there are fewer, one is given twice, or has no scores.
    """
    if len(runs) < 2:
        raise InputError("One run alone compares with nothing: give two or more.")
    folders = [run.folder.resolve() for run in runs]
    twice = next(
        (run.folder for run, each in zip(runs, folders, strict=True) if folders.count(each) > 1), None
    )
    if twice is not None:
        raise InputError(f"{twice} is given twice: give other runs.")
    scores = [run.metrics() for run in runs]
    for run, metrics in zip(runs, scores, strict=True):
        if metrics is None:
            raise InputError(f"{run.folder} has no scores: take them by keras-gen score {run.folder}.")
    configs = []
    for run in runs:
        recipe, config = run.settings()
        configs.append({"recipe": recipes.short_name(recipe), **flat(config)})
    fields = dict.fromkeys(name for config in configs for name in config)
    texts = {name: [told(c[name]) if name in c else "" for c in configs] for name in fields}
    differing = [(name, values) for name, values in texts.items() if len(set(values)) > 1]
    same = not {name for name, _ in differing} & set(DATA_FIELDS)
    return Comparison(
        _names(runs),
        compare(scores),
        differing,
        same and len({run.fingerprint for run in runs}) == 1,
        [next(iter(run.sheets()), None) for run in runs],
    )


def _names(runs):
    """The name of each folder, or its path where two have the same."""
    names = [run.folder.resolve().name for run in runs]
    return names if len(set(names)) == len(names) else [str(run.folder) for run in runs]
