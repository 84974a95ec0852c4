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


def check_fields(config, choices, at_least_one, not_negative, below_one=()):
    """Refuses values that a config cannot have.

    Args:
        config: a dataclass.
        choices: field -> the names it may hold.
        at_least_one: names of fields.
        not_negative: names of fields from 0 to below 2**31.
        below_one: names of fields from 0 to below 1.

    Raises:
        InputError: a value is none of the choices, or out of its range.
    """
    for field, names in choices.items():
        if getattr(config, field) not in names:
            raise unknown(field, getattr(config, field), names)
    for field in at_least_one:
        if getattr(config, field) < 1:
            raise InputError(f"Field {field!r} must be at least 1, not {getattr(config, field)}.")
    for field in not_negative:
        if not 0 <= getattr(config, field) < 2**31:
            raise InputError(f"Field {field!r} must be from 0 to below 2**31, not {getattr(config, field)}.")
    for field in below_one:
        if not 0 <= getattr(config, field) < 1:
            raise InputError(f"Field {field!r} must be at least 0 and below 1, not {getattr(config, field)}.")
    if config.num_classes is not None and config.num_classes < 1:
        raise InputError(f"Field 'num_classes' must be at least 1, or none, not {config.num_classes}.")


def _convert(name, kind, value):
    optional = type(None) in typing.get_args(kind)
    kinds = [k for k in (typing.get_args(kind) or (kind,)) if k is not type(None)]
    if optional and value in (None, "none", "None"):
        return None
    if isinstance(value, str) and kinds != [str]:
        text = value.replace("_", "")
        for convert in kinds:
            with contextlib.suppress(ValueError):
                return convert(text)
    elif type(value) in kinds or (type(value) is int and float in kinds):
        return value
    wanted = " or ".join(k.__name__ for k in kinds) + (" or none" if optional else "")
    raise InputError(f"Field {name!r} takes {wanted}, not {value!r}.")
