"""What became of all that a source holds."""

import dataclasses

MOST_NAMED = 5
MOST_COUNTED = 2**53


@dataclasses.dataclass
class SetAside:
    """Examples, lines or files that are left out for one reason.

    Attributes:
        count: how many.
        names: of the files, or of the examples where they have names.
        twins: of duplicates, the name of what each of them is like; else empty.
    """

    count: int = 0
    names: list = dataclasses.field(default_factory=list)
    twins: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass(repr=False)
class Account:
    """What became of all that a source holds: found, used, set aside and why, ignored.

    `str` gives it as text, `as_dict` for JSON.

    Attributes:
        plural: what examples are called, such as "images".
        found: number of examples in the source, used or set aside. A recording counts once, in however many
            pieces it is used, and a file that cannot be opened too.
        used: name of a split -> number of its examples.
        set_aside: reason -> `SetAside`.
        cleaned: what packing did to examples, such as "resized" -> number of them.
        ignored: kind of file, such as ".md" -> names of files that are not read.
        notes: what was done with some files beside that, in words -> their names.
        shared: name of a held-out split -> number of its examples that are kept and stand in other splits.
        seconds: of recordings, those used and those found, without silence at the ends; None for others.

    Example:

    >>> account = Account("images", found=3, used={"train": 2})
    >>> account.set_apart("it is empty", ["c.png"])
    >>> print(account)
    3 images found, used: 2 train.
    Set aside: it is empty (1: c.png).
    """

    plural: str
    found: int = 0
    used: dict = dataclasses.field(default_factory=dict)
    set_aside: dict = dataclasses.field(default_factory=dict)
    cleaned: dict = dataclasses.field(default_factory=dict)
    ignored: dict = dataclasses.field(default_factory=dict)
    notes: dict = dataclasses.field(default_factory=dict)
    shared: dict = dataclasses.field(default_factory=dict)
    seconds: tuple | None = None

    def __post_init__(self):
        self._told = []

    def set_apart(self, reason, names, count=None, told=None, twins=()):
        """Notes what is left out.

        Args:
            reason: why.
            names: of what is left out.
            count: how many; by default as many as there are names.
            told: a sentence for the warning, or None where none is needed.
            twins: of duplicates, the name of what each of them is like.
        """
        entry = self.set_aside.setdefault(reason, SetAside())
        entry.count += len(names) if count is None else count
        entry.names += map(str, names)
        entry.twins += map(str, twins)
        self.tell(told)

    def tell(self, sentence):
        """Adds a sentence to the warning; nothing for None."""
        self._told += [sentence] if sentence else []

    @property
    def warning(self):
        """What is to be warned of, sentences in one line; empty where nothing is."""
        return " ".join(self._told)

    def lines(self, most=MOST_NAMED):
        """The account as text, a line for each thing.

        Args:
            most: names that a line shows at most.

        Returns:
            List of str.
        """
        used = ", ".join(f"{count:,} {printable(split)}" for split, count in self.used.items())
        told = [f"{self.found:,} {self.plural} found, {'' if self.set_aside else 'all '}used: {used}."]
        if self.cleaned:
            steps = ", ".join(
                f"{printable(step)} ({count:,})" for step, count in sorted(self.cleaned.items())
            )
            told.append(f"Cleaned: {steps}.")
        for reason, left in self.set_aside.items():
            names = some(left.names, most).partition(": ")[2]
            told.append(f"Set aside: {printable(reason)} ({left.count:,}{': ' * bool(names)}{names}).")
        told += [f"Ignored: {printable(kind)} ({some(names, most)})." for kind, names in self.ignored.items()]
        told += [f"{printable(what)} ({some(names, most)})." for what, names in self.notes.items()]
        told += [
            f"Kept, though they stand in other splits too: {count:,} of {printable(split)}."
            for split, count in self.shared.items()
        ]
        if self.seconds and self.seconds[1]:
            kept, found = self.seconds
            told.append(f"Used of all sound: {kept:,.1f} of {found:,.1f} seconds, {kept / found:.0%}.")
        return told

    def as_dict(self):
        """The account as JSON has it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, told):
        """The account that `as_dict` gave, of which no value is trusted and other keys are left out.

        Args:
            told: what JSON had.

        Raises:
            TypeError, ValueError: a value is missing, or not what an account holds.
        """
        if not isinstance(told, dict):
            raise TypeError("it is no account")
        values = {field.name: told[field.name] for field in dataclasses.fields(cls) if field.name in told}
        for name, value in values.items():
            if not CHECKS[name](value):
                raise ValueError(f"its {name} cannot be right")
        parts, seconds = values.get("set_aside", {}), values.get("seconds")
        values["set_aside"] = {reason: SetAside(**part) for reason, part in parts.items()}
        values["seconds"] = None if seconds is None else tuple(seconds)
        return cls(**values)

    def __str__(self):
        return "\n".join(self.lines())

    def __repr__(self):
        return str(self)


def _is_count(value):
    return type(value) is int and 0 <= value < MOST_COUNTED


def _are_names(value):
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_set_aside(value):
    fits = isinstance(value, dict) and value.keys() == {"count", "names", "twins"}
    return fits and _is_count(value["count"]) and _are_names(value["names"]) and _are_names(value["twins"])


def _are_seconds(value):
    if value is None:
        return True
    fits = isinstance(value, list) and len(value) == 2 and all(type(part) in (int, float) for part in value)
    return fits and 0 <= value[0] <= value[1] < MOST_COUNTED


def _each(is_right):
    return lambda value: isinstance(value, dict) and all(map(is_right, value.values()))


CHECKS = {  # of what JSON had: the name of an attribute -> whether it may be its value
    "plural": lambda value: isinstance(value, str),
    "found": _is_count,
    "used": _each(_is_count),
    "set_aside": _each(_is_set_aside),
    "cleaned": _each(_is_count),
    "ignored": _each(_are_names),
    "notes": _each(_are_names),
    "shared": _each(_is_count),
    "seconds": _are_seconds,
}


def some(names, most=MOST_NAMED):
    """How many, and the first few."""
    rest = ", ..." if len(names) > most else ""
    return f"{len(names)}: {', '.join(map(printable, names[:most]))}{rest}"


def printable(name):
    """A name from somewhere else, of which a line or a terminal makes nothing but text."""
    return name if str(name).isprintable() else repr(name)
