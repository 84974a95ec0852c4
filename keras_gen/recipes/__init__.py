"""Complete named setups: data, media, networks, objective and training settings.

A recipe is a module with a docstring (what it makes, its command, expected time and score), a function `config()` that
returns a dataclass, and a function `space()` that says what a search may change of it. Nothing here imports TensorFlow before a model is built.
"""

import importlib
import json
from pathlib import Path

from keras_gen.errors import InputError, unknown
from keras_gen.recipes.fields import override

NAMES = (
    "captions-vae",
    "cifar10-gan",
    "digits-gan",
    "digits-vae",
    "docstrings-vae",
    "file-text",
    "folder-gan",
    "folder-text",
    "folder-voice",
    "fsdd-vae",
    "mnist-gan",
    "mnist-vae",
    "mnist-vae-best",
    "mnist-vqvae",
    "shapes-tcvae",
    "vowels-vae",
)


def get(name):
    """The module of a recipe.

    Args:
        name: such as "digits-gan".

    Raises:
        InputError: there is no recipe of this name.
    """
    if name not in NAMES:
        raise unknown("recipe", name, NAMES)
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}")


def resolve(name, fields=None):
    """The config of a recipe with some fields overridden.

    Args:
        name: such as "digits-gan".
        fields: field -> value or text of a value.

    Returns:
        A validated dataclass; its `build()` makes the compiled model.

    Raises:
        InputError: there is no recipe or field of this name, or a value is not valid.
    """
    return override(get(name).config(), fields or {})


def saved(path):
    """What a file says of a recipe and its fields.

    Args:
        path: of a .json file, such as the `config.json` of a run.

    Returns:
        Dict, with the name of the recipe under "recipe".

    Raises:
        InputError: the file cannot be read, or names no recipe.
    """
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from error
    if not isinstance(found, dict) or "recipe" not in found:
        raise InputError(f"{path} is not the config of a run: it names no recipe.")
    return found


def read(path):
    """The recipe and the config in a file, such as the `config.json` of a run, or what a search found.

    Args:
        path: of a .json file.

    Returns:
        (name of the recipe, a validated dataclass).

    Raises:
        InputError: as in `saved`, or the recipe does not take a field or value.
    """
    fields = saved(path)
    recipe = fields.pop("recipe")
    return recipe, resolve(recipe, fields)
