"""`keras-gen compare`: scored runs beside each other."""

from pathlib import Path
from typing import Annotated

import typer

from keras_gen.cli.options import path_of
from keras_gen.cli.terminal import say, show_table, start_tensorflow


def compare(
    folders: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs.", parser=path_of)],
    page: Annotated[
        Path | None, typer.Option(help="Page to write, such as compared.html.", parser=path_of)
    ] = None,
):
    """Shows the scores of runs and the settings that differ; a star marks the best."""
    from keras_gen.runs.run import Run

    runs = [Run.open(folder) for folder in folders]
    start_tensorflow()
    from keras_gen.runs.comparison import compare_runs

    found = compare_runs(runs)
    ways, words = {"min": "lower", "max": "higher", None: ""}, {True: "yes", False: "no", None: "unknown"}
    show_table(
        [
            ("measure", *found.names, "better", "told apart"),
            *(
                (
                    row.name,
                    *(_cell(row, place) for place in range(len(runs))),
                    ways[row.direction],
                    words[row.certain] if row.direction else "",
                )
                for row in found.rows
            ),
        ]
    )
    if not found.same_data:
        say("The runs are of different data: distances and likelihoods do not compare.")
    say("Settings that differ:" if found.settings else "No settings differ.")
    if found.settings:
        show_table([("field", *found.names), *((name, *values) for name, values in found.settings)])
    if page is not None:
        found.write_page(page)
        say(f"Page: {page}")


def _cell(row, place):
    number, spread = row.numbers[place], row.spreads[place]
    if number is None:
        return ""
    ends = f" ({spread[0]:.3g} to {spread[1]:.3g})" if spread else ""
    return f"{number:.4g}{ends}{' *' if place in row.best else ''}"
