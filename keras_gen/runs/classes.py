"""What the labels of a run's data stand for: classes by name, and labels in the names of files."""

import re
from pathlib import Path

from keras_gen.errors import InputError, unknown


class Classes:
    """The names of classes.

    Args:
        names: list, in the order of the labels; of several labels a dict, name of a label -> list.
        pattern: of the names of the files that the data came from, as `keras_gen.datasets.load` takes it, or
            None.

    Raises:
        TypeError: these are something else.
    """

    def __init__(self, names, pattern=None):
        self.names, self.pattern = names, pattern
        self._columns = list(names.values()) if isinstance(names, dict) else [names]
        listed = all(isinstance(column, list) for column in self._columns)
        texts = [text for column in self._columns for text in column] if listed else []
        if not texts or not all(isinstance(text, str) for text in (*texts, pattern or "")):
            raise TypeError("classes must be lists of names, and their pattern a text")

    def label(self, text):
        """The label that a user names in a text such as "7" or "7,george".

        Returns:
            Int; where an example has several labels, a list of ints.

        Raises:
            InputError: there are more or fewer than there are labels, or there is no class of this name or
                number.
        """
        parts = text.split(",") if isinstance(self.names, dict) else [text]
        if len(parts) != len(self._columns):
            raise InputError(f"A label must be {','.join(self.names)}, not {text!r}.")
        return self._as_label(
            [_place(part.strip(), names) for part, names in zip(parts, self._columns, strict=True)]
        )

    def of_file(self, path):
        """The label that a file tells, as `label`; None where it tells none.

        Its name tells it, by the pattern of the data's names. Where they had none, the folder that it lies in
        does, or a name that `file_names` gives.

        Raises:
            InputError: it tells a class that there is not.
        """
        if self.pattern is None:
            return None if isinstance(self.names, dict) else self._of_folder(Path(path))
        readings = [pattern.read(Path(path).stem) for pattern in self._patterns()]
        values = [[fields[label] for label in self._labels()] for fields in readings if fields]
        if not values:
            return None
        known = [told for told in values if all(map(list.__contains__, self._columns, told))]
        if not known:
            text, names = next(
                pair for pair in zip(values[0], self._columns, strict=True) if pair[0] not in pair[1]
            )
            raise unknown("class", text, names)
        return self._as_label(list(map(list.index, self._columns, known[0])))

    def file_names(self, labels):
        """Names without endings for examples of these labels: of the data's pattern, or such as kick_0."""
        counts, names = {}, []
        for label in labels:
            places = label if isinstance(self.names, dict) else [label]
            values = tuple(column[place] for column, place in zip(self._columns, places, strict=True))
            told = values if self.pattern else "_".join(map(_without_folders, values))
            index = counts.get(told, 0)
            counts[told] = index + 1
            if self.pattern is None:
                names.append(f"{told}_{index}")
            else:
                names.append(self._patterns()[0].write(dict(zip(self._labels(), told, strict=True)), index))
        return names

    def _of_folder(self, path):
        for place, name in enumerate(self.names):
            folders = tuple(name.split("/"))
            if path.parts[-1 - len(folders) : -1] == folders:
                return place
        numbered = re.fullmatch(r"(.+)_\d+", path.stem)
        written = [_without_folders(name) for name in self.names]
        return written.index(numbered[1]) if numbered and numbered[1] in written else None

    def _as_label(self, places):
        return places if isinstance(self.names, dict) else places[0]

    def _labels(self):
        return self._patterns()[0].labels

    def _patterns(self):
        """Those of the data's files and, where they are not numbered, of files that `file_names` numbered."""
        # Not before TensorFlow may be imported.
        from keras_gen.datasets.name_pattern import NUMBER, NamePattern

        if self.pattern is None:
            return []
        numbered = [] if f"{{{NUMBER}}}" in self.pattern else [f"{self.pattern}_{{{NUMBER}}}"]
        return [NamePattern(text) for text in (self.pattern, *numbered)]


def _without_folders(name):
    return name.replace("/", "-")


def _place(text, names):
    if text in names:
        return names.index(text)
    if text.isdecimal() and int(text) < len(names):
        return int(text)
    raise unknown("class", text, names)
