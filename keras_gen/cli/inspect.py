"""`keras-gen inspect`: whether files say that they are synthetic, and by which model."""

from pathlib import Path
from typing import Annotated

import typer

from keras_gen.cli.options import path_of
from keras_gen.cli.terminal import say, start_tensorflow


def inspect(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Images, recordings, texts.", parser=path_of)
    ],
):
    """Says whether files are synthetic, as far as they tell; exits with 1 where one tells nothing."""
    start_tensorflow()
    from keras_gen.runs.provenance import inspect

    silent = False
    for file in files:
        line = told(inspect(file))
        silent = silent or line is None
        say(f"{file}: {line or 'says nothing, which proves nothing: marks are easily lost'}.")
    if silent:
        raise typer.Exit(1)


def told(found):
    """What an `Inspection` found, in a line; None where that is nothing."""
    signature = found.signature
    places = {
        "in the file": found.within,
        "in its sidecar": found.beside,
        "in its signature": signature and signature.origin,
    }
    told = {place: origin for place, origin in places.items() if origin}
    if not told:
        return None
    origin = next(iter(told.values()))
    kind = f"{'' if origin.is_synthetic else 'not '}synthetic ({origin.source_type.rpartition('/')[2]})"
    line = f"{kind}, by {origin.system}, {origin.version}: {' and '.join(told)}"
    if len(set(told.values())) > 1:
        line += ", which differ"
    if found.changed:
        line += "; the file was changed since its sidecar was written"
    if signature:
        state = "unchanged since" if signature.is_valid else "BUT CHANGED SINCE, or wrongly signed"
        line += f"; signed in the name of {signature.signer}, {state}"
    return line
