"""Settings as trees of typed parts: each field has its type, its range and its meaning beside its name.

A field has a name with dots, such as "network.width". Its last word will do where no other field ends alike.
"""

import contextlib
import types
import typing
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from keras_gen.errors import InputError, unknown

LIMIT = 2**31  # what counts fit into, in TensorFlow's graphs
Natural = Annotated[int, Field(ge=0, lt=LIMIT)]
Count = Annotated[int, Field(ge=1, lt=LIMIT)]
Weight = Annotated[float, Field(ge=0, lt=LIMIT)]
Share = Annotated[float, Field(ge=0, lt=1)]

SHAPES = "shapes weights"  # marks fields that weights of an earlier run do not fit when they change
Size = Annotated[Count, SHAPES]
Side = Annotated[int, Field(ge=8, le=256)]  # of an image, pixels

TOLD = {bool: "true or false", str: "text", type(None): "none"}


def one_of(kinds, shapes=(SHAPES,)):
    """The type of a field that holds a part of one of several kinds. A kind's name stands for its defaults.

    Args:
        kinds: union of `Part`s, each with a field `kind`.
        shapes: nothing where weights of an earlier run also fit another kind.
    """

    def named(value):
        return {"kind": value} if isinstance(value, str) else value

    return Annotated[kinds, Field(discriminator="kind"), BeforeValidator(named), *shapes]


class Refusal(InputError):
    """A value that a field does not take.

    Args:
        path: tuple of names, of the field within the part that refuses.
        tell: function of the field's name -> sentence.
    """

    def __init__(self, path, tell):
        super().__init__(tell(".".join(path)))
        self.path, self.tell = path, tell


class Part(BaseModel):
    """Settings that belong to one thing, such as a network. They never change: `override` makes others.

    Raises:
        InputError: a field is unknown or missing, or a value is not in its range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=True)

    def __init__(self, **values):
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _refusal(type(self), values, error.errors()[0]) from None

    def arguments(self):
        """The settings as arguments of the function or class that the kind names."""
        return {name: value for name, value in self if name != "kind"}


class Setting(NamedTuple):
    """A field in a tree.

    Args:
        name: with dots.
        value: of a field that holds a part, the name of its kind.
        field: `pydantic.fields.FieldInfo`.
    """

    name: str
    value: Any
    field: Any

    @property
    def short_name(self):
        return self.name.rpartition(".")[2]

    @property
    def shapes_weights(self):
        return SHAPES in self.field.metadata


def settings_of(part, prefix=""):
    """All fields of a tree, in their order: yields a `Setting` each."""
    for name, field in type(part).model_fields.items():
        value = getattr(part, name, None)  # None in a part that is not validated yet
        if isinstance(value, Part):
            if hasattr(value, "kind"):
                yield Setting(prefix + name, value.kind, field)
            yield from settings_of(value, f"{prefix}{name}.")
        elif name != "kind":
            yield Setting(prefix + name, value, field)


def flat(part):
    """A tree as a dict, name with dots -> value."""
    return {setting.name: setting.value for setting in settings_of(part)}


def numbers_and_texts(part):
    """`flat`, with text for what is no number."""
    return {n: v if isinstance(v, bool | int | float | str) else told(v) for n, v in flat(part).items()}


def defaults(part):
    """A tree in which fields that have a default hold it."""
    needed = {name for name, field in type(part).model_fields.items() if field.is_required()}
    values = {name: value for name, value in part if name in needed}
    return type(part)(**{n: defaults(v) if isinstance(v, Part) else v for n, v in values.items()})


def find(part, name):
    """The `Setting` of a name, in full or short.

    Raises:
        InputError: there is none, or there are several.
    """
    return _find({setting.name: setting for setting in settings_of(part)}, name)


def knows(part, name):
    """Whether a tree has a field of this name, in full or short."""
    try:
        return bool(find(part, name))
    except InputError:
        return False


def _find(settings, name):
    if name in settings:
        return settings[name]
    found = [setting for full, setting in settings.items() if full.endswith(f".{name}")]
    if len(found) == 1:
        return found[0]
    if found:
        names = " or ".join(setting.name for setting in found)
        raise InputError(f"Field {name!r} may be {names}: give its name in full.")
    last = name.rpartition(".")[2]
    for setting in settings.values():
        kinds = kinds_of(setting.field)
        others = [kind for kind in kinds if kind != setting.value and last in _names(kinds[kind])]
        if others:
            takes = " or ".join(f"{setting.name}={kind}" for kind in others)
            raise InputError(
                f"Field {name!r} has no use with {setting.name}={setting.value}: set {takes} too."
            )
    raise unknown("field", name, settings if "." in name else [s.short_name for s in settings.values()])


def _names(part):
    """The names of all fields that a tree of this type may have."""
    for name, field in part.model_fields.items():
        yield name
        for kind in kinds_of(field).values():
            yield from _names(kind)


def parse_assignments(assignments):
    """`["width=64", ...]` -> `{"width": "64", ...}`.

    Raises:
        InputError: one of them has no "=".
    """
    for assignment in assignments:
        if "=" not in assignment:
            raise InputError(f"--set takes field=value, not {assignment!r}.")
    return dict(assignment.split("=", 1) for assignment in assignments)


def override(part, fields):
    """A tree with other values. A part of another kind keeps the values of the fields that both kinds have.

    Args:
        part: a `Part`.
        fields: name -> value, or text of a value. Two underscores may stand for a dot. A part is given as the
            name of its kind, a dict of its fields, or a `Part`.

    Returns:
        A tree of the same type, validated.

    Raises:
        InputError: a field is unknown, or does not take its value.
    """
    pending = dict(_leaves((name.replace("__", "."), value) for name, value in fields.items()))
    changed = part
    while True:  # kinds first, since they say which fields there are
        kinds = {s.name: s for s in settings_of(changed) if kinds_of(s.field)}
        name = next((name for name in pending if any(f".{k}".endswith(f".{name}") for k in kinds)), None)
        if name is None:
            break
        changed = _changed(changed, _find(kinds, name).name.split("."), pending.pop(name))
    for name, value in pending.items():
        changed = _changed(changed, find(changed, name).name.split("."), value)
    return type(part)(**changed.model_dump(warnings=False))


def _leaves(fields):
    for name, value in fields:
        value = value.model_dump() if isinstance(value, Part) else value
        if not isinstance(value, dict):
            yield name, value
            continue
        if "kind" in value:
            yield name, value["kind"]
        yield from _leaves((f"{name}.{key}", each) for key, each in value.items() if key != "kind")


def _changed(part, path, value):
    name, *rest = path
    old = getattr(part, name, None)
    field = type(part).model_fields[name]
    if rest:
        new = _changed(old, rest, value)
    elif kinds_of(field):
        new = _of_kind(name, field, old, value)
    else:
        new = parse(value, field) if isinstance(value, str) else value
    return part.model_copy(update={name: new})


def _of_kind(name, field, old, kind):
    kinds = kinds_of(field)
    if not isinstance(kind, str) or kind not in kinds:
        raise unknown(name, kind, kinds)
    if kind == old.kind:
        return old
    shared = kinds[kind].model_fields.keys() & type(old).model_fields.keys() - {"kind"}
    return kinds[kind].model_construct(**{name: getattr(old, name) for name in shared})


def parse(text, field):
    """What a text stands for in a field; the text itself where it takes texts or cannot take this one."""
    kinds = [kind for kind, _ in _types(field.annotation, field.metadata)]
    if type(None) in kinds and text.lower() == "none":
        return None
    literals = [kind for kind in kinds if typing.get_origin(kind) is Literal]
    for choice in (choice for kind in literals for choice in typing.get_args(kind)):
        if str(choice) == text:
            return choice
    if str in kinds or literals == kinds:
        return text
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    with contextlib.suppress(ValueError):
        if "," in text:
            return tuple(int(number) for number in text.split(","))
        return float(text) if float in kinds else int(text)
    return text


def told(value):
    """A value as `parse` takes it."""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def table(part, space):
    """Every field of a tree: (names of columns, list of rows of texts).

    Args:
        part: a `Part`.
        space: dict, field -> what a search may make of it.
    """
    searched = {find(part, name).name: str(values) for name, values in space.items() if knows(part, name)}
    rows = []
    for name, value, field in settings_of(part):
        rows.append((name, told(value), takes(field), searched.get(name, ""), field.description or ""))
    return ("field", "value", "takes", "searched", "meaning"), rows


def kinds_of(field):
    """The kinds of parts that a field may hold: dict, name -> sub-class of `Part`."""
    parts = [kind for kind, _ in _types(field.annotation) if hasattr(kind, "model_fields")]
    return {part.model_fields["kind"].default: part for part in parts if "kind" in part.model_fields}


def _types(annotation, metadata=()):
    """The types that a field takes, each with what bounds it."""
    if typing.get_origin(annotation) is Annotated:
        annotation, *own = typing.get_args(annotation)
        metadata = [*metadata, *(bound for item in own for bound in getattr(item, "metadata", [item]))]
        yield from _types(annotation, metadata)
    elif typing.get_origin(annotation) in (types.UnionType, typing.Union):
        for each in typing.get_args(annotation):
            yield from _types(each, metadata)
    else:
        yield annotation, metadata


def takes(field):
    """What values a field takes, in words.

    Args:
        field: `pydantic.fields.FieldInfo`.
    """
    if kinds_of(field):
        return ", ".join(kinds_of(field))
    return " or ".join(_told(kind, bounds) for kind, bounds in _types(field.annotation, field.metadata))


def _told(kind, bounds):
    if typing.get_origin(kind) is Literal:
        return ", ".join(map(str, typing.get_args(kind)))
    if typing.get_origin(kind) is tuple:
        return "several with commas between" if ... in typing.get_args(kind) else "two, such as 64x96"
    words = {"ge": "from", "gt": "above", "lt": "to below", "le": "to", "multiple_of": "and a multiple of"}
    limits = {name: getattr(bound, name) for bound in bounds for name in words if hasattr(bound, name)}
    limits = [f"{words[name]} {'2**31' if limit == LIMIT else limit}" for name, limit in limits.items()]
    return " ".join([TOLD.get(kind, kind.__name__), *limits])


def _refusal(cls, values, error):
    """The `InputError` of the first error that pydantic found."""
    cause = error.get("ctx", {}).get("error")
    if not error["loc"]:  # of fields that do not go together
        return cause
    name = error["loc"][0]
    value, field = values.get(name), cls.model_fields.get(name)
    if isinstance(cause, Refusal):
        return Refusal((name, *cause.path), cause.tell)
    if isinstance(cause, InputError):
        return cause
    if field is None:
        return Refusal((name,), lambda path: str(unknown("field", path, cls.model_fields)))
    if error["type"] == "missing":
        return Refusal((name,), lambda path: f"Field {path!r} is missing: it takes {takes(field)}.")
    choices = list(kinds_of(field) or map(str, typing.get_args(field.annotation)))
    if error["type"] in ("literal_error", "union_tag_invalid"):
        value = error["ctx"].get("tag", value)
        return Refusal((name,), lambda path: str(unknown(path, value, choices)))
    return Refusal((name,), lambda path: f"Field {path!r} takes {takes(field)}, not {value!r}.")
