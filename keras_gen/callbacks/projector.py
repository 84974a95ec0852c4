"""Latents in TensorBoard's embedding projector, each with its label and what it is of."""

import csv
import io

import numpy as np
from tensorboard.plugins import projector

from keras_gen.files import make_folder, replace_atomically, write_atomically
from keras_gen.media import pillow

FOLDER = "projector"


def write_projector(events, latents, labels=None, names=None, sprites=None):
    """Writes what the projector shows beside the events that lie in a folder.

    Args:
        events: path of the folder.
        latents: float (num, dim), of examples.
        labels: int (num,), of n labels (num, n), or None.
        names: list, what labels stand for, or dict, name of a label -> list; None for the numbers.
        sprites: uint8 (num, height, width, 1 or 3), an image for each example, or None.
    """
    folder = events / FOLDER
    make_folder(folder)
    write_atomically(folder / "latents.tsv", _tsv([[f"{x:.6g}" for x in row] for row in latents]))
    config = projector.ProjectorConfig()
    embedding = config.embeddings.add()
    embedding.tensor_name = "latents"
    embedding.tensor_path = f"{FOLDER}/latents.tsv"
    if labels is not None:
        columns = np.reshape(labels, (len(labels), -1)).T
        told = names if isinstance(names, dict) else {"label": names}
        texts = [_told(column, of) for column, of in zip(columns, told.values(), strict=True)]
        head = [list(told)] if len(told) > 1 else []  # a lone column has no head
        write_atomically(folder / "labels.tsv", _tsv([*head, *zip(*texts, strict=True)]))
        embedding.metadata_path = f"{FOLDER}/labels.tsv"
    if sprites is not None:
        height, width = sprites.shape[1:3]
        side = int(np.ceil(np.sqrt(len(sprites))))
        sheet = np.zeros((side * height, side * width, sprites.shape[-1]), "uint8")
        for place, sprite in enumerate(sprites):
            top, left = place // side * height, place % side * width
            sheet[top : top + height, left : left + width] = sprite
        replace_atomically(folder / "sprites.png", lambda partial: pillow.write(sheet, partial))
        embedding.sprite.image_path = f"{FOLDER}/sprites.png"
        embedding.sprite.single_image_dim.extend([width, height])
    projector.visualize_embeddings(str(events), config)


def _told(column, names):
    return [str(value) if names is None else str(names[value]) for value in column]


def _tsv(rows):
    text = io.StringIO()
    csv.writer(text, delimiter="\t", lineterminator="\n").writerows(rows)
    return text.getvalue()
