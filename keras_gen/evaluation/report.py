"""What there is to report of a run, and its short form in Markdown."""

import dataclasses
from typing import Any

from keras_gen.errors import InputError
from keras_gen.evaluation import comparison
from keras_gen.evaluation.registry import Table, measure
from keras_gen.markdown import TEMPLATES, render

MOST_NAMED = 1000  # files of one reason that a report names
TEMPLATES.filters["measure"] = measure


def figures(rows):
    """Rows as a table shows them: floats to four figures, nothing where there is no number."""
    told = {float: "{:.4g}".format, type(None): lambda _: ""}
    return [[told.get(type(cell), str)(cell) for cell in row] for row in rows]


TEMPLATES.filters["figures"] = figures


def joined(table, other):
    """A `Table` with the columns that only another has, of the same parts: the first two cells name them."""
    added = [place for place, column in enumerate(other.columns) if column not in table.columns]
    known, cells = ({row[:2]: row for row in some.rows} for some in (table, other))
    nothing, nothing_before = [None] * len(other.columns), [None] * (len(table.columns) - 2)
    rows = [
        (*known.get(part, (*part, *nothing_before)), *(cells.get(part, nothing)[place] for place in added))
        for part in known | cells
    ]
    return Table((*table.columns, *(other.columns[place] for place in added)), rows)


@dataclasses.dataclass
class Report:
    """All that reports of a run tell.

    Attributes:
        recipe: name of the recipe.
        about: what the recipe makes, a line.
        kind: name of the class of the model.
        networks: dict, name of a network -> number of its weights.
        settings: list of (field, value, meaning), texts.
        dataset: the `Dataset` it was trained on.
        scores: list of `Score`s.
        metrics: dict, name -> number, as in `metrics.json`.
        sheets: paths of what shows examples of the finished model: images, which lie beside the reports, or
            texts.
        history: list of dicts, log -> float, an epoch each.
        progress: list of (examples seen, path of the sheet of samples of that time).
        sounds: list of paths of recordings that the model drew.
        diagnosis: list of dicts of texts with `name`, `since`, `seen` and `advice`.
        made: list of (what, text): versions, machine and time.
        split: "test", or the name of the split that the scores are of in its place.
    """

    recipe: str
    about: str
    kind: str
    networks: dict
    settings: list
    dataset: Any
    scores: list
    metrics: dict
    sheets: list
    history: list = dataclasses.field(default_factory=list)
    progress: list = dataclasses.field(default_factory=list)
    sounds: list = dataclasses.field(default_factory=list)
    diagnosis: list = dataclasses.field(default_factory=list)
    made: list = dataclasses.field(default_factory=list)
    split: str = "test"

    @property
    def media(self):
        return self.dataset.media

    @property
    def real(self):
        """What real examples score: dict, name -> number, of those measures where that is known."""
        return {name: value for score in self.scores for name, value in score.real.items()}

    def on(self, name):
        """The split that a measure is of; an empty text where nobody knows the measure."""
        try:
            split = measure(name).split
        except InputError:
            return ""
        return self.split if split == "test" else split

    @property
    def conditions(self):
        """How the scores were taken: list of texts."""
        return [score.conditions for score in self.scores if score.conditions]

    @property
    def tables(self):
        """Numbers of parts of the data, one table for each heading: list of (heading, `Table`)."""
        found = {}
        for heading, table in (each for score in self.scores for each in score.tables.items()):
            found[heading] = joined(found[heading], table) if heading in found else table
        return list(found.items())

    @property
    def alike(self):
        """The examples most alike training ones, as `Score.alike`; empty where nobody looked for them."""
        return next((score.alike for score in self.scores if score.alike), {})

    @property
    def fingerprint(self):
        """That of a prepared set, or None."""
        return getattr(self.dataset, "fingerprint", None)

    @property
    def account(self):
        """What became of all that the source of the data holds: list of lines."""
        account = getattr(self.dataset, "account", None)
        return account.lines(MOST_NAMED) if account else []

    @property
    def verdict(self):
        """What the scores say, list of sentences."""
        return comparison.verdict(self.metrics, self.real, self.media.plural)

    def markdown(self):
        """The short report: text, of which `report.html` beside it is the long form."""
        return render("evaluation/run.md.j2", report=self)
