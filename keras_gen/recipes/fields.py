"""Overriding the fields of a recipe from the command line or from Python, with every mistake named."""

import contextlib
import dataclasses
import typing

from keras_gen.errors import InputError, unknown


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
    types = typing.get_type_hints(type(config))
    for name in fields:
        if name not in types:
            raise unknown("field", name, types)
    return dataclasses.replace(
        config, **{name: _convert(name, types[name], value) for name, value in fields.items()}
    )


def _boolean(text):
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


def _convert(name, kind, value):
    optional = type(None) in typing.get_args(kind)
    kinds = [k for k in (typing.get_args(kind) or (kind,)) if k is not type(None)]
    if optional and value in (None, "none", "None"):
        return None
    if isinstance(value, str) and kinds != [str]:
        text = value.replace("_", "")
        for k in kinds:
            with contextlib.suppress(ValueError):
                return _boolean(text.lower()) if k is bool else k(text)
    elif type(value) in kinds or (type(value) is int and float in kinds):
        return value
    wanted = " or ".join("true or false" if k is bool else k.__name__ for k in kinds)
    wanted += " or none" if optional else ""
    raise InputError(f"Field {name!r} takes {wanted}, not {value!r}.")
