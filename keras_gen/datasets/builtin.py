"""Data sets known by name."""

import keras
import numpy as np
from sklearn.datasets import load_digits

from keras_gen.errors import InputError
from keras_gen.media.image import Image

KERAS = {
    "mnist": None,
    "fashion_mnist": [
        "T-shirt/top",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ],
    "cifar10": ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
    "cifar100": None,
}
NAMES = ("digits", "docstrings", "shapes", "vowels", *KERAS)


def read_builtin(name):
    """Read a data set known by name.

    Args:
        name: one of `NAMES` except "docstrings", "shapes" and "vowels", which have their own readers.
            "digits" comes with scikit-learn; Keras downloads the others once.

    Returns:
        The splits, name -> (uint8 images, labels), and the class names, or None if labels are their own
        names.

    Raises:
        InputError: if the download fails.
    """
    if name == "digits":
        digits = load_digits()
        return {"train": (np.rint(digits.images * (255 / 16)).astype(np.uint8), digits.target)}, None
    try:
        train, test = getattr(keras.datasets, name).load_data()
    # Keras raises a bare Exception.
    except Exception as error:
        raise InputError(
            f"{name} could not be downloaded ({error}): pass the path of an .npz or a folder of images."
        ) from error
    return {"train": train, "test": test}, KERAS[name]


def read_tfds(name, media=None, size=None, channels=None):
    """Read and pack images through TensorFlow Datasets.

    Args:
        name: a name that `tensorflow_datasets.load` knows, whose examples have an "image" and perhaps a
            "label".
        media: the `Image` to pack as, or None for one of `size` and `channels`.
        size: (height, width) of the packed images; by default their own, if all are equal, or 64 each.
        channels: 1, 3 or 4; by default their own, but 3 of those with alpha or of several.

    Returns:
        The `Image`, the splits, name -> (uint8 images, int32 labels or None), and the names of the classes
        or None.

    Raises:
        InputError: if tensorflow-datasets is not installed, cannot load the set, or it has no images to
            train on, or labels of no class.
    """
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise InputError(
            f"tfds:{name} needs TensorFlow Datasets: install it with pip install tensorflow-datasets."
        ) from error
    try:
        found, info = tfds.load(name, with_info=True)
    # Unknown names, failed downloads and manual downloads each raise their own kind of error.
    except Exception as error:
        raise InputError(f"tfds:{name} could not be loaded: {error}.") from error
    if "image" not in info.features or "train" not in found:
        raise InputError(f"tfds:{name} must have a train split and a feature named image.")
    height, width, depth = info.features["image"].shape
    size = size or ((height, width) if height and width else (64, 64))
    media = media or Image(*size, channels or min(depth or 3, 3))
    labeled = "label" in info.features
    splits = {}
    for split, own_name in (("train", "train"), ("val", "validation"), ("test", "test")):
        if own_name in found:
            examples = [(media.pack(e["image"]), e.get("label")) for e in tfds.as_numpy(found[own_name])]
            images, labels = zip(*examples, strict=True)
            splits[split] = (np.stack(images), np.array(labels, np.int32) if labeled else None)
    if not labeled:
        return media, splits, None
    class_names = info.features["label"].names
    for split, (_, labels) in splits.items():
        if labels.min() < 0 or labels.max() >= len(class_names):
            raise InputError(
                f"tfds:{name} has labels in {split} that are of none of its {len(class_names)} classes."
            )
    return media, splits, class_names
