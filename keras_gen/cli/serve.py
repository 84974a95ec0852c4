"""`keras-gen serve`: exported models behind the API of TensorFlow Serving."""

import os
from pathlib import Path
from typing import Annotated

import typer

from keras_gen.cli.options import path_of
from keras_gen.cli.terminal import start_tensorflow
from keras_gen.errors import InputError

TOKEN = "KERAS_GEN_TOKEN"


def serve(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="Folder of models as export writes it, of one model, of a SavedModel, or of a run.",
            parser=path_of,
        ),
    ],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of REST; 0 for a free port.")] = 8501,
    grpc_port: Annotated[int, typer.Option(help="Port of gRPC; 0 for a free port.")] = 8500,
    token_file: Annotated[
        Path | None,
        typer.Option(
            help="File with the bearer token that requests must have.", show_default=TOKEN, parser=path_of
        ),
    ] = None,
    versions: Annotated[
        int, typer.Option(help="Number of newest versions to serve, beside those with a label.")
    ] = 1,
    max_batch: Annotated[int, typer.Option(help="Maximum rows of a batch of joined requests.")] = 64,
    batch_timeout: Annotated[float, typer.Option(help="Milliseconds that a request waits for others.")] = 2.0,
    max_rows: Annotated[int, typer.Option(help="Maximum rows of a request.")] = 256,
    max_bytes: Annotated[int, typer.Option(help="Maximum bytes of a request.")] = 16 << 20,
    max_queue: Annotated[int, typer.Option(help="Maximum requests that wait for a signature.")] = 1024,
    max_connections: Annotated[int, typer.Option(help="Maximum connections at a time.")] = 512,
    timeout: Annotated[
        float, typer.Option(help="Seconds for a request to arrive, and for its answer.")
    ] = 30.0,
):
    """Serves exported models as TensorFlow Serving does, REST and gRPC, for trial and small use."""
    from keras_gen.serving.settings import Settings

    settings = Settings(
        host=host,
        port=port,
        grpc_port=grpc_port,
        token=_token(token_file),
        versions=versions,
        max_batch=max_batch,
        batch_timeout=batch_timeout,
        max_rows=max_rows,
        max_bytes=max_bytes,
        max_queue=max_queue,
        max_connections=max_connections,
        timeout=timeout,
    )
    start_tensorflow()
    from keras_gen.serving import serve

    serve(folder, settings)


def _token(file):
    if file is None:
        return os.environ.get(TOKEN)
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
