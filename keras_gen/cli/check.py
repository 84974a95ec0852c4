"""`keras-gen check`: what is in a data set, and what may be wrong with it."""

from pathlib import Path
from typing import Annotated

import typer

from keras_gen.cli.options import path_of
from keras_gen.cli.terminal import one_line, say, start_tensorflow
from keras_gen.errors import InputError, unknown

MEDIA = ("image", "audio", "text")
MOST_ROWS = 12  # of a table in the terminal


def check(
    source: Annotated[
        str, typer.Argument(metavar="SRC", help="Data set: a name, a file, a folder or a zip.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Page with pictures to write, such as check.html.", parser=path_of)
    ] = None,
    media: Annotated[
        str | None,
        typer.Option(help="image, audio or text: which files to check if there are several kinds."),
    ] = None,
    labels: Annotated[
        str,
        typer.Option(
            help="inferred, top, a pattern of names such as {digit}_{speaker}_{index}, a table, a column of "
            "sentences, or none."
        ),
    ] = "inferred",
    field: Annotated[str | None, typer.Option(help="Key or column that holds the sentences.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the examples that are shown.")] = 0,
):
    """Checks data before training: sizes, balance, damage, duplicates, outliers. Writes only --out."""
    if media is not None and media not in MEDIA:
        raise unknown("media", media, MEDIA)
    if out is not None and (out.suffix.lower() not in (".html", ".htm") or not out.parent.is_dir()):
        raise InputError(f"--out is a page in a folder that exists, such as check.html, not {str(out)!r}.")
    start_tensorflow()
    from keras_gen import datasets
    from keras_gen.media import Audio, Image, Text

    makers = {"image": lambda: Image(64, 64, 3), "audio": Audio, "text": Text, None: lambda: None}
    labels = None if labels == "none" else labels
    findings = datasets.check(source, media=makers[media](), labels=labels, field=field, seed=seed)
    show(findings)
    if out is not None:
        findings.save(out)
        say(f"With pictures: {out}")


def show(findings):
    """Prints the tables of `Findings`."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    for line in [findings.source, *findings.account.lines(), *findings.notes]:
        say(line)
    for table in findings.tables:
        shown = Table(
            title=table.title, caption=Text(table.told), title_justify="left", caption_justify="left"
        )
        for column in table.columns:
            shown.add_column(column, overflow="fold")
        for row in table.rows[:MOST_ROWS]:
            shown.add_row(*(Text(one_line(cell)) for cell in row))
        rest = len(table.rows) - MOST_ROWS
        if rest > 0:
            shown.add_row(f"{rest:,} more")
        console.print(shown)
