"""What a folder says of the search in it."""

import dataclasses
import json

from keras_gen import recipes
from keras_gen.errors import InputError
from keras_gen.files import read_json, write_atomically
from keras_gen.runs.run import Run


def settings_of(hyper, algorithm, seed, executions_per_trial):
    """All that decides the trials of a search, as JSON has it.

    Args:
        hyper: the `HyperRecipe`.
        algorithm: name of the tuner's class.
        seed: int, of its oracle.
        executions_per_trial: int.
    """
    trial = {f"{field} of a trial": value for field, value in dataclasses.asdict(hyper.short).items()}
    space = {f"space of {field}": str(values) for field, values in hyper.space.items()}
    search = {"recipe": hyper.recipe, "objective": hyper.objective.name, "tuner": algorithm, "seed": seed}
    return json.loads(json.dumps({**search, "executions": executions_per_trial, **space, **trial}))


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
    if not isinstance(found, dict):
        raise InputError(f"{file} is not the settings of a search: choose another folder.")
    # What an older kit had no field for was as it is by default.
    defaults = recipes.defaults(settings["recipe"])
    found = {f"{field} of a trial": value for field, value in defaults.items()} | found
    changed = sorted(name for name in found.keys() | settings.keys() if found.get(name) != settings.get(name))
    if changed:
        differences = ", ".join(
            f"{name} is {found.get(name)} there, {settings.get(name)} here" for name in changed
        )
        raise InputError(
            f"{folder} holds a search with other settings ({differences}): choose another folder."
        )
