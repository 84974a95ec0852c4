"""`keras-gen export`: a trained run as files that are served without this package."""

from pathlib import Path
from typing import Annotated

import typer

from keras_gen.cli.options import RunFolder, WatermarkKey, WatermarkStrength, path_of, watermark_of
from keras_gen.cli.terminal import say, show_table, start_tensorflow
from keras_gen.errors import InputError


def export(
    folder: RunFolder,
    to: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the model, or for the files of another format.",
            show_default="savedmodels, or RUN/FORMAT",
            parser=path_of,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="Name of the model: its folder in --to, which holds the versions.",
            show_default="the run's folder",
        ),
    ] = None,
    format: Annotated[
        str, typer.Option(help="tf_saved_model; or onnx or litert, with one file for each function.")
    ] = "tf_saved_model",
    watermark_key: WatermarkKey = None,
    watermark_strength: WatermarkStrength = 1.0,
):
    """Publishes a run's SavedModel as the next version of a model, or writes files in another format."""
    from keras_gen.runs.run import Run

    run = Run.open(folder)
    start_tensorflow()
    watermark = watermark_of(watermark_key, watermark_strength)
    if watermark is not None and format != "tf_saved_model":
        raise InputError(f"A watermark is in SavedModels alone: leave it out for --format {format}.")
    if format != "tf_saved_model":
        from keras_gen.export import export_as

        beside = Path(run.folder.name) if run.is_pretrained else run.folder
        to = to or beside / format
        found = export_as(run.load_model(), to, format)
        rows = [(name, told(made)) for name, made in found.items()]
        show_table([*rows, ("folder", str(to))])
        return
    from keras_gen.runs.reporting import add_scores
    from keras_gen.runs.results import write_version

    name = run.folder.resolve().name if name is None else name
    if Path(name).name != name:
        raise InputError(f"--name takes the name of one folder, not {name!r}: --to says where it lies.")
    path, is_new = write_version(run, path_of(str((to or Path("savedmodels")) / name)), watermark)
    add_scores(run, path)
    say(f"SavedModel: {path}{'' if is_new else ', exported earlier'}")


def told(made):
    """What became of a function in another format, in a line."""
    if "cannot" in made:
        return f"cannot: {made['cannot']}"
    size, duration = f"{made['bytes'] / 1e6:.1f} MB", f"{made['milliseconds']:.2g} ms an example"
    return f"{made['file']}, {size}, {duration}, at most {made['difference']:.1g} from the model"
