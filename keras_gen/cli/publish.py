"""`keras-gen publish`: a trained model on the Hugging Face hub."""

from typing import Annotated

import typer

from keras_gen.cli.options import RunFolder
from keras_gen.cli.terminal import say


def publish(
    folder: RunFolder,
    target: Annotated[
        str, typer.Argument(metavar="hf://USER/NAME", help="Repository; it is created if it does not exist.")
    ],
    private: Annotated[
        bool, typer.Option("--private", help="Create a repository that only its owner sees.")
    ] = False,
):
    """Uploads a scored run: model, SavedModel, scores, samples, and its model card as the README."""
    from keras_gen.runs.publishing import publish
    from keras_gen.runs.run import Run

    say(f"Published: {publish(Run.open(folder), target, private)}")
