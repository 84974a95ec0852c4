"""`keras-gen score`: how good a trained run is."""

from typing import Annotated

import typer

from keras_gen.cli.options import RunFolder
from keras_gen.cli.terminal import say, show_table, start_tensorflow, stopped


def score(
    folder: RunFolder,
    samples: Annotated[
        int | None,
        typer.Option(min=4, help="Generated examples that are compared.", show_default="the recipe's"),
    ] = None,
    extractor: Annotated[
        str | None,
        typer.Option(
            help="Feature space of distances: auto, efficientnet-lite0, inception-v3, or a .keras file.",
            show_default="the recipe's",
        ),
    ] = None,
):
    """Scores a finished run, for the first time or again: writes its report and metrics.json."""
    from keras_gen.runs.run import Run

    run = Run.open(folder)
    start_tensorflow()
    from keras_gen.runs.training import score

    with stopped(lambda: f"what {folder} holds is as it was, and the same command scores it anew."):
        score(run, samples, extractor)
    show_table([(name, f"{number:.4g}") for name, number in run.metrics().items()])
    say(f"Report: {run.page_file}, in short {run.report_file}")
