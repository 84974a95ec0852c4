"""Reports in Markdown, from the templates that lie beside what they tell of."""

from keras_gen.evaluation.registry import measure
from keras_gen.markdown import TEMPLATES, render

MOST_NAMED = 1000  # files of one reason that a report names
TEMPLATES.filters["measure"] = measure


def figures(rows):
    """Rows as a table shows them: floats to four figures, nothing where there is no number."""
    told = {float: "{:.4g}".format, type(None): lambda _: ""}
    return [[told.get(type(cell), str)(cell) for cell in row] for row in rows]


TEMPLATES.filters["figures"] = figures


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
        fingerprint=getattr(dataset, "fingerprint", None),
        account=account.lines(MOST_NAMED) if account else [],
        scores=scores,
        metrics=metrics,
        real={name: value for score in scores for name, value in score.real.items()},
        sheets=sheets,
    )
