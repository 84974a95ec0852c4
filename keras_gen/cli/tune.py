"""`keras-gen tune`: a search for better settings of a recipe."""

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
    Start,
    fields_of,
    path_of,
)
from keras_gen.cli.terminal import say, show_table, start_tensorflow, stopped
from keras_gen.engines import join_search
from keras_gen.errors import InputError


def tune(
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE", help="Name of a recipe (see keras-gen list), or a .py file with a recipe."
        ),
    ],
    more: More = None,
    data: Data = None,
    tuner: Annotated[str, typer.Option(help="bayesian, grid, hyperband or random.")] = "bayesian",
    measure: Annotated[
        str | None,
        typer.Option(
            help="Measure that trials are compared by: kid, frechet, nll, label_agreement, ...",
            show_default="nll, for GANs kid",
        ),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Maximum number of trials.", show_default="as many as fit")
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="Maximum minutes of the search.")] = None,
    trial_minutes: Annotated[float | None, typer.Option(help="Maximum minutes of a trial.")] = None,
    executions: Annotated[
        int, typer.Option(min=1, max=1_000, help="Trainings of each trial, from other seeds.")
    ] = 1,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Epochs of a trial; the best setting is then trained for all of the recipe's.",
            show_default="the recipe's",
        ),
    ] = None,
    ranges: Annotated[
        list[str] | None,
        typer.Option(
            "--range",
            help="field=low:high, field=low:high:log or field=a,b,c, instead of the recipe's own ranges.",
            show_default="the recipe's",
        ),
    ] = None,
    start: Start = None,
    freeze: Freeze = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=MOST_WORKERS, help="Processes on this machine that run trials.")
    ] = None,
    cluster: Cluster = None,
    retrained: Annotated[
        bool,
        typer.Option(
            "--retrain/--no-retrain",
            help="Whether the best setting is trained in full at the end, for all epochs of the recipe.",
        ),
    ] = True,
    output: Annotated[
        Path | None,
        typer.Option(help="Folder of the search.", show_default="runs/RECIPE-tuned", parser=path_of),
    ] = None,
    assignments: Assignments = None,
):
    """Searches for better settings and trains the best; the same command goes on where it stopped."""
    from keras_gen import recipes
    from keras_gen.recipes.space import parse_ranges

    found = join_search(cluster, workers)
    fields = fields_of(assignments, more, data=data, frozen=freeze)
    if trials is None and minutes is None and tuner in ("bayesian", "random"):
        raise InputError(f"A {tuner} search has no end of its own: give --trials or --minutes.")
    output = output or Path("runs") / f"{recipes.short_name(recipe)}-tuned"
    fields |= recipes.as_begun(output / "search.json", recipe, fields)
    space = parse_ranges(recipes.resolve(recipe, fields), ranges) if ranges else None
    if found:
        say(found)
    start_tensorflow()
    from keras_gen.tuners import HyperRecipe
    from keras_gen.tuners.search import retrain, search

    hyper = HyperRecipe(recipe, measure, space, epochs, start, fields)
    if retrained:
        say(
            f"After the trials the best setting is trained for all {hyper.full.epochs:,} epochs of the "
            "recipe (not with --no-retrain)"
        )
    with stopped(lambda: f"the same command goes on from {output}."):
        results = search(
            hyper,
            output,
            tuner,
            workers,
            sys.argv[1:],
            max_trials=trials,
            minutes=minutes,
            trial_minutes=trial_minutes,
            executions_per_trial=executions,
        )
        if results is None:
            return  # the chief tells
        for title, (columns, lines) in (
            ("Best trials", results.table()),
            ("What mattered", results.what_mattered()),
        ):
            say(title if lines else f"{title}: too few trials to say")
            show_table([columns, *lines] if lines else [])
        if retrained:
            say("Training the best setting in full, for all epochs of the recipe")
            run = retrain(hyper, output, results)
            say(f"The best setting, trained in full: {run.report_file}")
    say(f"Trials: {output / 'report.md'}")
    say(f"Best setting: {output / 'best.json'}, which keras-gen train takes")
