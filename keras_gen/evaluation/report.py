"""Reports in Markdown, from the templates that lie beside what they tell of."""

import re
from pathlib import Path

import jinja2
from markupsafe import Markup

from keras_gen.evaluation.registry import measure

MOST_NAMED = 1000  # files of one reason that a report names
SPECIAL = re.compile(r"([\\`*\[\]<|])")  # what Markdown reads as more than a character


def plain(value):
    """A value as it reads in a line or a cell: names of files and errors end no cell, and mark nothing up."""
    return value if isinstance(value, Markup) else SPECIAL.sub(r"\\\1", " ".join(str(value).split()))


def code(value):
    """A value between backticks."""
    return Markup(f"`{' '.join(str(value).split()).replace('`', chr(39))}`")


def fenced(text):
    """A text as a block of code, with a fence of more backticks than any that it has."""
    fence = "`" * max([3, *(1 + len(ticks) for ticks in re.findall("`+", text))])
    return Markup("\n".join([fence, text.rstrip("\n"), fence]))


TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent.parent),
    finalize=plain,  # where HTML has autoescape
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    undefined=jinja2.StrictUndefined,
)
TEMPLATES.filters |= {"code": code, "fenced": fenced, "measure": measure}


def render(template, **values):
    """A template of the kit, filled in; whatever is in the values stands in the text as it is.

    Args:
        template: path in the package, such as "evaluation/run.md.j2".
        **values: that the template names.

    Returns:
        Text in Markdown.
    """
    return TEMPLATES.get_template(template).render(values)


def report(recipe, settings, dataset, scores, metrics, sheets):
    """The report of a run, in Markdown.

    Args:
        recipe: name of the recipe.
        settings: dict, field -> value.
        dataset: the `Dataset` it was trained on.
        scores: list of `Score`s.
        metrics: name -> number, as in `metrics.json`.
        sheets: paths of what is to be shown: images, which lie beside the report, or texts.

    Returns:
        Text.
    """
    account = getattr(dataset, "account", None)
    return render(
        "evaluation/run.md.j2",
        recipe=recipe,
        settings=settings,
        dataset=dataset,
        account=account.lines(MOST_NAMED) if account else [],
        scores=scores,
        metrics=metrics,
        real={name: value for score in scores for name, value in score.real.items()},
        sheets=sheets,
    )
