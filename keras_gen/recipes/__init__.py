"""Complete named setups: data, media, networks, objective and training settings.

A recipe is a module with a docstring (what it makes, its command, expected time and score) and a function `config()` that
returns a dataclass. Nothing here imports TensorFlow before a model is built.
"""

import importlib

from keras_gen.errors import unknown
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
