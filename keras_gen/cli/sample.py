"""`keras-gen sample`: what a trained run draws."""

from pathlib import Path
from typing import Annotated

import typer

from keras_gen.cli.options import (
    Format,
    Marked,
    RunFolder,
    WatermarkKey,
    WatermarkStrength,
    label_of,
    path_of,
    watermark_of,
)
from keras_gen.cli.terminal import say, start_tensorflow


def sample(
    folder: RunFolder,
    out: Annotated[
        Path,
        typer.Option(
            help="FILE.png, .jpg or .webp (a grid), FILE.txt (sentences), FILE.npz (arrays), or a folder "
            "(one file for each).",
            parser=path_of,
        ),
    ],
    num: Annotated[int, typer.Option(min=1, help="Number of samples.")] = 64,
    label: Annotated[
        str | None,
        typer.Option(help="Class to generate, such as 7, or 7,george.", show_default="all in turn"),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Equal seeds give equal samples.", show_default="fresh")
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(min=0, help="Below 1 samples are likelier and less varied.", show_default="1"),
    ] = None,
    top_k: Annotated[
        int | None,
        typer.Option(
            min=1, help="For sentences: draw each token from so many of the likeliest.", show_default="all"
        ),
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option(
            help="For sentences: draw each token from the likeliest with this probability.", show_default="1"
        ),
    ] = None,
    beginning: Annotated[
        str | None,
        typer.Option(
            "--begin", help="For sentences: the words that each begins with.", show_default="nothing"
        ),
    ] = None,
    format: Format = None,
    marked: Marked = True,
    watermark_key: WatermarkKey = None,
    watermark_strength: WatermarkStrength = 1.0,
):
    """Generates samples with a trained run."""
    from keras_gen.runs.run import Run

    run = Run.open(folder)
    classes = run.classes()
    chosen = label_of(label, classes)
    start_tensorflow()
    watermark = watermark_of(watermark_key, watermark_strength)
    from keras_gen.runs.provenance import write_sidecar
    from keras_gen.runs.samples import write_samples

    model = run.load_model()
    origin = run.origin(model) if marked else None
    how = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "beginning": beginning}
    how = {name: value for name, value in how.items() if value is not None}
    files = write_samples(model, out, num, chosen, seed, classes, origin, format, watermark, **how)
    if marked:
        made_with = {"command": "sample", "num": num, "label": label, "seed": seed, **how}
        made_with |= {} if watermark is None else {"watermark": watermark.told()}
        write_sidecar(out, files, origin, made_with)
    say(f"{num} samples: {out}")
