"""`keras-gen interpolate`: what lies between two files or sentences."""

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


def interpolate(
    folder: RunFolder,
    start: Annotated[
        str, typer.Argument(metavar="A", help="File to begin with, such as A.wav, or a sentence.")
    ],
    stop: Annotated[str, typer.Argument(metavar="B", help="File or sentence to end with.")],
    out: Annotated[
        Path,
        typer.Option(
            help="Folder with a file for each step, FILE.png for a grid, or FILE.txt for sentences.",
            parser=path_of,
        ),
    ],
    steps: Annotated[int, typer.Option(min=2, help="Number of steps, with both ends.")] = 8,
    label: Annotated[
        str | None, typer.Option(help="Class of A, such as 7,george.", show_default="from its file name")
    ] = None,
    stop_label: Annotated[
        str | None, typer.Option(help="Class of B.", show_default="from its file name")
    ] = None,
    format: Format = None,
    marked: Marked = True,
    watermark_key: WatermarkKey = None,
    watermark_strength: WatermarkStrength = 1.0,
):
    """Writes a walk between two files or sentences, through the latents of a trained run."""
    from keras_gen.runs.run import Run

    run = Run.open(folder)
    start_tensorflow()
    watermark = watermark_of(watermark_key, watermark_strength)
    from keras_gen.runs.provenance import write_sidecar
    from keras_gen.runs.samples import write_walk

    classes = run.classes()
    model = run.load_model()
    given = [(start, label, "--label"), (stop, stop_label, "--stop-label")]
    ends = labels_of_files(model, classes, given)
    origin = run.origin(model) if marked else None
    files = write_walk(model, start, stop, out, steps, *ends, origin, format, watermark)
    if marked:
        made_with = {"command": "interpolate", "between": [start, stop], "steps": steps}
        made_with |= {} if watermark is None else {"watermark": watermark.told()}
        write_sidecar(out, files, origin, made_with)
    say(f"{steps} steps: {out}")
