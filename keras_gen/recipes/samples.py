"""Samples of a run as files."""

import numpy as np

from keras_gen.errors import InputError


def write_samples(model, out, num, label=None, seed=None):
    """Draws samples and writes them in the form that the name asks for.

    Args:
        model: a `GenerativeModel`.
        out: path: `.png` for a grid, `.npz` for arrays (`samples`, and `labels` of a conditional model), no ending for a
            folder of one file each.
        num: int >= 1, how many.
        label: int, the class of a conditional model; None goes through the classes in turn.
        seed: int, or None to draw afresh.

    Raises:
        InputError: the ending or the label is not one of those, or the path cannot be written.
    """
    if out.suffix.lower() not in (".png", ".npz", ""):
        raise InputError(f"--out takes a name ending in .png or .npz, or a folder, not {out.name!r}.")
    labels = model.labels_for(num, label)
    samples = model.generate(num, labels, seed)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.suffix.lower() == ".png":
            model.media.save(model.media.grid(samples), out)
        elif out.suffix.lower() == ".npz":
            arrays = {"samples": samples} if labels is None else {"samples": samples, "labels": labels}
            np.savez_compressed(out, **arrays)
        else:
            _write_folder(model, samples, labels, out)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror or error}.") from error


def _write_folder(model, samples, labels, folder):
    folder.mkdir(exist_ok=True)
    digits = len(str(len(samples) - 1))
    for i, sample in enumerate(samples):
        name = f"{i:0{digits}d}" if labels is None else f"{i:0{digits}d}_{labels[i]}"
        model.media.save(sample, folder / f"{name}.png")
