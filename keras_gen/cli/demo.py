"""`keras-gen demo`: a page on which a trained model is tried out."""

from pathlib import Path
from typing import Annotated

import typer

from keras_gen.cli.options import path_of
from keras_gen.cli.terminal import start_tensorflow


def demo(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="RUN|SAVEDMODEL",
            help="Folder of a run, such as runs/digits-gan, or of a SavedModel; or a pretrained model.",
            parser=path_of,
        ),
    ],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for a free port.")] = 7860,
    max_bytes: Annotated[int, typer.Option(help="Largest file that visitors may send, in bytes.")] = 16 << 20,
    max_seconds: Annotated[
        float, typer.Option(help="Longest recording that visitors may send, in seconds.")
    ] = 60.0,
):
    """Shows a trained model on a page of its own: generate, walk, move along latents, listen."""
    from keras_gen.demo.server import Settings

    settings = Settings(host, port, max_bytes, max_seconds)
    start_tensorflow()
    from keras_gen.demo import demo

    demo(folder, settings)
