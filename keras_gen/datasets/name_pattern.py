"""What the names of files tell of what is in them."""

import re

from keras_gen.errors import InputError

NUMBER = "index"  # the field that tells apart files of equal labels, a number
IGNORED = "_"  # the field that tells nothing, as often as it comes


class NamePattern:
    """A pattern such as "{digit}_{speaker}_{index}", whose fields are labels.

    No labels are the index, which is a number, the field of groups, and {_}, which may come several times.

    Args:
        pattern: text with named fields in braces, and something between any two of them that no field holds.
        groups: the field that tells which files belong together, or None.

    Attributes:
        pattern: as given.
        groups: as given.
        fields: names of all fields but {_}.
        labels: names of the labels, in their order.

    Raises:
        InputError: there is neither a label nor a field of groups, a field's name is no identifier or comes
            twice, nothing stands between two fields, a brace is left over, or `groups` is no field.

    Example:

    >>> names = NamePattern("{digit}_{speaker}_{index}")
    >>> names.labels
    ['digit', 'speaker']
    >>> names.read("7_jackson_32")
    {'digit': '7', 'speaker': 'jackson', 'index': '32'}
    >>> names.write({"digit": "7", "speaker": "jackson"}, index=0)
    '7_jackson_0'
    >>> NamePattern("{speaker}-{_}-{digit}", groups="speaker").labels
    ['digit']
    """

    def __init__(self, pattern, groups=None):
        self.pattern, self.groups = pattern, groups
        parts = re.split(r"\{(\w+)\}", pattern)
        fields = parts[1::2]
        self.fields = [field for field in fields if field != IGNORED]
        self.labels = [field for field in self.fields if field not in (NUMBER, groups)]
        if groups is not None and groups not in self.fields:
            raise InputError(
                f"groups must be a field of the pattern {pattern!r}, such as {', '.join(self.fields)}, not "
                f"{groups!r}."
            )
        is_of_use = self.labels or groups
        apart = all(parts[2:-1:2])
        well_formed = all(map(str.isidentifier, fields)) and not set("{}") & set("".join(parts[::2]))
        if not is_of_use or len(set(self.fields)) < len(self.fields) or not apart or not well_formed:
            raise InputError(
                "A pattern of names needs labels in braces, each once, with something between any two, such "
                f"as {{digit}}_{{speaker}}_{{index}}, not {pattern!r}."
            )
        literals = [re.escape(part) for part in parts[::2]]
        captured = [_captured(field, after) for field, after in zip(fields, literals[1:], strict=True)]
        self._regex = re.compile(
            "".join(part for pair in zip(literals, [*captured, ""], strict=True) for part in pair)
        )

    def read(self, name):
        """The fields in a file's name without its ending, field -> text; None if it does not match."""
        match = self._regex.fullmatch(name)
        return match and match.groupdict()

    def write(self, values, index):
        """The file name for these labels, label -> text.

        The index stands in the place of all that is no label; where there is no such place it comes last.
        """
        others = {NUMBER, IGNORED, self.groups or NUMBER}
        others = [field for field in others if f"{{{field}}}" in self.pattern]
        name = self.pattern.format(**values, **dict.fromkeys(others, index))
        return name if others else f"{name}_{index}"

    def without_groups(self):
        """The text of the pattern that ignores the field of groups; None where no label is left."""
        if not self.labels:
            return None
        return self.pattern.replace(f"{{{self.groups}}}", f"{{{IGNORED}}}") if self.groups else self.pattern


def _captured(field, after):
    """The regular expression of a field. It excludes the separator: a name with more parts must not match."""
    if field == NUMBER:
        return rf"(?P<{field}>\d+)"
    name = "?:" if field == IGNORED else f"?P<{field}>"
    return rf"({name}(?:(?!{after}).)+)" if after else f"({name}.+)"


class Selection:
    """A choice of files by one field of their names; call it with the fields of a name.

    Args:
        text: such as "index=0,1,2" or "speaker=theo".
        pattern: the `NamePattern` of the names, or None.

    Raises:
        InputError: it is not of this form, there is no pattern, or no such field in it.
    """

    def __init__(self, text, pattern):
        self._field, equals, values = text.partition("=")
        self._values = {value.strip() for value in values.split(",")}
        if not equals or pattern is None or self._field not in pattern.fields:
            raise InputError(
                "A choice such as index=0,1,2 needs a field of the pattern of names (labels=...), not "
                f"{text!r} of {pattern and pattern.pattern!r}."
            )

    def __call__(self, fields):
        return fields[self._field] in self._values

    def check(self, source, names):
        """Raises `InputError` where a value chosen is that of no name in `names`, a list of fields."""
        missing = sorted(self._values - {fields[self._field] for fields in names})
        if missing:
            raise InputError(
                f"No name in {source} has {self._field}={','.join(missing)}, which test chooses."
            )
