"""`keras-gen inspect`: whether files say that they are synthetic, and by which model."""

from pathlib import Path
from typing import Annotated

import typer

from keras_gen.cli.options import path_of
from keras_gen.cli.terminal import say


def inspect(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Images, recordings, texts.", parser=path_of)
    ],
):
    """Says whether files are synthetic, as far as they tell; exits with 1 where one tells nothing."""
    from keras_gen.runs.provenance import inspect

    silent = False
    for file in files:
        found = inspect(file)
        origin = found.within or found.beside
        if origin is None:
            silent = True
            say(f"{file}: says nothing, which proves nothing: marks are easily lost.")
            continue
        told = " and ".join(
            where for where, told in (("in the file", found.within), ("in its sidecar", found.beside)) if told
        )
        changed = "; the file was changed since its sidecar was written" if found.changed else ""
        differs = found.within and found.beside and found.within != found.beside
        say(
            f"{file}: synthetic ({origin.source_type.rpartition('/')[2]}), by {origin.system}, "
            f"{origin.version}: {told}{', which differ' if differs else ''}{changed}."
        )
    if silent:
        raise typer.Exit(1)
