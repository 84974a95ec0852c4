"""`keras-gen score`: how good a trained run is."""

from typing import Annotated

import typer

from keras_gen.cli.options import RunFolder
from keras_gen.cli.terminal import say, show_table, start_tensorflow, stopped
from keras_gen.errors import unknown

SPLITS = ("test", "val", "train")


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
    split: Annotated[str, typer.Option(help="Examples to measure on: test, val or train.")] = "test",
    metrics: Annotated[
        str | None,
        typer.Option(
            help="Take only these measures, such as kid,recall, and write no report.", show_default="all"
        ),
    ] = None,
):
    """Scores a finished run, for the first time or again: writes its report and metrics.json."""
    if split not in SPLITS:
        raise unknown("split", split, SPLITS)
    from keras_gen.runs.run import Run

    run = Run.open(folder)
    start_tensorflow()
    from keras_gen.runs.training import score

    with stopped(lambda: f"what {folder} holds is as it was, and the same command scores it anew."):
        wanted = None if metrics is None else [name.strip() for name in metrics.split(",")]
        found = score(run, samples, extractor, split, wanted)
    show_table([(name, f"{number:.4g}") for name, number in found.items()])
    if wanted is None:
        page, report = (run.of_split(file, split) for file in (run.page_file, run.report_file))
        say(f"Report: {page}, in short {report}")
