"""What stands beside synthetic files: that they are synthetic, which model made them, and how."""

import dataclasses
import json

import numpy as np

from keras_gen.errors import InputError
from keras_gen.files import checksum, read_json, write_atomically
from keras_gen.media import Origin, pillow, read_origin, recordings
from keras_gen.runs.signing import Signature, read_signature

ANY_SIDE = 1 << 16  # pixels; so that no JPEG is decoded at a fraction of its size
FOLDERS_SIDECAR = "provenance.json"


def write_sidecar(out, files, origin, made_with):
    """Writes beside a synthetic file, or into a folder of such files, where they come from.

    Args:
        out: path of the file or folder, which is written already.
        files: list of paths, that file or those in the folder that were made now. What the sidecar says of
            others stays.
        origin: `Origin`.
        made_with: dict that JSON can hold, of how they were made, such as the seed.

    Returns:
        Path of the sidecar: `FILE.json`, or `provenance.json` in the folder.

    Raises:
        InputError: the sidecar that is there is damaged.
    """
    path = out / FOLDERS_SIDECAR if out.is_dir() else _of_file(out)
    sums = {file.name: f"sha256:{checksum(file)}" for file in files}
    earlier = []
    for making in _makings(path) if path.is_file() else []:
        left = {name: known for name, known in making["files"].items() if name not in sums}
        earlier += [making | {"files": left}] if left else []
    made = {**dataclasses.asdict(origin), "made_with": made_with, "files": sums}
    write_atomically(path, json.dumps({"synthetic": True, "made": [*earlier, made]}, indent=2) + "\n")
    return path


def _of_file(path):
    return path.with_name(f"{path.name}.json")


def _makings(path):
    """What a sidecar says, a dict for all files that were made together; none where it is of another kind."""
    told = read_json(path)
    makings = told.get("made") if isinstance(told, dict) and told.get("synthetic") is True else None
    makings = makings if isinstance(makings, list) else []
    return [made for made in makings if isinstance(made, dict) and isinstance(made.get("files"), dict)]


def renew(path):
    """Corrects the checksum in the sidecar, if there is one, of a file that was changed on purpose."""
    for sidecar in (_of_file(path), path.parent / FOLDERS_SIDECAR):
        makings = _makings(sidecar) if sidecar.is_file() else []
        for making in makings:
            if path.name in making["files"]:
                making["files"][path.name] = f"sha256:{checksum(path)}"
                write_atomically(sidecar, json.dumps({"synthetic": True, "made": makings}, indent=2) + "\n")


@dataclasses.dataclass(frozen=True)
class Inspection:
    """What is known of the origin of a file.

    Args:
        within: `Origin` that the file itself tells, or None.
        beside: `Origin` that its sidecar tells, or None.
        changed: bool, whether the file differs from what the sidecar was written for.
        signature: `Signature` of the file, or None.
    """

    within: Origin | None
    beside: Origin | None
    changed: bool
    signature: Signature | None


def inspect(path):
    """What a file and its sidecar say of its origin.

    Args:
        path: `pathlib.Path` of any file.

    Returns:
        `Inspection`.

    Raises:
        InputError: the file cannot be read, or its sidecar is damaged.
    """
    within, beside, changed = read_origin(path), None, False
    for sidecar in (_of_file(path), path.parent / FOLDERS_SIDECAR):
        for making in _makings(sidecar) if sidecar.is_file() else []:
            if path.name in making["files"]:
                fields = [field.name for field in dataclasses.fields(Origin)]
                beside = Origin(*(str(making.get(field, "")) for field in fields))
                changed = making["files"][path.name] != f"sha256:{checksum(path)}"
    return Inspection(within, beside, changed, read_signature(path))


def find_watermark(watermark, paths):
    """Looks for a watermark in files, in each alone and in all of a kind together.

    Args:
        watermark: `keras_gen.media.Watermark`.
        paths: list of `pathlib.Path`s of any files.

    Returns:
        (of_each, together): dict, path -> `Detection`, or None for one that is no image and no recording; and
        dict, "images" or "recordings at RATE Hz" -> `Detection`, where there are several.
    """
    of_each, kinds = {}, {}
    for path in paths:
        kind, medium, rate = _medium(path)
        of_each[path] = None if medium is None else watermark.detect(medium, rate)
        kinds.setdefault((kind, rate), []).append(medium)
    together = {
        kind: watermark.detect(media, rate)
        for (kind, rate), media in kinds.items()
        if kind is not None and len(media) > 1
    }
    return of_each, together


def _medium(path):
    """(kind in words, array, rate or None) of an image or the first channel of a recording; else Nones."""
    raw = path.read_bytes()
    try:
        return "images", np.asarray(pillow.read(raw, "RGB", ANY_SIDE)), None
    except InputError:
        pass
    try:
        waveform, rate = recordings.read(raw)
        return f"recordings at {rate} Hz", waveform[:, 0], rate
    except InputError:
        return None, None, None
