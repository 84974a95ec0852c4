"""Blocks of examples that are packed one by one, in any process, and kept until they are in shards.

A block is a file of packed examples and a JSON file that tells of them, which comes last and so says that the
block is whole. Blocks are a function of the source alone, whichever process makes them.
"""

import collections
import contextlib
import dataclasses
import functools
import io
import json
from pathlib import Path

import keras
import numpy as np
import PIL.Image
import soundfile

from keras_gen.datasets.files import is_archive, open_tree
from keras_gen.datasets.packing import reason_of
from keras_gen.datasets.preparation.hash_split import hash_of
from keras_gen.datasets.preparation.imports import is_import, open_import
from keras_gen.datasets.remote import path_of
from keras_gen.files import read_json, replace_atomically, write_atomically
from keras_gen.media import Audio
from keras_gen.media.pillow import is_animated

UPRIGHT = 1  # the orientation in Exif of an image that need not be turned
ORIENTATION = 0x0112


@dataclasses.dataclass(frozen=True)
class Job:
    """What a process needs to know of the work; small, so that each task brings it.

    Attributes:
        folder: str, where blocks are kept.
        source: str, the path of the files.
        media: JSON text of the `Media`, as Keras serializes it.
        chunks: whether recordings are packed as consecutive pieces, and animated images as their frames.
        field: that holds sentences, or None.
        label: that holds their labels, or None.
    """

    folder: str
    source: str
    media: str
    chunks: bool = False
    field: str | None = None
    label: str | None = None

    def path(self, number, ending):
        return Path(self.folder) / f"{number:07d}{ending}"

    def told(self, number):
        """What is told of a block, a dict, or None where it is not made yet."""
        path = self.path(number, ".json")
        return read_json(path) if path.is_file() else None


def as_json(media):
    """JSON text of a `Media`."""
    return json.dumps(keras.saving.serialize_keras_object(media))


@functools.cache
def from_json(text):
    return keras.saving.deserialize_keras_object(json.loads(text))


_open = contextlib.ExitStack()  # archives that this process reads


@functools.cache
def reader_of(source, *columns):
    """The function from a name to the bytes of a file of a source; archives stay open in this process.

    Args:
        source: path of a folder or an archive, or of one file, whatever its name is then; or that of a set of
            another tool.
        *columns: field and label of such a set.
    """
    if is_import(source):
        return open_import(source, *columns).read
    path = path_of(source)
    if path.is_dir():
        return lambda name: (path / name).read_bytes()
    if is_archive(path):
        return _open.enter_context(open_tree(path)).read
    return lambda _: path.read_bytes()


@contextlib.contextmanager
def readers_closed():
    """Closes in the end what `reader_of` has opened in this process."""
    with _open:
        yield
    reader_of.cache_clear()


def write_block(job, number, examples, **told):
    """Keeps packed examples, and what is told of them.

    Args:
        job: a `Job`.
        number: of the block.
        examples: array (N, *media.shape).
        **told: what JSON can hold.
    """
    hashes = [hash_of(example) for example in examples]
    told = {"hashes": [each.hex() for each in hashes]} | told
    replace_atomically(job.path(number, ".npy"), lambda path: np.save(path, examples))
    write_atomically(job.path(number, ".json"), json.dumps(told))


def pack_files(job, number, names):
    """Packs the images or recordings of a block, and keeps what was packed and why others were not."""
    read, media = reader_of(job.source, job.field, job.label), from_json(job.media)
    packed, places, keys, lengths = [], [], [], []
    failures, steps = {}, collections.Counter()
    for place, name in enumerate(names):
        try:
            raw = read(name)
            examples, length, faults = _pack(media, raw, job.chunks)
        except MemoryError:
            raise
        # A library that reads files of others may trip in any way, which must not end the packing of all.
        except Exception as error:
            failures[place] = reason_of(error)
            continue
        packed.append(examples)
        places += [place] * len(examples)
        keys += [hash_of(examples).hex()] * len(examples)
        lengths.append(length)
        steps.update(f"repaired of {fault}" for fault in faults)
        steps.update(_steps(media, raw, length, job.chunks))
    examples = np.concatenate(packed) if packed else np.empty((0, *media.shape), media.dtype)
    write_block(
        job,
        number,
        examples,
        places=places,
        keys=keys,
        lengths=lengths,
        failures=failures,
        steps=steps,
    )


def _pack(media, raw, chunks):
    """The packed examples of a file, the samples of a recording or 0, and faults that were repaired."""
    if not isinstance(media, Audio):
        return media.pack_frames(raw) if chunks else media.pack(raw)[np.newaxis], 0, []
    faults = []
    waveform = media.clean(raw, tell=faults.append)
    examples = media.cut(waveform, chunks=True) if chunks else media.cut(waveform)[np.newaxis]
    return examples, len(waveform), faults


def _steps(media, raw, length, chunks):
    """What packing did to a file, by its header."""
    try:
        if isinstance(media, Audio):
            return _steps_of_recording(media, raw, length, chunks)
        return _steps_of_image(media, raw, chunks)
    # Packing read it in a way of its own.
    except Exception:
        return []


def _steps_of_recording(media, raw, length, chunks):
    told = soundfile.info(io.BytesIO(raw))
    if told.channels > 1:
        yield "mixed to one channel"
    if told.samplerate != media.rate:
        yield "brought to another rate"
    if length < round(told.frames * media.rate / told.samplerate):
        yield "trimmed of silence at the ends"
    if length > media.samples:
        yield "taken in pieces" if chunks else "cut"
    if length < media.samples:
        yield "padded with silence"


def _steps_of_image(media, raw, chunks):
    with PIL.Image.open(io.BytesIO(raw)) as image:
        if image.size != (media.width, media.height):
            yield "resized"
        if image.size[0] * media.height != image.size[1] * media.width:
            yield "brought to another aspect"
        if image.mode != {1: "L", 3: "RGB", 4: "RGBA"}[media.channels]:
            yield f"converted from the mode {image.mode}"
        if image.getexif().get(ORIENTATION, UPRIGHT) != UPRIGHT:
            yield "turned upright"
        if is_animated(raw):
            yield "taken frame by frame" if chunks else "used by the first of several frames"
