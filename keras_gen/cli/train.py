"""`keras-gen train`: from a recipe to a trained model."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from keras_gen.cli.options import (
    MOST_WORKERS,
    Assignments,
    Cluster,
    Data,
    Freeze,
    More,
    Preset,
    Recipe,
    Start,
    fields_of,
    path_of,
    recipe_of,
)
from keras_gen.cli.terminal import say, show_table, start_tensorflow, stopped
from keras_gen.engines import join
from keras_gen.errors import InputError
from keras_gen.runs.processes import train_with_workers


def train(
    recipe: Recipe,
    more: More = None,
    data: Data = None,
    preset: Preset = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder of the run.", show_default="runs/RECIPE", parser=path_of)
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs to train.", show_default="the recipe's")] = None,
    precision: Annotated[
        str | None,
        typer.Option(help="float32, mixed_bfloat16 or mixed_float16.", show_default="the recipe's"),
    ] = None,
    strategy: Annotated[
        str,
        typer.Option(
            help="auto, one, mirrored (all GPUs), multiworker (the machines in TF_CONFIG) or tpu.",
        ),
    ] = "auto",
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_WORKERS,
            help="Processes on this machine that train together, to try several machines.",
        ),
    ] = None,
    cluster: Cluster = None,
    start: Start = None,
    freeze: Freeze = None,
    scored: Annotated[
        bool, typer.Option("--score/--no-score", help="Whether the model is scored at the end.")
    ] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check data and settings, say how long it takes, and stop.")
    ] = False,
    tracker: Annotated[
        str | None, typer.Option("--log", help="wandb or mlflow: also sends the logs there.")
    ] = None,
    assignments: Assignments = None,
):
    """Trains a recipe; the same command goes on where it was stopped."""
    from keras_gen import recipes
    from keras_gen.runs.run import Run, fine_tuned

    found = join(cluster, workers)
    if found and strategy not in ("auto", "multiworker"):
        raise InputError(f"--cluster is of the strategy multiworker, not {strategy}: leave --strategy out.")
    fields = fields_of(assignments, more, data=data, epochs=epochs, precision=precision, frozen=freeze)
    run = Run(output or Path("runs") / recipes.short_name(recipe))
    fields |= recipes.as_begun(run.config_file, recipe, fields)
    if start is None:
        recipe, config = recipe_of(recipe, fields, preset)
    elif preset is not None:
        raise InputError(f"--from {start} brings the settings of that run: leave --preset {preset} out.")
    elif recipe.endswith(".json"):
        raise InputError(
            f"{recipe} says itself what training begins with: give --set start={start} instead of --from."
        )
    else:
        config = fine_tuned(recipe, start, fields)
    if not config.data:
        raise InputError(f"{recipe} needs files of yours: give --data with a file, a folder or a zip.")
    run.check(recipe, config)
    is_longer = run.is_shorter(config)
    if run.complete and not is_longer:
        say(
            f"{run.folder} is complete: read {run.report_file}, train it further with --from {run.folder} "
            "--output ANOTHER, give more --epochs, or train to another --output."
        )
        return
    if not scored and not is_longer and run.has_results and run.finished() is not None:
        say(f"{run.folder} is trained and exported: keras-gen score {run.folder} scores it.")
        return
    if dry_run:
        rehearse(run, config, strategy)
        return
    if workers and not os.environ.get("TF_CONFIG"):  # which says to each worker that it is one
        raise typer.Exit(train_with_workers(workers, run, strategy, sys.argv[1:]))
    if found:
        say(found)
    start_tensorflow()
    from keras_gen.runs.training import left_by, train

    with stopped(lambda: left_by(run, config)):
        savedmodel = train(run, recipe, config, strategy, scored=scored, tracker=tracker)
    if savedmodel is None:
        return  # the chief tells
    left = (
        ("images", run.samples(".png")),
        ("sentences", run.samples(".txt")),
        ("recordings", run.sounds),
        ("model", run.model_file),
        ("report", run.page_file),
        ("in short", run.report_file),
        ("SavedModel", savedmodel),
    )
    show_table([(what, str(path)) for what, path in left if path.exists()])


def rehearse(run, config, strategy):
    """Says what a training would write where, and how long it would take."""
    start_tensorflow()
    from keras_gen.runs.rehearsal import rehearse

    with stopped(lambda: "nothing was written."):
        expected = rehearse(run, config, strategy)
    rows = [("run", run.folder), ("SavedModel", run.savedmodel)]
    show_table([(what, str(path)) for what, path in rows] + [("training", expected or "one step")])
    say("Nothing was written.")
