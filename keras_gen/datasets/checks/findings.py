"""What a check finds, as tables that a terminal and a page show."""

import dataclasses

from keras_gen.datasets.account import Account, printable
from keras_gen.datasets.checks.measures import FAR
from keras_gen.datasets.checks.page import write_page

QUANTILES = (0, 0.05, 0.5, 0.95, 1)
MOST_KINDS = 20
MOST_NAMES = 5


@dataclasses.dataclass
class Table:
    """Rows of texts under a title.

    Attributes:
        title: of the table.
        told: what its numbers mean, a sentence, or "".
        columns: their names.
        rows: list of lists of str.
    """

    title: str
    told: str
    columns: list
    rows: list


@dataclasses.dataclass
class Duplicate:
    """Two examples that are the same, or nearly.

    Attributes:
        names: of both; for sentences the sentences themselves.
        splits: of both.
        places: of both, counted over train, val and test together.
        is_exact: whether they are the same.
        told: how near they are, in words.
    """

    names: tuple
    splits: tuple
    places: tuple
    is_exact: bool
    told: str


@dataclasses.dataclass
class Outlier:
    """An example that is unlike the others.

    Attributes:
        name, split: of the example.
        place: counted over train, val and test together.
        measure: in which it is farthest from the median.
        value: of the measure.
        deviations: from the median, in robust standard deviations.
    """

    name: str
    split: str
    place: int
    measure: str
    value: float
    deviations: float


@dataclasses.dataclass
class Flag:
    """Examples with one thing that may be wrong.

    Attributes:
        name: what may be wrong.
        criterion: when it is told.
        names: of the examples.
    """

    name: str
    criterion: str
    names: list


@dataclasses.dataclass(repr=False)
class Findings:
    """What `check` finds in a source. `str` gives it as text, `save` writes it as a page.

    Attributes:
        source: its name.
        plural: what examples are called.
        account: the `Account` of what was found, used and set aside, with reasons.
        notes: sentences: what `load` would refuse, what could not be checked, and why.
        spreads: name of a measure -> (unit, its quantiles 0, 0.05, 0.5, 0.95 and 1).
        kinds: such as "mode" -> word -> number of examples, or of characters.
        balance: name of a label -> class -> split -> number of examples.
        flags: list of `Flag`.
        criterion: of near duplicates, in words.
        duplicates: list of `Duplicate`: those across splits first, of these the exact ones, then the nearest.
        shared: (split, other split) -> number of examples of the first that have a duplicate in the other.
        outliers: list of `Outlier`, the farthest first.
        rare: list of (character, name, count), of sentences.
        sheet: list of (name, picture or None): examples drawn at random.
        pictures: place of an example -> picture, of some duplicates and outliers.
    """

    source: str
    plural: str
    account: Account
    notes: list = dataclasses.field(default_factory=list)
    spreads: dict = dataclasses.field(default_factory=dict)
    kinds: dict = dataclasses.field(default_factory=dict)
    balance: dict = dataclasses.field(default_factory=dict)
    flags: list = dataclasses.field(default_factory=list)
    criterion: str = ""
    duplicates: list = dataclasses.field(default_factory=list)
    shared: dict = dataclasses.field(default_factory=dict)
    outliers: list = dataclasses.field(default_factory=list)
    rare: list = dataclasses.field(default_factory=list)
    sheet: list = dataclasses.field(default_factory=list)
    pictures: dict = dataclasses.field(default_factory=dict)

    @property
    def tables(self):
        """All that is found, list of `Table`; those without rows are left out."""
        tables = [
            self._spread_table(),
            *map(self._kind_table, self.kinds),
            *map(self._balance_table, self.balance),
            Table(
                "May be wrong",
                "",
                ["what", "examples", "criterion", "such as"],
                [
                    [flag.name, f"{len(flag.names):,}", flag.criterion, _some(flag.names)]
                    for flag in self.flags
                ],
            ),
            self._shared_table(),
            self._duplicate_table(),
            self._outlier_table(),
            Table(
                "Rare characters",
                "of which there are fewer than one in 100,000",
                ["character", "name", "count"],
                [[printable(character), name, f"{count:,}"] for character, name, count in self.rare],
            ),
        ]
        return [table for table in tables if table.rows]

    def save(self, path):
        """Writes a page of HTML that needs no other file.

        Args:
            path: of the file, which is replaced if it is there.
        """
        write_page(self, path)

    def _spread_table(self):
        rows = [
            [name, unit, *(f"{value:,.4g}" for value in quantiles)]
            for name, (unit, quantiles) in self.spreads.items()
        ]
        columns = ["measure", "unit", "least", "5%", "median", "95%", "most"]
        return Table(f"Measures of {self.plural}", "", columns, rows)

    def _kind_table(self, kind):
        counts = sorted(self.kinds[kind].items(), key=lambda item: (-item[1], item[0]))
        rows = [[printable(word), f"{count:,}"] for word, count in counts[:MOST_KINDS]]
        if counts[MOST_KINDS:]:
            rest = sum(count for _, count in counts[MOST_KINDS:])
            rows.append([f"{len(counts) - MOST_KINDS:,} others", f"{rest:,}"])
        return Table(kind.capitalize(), "", [kind, "count"], rows)

    def _balance_table(self, label):
        counts = self.balance[label]
        splits = [
            split for split in ("train", "val", "test") if any(split in each for each in counts.values())
        ]
        totals = {name: sum(each.values()) for name, each in counts.items()}
        least, most = min(totals, key=totals.get), max(totals, key=totals.get)
        told = f"{len(totals):,} in all, {totals[most]:,} of each"
        if totals[least] < totals[most]:
            told = (
                f"{len(totals):,} in all, from {totals[least]:,} ({printable(least)}) to {totals[most]:,} "
                f"({printable(most)}), {totals[most] / totals[least]:.3g} times as many"
            )
        order = sorted(totals, key=lambda name: (-totals[name], name))
        rows = [[printable(name), *(f"{counts[name].get(split, 0):,}" for split in splits)] for name in order]
        return Table(f"Balance: {label}", told, [label, *splits], rows)

    def _shared_table(self):
        rows = []
        for (split, other), count in self.shared.items():
            total = self.account.used[split]
            where = "the same split" if other == split else other
            rows.append([split, where, f"{count:,}", f"{count / total:.2%}"])
        told = f"exact, and near: {self.criterion}" if self.criterion else "exact"
        return Table("Duplicates", told, ["examples of", "that are also in", "count", "share"], rows)

    def _duplicate_table(self):
        rows = [
            [*pair.splits, *map(printable, pair.names), "the same" if pair.is_exact else pair.told]
            for pair in self.duplicates
        ]
        return Table("Pairs of duplicates", "", ["split", "split", "one", "other", "how near"], rows)

    def _outlier_table(self):
        rows = [
            [each.split, printable(each.name), each.measure, f"{each.value:.4g}", f"{each.deviations:+.1f}"]
            for each in self.outliers
        ]
        told = (
            f"more than {FAR:g} robust standard deviations (1.4826 times the median absolute deviation) from "
            "the median of a measure"
        )
        return Table("Outliers", told, ["split", "name", "measure", "value", "deviations"], rows)

    def __str__(self):
        lines = [f"{self.source}: {self.account}", *self.notes]
        for table in self.tables:
            lines += ["", f"{table.title}{': ' * bool(table.told)}{table.told}"]
            lines += ["  ".join(row) for row in [table.columns, *table.rows]]
        return "\n".join(lines)

    def __repr__(self):
        return f"Findings({self.source!r}: {self.account.lines()[0]})"


def _some(names):
    return ", ".join(map(printable, names[:MOST_NAMES])) + ", ..." * (len(names) > MOST_NAMES)
