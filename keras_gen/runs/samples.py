"""What a run makes, as files."""

import math
import os
from pathlib import Path

import numpy as np

from keras_gen.errors import InputError
from keras_gen.media import Audio, Text

FOR_EXAMPLE = 1_000  # bytes that an example takes besides itself, such as its seed and the name of its file


def write_samples(
    model, out, num, label=None, seed=None, classes=None, origin=None, format=None, watermark=None, **how
):
    """Draws samples and writes them in the form that the name asks for.

    Args:
        model: a `GenerativeModel`.
        out: path: `.png`, `.jpg` or `.webp` for a grid, of sentences `.txt` for a line each, `.npz` for
            arrays (`samples`, and `labels` of a conditional model), no ending for a folder of one file each.
        num: int >= 1, how many.
        label: int, or n ints, the class of a conditional model; None goes through the classes in turn.
        seed: int, or None to draw afresh.
        classes: the `Classes` of the data, by which files in a folder are named, or None.
        origin: `Origin` that images and recordings carry, or None for unmarked ones.
        format: of the files in a folder, such as "jpg" or "flac"; None for that of the media.
        watermark: `keras_gen.media.Watermark` to put into them, or None.
        **how: `temperature` and, of sentences, `top_k`, `top_p` and `beginning`, as `generate` takes them.

    Returns:
        List of the paths of the files.

    Raises:
        InputError: the ending, the label or a number is not one of those, there are too many for the memory,
            or the path cannot be written.
    """
    if not isinstance(model.media, Text) and how.keys() - {"temperature"}:
        raise InputError(
            f"top_k, top_p and beginnings are of sentences, but {model.media.plural} are drawn: leave them "
            "out."
        )
    sheets = model.media.sheet_endings
    if out.suffix.lower() not in (*sheets, ".npz", ""):
        raise InputError(
            f"--out takes a name ending in {', '.join(sheets)} or .npz, or a folder, for "
            f"{model.media.plural}, not {out.name!r}."
        )
    ending = ending_of(model.media, format)
    if format is not None and out.suffix:
        raise InputError(f"--format is of the files in a folder: leave it out for {out.name!r}.")
    check_memory("--num", num, model.media)
    labels = model.labels_for(num, label)
    if watermark is not None:
        watermark.check(model.media)
    samples = _watermarked(model.generate(num, labels, seed, **how), model.media, watermark)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.suffix.lower() in sheets:
            model.media.save_sheet(samples, out, origin=origin)
        elif out.suffix.lower() == ".npz":
            arrays = {"samples": samples} if labels is None else {"samples": samples, "labels": labels}
            np.savez_compressed(out, **arrays)
        else:
            named = None if labels is None or classes is None else classes.file_names(labels.tolist())
            return write_folder(model.media, samples, out, named or _numbers(labels, num), origin, ending)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror or error}.") from error
    return [out]


def _watermarked(examples, media, watermark):
    return examples if watermark is None else watermark.mark_examples(examples, media)


def ending_of(media, format=None):
    """The ending of files of a format, such as "jpg"; None for that of the media.

    Raises:
        InputError: such media are not written in it.
    """
    ending = media.ending if format is None else f".{format.lower()}"
    if ending not in media.endings:
        known = ", ".join(known[1:] for known in media.endings)
        raise InputError(f"--format of {media.plural} is one of {known}, not {format!r}.")
    if ending in (".jpg", ".jpeg") and media.shape[-1] == 4:
        raise InputError("JPEG has no transparency, which these images have: take --format webp or png.")
    return ending


def check_memory(option, num, media):
    """Refuses, before anything is drawn, more examples than the memory of this machine can hold.

    Args:
        option: that asked for them.
        num: int, how many.
        media: their `Media`.

    Raises:
        InputError: there are too many.
    """
    # The model makes float32 of them, beside which lies what they are written as.
    needed = num * (FOR_EXAMPLE + 2 * 4 * math.prod(media.shape))
    if not hasattr(os, "sysconf"):
        return  # Windows does not say
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > memory:
        raise InputError(
            f"{option} {num} would take {needed / 1e9:,.0f} GB of memory, of which this machine has "
            f"{memory / 1e9:,.0f}: ask for fewer at a time."
        )


def write_folder(media, samples, folder, names, origin=None, ending=None):
    """Writes each sample to a file of its own, under its name and an ending, by default that of the media,
    with its `Origin`.

    Returns:
        List of their paths.

    Raises:
        InputError: a name is a path, so that its file might lie elsewhere; nothing is written then.
    """
    names = list(names)
    for name in names:
        if Path(name).name != name or "\0" in name:
            raise InputError(f"No file can be called {name!r}: give the class another name.")
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}{ending or media.ending}" for name in names]
    for sample, path in zip(samples, paths, strict=True):
        media.save(sample, path, origin)
    return paths


def _numbers(labels, num):
    digits = len(str(num - 1))
    for i in range(num):
        told = [] if labels is None else np.reshape(labels[i], (-1,)).tolist()
        yield "_".join([f"{i:0{digits}d}", *map(str, told)])


def write_walk(
    model, start, stop, out, steps, label=None, stop_label=None, origin=None, format=None, watermark=None
):
    """Writes what lies between two files or sentences, a file or a line for each step.

    Args:
        model: one that encodes, such as a `VAE`.
        start: path of a file that the model's media reads, or a sentence.
        stop: another.
        out: path of the folder, of a grid (`.png`, `.jpg` or `.webp`), or of sentences of a `.txt` file, a
            line for each step.
        steps: int >= 2, both ends included.
        label: of the first file, which a conditional model needs.
        stop_label: of the second.
        origin: `Origin` that images and recordings carry, or None for unmarked ones.
        format: of files, such as "jpg" or "flac"; None for that of the media.
        watermark: `keras_gen.media.Watermark` to put into them, or None.

    Returns:
        List of the paths of the files.

    Raises:
        InputError: the model has no encoder, a file cannot be read or used or would be overwritten, there are
            too many steps for the memory, or the folder cannot be written.
    """
    _check_encoder(model, "a walk between two")
    ending = ending_of(model.media, format)
    _check_out(out, model.media, model.media.sheet_endings)
    check_memory("--steps", steps, model.media)
    _check_kept([start, stop], out, _numbers(None, steps), ending)
    packed = [_packed(model.media, path) for path in (start, stop)]
    labels = None if model.num_classes is None else [label, stop_label]
    latents = model.encode(np.stack(packed), labels)
    ends = {} if labels is None else {"label": label, "stop_label": stop_label}
    if ends and np.array_equal(label, stop_label):
        ends = {"label": label}
    walked = _watermarked(model.interpolate(*latents, steps=steps, **ends), model.media, watermark)
    return _write_each(model.media, walked, out, _numbers(None, steps), origin, ending)


def write_reconstructions(model, given, out, labels, origin=None, format=None, watermark=None):
    """Writes files or sentences as they come back from their latents, recordings in all their length.

    Args:
        model: one that encodes, such as a `VAE`.
        given: list of paths of files that the model's media reads, or of sentences.
        out: path of the folder, where each has the name of its file, of a grid of images, or of sentences of
            a `.txt` file, a line for each.
        labels: list of the label of each, None where the model is not conditional.
        origin: `Origin` that images and recordings carry, or None for unmarked ones.
        format: of files, such as "jpg" or "flac"; None for that of the media.
        watermark: `keras_gen.media.Watermark` to put into them, or None.

    Returns:
        List of the paths of the files.

    Raises:
        InputError: the model has no encoder, a file cannot be read or used or would be overwritten, two files
            have one name, or the folder cannot be written.
    """
    _check_encoder(model, "bringing back")
    ending = ending_of(model.media, format)
    # Recordings come back in lengths of their own, so that no grid holds them.
    _check_out(out, model.media, () if isinstance(model.media, Audio) else model.media.sheet_endings)
    names = list(_numbers(None, len(given)))
    if not isinstance(model.media, Text):
        names = [Path(path).stem for path in given]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise InputError(f"Two of the files are called {twice}, and would overwrite each other in {out}.")
    _check_kept(given, out, names, ending)
    back = [_brought_back(model, *each) for each in zip(given, labels, strict=True)]
    if watermark is not None:
        back = [_watermarked(each[np.newaxis], model.media, watermark)[0] for each in back]
    return _write_each(model.media, back, out, names, origin, ending)


def _brought_back(model, given, label):
    if isinstance(model.media, Audio):
        return _used(given, lambda raw: model.reconstruct_recording(raw, label=label))
    labels = None if label is None else [label]
    return model.reconstruct(_packed(model.media, given)[np.newaxis], labels)[0]


def _check_encoder(model, what):
    if not hasattr(model, "encode"):
        raise InputError(f"A {type(model).__name__} has no encoder, which {what} {model.media.plural} needs.")


def _check_out(out, media, sheets):
    if out.suffix and out.suffix.lower() not in sheets and not out.is_dir():
        one = f"a name ending in {', '.join(sheets)}, or " if sheets else ""
        raise InputError(f"--out takes {one}a folder for {media.plural}, not {out.name!r}.")


def _check_kept(given, out, names, ending):
    """No file is written over one that is read."""
    read = [path for path in given if os.path.isfile(path)]  # not sentences
    for path in (out, *(out / f"{name}{ending}" for name in names)):
        if path.is_file() and any(path.samefile(each) for each in read):
            raise InputError(f"{path} would be overwritten, which is read: name another --out.")


def _write_each(media, examples, out, names, origin, ending):
    """Writes a file each, or one of all where `out` ends like one; returns their paths."""
    try:
        if out.suffix.lower() in media.sheet_endings:
            out.parent.mkdir(parents=True, exist_ok=True)
            media.save_sheet(examples, out, origin=origin)
            return [out]
        return write_folder(media, examples, out, names, origin, ending)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror or error}.") from error


def _packed(media, given):
    if not isinstance(media, Text):
        return _used(given, media.pack)
    if os.path.isfile(given):
        raise InputError(f"{given} is a file: give sentences themselves, each in quotation marks.")
    return media.pack(str(given))


def _used(path, function):
    """What a function makes of the bytes of a file."""
    path = Path(path)
    try:
        return function(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except InputError as error:
        raise InputError(f"{path} cannot be used: {error}") from error
