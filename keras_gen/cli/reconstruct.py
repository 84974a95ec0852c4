"""`keras-gen reconstruct`: files or sentences as they come back from their latents."""

from pathlib import Path
from typing import Annotated

import typer

from keras_gen.cli.options import (
    Format,
    Marked,
    RunFolder,
    WatermarkKey,
    WatermarkStrength,
    labels_of_files,
    path_of,
    watermark_of,
)
from keras_gen.cli.terminal import say, start_tensorflow


def reconstruct(
    folder: RunFolder,
    given: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files, or sentences.")],
    out: Annotated[
        Path,
        typer.Option(
            help="Folder with one file for each, FILE.png for a grid of images, or FILE.txt for sentences.",
            parser=path_of,
        ),
    ],
    label: Annotated[
        str | None, typer.Option(help="Class, such as 7,george.", show_default="from the file names")
    ] = None,
    format: Format = None,
    marked: Marked = True,
    watermark_key: WatermarkKey = None,
    watermark_strength: WatermarkStrength = 1.0,
):
    """Writes reconstructions of files or sentences: to the latents of a trained run, and back."""
    from keras_gen.runs.run import Run

    run = Run.open(folder)
    start_tensorflow()
    watermark = watermark_of(watermark_key, watermark_strength)
    from keras_gen.runs.provenance import write_sidecar
    from keras_gen.runs.samples import write_reconstructions

    classes = run.classes()
    model = run.load_model()
    labels = labels_of_files(model, classes, [(name, label, "--label") for name in given])
    origin = run.origin(model) if marked else None
    files = write_reconstructions(model, given, out, labels, origin, format, watermark)
    if marked:
        made_with = {"command": "reconstruct", "of": given}
        made_with |= {} if watermark is None else {"watermark": watermark.told()}
        write_sidecar(out, files, origin, made_with)
    say(f"{len(given)} as they come back: {out}")
