"""`keras-gen evaluate`: a model in use, on data given, beside what its report says."""

from pathlib import Path
from typing import Annotated

import typer

from keras_gen.cli.options import path_of
from keras_gen.cli.terminal import say, show_table, start_tensorflow


def evaluate(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="RUN_OR_SAVEDMODEL", help="Folder of a run or of a SavedModel.", parser=path_of
        ),
    ],
    data: Annotated[str, typer.Option(help="Data set: a name, a file, a folder or a zip.")],
    samples: Annotated[
        int | None,
        typer.Option(min=4, help="Generated examples that are compared.", show_default="the recipe's"),
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(help='A limit, such as "kid>0.05": the exit code is 1 if a score is past it.'),
    ] = None,
):
    """Scores a model on new data, and says which scores have drifted since its report."""
    start_tensorflow()
    from keras_gen.evaluation.limits import Limit
    from keras_gen.runs.evaluation import evaluate_in_use

    limits = [Limit.parse(text) for text in fail_if or []]
    found = evaluate_in_use(path, data, samples, [limit.name for limit in limits])
    names = [("measure", "now", "real", "report", "drifted")]
    for name, value in found.metrics.items():
        others = (f"{told[name]:.4g}" if name in told else "" for told in (found.real, found.reported))
        names.append((name, f"{value:.4g}", *others, found.drifted.get(name, "")))
    show_table(names)
    if not found.reported:
        say("There is no report to compare with.")
    elif not found.comparable:
        say("The report's were taken of other data, or of another number of examples: see its conditions.")
    elif not found.drifted:
        say("Nothing has drifted beyond its spread.")
    broken = [limit for limit in limits if limit.is_broken(found.metrics)]
    for limit in broken:
        say(f"Failed: {limit}, as it is {found.metrics[limit.name]:.4g}")
    if broken:
        raise typer.Exit(1)
