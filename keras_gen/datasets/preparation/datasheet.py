"""The datasheet of a prepared set, after Gebru et al. 2021."""

import dataclasses

import numpy as np

from keras_gen.datasets.held_out import DIVIDED
from keras_gen.markdown import render

MOST_ROWS = 50  # classes or groups of a table
TOLD_ABOVE = ("source", "contents", "media", "license", "keras_gen")


@dataclasses.dataclass
class Table:
    """How examples are spread over the values of a label or the groups.

    Args:
        title: sentence above it.
        name: of what the rows are.
        values: name of each row.
        numbers: for each split the row of each example, int (N,).
    """

    title: str
    name: str
    values: dataclasses.InitVar[list]
    numbers: dataclasses.InitVar[list]
    rows: list = dataclasses.field(default_factory=list)
    more: str = ""

    def __post_init__(self, values, numbers):
        counts = np.stack([np.bincount(each, minlength=len(values)) for each in numbers], axis=1)
        totals = counts.sum(axis=1)
        shown = np.sort(np.argsort(-totals, kind="stable")[:MOST_ROWS])
        self.rows = [{"name": values[row], "counts": counts[row].tolist()} for row in shown]
        if len(values) > MOST_ROWS:
            self.more = f"The {MOST_ROWS} largest of {len(values):,}, which have"
        else:
            self.more = f"{len(values):,} in all, which have"
        self.more += f" {totals.min():,} to {totals.max():,} examples, {np.median(totals):,g} in the median."


def datasheet(index, account, settings, labels, groups):
    """The datasheet, in Markdown.

    Args:
        index: the `Index` of the set.
        account: its `Account`.
        settings: dict, what it was made with.
        labels: name of a split -> labels of its examples, int (N,) or (N, n), or None without.
        groups: name of a split -> the group of each example, list of str, or None without groups.

    Returns:
        Text.
    """
    tables, labels = [], {split: rows for split, rows in labels.items() if rows is not None}
    if labels:
        several = index.class_names
        several = several if isinstance(several, dict) else {"class": several}
        for place, (label, values) in enumerate(several.items()):
            numbers = [_column(labels.get(split), place) for split in account.used]
            tables.append(Table(f"Balance of the values of {label}", label, values, numbers))
    if groups and settings["groups"] not in {table.name for table in tables}:
        values, numbers = np.unique(np.concatenate([*map(np.array, groups.values())]), return_inverse=True)
        ends = np.cumsum([len(rows) for rows in groups.values()])[:-1]
        field = settings["groups"]
        tables.append(
            Table(f"Groups, by {field}", field, values.tolist(), np.split(numbers.reshape(-1), ends))
        )
    held = f"by hash of {settings['groups']}" if groups else "by hash of the content"
    rule = (
        f"as the source tells them, and else {held} with the seed {settings['seed']}, so that an example "
        "stays in its own when others are added."
    )
    if DIVIDED in account.notes:
        rule = "by time, first for training, then for validation, last for testing."
    return render(
        "datasets/preparation/datasheet.md.j2",
        plural=account.plural,
        media=index.media,
        fingerprint=index.fingerprint,
        used=account.used,
        total=sum(account.used.values()),
        split_rule=rule,
        tables=tables,
        source=index.source,
        account=account.lines(),
        license=index.license,
        version=settings["keras_gen"],
        settings={
            key: value
            for key, value in settings.items()
            if key not in TOLD_ABOVE and value is not None and value is not False
        },
    )


def _column(labels, place):
    return np.zeros(0, int) if labels is None else labels.reshape(len(labels), -1)[:, place]
