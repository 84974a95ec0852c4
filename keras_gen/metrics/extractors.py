"""Feature spaces in which distances are measured: named networks, and Keras models of the user's own."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_gen.errors import InputError, unknown
from keras_gen.media import Image
from keras_gen.metrics.efficientnet_lite import efficientnet_lite0

BATCH = 64
# Name of a preprocessing -> function of float32 pixels from 0 to 255.
PREPROCESSING = {
    "pixels": lambda images: images,
    "unit": lambda images: images / 255.0,
    "signed": lambda images: images / 127.5 - 1.0,
}
RANGES = {"pixels": "0 to 255", "unit": "0 to 1", "signed": "-1 to 1"}


class Extractor:
    """Features of images or recordings by a Keras model, with the exact preprocessing.

    Example:

    >>> import keras
    >>> from keras_gen.metrics import Extractor
    >>> model = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten()])
    >>> Extractor(model, preprocessing="unit", name="my pixels").description
    'my pixels (768 dimensions), of images stretched to 16 x 16 (Lanczos), 0 to 1'

    Args:
        model: `keras.Model` from float32 images (batch, height, width, channels) or, of recordings, waveforms
            (batch, samples) from -1 to 1, to features (batch, dimensions).
        size: (height, width) that images are stretched to, by the antialiasing Lanczos filter of
            `media.Image`; None for that of the model's input or, where this is open, that of the images.
        preprocessing: of images: "pixels", from 0 to 255; "unit", from 0 to 1; or "signed", from -1 to 1.
        name: what reports call it; by default that of the model.

    Attributes:
        description: one line that names the network and the preprocessing.

    Raises:
        InputError: the model does not give vectors, or does not take what it would be given.
    """

    def __init__(self, model, size=None, preprocessing="pixels", name=None):
        if preprocessing not in PREPROCESSING:
            raise unknown("preprocessing", preprocessing, PREPROCESSING)
        if not isinstance(model, keras.Model) or len(model.inputs) != 1 or len(model.outputs) != 1:
            raise InputError("An extractor is a built keras.Model of one input and one output.")
        self.name = name or model.name
        given, features = model.input_shape, model.output_shape
        if len(features) != 2 or features[1] is None or len(given) not in (2, 4):
            raise InputError(
                f"{self.name} maps {given} to {features}: an extractor maps images (batch, height, width, "
                "channels) or waveforms (batch, samples) to vectors (batch, dimensions)."
            )
        self._of_images = len(given) == 4
        if self._of_images:
            size = size or (given[1:3] if None not in given[1:3] else None)
            if size is not None and any(
                side not in (None, s) for side, s in zip(given[1:3], size, strict=True)
            ):
                raise InputError(f"{self.name} takes images of {given[1:3]}, not of size={size}.")
        self._model, self._size = model, size and tuple(size)
        sides = "of their own size" if size is None else f"stretched to {size[0]} x {size[1]} (Lanczos)"
        treated = f"images {sides}, {RANGES[preprocessing]}" if self._of_images else "waveforms, -1 to 1"
        self.description = f"{self.name} ({features[1]} dimensions), of {treated}"

        @tf.function(autograph=False, reduce_retracing=True)
        def embed(examples):
            if not self._of_images:
                return model(examples, training=False)
            if given[3] == 3 and examples.shape[3] == 1:
                examples = tf.repeat(examples, 3, axis=3)
            if self._size is not None:
                examples = Image(*self._size, examples.shape[3], "stretch").pack_in_graph(examples)
            return model(PREPROCESSING[preprocessing](tf.cast(examples, tf.float32)), training=False)

        self._embed = embed

    def __call__(self, examples, media):
        """The features of packed media, a batch at a time.

        Args:
            examples: packed media (num, ...).
            media: their `Media`.

        Returns:
            float32 (num, dimensions).

        Raises:
            InputError: the model does not take such media.
        """
        self.check(media)
        batches = (examples[start : start + BATCH] for start in range(0, len(examples), BATCH))
        features = [self._embed(tf.constant(media.unpack(batch))).numpy() for batch in batches]
        return np.concatenate(features).astype("float32", copy=False)

    def check(self, media):
        """Refuses media that the model does not take.

        Raises:
            InputError: it does not.
        """
        given = self._model.input_shape
        fits = self._of_images == isinstance(media, Image)
        if fits and self._of_images:
            fits = given[3] in (None, media.channels) or (given[3], media.channels) == (3, 1)
        elif fits:
            fits = given[1] in (None, *media.shape)
        if not fits:
            raise InputError(f"{self.name} takes {given}, not {media.plural} of shape {media.shape}.")


def inception_v3():
    """Keras' own InceptionV3 of ImageNet, whose weights are downloaded once.

    Its distances are not the FID of papers, whose network is another graph with other weights and resizing.

    Returns:
        An `Extractor` of 2048 dimensions.

    Raises:
        InputError: the weights cannot be had.
    """
    try:
        model = keras.applications.InceptionV3(include_top=False, pooling="avg", input_shape=(299, 299, 3))
    except Exception as error:  # noqa: BLE001 - a download fails in as many ways as networks do
        raise InputError(
            f"The weights of Keras' InceptionV3 cannot be downloaded ({error}): take another extractor, or "
            "put them into ~/.keras/models."
        ) from None
    return Extractor(model, preprocessing="signed", name="Keras' InceptionV3, not that of FID")


def from_file(path):
    """A Keras model of the user's own from a file. It runs no code but that of Keras' and the kit's layers.

    Args:
        path: of a .keras file, whose model takes pixels from 0 to 255, in the size of its input.

    Returns:
        An `Extractor`.

    Raises:
        InputError: it is not there, cannot be loaded safely, or is no extractor.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise InputError(f"There is no extractor {path}: give a .keras file, or one of {', '.join(NAMED)}.")
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # noqa: BLE001 - an archive fails in as many ways as it has layers
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(
            f"{path} cannot be loaded as a Keras model without code of its own: {lines[0]}"
        ) from None
    return Extractor(model, name=path.name)


NAMED = {
    "efficientnet-lite0": lambda: Extractor(efficientnet_lite0(), name="EfficientNet-Lite0 of ImageNet"),
    "inception-v3": inception_v3,
}


def extractor_of(name):
    """The extractor that a recipe or a command names.

    Args:
        name: "auto", for the classifier of the data at hand; a name in `NAMED`; or the path of a .keras file.

    Returns:
        An `Extractor`; None for "auto".

    Raises:
        InputError: there is none of this name, or what it needs is not there.
    """
    if name == "auto":
        return None
    if name in NAMED:
        return NAMED[name]()
    if not name.endswith(".keras"):
        raise unknown("extractor", name, ["auto", *NAMED, "the path of a .keras file"])
    return from_file(name)
