"""What the page asks of a model: of a run, or of a SavedModel, which has its signatures alone."""

import numpy as np
import tensorflow as tf

from keras_gen import pretrained
from keras_gen.errors import InputError
from keras_gen.export import description, exported_from
from keras_gen.export.description import EXTRA
from keras_gen.files import read_json
from keras_gen.media import Image, cleaning, recordings
from keras_gen.models import VAE
from keras_gen.runs.run import Run
from keras_gen.sampling.labels import labels_for
from keras_gen.sampling.requests import in_batches, seeds_of
from keras_gen.sampling.walks import spherical
from keras_gen.serving.folders import models_in
from keras_gen.serving.signatures import origin_of, told_by
from keras_gen.training import noise

CLEANING = ("trim", "loudness", "shortest", "repair")  # settings of recordings that a run's config tells
IN_TURN = -1  # in the place of a class


class Shown:
    """A model as the page asks it.

    Attributes:
        name: of the folder.
        kind: "image", "audio" or "text".
        origin: `keras_gen.media.Origin` of what it makes.
        num_classes: as of a `GenerativeModel`.
        class_names: dict, name of a label -> names of its classes; empty where the model is not conditional.
        image: `keras_gen.media.Image` that lays out what it makes; None where that is no image.
        rate, samples: of its recordings, Hz and length; None where it makes none.
        encodes: bool, whether it has an encoder.
        walks: bool, whether there is a way between two of its latents.
        latent_dim: int; None where a latent is not one vector.
        completes: bool, whether it goes on from the beginning of a sentence.
        has_options: names of what `generate` takes beside `seed`, of `temperature`, `top_k`, `top_p`.
    """

    image = rate = samples = latent_dim = None
    completes = False  # which signatures do not

    def labels(self, num, chosen):
        """The labels of examples: int32 (num,), of n labels (num, n); None where there are none.

        Args:
            num: int >= 1.
            chosen: for each label the place of a class, or `IN_TURN` to go through all of them.
        """
        if self.num_classes is None:
            return None
        counts = map(len, self.class_names.values())
        sizes = [count if place == IN_TURN else 1 for count, place in zip(counts, chosen, strict=True)]
        labels = labels_for(num, None, tuple(sizes)) + np.maximum(chosen, 0).astype(np.int32)
        return labels if isinstance(self.num_classes, tuple) else labels[:, 0]

    def _name_classes(self, names):
        if self.num_classes is None:
            self.class_names = {}
        elif isinstance(names, dict):
            self.class_names = names
        else:
            counts = np.reshape(self.num_classes, (-1,)).tolist()
            columns = [names] if names else [list(map(str, range(count))) for count in counts]
            labels = ["Class"] if len(columns) == 1 else [f"Label {number}" for number in range(len(columns))]
            self.class_names = dict(zip(labels, columns, strict=True))


class Trained(Shown):
    """The model of a run.

    Args:
        run: `Run`.
    """

    def __init__(self, run):
        classes = run.classes()
        self.model = model = run.load_model()
        media = model.media
        self.name, self.origin, self.kind = run.folder.resolve().name, run.origin(model), media.key
        self.num_classes = model.num_classes
        self._name_classes(classes and classes.names)
        self.encodes, self.walks = hasattr(model, "encode"), model.latent_shape is not None
        if model.latent_shape and len(model.latent_shape) == 1 and model.latent_dtype == "float32":
            (self.latent_dim,) = model.latent_shape
        self.has_options = ("temperature", "top_k", "top_p") if self.kind == "text" else ("temperature",)
        self.completes = self.kind == "text"
        if self.kind == "image":
            self.image = media
        if self.kind == "audio":
            self.rate, self.samples = media.rate, media.samples

    def generate(self, num, labels, seed, **how):
        """What `keras-gen sample` draws by this seed: raw media (num, ...)."""
        return self.model.generate(num, labels, seed, **how)

    def latent(self, seed, labels):
        """The latent of the first example of a seed, (*latent_shape)."""
        labels = None if labels is None else tf.constant(labels)
        return self.model.latents_of_seeds(tf.constant(seeds_of(seed, 1)), labels).numpy()[0]

    def read(self, raw):
        """A file's bytes, or a sentence, as `encode` takes it."""
        return self.model.media.pack(raw)

    def encode(self, examples, labels):
        """Latents (num, *latent_shape) of examples as `read` or, of images, `generate` gives them."""
        return self.model.encode(np.stack(examples), labels)

    def decode(self, latents, labels):
        """Raw media (num, ...) of latents."""
        return self.model.decode(latents, labels)

    def walk(self, start, stop, steps, labels=(None, None)):
        """Raw media (steps, ...) from one latent, and label, to another."""
        label, stop_label = labels
        # Not every model walks between labels.
        between = isinstance(self.model, VAE) and not np.array_equal(label, stop_label)
        ends = {"label": label, **({"stop_label": stop_label} if between else {})}
        return self.model.interpolate(start, stop, steps=steps, **ends)


class Exported(Shown):
    """A SavedModel.

    Args:
        name: of the model.
        number: int, its version.
        path: `pathlib.Path` of the SavedModel.

    Raises:
        InputError: it does not say what it is, or cannot be loaded.
    """

    def __init__(self, name, number, path):
        told = description.read(path)
        self.name, self.kind, self.num_classes = name, told.media["kind"], told.num_classes
        self.origin = origin_of(exported_from(path), name, number)
        if isinstance(self.num_classes, list):
            self.num_classes = tuple(self.num_classes)
        self._name_classes(told.class_names)
        try:
            self._loaded = tf.saved_model.load(str(path))  # whose signatures do not keep it
        except Exception as error:  # noqa: BLE001 - a damaged file may make TensorFlow raise anything
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise InputError(f"{path} cannot be loaded: {reason}") from error
        self._signatures = self._loaded.signatures
        self.encodes, self._is_gan = "encode" in self._signatures, told.kind == "GAN"
        self.has_options = ("temperature", "top_k", "top_p") if "sample" in self._signatures else ()
        latents = told.signatures["decode"].inputs["latents"] if "decode" in told.signatures else None
        if latents and latents.dtype == "float32" and len(latents.shape) == 2:
            self.latent_dim = latents.shape[1]
        self.walks = self.latent_dim is not None
        if self.kind == "image":
            self.image = Image(*(told.media[side] for side in ("height", "width", "channels")))
        if self.kind == "audio":
            self.rate, self.samples = told.media["rate"], told.media["samples"]
            self._cleaning = _cleaning_of(path)

    def _call(self, name, **inputs):
        """The one output of a signature, in batches; inputs that are None are left out."""
        given = {key: values for key, values in inputs.items() if values is not None}

        def call(*part):
            try:
                tensors = dict(zip(given, map(tf.constant, part), strict=True))
                (output,) = self._signatures[name](**tensors).values()
            except tf.errors.InvalidArgumentError as error:
                raise InputError(told_by(error)) from error
            return output.numpy()

        return in_batches(call, *given.values())

    def generate(self, num, labels, seed, **how):
        """See `Trained.generate`."""
        seeds = seeds_of(seed, num)
        if not how:
            return self._as_texts(self._call("generate", seed=seeds, label=labels))
        inputs = {
            "temperature": np.full(num, how.get("temperature", 1.0), np.float32),
            "top_k": np.full(num, how.get("top_k") or 0, np.int32),
            "top_p": np.full(num, how.get("top_p") or 1.0, np.float32),
        }
        return self._as_texts(self._call("sample", seed=seeds, **inputs, label=labels))

    def latent(self, seed, labels):
        """The latent of the first example of a seed; where an encoder has to find it, one near to it."""
        if self._is_gan:
            return noise.normal_of_seeds((self.latent_dim,), seeds_of(seed, 1), noise.LATENTS).numpy()[0]
        return self.encode(self._call("generate", seed=seeds_of(seed, 1), label=labels), labels)[0]

    def read(self, raw):
        """See `Trained.read`."""
        if self.kind == "text":
            return raw
        waveform, rate = recordings.read(raw)
        clean = cleaning.clean(waveform, rate, self.rate, **self._cleaning)
        return cleaning.fit(clean, self.samples)

    def encode(self, examples, labels):
        """See `Trained.encode`."""
        name = {"image": "images"}.get(self.kind, self.kind)
        return self._call("encode", **{name: np.stack(examples)}, label=labels)

    def decode(self, latents, labels):
        """See `Trained.decode`."""
        return self._as_texts(self._call("decode", latents=latents, label=labels))

    def walk(self, start, stop, steps, labels=(None, None)):
        """See `Trained.walk`; signatures take no point between two labels, so the first one stays."""
        latents = spherical(start, stop, steps).astype(np.float32)
        under = None if labels[0] is None else np.stack([labels[0]] * steps).astype(np.int32)
        return self.decode(latents, under)

    def _as_texts(self, raw):
        return np.array([text.decode() for text in raw]) if self.kind == "text" else raw


def _cleaning_of(path):
    """How recordings are cleaned, by the settings that lie with a SavedModel; dict, empty where none do."""
    try:
        told = read_json(path / EXTRA / "config.json")["audio"]
        return {name: told[name] for name in CLEANING if name in told}
    except (InputError, LookupError, TypeError):
        return {}


def opened(folder):
    """The model in a folder.

    Args:
        folder: `pathlib.Path` of a run, of a SavedModel, or of its versions; or the name of a pretrained
            model.

    Returns:
        `Trained` or `Exported`, of several versions the newest.

    Raises:
        InputError: there is neither, there are several, or the one there cannot be loaded.
    """
    if (folder / pretrained.CONFIG).is_file() or str(folder) in pretrained.names():
        return Trained(Run.open(folder))
    try:
        found = models_in(folder)
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {error.strerror or error}.") from error
    if len(found) != 1:
        several = (
            f"holds {' and '.join(found)}: name one of them" if found else "is neither a run nor a SavedModel"
        )
        raise InputError(f"{folder} {several}.")
    ((name, models),) = found.items()
    number = max(models.versions)
    return Exported(name, number, models.versions[number])
