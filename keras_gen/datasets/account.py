"""What became of all that a source holds."""

import dataclasses

MOST_NAMED = 5


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
        used = ", ".join(f"{count:,} {split}" for split, count in self.used.items())
        told = [f"{self.found:,} {self.plural} found, {'' if self.set_aside else 'all '}used: {used}."]
        if self.cleaned:
            steps = ", ".join(f"{step} ({count:,})" for step, count in sorted(self.cleaned.items()))
            told.append(f"Cleaned: {steps}.")
        for reason, left in self.set_aside.items():
            names = some(left.names, most).partition(": ")[2]
            told.append(f"Set aside: {reason} ({left.count:,}{': ' * bool(names)}{names}).")
        told += [f"Ignored: {printable(kind)} ({some(names, most)})." for kind, names in self.ignored.items()]
        told += [f"{what} ({some(names, most)})." for what, names in self.notes.items()]
        told += [
            f"Kept, though they stand in other splits too: {count:,} of {split}."
            for split, count in self.shared.items()
        ]
        if self.seconds:
            kept, found = self.seconds
            told.append(f"Used of all sound: {kept:,.1f} of {found:,.1f} seconds, {kept / found:.0%}.")
        return told

    def as_dict(self):
        """The account as JSON has it."""
        return dataclasses.asdict(self)

    def __str__(self):
        return "\n".join(self.lines())

    def __repr__(self):
        return str(self)


def some(names, most=MOST_NAMED):
    """How many, and the first few."""
    rest = ", ..." if len(names) > most else ""
    return f"{len(names)}: {', '.join(map(printable, names[:most]))}{rest}"


def printable(name):
    """A name from somewhere else, of which a line or a terminal makes nothing but text."""
    return name if str(name).isprintable() else repr(name)
