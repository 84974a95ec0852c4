"""`keras-gen prepare`: from files to a set of shards."""

from typing import Annotated

import typer

from keras_gen.cli.options import More, path_of
from keras_gen.cli.terminal import say, show_table, start_tensorflow, stopped
from keras_gen.errors import InputError, unknown

MEDIA = ("image", "audio", "text")
MOST_PROCESSES = 256


def address_of(text):
    """A path, or an address such as gs://bucket/set, which no `Path` could hold."""
    path_of(text)
    return text


def prepare(
    source: Annotated[
        str, typer.Argument(metavar="SRC", help="A name, or a file, folder or archive of your own.")
    ],
    destination: Annotated[
        str, typer.Argument(metavar="DEST", help="Folder for the shards.", parser=address_of)
    ],
    more: More = None,
    media: Annotated[
        str | None,
        typer.Option(help="image, audio or text.", show_default="what the files are"),
    ] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="field=value of the media, such as rate=8000.")
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="Side of the images in pixels, or height x width such as 64x96.")
    ] = None,
    channels: Annotated[int | None, typer.Option(help="1 for gray, 3 for color, 4 with alpha.")] = None,
    labels: Annotated[
        str,
        typer.Option(
            help="Folders (inferred, top), a pattern of the names, such as "
            '"{digit}_{speaker}_{index}", a table "labels.csv", a column of sentences, or none.'
        ),
    ] = "inferred",
    groups: Annotated[
        str | None,
        typer.Option(help="Field of the pattern: all examples with one value of it are in one split."),
    ] = None,
    chunks: Annotated[
        bool, typer.Option("--chunks", help="Take all pieces of recordings, all frames of images.")
    ] = False,
    field: Annotated[str | None, typer.Option(help="Key or column of sentences, or its number.")] = None,
    validation: Annotated[
        float | None, typer.Option(help="Share held out for validation.", show_default="0.1")
    ] = None,
    test: Annotated[
        str | None,
        typer.Option(help="Share held out for testing, or values of a field: index=0,1.", show_default="0.1"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides the splits.")] = 0,
    duplicates: Annotated[
        str, typer.Option(help="drop or keep: what to do with examples that are packed alike.")
    ] = "drop",
    license: Annotated[str | None, typer.Option(help="License of the data, for the datasheet.")] = None,
    processes: Annotated[
        int | None,
        typer.Option(
            min=1, max=MOST_PROCESSES, help="Processes that pack files.", show_default="one for each core"
        ),
    ] = None,
):
    """Packs files of any number into shards; the same command goes on where it was stopped."""
    if media is not None and media not in MEDIA:
        raise unknown("media", media, MEDIA)
    assignments = [*(assignments or []), *(more or [])]
    if assignments and media is None:
        raise InputError("--set is about the media: give --media image, audio or text, too.")
    start_tensorflow()
    from keras_gen.datasets import prepare
    from keras_gen.datasets.shards import read_index

    with stopped(lambda: f"the same command goes on with {destination}."):
        folder = prepare(
            source,
            destination,
            media=media and media_of(media, assignments),
            size=size and size_of(size),
            channels=channels,
            labels=None if labels == "none" else labels,
            groups=groups,
            chunks=chunks,
            field=field,
            validation=validation,
            test=number_or_text(test),
            seed=seed,
            duplicates=duplicates,
            license=license,
            processes=processes,
        )
    index = read_index(folder)
    for split, told in index.splits.items():
        shards = len(told.shards)
        say(f"{split}: {told.count:,} {index.media.plural} in {shards} shard{'s' * (shards > 1)}")
    show_table(
        [
            ("fingerprint", index.fingerprint),
            ("datasheet", str(folder / "datasheet.md")),
            ("account", str(folder / "account.json")),
        ]
    )


def media_of(name, assignments):
    """The media of a name, with the settings that `--set` gives.

    Raises:
        InputError: a field is unknown or missing, or does not take its value.
    """
    import inspect

    import keras_gen
    from keras_gen.recipes.settings import parse_assignments

    kind = getattr(keras_gen, name.capitalize())
    known = inspect.signature(kind).parameters
    given = parse_assignments(assignments)
    for field in given:
        if field not in known:
            raise unknown(f"field of {kind.__name__}", field, known)
    missing = [
        field
        for field, told in known.items()
        if told.default is inspect.Parameter.empty and field not in given
    ]
    if missing:
        raise InputError(f"{kind.__name__} needs {', '.join(missing)}: give --set {missing[0]}=...")
    return kind(**{field: value_of(text) for field, text in given.items()})


def size_of(text):
    """The size of images in a text such as "64" or "64x96"; the text itself where it is none."""
    sides = [number_or_text(side) for side in text.lower().split("x")]
    return sides[0] if len(sides) == 1 else sides


def value_of(text):
    """What a text says: a number, true, false, none, or itself."""
    words = {"true": True, "false": False, "none": None}
    return words[text.lower()] if text.lower() in words else number_or_text(text)


def number_or_text(text):
    for kind in (int, float):
        try:
            return kind(text)
        except (TypeError, ValueError):
            continue
    return text
