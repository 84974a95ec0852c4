"""The command `keras-gen`. TensorFlow is imported by the commands that compute, once their arguments make sense."""

import contextlib
import io
import os
import sys
import unicodedata
import warnings
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

import keras_gen
from keras_gen import recipes
from keras_gen.errors import InputError
from keras_gen.processes import end_with_parent, exit_on_stop, on_stop
from keras_gen.recipes.run import Run, fine_tuned
from keras_gen.recipes.settings import override, parse_assignments, table
from keras_gen.recipes.space import parse_ranges
from keras_gen.recipes.workers import train_with_workers

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def path_of(text):
    """A path that a user gives, of which programs in C, reports and terminals can make something."""
    if not text:
        raise typer.BadParameter("an empty text is no path.")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise typer.BadParameter(f"{text!r} has characters that cannot be printed: take another name.")
    return Path(text)


Data = Annotated[str | None, typer.Option(help="Data set: a name, a file, a folder or a zip.")]
Start = Annotated[
    Path | None,
    typer.Option(
        "--from",
        help="Run to begin with: its settings and weights, more slowly.",
        metavar="RUN",
        parser=path_of,
    ),
]
Freeze = Annotated[
    str | None,
    typer.Option(help="Part that keeps the weights of RUN: encoder, decoder or lower_discriminator."),
]
Recipe = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE", help="Name of a recipe, a .py file with one, or a .json file of its settings."
    ),
]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", help="field=value of the recipe: keras-gen show lists them.")
]
More = Annotated[list[str] | None, typer.Argument(metavar="FIELD=VALUE", help="More fields to set.")]
RunFolder = Annotated[
    Path, typer.Argument(metavar="RUN", help="Folder of a run, such as runs/digits-gan.", parser=path_of)
]
MOST_WORKERS = 256


def show_version(wanted):
    if wanted:
        found = recipes.versions()
        say(f"keras-gen {found['keras_gen']} (Keras {found['keras']}, TensorFlow {found['tensorflow']})")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=show_version, is_eager=True, help="Show the versions and exit."),
    ] = False,
):
    """Train generative models, look at them, measure them, serve them."""


@app.command("list")
def list_recipes():
    """Shows the recipes."""
    show_table([(name, recipes.get(name).__doc__.partition("\n\n")[0]) for name in recipes.NAMES])


@app.command()
def show(recipe: Recipe, more: More = None, assignments: Assignments = None):
    """Shows every field of a recipe: its value, what it takes, what a search may make of it, what it means."""
    name, config = _recipe(recipe, _fields(assignments, more))
    for line in (recipes.get(name).__doc__ or name).strip().splitlines():
        say(line)
    columns, rows = table(config, recipes.space_of(name))
    show_table([("",) * len(columns), columns, *rows])


@app.command()
def train(
    recipe: Recipe,
    more: More = None,
    data: Data = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder of the run.", show_default="runs/RECIPE", parser=path_of)
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs to train.", show_default="the recipe's")] = None,
    precision: Annotated[
        str | None,
        typer.Option(help="float32, mixed_bfloat16 or mixed_float16.", show_default="the recipe's"),
    ] = None,
    strategy: Annotated[
        str,
        typer.Option(
            help="auto, one, mirrored (all GPUs), multiworker (the machines in TF_CONFIG) or tpu.",
        ),
    ] = "auto",
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_WORKERS, help="Processes on this machine, to try several machines."),
    ] = None,
    start: Start = None,
    freeze: Freeze = None,
    assignments: Assignments = None,
):
    """Trains a recipe; the same command goes on where it was stopped."""
    fields = _fields(assignments, more, data=data, epochs=epochs, precision=precision, frozen=freeze)
    if start is None:
        recipe, config = _recipe(recipe, fields)
    elif recipe.endswith(".json"):
        raise InputError(
            f"{recipe} says itself what training begins with: give --set start={start} instead of --from."
        )
    else:
        config = fine_tuned(recipe, start, fields)
    if not config.data:
        raise InputError(f"{recipe} needs files of yours: give --data with a file, a folder or a zip.")
    run = Run(output or Path("runs") / recipes.short_name(recipe))
    run.check(recipe, config)
    if run.complete:
        say(
            f"{run.folder} is complete: read {run.report_file}, train it further with --from {run.folder} --output ANOTHER, or "
            "train to another --output."
        )
        return
    if workers and not os.environ.get("TF_CONFIG"):  # which says to each worker that it is one
        raise typer.Exit(train_with_workers(workers, run, strategy, sys.argv[1:]))
    _start_tensorflow()
    from keras_gen.recipes.training import left_by, train

    try:
        savedmodel = train(run, recipe, config, strategy, say)
    except (KeyboardInterrupt, SystemExit) as end:
        say(f"Stopped: {left_by(run, config)}")
        raise typer.Exit(130 if isinstance(end, KeyboardInterrupt) else end.code) from end
    if savedmodel is None:
        return  # the chief tells
    left = (
        ("images", run.samples(".png")),
        ("sentences", run.samples(".txt")),
        ("recordings", run.sounds),
        ("model", run.model_file),
        ("report", run.report_file),
        ("SavedModel", savedmodel),
    )
    show_table([(what, str(path)) for what, path in left if path.exists()])


@app.command()
def tune(
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE", help="Name of a recipe, see keras-gen list, or a .py file with one."
        ),
    ],
    more: More = None,
    data: Data = None,
    tuner: Annotated[str, typer.Option(help="bayesian, grid, hyperband or random.")] = "bayesian",
    measure: Annotated[
        str | None,
        typer.Option(
            help="What trials are compared by: kid, frechet, nll, label_agreement, ...",
            show_default="nll, of GANs kid",
        ),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Trials at most.", show_default="as many as fit")
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="Minutes of the search at most.")] = None,
    trial_minutes: Annotated[float | None, typer.Option(help="Minutes of a trial at most.")] = None,
    executions: Annotated[
        int, typer.Option(min=1, max=1_000, help="Trainings of each trial, from other seeds.")
    ] = 1,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs of a trial.", show_default="the recipe's")
    ] = None,
    ranges: Annotated[
        list[str] | None,
        typer.Option(
            "--range",
            help="field=low:high, field=low:high:log or field=a,b,c, in the place of the recipe's space.",
            show_default="the recipe's",
        ),
    ] = None,
    start: Start = None,
    freeze: Freeze = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=MOST_WORKERS, help="Processes on this machine that run trials.")
    ] = None,
    retrained: Annotated[
        bool, typer.Option("--retrain/--no-retrain", help="Whether the best setting is trained in earnest.")
    ] = True,
    output: Annotated[
        Path | None,
        typer.Option(help="Folder of the search.", show_default="runs/RECIPE-tuned", parser=path_of),
    ] = None,
    assignments: Assignments = None,
):
    """Searches for better settings of a recipe, and trains the best; the same command goes on where it was stopped."""
    fields = _fields(assignments, more, data=data, frozen=freeze)
    if trials is None and minutes is None and tuner in ("bayesian", "random"):
        raise InputError(f"A {tuner} search has no end of its own: give --trials or --minutes.")
    output = output or Path("runs") / f"{recipes.short_name(recipe)}-tuned"
    space = parse_ranges(recipes.resolve(recipe, fields), ranges) if ranges else None
    _start_tensorflow()
    from keras_gen.tuners import HyperRecipe
    from keras_gen.tuners.search import retrain, search

    hyper = HyperRecipe(recipe, measure, space, epochs, start, fields)
    try:
        results = search(
            hyper,
            output,
            tuner,
            workers,
            sys.argv[1:],
            say,
            max_trials=trials,
            minutes=minutes,
            trial_minutes=trial_minutes,
            executions_per_trial=executions,
        )
        if results is None:
            return  # the chief tells
        for title, (columns, lines) in (
            ("Best trials", results.table()),
            ("What mattered", results.what_mattered()),
        ):
            say(title if lines else f"{title}: too few trials to say")
            show_table([columns, *lines] if lines else [])
        if retrained:
            say("Training the best setting in earnest")
            run = retrain(hyper, output, results, say)
            say(f"The best setting, trained in earnest: {run.report_file}")
    except (KeyboardInterrupt, SystemExit) as end:
        say(f"Stopped: the same command goes on from {output}.")
        raise typer.Exit(130 if isinstance(end, KeyboardInterrupt) else end.code) from end
    say(f"Trials: {output / 'report.md'}")
    say(f"Best setting: {output / 'best.json'}, which keras-gen train takes")


@app.command()
def sample(
    folder: RunFolder,
    out: Annotated[
        Path,
        typer.Option(
            help="FILE.png (a grid), FILE.txt (sentences), FILE.npz (arrays), or a folder (a file each).",
            parser=path_of,
        ),
    ],
    num: Annotated[int, typer.Option(min=1, help="How many.")] = 64,
    label: Annotated[
        str | None, typer.Option(help="Class to draw, such as 7, or 7,george.", show_default="all in turn")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Equal seeds draw equal samples.", show_default="fresh")
    ] = None,
):
    """Draws samples from a trained run."""
    run = Run.open(folder)
    _start_tensorflow()
    from keras_gen.recipes.samples import write_samples

    classes = run.classes()
    write_samples(run.load_model(say), out, num, _label(label, classes), seed, classes)
    say(f"{num} samples: {out}")


@app.command()
def interpolate(
    folder: RunFolder,
    start: Annotated[
        str, typer.Argument(metavar="A", help="File to begin with, such as A.wav, or a sentence.")
    ],
    stop: Annotated[str, typer.Argument(metavar="B", help="File or sentence to end with.")],
    out: Annotated[
        Path, typer.Option(help="Folder for a file of each step, or FILE.txt for sentences.", parser=path_of)
    ],
    steps: Annotated[int, typer.Option(min=2, help="How many, with both ends.")] = 8,
    label: Annotated[
        str | None, typer.Option(help="Class of A, such as 7,george.", show_default="what its name tells")
    ] = None,
    stop_label: Annotated[
        str | None, typer.Option(help="Class of B.", show_default="what its name tells")
    ] = None,
):
    """Writes what lies between two files or sentences, in the latents of a trained run."""
    run = Run.open(folder)
    _start_tensorflow()
    from keras_gen.recipes.samples import write_walk

    classes = run.classes()
    model = run.load_model(say)
    ends = [None, None]
    if model.num_classes is None:
        if label is not None or stop_label is not None:
            raise InputError("The model is not conditional: leave --label and --stop-label out.")
    else:
        given = ((start, label), (stop, stop_label))
        ends = [
            classes and classes.of_file(path) if text is None else _label(text, classes)
            for path, text in given
        ]
        for path, end, option in zip((start, stop), ends, ("--label", "--stop-label"), strict=True):
            if end is None:
                raise InputError(
                    f"The model is conditional, but the name of {path} tells no label: give {option}."
                )
    write_walk(model, start, stop, out, steps, *ends)
    say(f"{steps} steps: {out}")


@app.command()
def export(
    folder: RunFolder,
    to: Annotated[
        Path | None,
        typer.Option(help="Folder of the models' versions.", show_default="savedmodels/RUN", parser=path_of),
    ] = None,
):
    """Writes the next version of a run's SavedModel."""
    run = Run.open(folder)
    _start_tensorflow()
    from keras_gen.export import next_version

    versions = to or Path("savedmodels") / run.folder.resolve().name
    say(f"SavedModel: {run.load_model(say).export(next_version(versions))}")


def _fields(assignments, more, **options):
    """The fields that are given by `--set`, behind it, or by an option of their own."""
    given = {name: value for name, value in options.items() if value is not None}
    return parse_assignments([*(assignments or []), *(more or [])]) | given


def _recipe(text, fields):
    """(name, settings) of a recipe that is given by its name or a file."""
    if not text.endswith(".json"):
        return text, recipes.resolve(text, fields)
    name, config = recipes.read(text)
    return name, override(config, fields)


def _label(text, classes):
    """The label that a user names, for a run whose data have these `Classes` or None."""
    if text is None:
        return None
    if classes is not None:
        return classes.label(text)
    if not text.isdecimal():
        raise InputError(f"The run knows no classes by name: give a number, not {text!r}.")
    return int(text)


def _start_tensorflow():
    """Imports TensorFlow under a line that says what is being waited for, and without its start-up talk."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with Console().status("Starting TensorFlow"), _silenced_stderr():
        keras_gen.require_tensorflow_backend()
        import tensorflow as tf

        tf.config.list_physical_devices()
        tf.get_logger().setLevel("ERROR")  # it warns of graphs that trials and phases have each of their own


@contextlib.contextmanager
def _silenced_stderr():
    """Keeps what native code writes to file descriptor 2 from the terminal; exceptions still reach it."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def say(text):
    """Prints a line as it is, whatever names of files and classes are in it."""
    print(one_line(text), flush=True)


def show_table(rows):
    """Prints rows of texts, in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def one_line(text):
    """A text without what would break its line or command a terminal."""
    return "".join(
        " "
        if character == "\n"
        else repr(character)[1:-1]
        if unicodedata.category(character) == "Cc"
        else character
        for character in str(text)
    )


def complain(text):
    print(f"keras-gen: {one_line(text)}", file=sys.stderr)


class _Outlet(io.FileIO):
    """Standard output or error, which goes nowhere once nobody reads it: what is being done is done for its files."""

    def write(self, data):
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(data)


@contextlib.contextmanager
def _streams():
    """Has output that is closed, not read or of another encoding disturb nothing."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(
                os.devnull, os.O_RDWR
            )  # or the next file would take its number, and what is told would go there
    kept = sys.stdout, sys.stderr
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is getattr(sys, f"__{name}__"):  # and no notebook's, or test's
            encoding = "utf-8" if stream is None else stream.encoding
            outlet = io.BufferedWriter(_Outlet(number, "w", closefd=False))
            setattr(sys, name, io.TextIOWrapper(outlet, encoding, "backslashreplace", line_buffering=True))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        sys.stdout, sys.stderr = kept


def main():
    end_with_parent()
    formatted = warnings.formatwarning
    warnings.formatwarning = lambda message, *_: f"keras-gen: warning: {one_line(message)}\n"
    try:
        with _streams(), on_stop(exit_on_stop):
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
