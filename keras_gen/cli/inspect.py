"""`keras-gen inspect`: whether files say that they are synthetic, by which model; whether they have the
watermark of a key; what a SavedModel is.
"""

from pathlib import Path
from typing import Annotated

import typer

from keras_gen.cli.options import path_of, watermark_of
from keras_gen.cli.terminal import say, start_tensorflow


def inspect(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Images, recordings, text files, or folders of SavedModels.",
            parser=path_of,
        ),
    ],
    watermark_key: Annotated[
        Path | None,
        typer.Option(
            help="File with the secret key whose watermark to look for.",
            show_default="none",
            metavar="FILE",
            parser=path_of,
        ),
    ] = None,
):
    """Says whether files are marked as synthetic, and what a SavedModel is.

    Exits with 1 if a file has neither a mark nor the watermark of the key, or if a file of a SavedModel is
    not what was exported.
    """
    start_tensorflow()
    from keras_gen.export import description
    from keras_gen.runs.provenance import find_watermark, inspect

    failed, lines_of, found = False, {}, {}
    watermark = watermark_of(watermark_key, 1)
    for file in files:
        if (file / description.GRAPH).is_file():
            described = description.read(file)
            changed = description.changes(file, described)
            for line in lines(described, changed):
                say(f"{file}: {line}.")
            failed = failed or bool(changed)
            continue
        line = lines_of[file] = told(inspect(file))
        say(f"{file}: {line or 'says nothing, which proves nothing: marks are easily lost'}.")
    if watermark is not None:
        found, together = find_watermark(watermark, list(lines_of))
        for file, detection in found.items():
            say(f"{file}: {of_watermark(detection)}.")
        for kind, detection in together.items():
            say(f"All {detection.count} {kind} together: {of_watermark(detection)}.")
    with_mark = [file for file, detection in found.items() if detection and detection.is_found()]
    failed = failed or any(line is None and file not in with_mark for file, line in lines_of.items())
    if failed:
        raise typer.Exit(1)


def of_watermark(found):
    """What a `Detection` of a watermark says, in a few words."""
    if found is None:
        return "is no image or recording, which could have a watermark"
    verdict = "has the watermark of the key" if found.is_found() else "shows no watermark of the key"
    return f"{verdict}; by chance it would look so with a probability of {found.probability:.1g}"


def lines(found, changed):
    """What the `Description` of a SavedModel tells, with the files that were changed: list of lines."""
    media = ", ".join(f"{name} {value}" for name, value in found.media.items() if name != "kind")
    by = f", by {found.recipe}" if found.recipe else ""
    data = f" on {found.data.name}" if found.data.name else ""
    told = [
        f"a {found.kind} of {found.media['kind']} ({media}){by}{data}, seed {found.seed}, after "
        f"{found.examples_seen:,} examples"
    ]
    for name, signature in found.signatures.items():
        told.append(f"{name}({', '.join(signature.inputs)}) gives {', '.join(signature.outputs)}")
    if found.metrics:
        told.append(
            ", ".join(f"{name} {value:.4g}" for name, value in found.metrics.items() if value is not None)
        )
    if found.watermark:
        told.append("what it gives has the watermark of the key {key_fingerprint}".format(**found.watermark))
    told.append(f"exported with {', '.join(f'{name} {version}' for name, version in found.versions.items())}")
    told.append(
        f"CHANGED SINCE, or gone: {', '.join(changed)}"
        if changed
        else f"{len(found.files)} files, unchanged since they were exported"
    )
    return told


def told(found):
    """What an `Inspection` found, in a line; None where that is nothing."""
    signature = found.signature
    places = {
        "in the file": found.within,
        "in its sidecar": found.beside,
        "in its signature": signature and signature.origin,
    }
    told = {place: origin for place, origin in places.items() if origin}
    if not told:
        return None
    origin = next(iter(told.values()))
    kind = f"{'' if origin.is_synthetic else 'not '}synthetic ({origin.source_type.rpartition('/')[2]})"
    line = f"{kind}, by {origin.system}, {origin.version}: {' and '.join(told)}"
    if len(set(told.values())) > 1:
        line += ", which differ"
    if found.changed:
        line += "; the file was changed since its sidecar was written"
    if signature:
        state = "unchanged since" if signature.is_valid else "BUT CHANGED SINCE, or wrongly signed"
        line += f"; signed in the name of {signature.signer}, {state}"
    return line
