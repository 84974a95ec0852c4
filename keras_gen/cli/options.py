"""What several commands take."""

import unicodedata
from pathlib import Path
from typing import Annotated

import typer

from keras_gen.errors import InputError


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
        help="Run or pretrained model to begin with: its settings, weights, a tenth of its rates.",
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
        metavar="RECIPE",
        help="Name of a recipe, a .py file with a recipe, or a .json file with its settings.",
    ),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", help="field=value of the recipe; keras-gen show lists the fields."),
]
More = Annotated[list[str] | None, typer.Argument(metavar="FIELD=VALUE", help="More fields to set.")]
RunFolder = Annotated[
    Path,
    typer.Argument(
        metavar="RUN",
        help="Folder of a run, such as runs/digits-gan, or name of a pretrained model (see keras-gen list).",
        parser=path_of,
    ),
]
Marked = Annotated[
    bool,
    typer.Option(
        "--marked/--unmarked", help="Whether files say that they are synthetic, and which model made them."
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        help="Format of the files in a folder: png, jpg or webp; wav, flac, ogg or mp3.",
        show_default="png, wav",
    ),
]
WatermarkKey = Annotated[
    Path | None,
    typer.Option(
        help="File with a secret key of 16 characters or more: media get its watermark.",
        show_default="none",
        metavar="FILE",
        parser=path_of,
    ),
]
WatermarkStrength = Annotated[float, typer.Option(help="Strength of the watermark, from 0.1 to 8.")]
Preset = Annotated[
    str | None,
    typer.Option(
        help="quick, default or best: a group of settings of the recipe; --set changes them further.",
        show_default="default",
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        help="auto: finds the workers that Slurm, Kubernetes, SageMaker, Vertex AI or Open MPI started.",
        metavar="auto",
    ),
]
MOST_WORKERS = 256


def fields_of(assignments, more, **options):
    """The fields that are given by `--set`, behind it, or by an option of their own."""
    from keras_gen.recipes.settings import parse_assignments

    given = {name: value for name, value in options.items() if value is not None}
    return parse_assignments([*(assignments or []), *(more or [])]) | given


def recipe_of(text, fields, preset=None):
    """(name, settings) of a recipe that is given by its name or a file, and perhaps one of its presets."""
    from keras_gen import recipes
    from keras_gen.recipes.settings import override

    if not text.endswith(".json"):
        return text, recipes.resolve(text, fields, preset)
    if preset is not None:
        raise InputError(f"{text} holds settings of its own: leave --preset {preset} out.")
    name, config = recipes.read(text)
    return name, override(config, fields)


def watermark_of(file, strength):
    """The `Watermark` of the key in a file, or None without a file."""
    if file is None:
        if strength != 1:
            raise InputError("--watermark-strength needs --watermark-key FILE.")
        return None
    from keras_gen.media import Watermark

    return Watermark.from_file(file, strength)


def label_of(text, classes):
    """The label that a user names, for a run whose data have these `Classes` or None."""
    if text is None:
        return None
    if classes is not None:
        return classes.label(text)
    if not text.isdecimal():
        raise InputError(f"The run knows no classes by name: give a number, not {text!r}.")
    return int(text)


def labels_of_files(model, classes, given):
    """The label of each file of a run whose data have these `Classes` or None.

    Args:
        model: of the run.
        classes: of the run.
        given: list of (file, label as the user names it or None, the option that names it).

    Returns:
        List of a label each: None where the model is not conditional.

    Raises:
        InputError: the model is not conditional but a label is named, or a file tells none.
    """
    if model.num_classes is None:
        if any(text is not None for _, text, _ in given):
            raise InputError(f"The model is not conditional: leave {given[-1][2]} out.")
        return [None] * len(given)
    labels = []
    for file, text, option in given:
        label = label_of(text, classes) if text is not None else classes and classes.of_file(file)
        if label is None:
            raise InputError(
                f"The model is conditional, but the name of {file} tells no label: give {option}."
            )
        labels.append(label)
    return labels
