"""What an exported model says of itself: `assets.extra/model.json`, beside the graph."""

import hashlib
import platform
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from pydantic import BaseModel, Field, ValidationError
from tensorflow.core.protobuf import saved_model_pb2

import keras_gen
from keras_gen.errors import InputError
from keras_gen.export.checks import LOUDEST
from keras_gen.files import checksum, read_json, replace_atomically, write_atomically

EXTRA = "assets.extra"  # folder of a SavedModel, with what TensorFlow does not read
FILE = "model.json"
GRAPH = "saved_model.pb"


class Tensor(BaseModel):
    """An input or output of a signature."""

    dtype: str = Field(description="as TensorFlow names it")
    shape: list[int | None] = Field(description="the batch first; null stands for any size")
    minimum: int | float | None = Field(None, description="smallest value; null where there is none")
    maximum: int | float | list[int] | None = Field(None, description="largest value; of n labels n values")
    exclusive_minimum: int | float | None = Field(None, description="what values are above")
    meaning: str = ""


class Signature(BaseModel):
    """A named function of a SavedModel."""

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]


class Data(BaseModel):
    """What a model has learned from."""

    name: str = ""
    fingerprint: str | None = Field(None, description="of a prepared set, which stands for its content")
    license: str | None = Field(None, description="as it was told when the set was prepared")


class Description(BaseModel):
    """What an exported model is. What is not known is empty."""

    kind: str = Field(description="class of the model")
    recipe: str = Field("", description="that it was trained by")
    media: dict[str, Any] = Field(description="kind, and size, rate or length")
    num_classes: int | list[int] | None = Field(description="labels; of n labels n numbers")
    class_names: list[str] | dict[str, list[str]] | None = Field(
        None, description="in the order of the labels; of n labels by the name of each"
    )
    seed: int = Field(description="of its training")
    examples_seen: int = Field(description="in training")
    signatures: dict[str, Signature]
    data: Data = Data()
    watermark: dict[str, str | float] | None = Field(
        None, description="that it puts into what it gives: its strength, and a fingerprint of its key"
    )
    metrics: dict[str, float | None] = Field({}, description="on held-out data; null stands for NaN")
    real: dict[str, float | None] = Field({}, description="what real data score")
    conditions: list[str] = Field([], description="how the metrics were taken")
    versions: dict[str, str] = Field(description="of what exported it")
    trained_with: dict[str, str] = Field({}, description="versions of what trained it")
    model: str = Field("", description="checksum of the trained .keras file")
    files: dict[str, str] = Field({}, description="path of each other file -> its checksum")


def describe(model, folder, provenance):
    """The `Description` of a model whose SavedModel lies in a folder.

    Args:
        model: a `GenerativeModel`.
        folder: `pathlib.Path` of the SavedModel.
        provenance: dict, as in `keras_gen.export.export`, or None.
    """
    told = provenance or {}
    classes = model.num_classes
    return Description(
        kind=type(model).__name__,
        recipe=told.get("recipe", ""),
        media=MEDIA[model.media.key](model.media),
        num_classes=list(classes) if isinstance(classes, tuple) else classes,
        class_names=told.get("class_names"),
        seed=model.seed,
        examples_seen=int(model.examples_seen.numpy()),
        signatures=signatures_of(model, folder),
        data=Data(name=told.get("data", ""), fingerprint=told.get("data_fingerprint")),
        watermark=told.get("watermark"),
        versions={
            "keras_gen": keras_gen.__version__,
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "python": platform.python_version(),
        },
        trained_with=told.get("versions", {}),
        model=told.get("model", ""),
        files=checksums(folder),
    )


MEDIA = {
    "image": lambda media: {
        "kind": "image",
        "height": media.height,
        "width": media.width,
        "channels": media.channels,
    },
    "audio": lambda media: {"kind": "audio", "rate": media.rate, "samples": media.samples},
    "text": lambda media: {"kind": "text", "length": media.length, "vocabulary": media.vocabulary_size},
}


def signatures_of(model, folder):
    """The signatures that a SavedModel has: dict, name -> `Signature`, with what its tensors mean."""
    graph = saved_model_pb2.SavedModel.FromString((folder / GRAPH).read_bytes())

    def tensors(infos):
        return {name: _tensor(name, infos[name], model) for name in sorted(infos)}

    return {
        name: Signature(inputs=tensors(signature.inputs), outputs=tensors(signature.outputs))
        for name, signature in sorted(graph.meta_graphs[0].signature_def.items())
        if not name.startswith("__")  # TensorFlow's own
    }


def _tensor(name, info, model):
    dtype = tf.as_dtype(info.dtype).name
    shape = [None if side.size < 0 else side.size for side in info.tensor_shape.dim]
    return Tensor(dtype=dtype, shape=shape, **TENSORS[name](model))


def _label(model):
    last = np.subtract(model.num_classes, 1).tolist()
    return {"minimum": 0, "maximum": last, "meaning": "class of a row, a place in class_names"}


def _latents(model):
    if model.latent_range is None:
        return {"meaning": "finite numbers, a point of the latent space"}
    low, high = model.latent_range
    return {"minimum": low, "maximum": high - 1, "meaning": "codes, places in the codebook"}


TENSORS = {
    "seed": lambda model: {"meaning": "decides the noise of a row: equal seeds give equal rows in any batch"},
    "label": _label,
    "latents": _latents,
    "images": lambda model: {
        "minimum": 0,
        "maximum": 255,
        "meaning": f"height x width x channels; of other sizes they are made to fit {model.media.shape[0]} x "
        f"{model.media.shape[1]}",
    },
    "audio": lambda model: {
        "minimum": -1,
        "maximum": 1,
        "meaning": f"waveform at {model.media.rate} Hz; refused above {LOUDEST:g}",
    },
    "text": lambda model: {"meaning": "a sentence in UTF-8"},
    "temperature": lambda model: {"minimum": 0, "meaning": "scale of the noise; 0 for the likeliest tokens"},
    "top_k": lambda model: {"meaning": "how many of the likeliest tokens are drawn from; 0 or less for all"},
    "top_p": lambda model: {
        "exclusive_minimum": 0,
        "meaning": "share of the probability that the tokens drawn from have; 1 or more for all",
    },
    "logits": lambda model: {"meaning": "finite numbers, larger for what looks more real"},
}


def write(folder, description):
    """Writes what an exported model says of itself."""
    folder = Path(folder)
    (folder / EXTRA).mkdir(exist_ok=True)
    write_atomically(folder / EXTRA / FILE, description.model_dump_json(indent=2) + "\n")


def read(folder):
    """What an exported model says of itself.

    Args:
        folder: of a SavedModel.

    Returns:
        A `Description`.

    Raises:
        InputError: it says nothing, or its `model.json` is damaged.
    """
    path = Path(folder) / EXTRA / FILE
    found = read_json(path)
    try:
        return Description.model_validate(found)
    except ValidationError as error:
        wrong = error.errors()[0]
        place = ".".join(map(str, wrong["loc"]))
        raise InputError(f"{path} is damaged: {place or 'it'}: {wrong['msg']}.") from error


def add(folder, files, license=None, **known):
    """Keeps more beside an exported model, and in what it says of itself.

    Args:
        folder: of a SavedModel.
        files: dict, name -> bytes, of files in `assets.extra`.
        license: of the data, or None where it is not known.
        **known: fields of `Description` that are known now.

    Raises:
        InputError: `model.json` is there, but damaged.
    """
    folder = Path(folder)
    (folder / EXTRA).mkdir(exist_ok=True)
    told = read(folder) if (folder / EXTRA / FILE).is_file() else None  # older kits wrote none
    if told is not None:
        # Without their checksums at first: where the process is killed, nothing looks damaged.
        changing = {f"{EXTRA}/{name}" for name in files}
        others = {path: told for path, told in told.files.items() if path not in changing}
        write(folder, told.model_copy(update={"files": others}))
    sums = {}
    for name, content in files.items():
        replace_atomically(folder / EXTRA / name, lambda path, content=content: path.write_bytes(content))
        sums[f"{EXTRA}/{name}"] = _checksum(content)
    if told is not None:
        data = told.data.model_copy(update={"license": license})
        write(folder, told.model_copy(update={**known, "data": data, "files": others | sums}))


def checksums(folder):
    """The SHA-256 of each file below a folder but `model.json`: dict, path with slashes -> text."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if name != f"{EXTRA}/{FILE}":
            found[name] = f"sha256:{checksum(path)}"
    return found


def _checksum(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def changes(folder, description):
    """The files of a SavedModel that are gone, or are not what was exported: list of paths with slashes."""
    found = checksums(Path(folder))
    return [name for name, told in description.files.items() if found.get(name) != told]


def is_whole(folder):
    """Whether a SavedModel says of itself what it is, and every file is what was exported."""
    try:
        return not changes(folder, read(folder))
    except InputError:
        return False
