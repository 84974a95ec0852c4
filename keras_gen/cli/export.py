"""`keras-gen export`: a SavedModel of a trained run."""

from pathlib import Path
from typing import Annotated

import typer

from keras_gen.cli.options import RunFolder, path_of
from keras_gen.cli.terminal import say, start_tensorflow


def export(
    folder: RunFolder,
    to: Annotated[
        Path | None,
        typer.Option(help="Folder of the models' versions.", show_default="savedmodels/RUN", parser=path_of),
    ] = None,
):
    """Writes the next version of a run's SavedModel."""
    from keras_gen.runs.run import Run

    run = Run.open(folder)
    start_tensorflow()
    from keras_gen.export import next_version

    versions = to or Path("savedmodels") / run.folder.resolve().name
    path = run.load_model().export(next_version(versions), provenance=run.provenance())
    say(f"SavedModel: {path}")
