"""Complete named setups: data, media, networks, objective and training settings.

A recipe is a module with a docstring (what it makes, its command, expected time and score), a function `config()` that
returns a dataclass, and a function `space()` that says what a search may change of it. Nothing here imports TensorFlow before a model is built.
"""

import dataclasses
import importlib
import importlib.metadata
import json

import keras_gen
from keras_gen.errors import InputError, unknown
from keras_gen.files import read_json
from keras_gen.recipes.fields import override
from keras_gen.registry import register

VERSIONS = "versions"  # of what made a run, beside its fields

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


@register("resolve_recipe")
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


def versions():
    """What a run is made with: dict, name of a package -> version, without importing TensorFlow."""
    found = {"keras_gen": keras_gen.__version__}
    for name in ("keras", "tensorflow"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:  # it goes by several names, such as tensorflow-cpu
            packages = importlib.metadata.packages_distributions().get(name, ())
            found[name] = next(map(importlib.metadata.version, packages), "unknown")
    return found


def dump(recipe, config):
    """What `read` takes: the text of a .json file.

    Args:
        recipe: name of the recipe.
        config: of it, a dataclass.
    """
    return json.dumps({"recipe": recipe, VERSIONS: versions(), **dataclasses.asdict(config)}, indent=2) + "\n"


def defaults(name):
    """What the fields of a recipe hold where nothing says otherwise, as JSON has it: what they were before a kit had them.

    Args:
        name: such as "digits-gan".

    Raises:
        InputError: there is no recipe of this name.
    """
    fields = dataclasses.fields(get(name).config())
    found = {field.name: field.default for field in fields if field.default is not dataclasses.MISSING}
    return json.loads(json.dumps(found))


def saved(path):
    """What a file says of a recipe and its fields.

    Args:
        path: of a .json file, such as the `config.json` of a run.

    Returns:
        Dict, with the name of the recipe under "recipe" and, of a run, what made it under "versions".

    Raises:
        InputError: the file cannot be read, or names no recipe.
    """
    found = read_json(path)
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
    recipe, made_with = fields.pop("recipe"), fields.pop(VERSIONS, None)
    try:
        if made_with is not None:  # fields that are not there are those of a later kit
            fields = defaults(recipe) | fields
        return recipe, resolve(recipe, fields)
    except InputError as error:
        maker = made_with.get("keras_gen") if isinstance(made_with, dict) else None
        others = (
            ""
            if maker in (None, keras_gen.__version__)
            else f", made by keras_gen {maker} and not by this {keras_gen.__version__}"
        )
        raise InputError(f"{path} cannot be used{others}: {error}") from error
