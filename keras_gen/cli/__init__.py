"""The command `keras-gen`: a file a command.

A command imports what it works with, and TensorFlow only once its arguments make sense: help is quick.
"""

import sys
import warnings
from typing import Annotated

import typer

from keras_gen.cli.check import check
from keras_gen.cli.compare import compare
from keras_gen.cli.demo import demo
from keras_gen.cli.evaluate import evaluate
from keras_gen.cli.export import export
from keras_gen.cli.inspect import inspect
from keras_gen.cli.interpolate import interpolate
from keras_gen.cli.launch import launch
from keras_gen.cli.list import list_recipes
from keras_gen.cli.prepare import prepare
from keras_gen.cli.publish import publish
from keras_gen.cli.reconstruct import reconstruct
from keras_gen.cli.reproduce import reproduce
from keras_gen.cli.sample import sample
from keras_gen.cli.score import score
from keras_gen.cli.serve import serve
from keras_gen.cli.show import show
from keras_gen.cli.sign import sign
from keras_gen.cli.terminal import LogLines, complain, one_line, say, streams
from keras_gen.cli.train import train
from keras_gen.cli.tune import tune
from keras_gen.errors import InputError
from keras_gen.logs import handled_by
from keras_gen.runs.processes import end_with_parent
from keras_gen.signals import exit_on_stop, on_stop

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("list")(list_recipes)
for command in (
    check,
    prepare,
    show,
    train,
    tune,
    score,
    compare,
    evaluate,
    reproduce,
    sample,
    interpolate,
    reconstruct,
    export,
    publish,
    serve,
    demo,
    inspect,
    sign,
):
    app.command()(command)
app.add_typer(launch, name="launch")


def show_version(wanted):
    if wanted:
        from keras_gen import recipes

        found = recipes.versions()
        say(f"keras-gen {found['keras_gen']} (Keras {found['keras']}, TensorFlow {found['tensorflow']})")
        raise typer.Exit


@app.callback()
def general(
    version: Annotated[
        bool,
        typer.Option("--version", callback=show_version, is_eager=True, help="Show the versions and exit."),
    ] = False,
):
    """Train generative models, look at them, measure them, serve them."""


def main():
    end_with_parent()
    formatted = warnings.formatwarning
    warnings.formatwarning = lambda message, *_: f"keras-gen: warning: {one_line(message)}\n"
    try:
        with streams(), handled_by(LogLines()), on_stop(exit_on_stop):
            run_app()
    finally:
        warnings.formatwarning = formatted


def run_app():
    """Runs the command; what the user or the machine is to blame for ends in a sentence and exit code 2."""
    try:
        app()
    except InputError as error:
        complain(error)
    except MemoryError as error:
        complain(f"Out of memory: {error or 'ask for less at a time'}.")
    except OSError as error:
        complain(f"{error.filename or 'A file'} cannot be used: {error.strerror or error}.")
    else:
        return
    sys.exit(2)
