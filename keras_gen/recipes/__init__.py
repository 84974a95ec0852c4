"""Complete named setups: data, media, networks, objective and training settings.

A recipe is a module: a docstring (what it makes, its command, expected time and score), the settings
`recipe`, `space`, what a search may change of them, and perhaps `presets`, other settings by name. A file of
your own is one too. Nothing here imports TensorFlow before a model is built.
"""

import functools
import importlib
import importlib.metadata
import importlib.util
import json
import sys
from pathlib import Path

import keras_gen
from keras_gen.errors import InputError, unknown
from keras_gen.files import read_json
from keras_gen.recipes.recipe import Recipe
from keras_gen.recipes.settings import defaults, flat, knows, override
from keras_gen.recipes.upgrade import BEFORE_FIELDS, trial_of, upgrade
from keras_gen.registry import register

VERSIONS = "versions"  # of what made a run, beside its fields
FINGERPRINT = "data_fingerprint"  # of the prepared set that a run was trained on, likewise

NAMES = (
    "captions-vae",
    "cifar10-gan",
    "cifar10-r3gan",
    "cifar10-sngan",
    "digits-gan",
    "digits-vae",
    "docstrings-vae",
    "file-text",
    "folder-gan",
    "folder-sounds",
    "folder-text",
    "folder-vae",
    "folder-voice",
    "fsdd-vae",
    "mnist-gan",
    "mnist-r3gan",
    "mnist-vae",
    "mnist-vae-best",
    "mnist-vqvae",
    "shapes-tcvae",
    "vowels-vae",
)


def get(name):
    """The module of a recipe.

    Args:
        name: such as "digits-gan", or the path of a Python file.

    Returns:
        A module with a `Recipe` called `recipe`, and with its `space` unless it is a file without one.

    Raises:
        InputError: there is no recipe of this name, or the file cannot be used.
    """
    if is_file(name):
        path = Path(name).resolve()
        if not path.is_file():
            raise InputError(
                f"There is no recipe {path}: give a file that exists, or a name that keras-gen list shows."
            )
        return _run(path, path.stat().st_mtime_ns)
    if name not in NAMES:
        raise unknown("recipe", name, NAMES)
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}")


@functools.cache
def _run(path, _changed):
    """The module in a file of one's own, run once for each state of the file."""
    spec = importlib.util.spec_from_file_location(f"recipe_in_{path.stem}", path)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except InputError as error:
        raise InputError(f"{path} cannot be used: {error}") from error
    except Exception as error:  # noqa: BLE001 - the file may raise anything
        raise InputError(f"{path} cannot be used: {type(error).__name__}: {error}") from error
    if not isinstance(getattr(module, "recipe", None), Recipe):
        raise InputError(f"{path} has no recipe: it needs a line such as recipe = GANRecipe(...).")
    return module


def is_file(name):
    """Whether a recipe is a Python file of one's own."""
    return str(name).endswith(".py")


def full_name(name):
    """A recipe's name as files keep it, whatever folder they are read from."""
    return str(Path(name).resolve()) if is_file(name) else name


def short_name(name):
    """A recipe's name as folders are called by it."""
    return Path(name).stem if is_file(name) else name


def space_of(name):
    """What a search may change of a recipe: dict, field -> `Range` or `Choice`."""
    return getattr(get(name), "space", {})


def presets_of(name):
    """What other settings a recipe has by name: dict, preset -> dict of fields."""
    return getattr(get(name), "presets", {})


def _preset(name, preset):
    """The settings of a recipe by one of its presets, by default its own."""
    recipe, found = get(name).recipe, {"default": {}, **presets_of(name)}
    preset = preset or "default"
    if preset not in found:
        raise InputError(f"{name} has no preset {preset!r}: it has {', '.join(found)}.")
    return override(recipe, found[preset])


@register("resolve_recipe")
def resolve(name, fields=None, preset=None):
    """The settings of a recipe with some fields overridden.

    Args:
        name: such as "digits-gan", or the path of a Python file.
        fields: field -> value or text of a value, as in `settings.override`.
        preset: name of a preset of the recipe that the fields stand over; None for its own settings.

    Returns:
        A `Recipe`; its `build()` makes the compiled model.

    Raises:
        InputError: there is no recipe, preset or field of this name, or a value is not valid.
    """
    return override(_preset(name, preset), fields or {})


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


def dump(name, recipe, fingerprint=None):
    """What `read` takes: the text of a .json file.

    Args:
        name: of the recipe.
        recipe: its settings.
        fingerprint: of the prepared set that it is trained on, or None.
    """
    known = {} if fingerprint is None else {FINGERPRINT: fingerprint}
    found = {"recipe": full_name(name), VERSIONS: versions(), **known, **recipe.model_dump()}
    return json.dumps(found, indent=2) + "\n"


def saved(path):
    """What a file says of a recipe and its fields.

    Args:
        path: of a .json file, such as the `config.json` of a run.

    Returns:
        Dict, with the name of the recipe under "recipe" and, of a run, what made it under "versions" and
        the fingerprint of a prepared set under "data_fingerprint".

    Raises:
        InputError: the file cannot be read, or names no recipe.
    """
    found = read_json(path)
    if not isinstance(found, dict) or "recipe" not in found:
        raise InputError(f"{path} is not the config of a run: it names no recipe.")
    return found


def read(path):
    """The recipe and its settings in a file, such as the `config.json` of a run, or what a search found.

    Args:
        path: of a .json file.

    Returns:
        (name of the recipe, `Recipe`).

    Raises:
        InputError: as in `saved`, or the recipe does not take a field or value.
    """
    fields = saved(path)
    name, made_with, _ = fields.pop("recipe"), fields.pop(VERSIONS, None), fields.pop(FINGERPRINT, None)
    try:
        if made_with is None:  # a file that somebody wrote holds what differs from the recipe
            return name, resolve(name, upgrade(fields))
        return name, restore(name, fields)
    except InputError as error:
        maker = made_with.get("keras_gen") if isinstance(made_with, dict) else None
        others = (
            ""
            if maker in (None, keras_gen.__version__)
            else f", made by keras_gen {maker} and not by this {keras_gen.__version__}"
        )
        raise InputError(f"{path} cannot be used{others}: {error}") from error


def restore(name, fields):
    """The settings that a version of this kit kept. Fields that it did not know hold what was done then.

    Args:
        name: of the recipe.
        fields: all that was kept, in today's form or an earlier one.

    Returns:
        A `Recipe`.

    Raises:
        InputError: the recipe does not take a field or value.
    """
    fields, recipe = upgrade(fields), get(name).recipe
    before, labels = _before(recipe, fields.get("data")), f"{recipe.medium}.labels"
    # For recordings this field was there before, and holds nothing where it told nothing.
    if labels in before and not (fields.get("labels") or fields.get(recipe.medium, {}).get("labels")):
        fields[labels] = before[labels]
    return override(override(defaults(recipe), before), fields)


def _before(recipe, data):
    """What was done before there were fields for it: dict, field of the recipe -> value.

    Duplicates have always been kept in sets with a name. Classes of images and recordings were top folders,
    whatever lay within them, where labels told nothing else.
    """
    has_name = data in {get(other).recipe.data for other in NAMES} - {""}
    labels = "inferred" if has_name else "top"
    before = BEFORE_FIELDS | {
        "duplicates": "auto" if has_name else "keep",
        "image.labels": labels,
        "audio.labels": labels,
    }
    if recipe.medium == "audio":
        before["num_scored"] = 2_000
    return {field: value for field, value in before.items() if knows(recipe, field)}


def as_begun(file, name, given):
    """What a run or a search was begun with in the place of defaults that are younger than it.

    Args:
        file: `pathlib.Path` of the `config.json` of a run or the `search.json` of a search, if there is one.
        name: of the recipe.
        given: fields that the user sets, name -> value.

    Returns:
        Dict, field -> value: fields that are not given, and hold what was done before there were such.
    """
    if not file.is_file():
        return {}
    try:
        fields = saved(file)
        if fields.pop("recipe") != full_name(name):
            return {}
        for told in (VERSIONS, FINGERPRINT):
            fields.pop(told, None)
        fields = trial_of(fields) or fields
        found = flat(restore(name, fields))
    except InputError:  # which is told where the folder is gone on with
        return {}
    told = tuple("." + field.replace("__", ".") for field in given)
    return {
        field: value
        for field, value in _before(get(name).recipe, fields.get("data")).items()
        if found.get(field) == value and not f".{field}".endswith(told)
    }
