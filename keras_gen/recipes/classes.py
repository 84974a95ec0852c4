"""What the labels of a run's data stand for: classes by name, and labels in the names of files."""

from pathlib import Path

from keras_gen.errors import InputError, unknown


class Classes:
    """The names of classes.

    Args:
        names: list, in the order of the labels; of several labels a dict, name of a label -> list.
        pattern: of the names of the files that the data came from, as `keras_gen.datasets.load` takes it, or None.
    """

    def __init__(self, names, pattern=None):
        self.names, self.pattern = names, pattern

    @property
    def _columns(self):
        return list(self.names.values()) if isinstance(self.names, dict) else [self.names]

    def label(self, text):
        """The label that a user names: an int, or a list of one for each label, from text such as "7" or "7,george".

        Raises:
            InputError: there are more or fewer than there are labels, or there is no class of this name or number.
        """
        parts = text.split(",")
        if len(parts) != len(self._columns):
            wanted = ",".join(self.names) if isinstance(self.names, dict) else "one class"
            raise InputError(f"A label must be {wanted}, not {text!r}.")
        places = [_place(part.strip(), names) for part, names in zip(parts, self._columns, strict=True)]
        return places if isinstance(self.names, dict) else places[0]

    def of_file(self, path):
        """The label that the name of a file tells, as `label`; None where it is not of the pattern."""
        pattern = self._name_pattern()
        values = pattern and pattern.read(Path(path).stem)
        return self.label(",".join(values[label] for label in pattern.labels)) if values else None

    def file_names(self, labels):
        """Names without endings for examples of these labels, in the pattern of the data; None where they have none."""
        pattern = self._name_pattern()
        if pattern is None:
            return None
        counts, names = {}, []
        for label in labels:
            places = label if isinstance(self.names, dict) else [label]
            values = [column[place] for column, place in zip(self._columns, places, strict=True)]
            index = counts.setdefault(tuple(values), 0)
            counts[tuple(values)] += 1
            names.append(pattern.write(dict(zip(pattern.labels, values, strict=True)), index))
        return names

    def _name_pattern(self):
        from keras_gen.datasets.name_pattern import NamePattern  # not before TensorFlow may be imported

        return NamePattern(self.pattern) if self.pattern else None


def _place(text, names):
    if text in names:
        return names.index(text)
    if text.isdecimal() and int(text) < len(names):
        return int(text)
    raise unknown("class", text, names)
