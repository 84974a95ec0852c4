"""Overriding the fields of a recipe from the command line or from Python, with every mistake named."""

import contextlib
import dataclasses
import types
import typing

from keras_gen.errors import InputError, unknown

TOLD = {bool: "true or false", tuple: "whole numbers with commas between"}


def parse_assignments(assignments):
    """`["width=64", ...]` -> `{"width": "64", ...}`.

    Raises:
        InputError: one of them has no "=".
    """
    for assignment in assignments:
        if "=" not in assignment:
            raise InputError(f"--set takes field=value, not {assignment!r}.")
    return dict(assignment.split("=", 1) for assignment in assignments)


def override(config, fields):
    """A copy of a config with other values, text converted to the type of its field.

    Args:
        config: a dataclass.
        fields: name -> value or text of a value.

    Returns:
        A dataclass of the same type, which has checked its values.

    Raises:
        InputError: a field is unknown, or its value is of another type.
    """
    kinds = typing.get_type_hints(type(config))
    for name in fields:
        if name not in kinds:
            raise unknown("field", name, kinds)
    return dataclasses.replace(
        config, **{name: _convert(name, kinds[name], value) for name, value in fields.items()}
    )


def _boolean(text):
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


def _numbers(text):
    if "," not in text:
        raise ValueError(text)
    return tuple(int(number) for number in text.split(","))


def _convert(name, kind, value):
    optional = type(None) in typing.get_args(kind)
    alternatives = typing.get_args(kind) if typing.get_origin(kind) is types.UnionType else (kind,)
    # Tuples are of whole numbers.
    kinds = [typing.get_origin(k) or k for k in alternatives if k is not type(None)]
    if optional and value in (None, "none", "None"):
        return None
    if isinstance(value, str) and str not in kinds:
        text = value.replace("_", "")
        for k in kinds:
            with contextlib.suppress(ValueError):
                return {bool: _boolean, tuple: _numbers}.get(k, k)(text.lower())
    elif isinstance(value, list) and tuple in kinds and all(type(number) is int for number in value):
        return tuple(value)
    elif type(value) in kinds or (type(value) is int and float in kinds):
        return value
    wanted = " or ".join(TOLD.get(k, k.__name__) for k in kinds) + (" or none" if optional else "")
    raise InputError(f"Field {name!r} takes {wanted}, not {value!r}.")
