"""`keras-gen reproduce`: the figures of docs/results.md, taken again."""

from pathlib import Path
from typing import Annotated

import typer

from keras_gen.cli.options import path_of
from keras_gen.cli.terminal import say, show_table, start_tensorflow, stopped


def reproduce(
    row: Annotated[
        str | None, typer.Option(help="Recipe whose figures are taken again; without --row all are listed.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Its data, if they do not come with the kit.", show_default=False)
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder of the runs.", parser=path_of)] = "runs/reproduced",
):
    """Trains a row of docs/results.md again, and tells which figures held; exits with 1 if one did not.

    The same command goes on where it was stopped.
    """
    from keras_gen.runs.reproduction import ROWS, reproduce, row_of
    from keras_gen.runs.run import Run

    if row is None:
        show_table(
            [
                (name, told(figures), f"--data: {needs}" if needs else "")
                for name, (figures, needs) in ROWS.items()
            ]
        )
        return
    row_of(row, data)
    run = Run(output / row)
    start_tensorflow()
    with stopped(lambda: f"the same command goes on with {run.folder}."):
        found = reproduce(row, run, data)
    show_table(
        [
            ("measure", "told", "found", ""),
            *((name, one(figure), f"{number:.4g}", verdict) for name, figure, number, verdict in found),
        ]
    )
    missed = [name for name, *_, verdict in found if verdict == "missed"]
    say(f"Beyond three deviations: {', '.join(missed)}." if missed else "No figure missed what was told.")
    raise typer.Exit(bool(missed))


def told(figures):
    return ", ".join(f"{name} {one(figure)}" for name, figure in figures.items())


def one(figure):
    return f"{figure.told:g}" + ("" if figure.spread is None else f" ± {figure.spread:g}")
