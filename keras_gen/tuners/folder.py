"""What a folder says of the search in it."""

import json

from keras_gen import recipes
from keras_gen.errors import InputError
from keras_gen.files import read_json, write_atomically
from keras_gen.recipes.settings import flat
from keras_gen.recipes.upgrade import BEFORE_AUTO, OF_TRIAL, trial_of
from keras_gen.runs.run import Run


def settings_of(hyper, algorithm, seed, executions_per_trial):
    """All that decides the trials of a search, as JSON has it.

    Args:
        hyper: the `HyperRecipe`.
        algorithm: name of the tuner's class.
        seed: int, of its oracle.
        executions_per_trial: int.
    """
    space = {f"space of {field}": str(values) for field, values in hyper.space.items()}
    search = {"recipe": hyper.recipe, "measure": hyper.objective.name, "tuner": algorithm, "seed": seed}
    trial = hyper.short.model_dump()
    return json.loads(json.dumps({**search, "executions": executions_per_trial, **space, "trial": trial}))


def keep_settings(folder, settings):
    """Writes the settings of a search or checks those in the folder; only trials and minutes may differ.

    Args:
        folder: `pathlib.Path` that exists.
        settings: as `settings_of` gives them.

    Raises:
        InputError: the folder holds a search of other settings, or a run.
    """
    if (folder / "search.json").is_file():
        check_settings(folder, settings)
    elif Run(folder).config_file.is_file():
        raise InputError(f"{folder} holds a run: choose another folder.")
    else:
        write_atomically(folder / "search.json", json.dumps(settings, indent=2) + "\n")


def check_settings(folder, settings):
    """Refuses a folder that holds a search of other settings.

    Raises:
        InputError: it does, or the file that says so is damaged.
    """
    file = folder / "search.json"
    found = read_json(file)
    if not isinstance(found, dict) or "recipe" not in found:
        raise InputError(f"{file} is not the settings of a search: choose another folder.")
    found, wanted = _named(found), _named(settings)
    names = found.keys() | wanted.keys()
    changed = sorted(name for name in names if not _agree(name, found.get(name), wanted.get(name)))
    if changed:
        differences = ", ".join(
            f"{name} is {found.get(name)} there, {wanted.get(name)} here" for name in changed
        )
        raise InputError(
            f"{folder} holds a search with other settings ({differences}): choose another folder."
        )


def _agree(name, found, wanted):
    """Whether a search may go on with another value than it was begun with."""
    before = BEFORE_AUTO.get(name.removesuffix(OF_TRIAL))
    return found == wanted or (wanted == "auto" and found == before)


def _named(settings):
    """What a search is made of, name -> value, whatever version of this kit kept it."""
    rest = {
        name: value for name, value in settings.items() if name != "trial" and not name.endswith(OF_TRIAL)
    }
    if "objective" in rest:  # as version 0.1 had it
        rest["measure"] = rest.pop("objective")
    trial = flat(recipes.restore(rest["recipe"], trial_of(settings)))
    return rest | {f"{name}{OF_TRIAL}": value for name, value in trial.items()}
