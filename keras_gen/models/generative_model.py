"""What every generative model of the kit has: media on both sides, and latents between."""

import math
import warnings

import keras
import numpy as np
import tensorflow as tf

from keras_gen import noise
from keras_gen.errors import InputError
from keras_gen.models.any_batch import for_any_batch
from keras_gen.models.callback_checks import check_callbacks
from keras_gen.models.data_check import (
    brought,
    check_examples,
    is_array,
    media_and_labels,
    refuse_weights,
    refusing_other_containers,
    warn_of_missing_classes,
    whole_batches,
)
from keras_gen.models.interpolation import spherical
from keras_gen.models.labels import check_label, label_shape, labels_for
from keras_gen.models.network_checks import reading
from keras_gen.models.trainer import Trainer
from keras_gen.models.transfer import transfer

GENERATE_BATCH = 256


class GenerativeModel(Trainer):
    """Base of the models: sub-classes state their mathematics in `train_step`, `test_step` and `decode_to_model`.

    Args:
        media: what is generated, such as `Image(32, 32, 3)`.
        latent_shape: tuple of ints, the shape of one latent.
        num_classes: int, number of labels the model is conditioned on; a tuple of n ints where an example has n labels; or
            None.
        seed: int, decides every random number of training.
    """

    latent_dtype = "float32"
    latent_range = None  # (lowest, below which) numbers in latents are, or None for all finite ones

    def __init__(self, media, latent_shape, num_classes=None, seed=0, **kwargs):
        super().__init__(seed, **kwargs)
        self.media = media
        self.latent_shape = tuple(latent_shape)
        # A saved tuple comes back as a list.
        self.num_classes = tuple(num_classes) if isinstance(num_classes, list) else num_classes
        self._make_functions()

    @classmethod
    def from_recipe(cls, name, **fields):
        """A compiled model as a recipe describes it.

        Args:
            name: of a recipe, as `keras-gen list` shows them, or the path of a Python file with one.
            **fields: fields of the recipe to override, as `keras-gen show` shows them: `width=64`, or in full
                `network__width=64`, with two underscores for the dot.

        Returns:
            A compiled model.

        Raises:
            InputError: there is no recipe or field of this name, or the recipe makes another kind of model.
        """
        from keras_gen import recipes  # the front door looks up the house: recipes stand above models

        model = recipes.resolve(name, fields).build()
        if not isinstance(model, cls):
            raise InputError(f"Recipe {name!r} makes a {type(model).__name__}, not a {cls.__name__}.")
        return model

    # What sub-classes say.

    def decode_to_model(self, latents, labels):
        """Latents (batch, *latent_shape) and labels (batch,) or None -> media in its model form."""
        raise NotImplementedError

    def exported_networks(self):
        """The networks whose weights the endpoints use."""
        raise NotImplementedError

    def endpoints(self):
        """Exported signatures: name -> (function, list of `tf.TensorSpec`); the first is the default."""
        seed = tf.TensorSpec((None,), tf.int64, name="seed")
        latents = tf.TensorSpec((None, *self.latent_shape), self.latent_dtype, name="latents")

        def decode(latents, label=None):
            return {self.media.raw_spec.name: self.media.to_raw(self.decode_to_model(latents, label))}

        def generate(seed, label=None):
            return decode(self.latents_given(seed, label), label)

        return {
            "generate": (generate, [seed, *self.label_spec]),
            "decode": (decode, [latents, *self.label_spec]),
        }

    @property
    def label_spec(self):
        """What an endpoint takes after its first input: a label for each row, or nothing."""
        if self.num_classes is None:
            return []
        return [tf.TensorSpec((None, *label_shape(self.num_classes)), tf.int32, name="label")]

    # Training.

    def fit(self, x=None, y=None, batch_size=None, *args, validation_data=None, **kwargs):
        """Trains like `keras.Model.fit` on packed media, with labels as `y` where the model is conditional.

        A batch is shared by all replicas of the strategy that the model was built under. Batches may be media, pairs of media
        and labels, or dicts with the keys of TensorFlow Datasets: "image", "audio" or "text", and "label".

        Args:
            x: packed media (num, *media.shape), or whatever gives Keras batches of these: a `tf.data.Dataset`, `PyDataset`,
                generator or `DataLoader`. Arrays are checked as a whole, batches by the first one.
            y: labels of an array, int (num,), of n labels (num, n).
            batch_size: int, examples in a batch of an array; None stands for 32.
            validation_data: the same as x, or a pair of x and y.
            *args, **kwargs: those of `keras.Model.fit`.

        Returns:
            The `History` of Keras.

        Raises:
            InputError: the data do not fit the model's media, the labels are missing or out of range, examples are weighted, a
                callback cannot work here, or replicas cannot have equal shares of a batch.
        """
        refuse_weights(kwargs)
        check_callbacks(self, kwargs.get("callbacks"))
        x, y = brought(self, x, y)
        if is_array(x) and self.num_classes is not None:
            warn_of_missing_classes(y, self.num_classes)
        if validation_data is not None:
            val_x, val_y = brought(self, *media_and_labels(validation_data, self.media))
            validation_data = val_x if val_y is None else (val_x, val_y)
        replicas = self.distribute_strategy.num_replicas_in_sync
        if replicas > 1:
            if kwargs.pop("validation_split", 0):
                raise InputError("Several replicas cannot split the data themselves: give validation_data.")
            seed = self.seed if kwargs.pop("shuffle", True) else None
            kwargs.setdefault("validation_batch_size", batch_size)
            x, y, batch_size = whole_batches(x, y, batch_size, replicas, seed), None, None
        if isinstance(x, (tf.data.Dataset, tf.distribute.DistributedDataset)):
            kwargs.setdefault("shuffle", False)  # Keras warns that it does not shuffle what shuffles itself
        steps, at_once = kwargs.get("steps_per_epoch") or 0, self.steps_per_execution if self.compiled else 1
        if steps % at_once:
            warnings.warn(
                f"steps_per_epoch={steps} is no multiple of steps_per_execution={at_once}, so that an epoch takes "
                f"{-(-steps // at_once) * at_once} steps: compile with steps_per_execution={math.gcd(steps, at_once)}.",
                stacklevel=2,
            )
        self.checks_next_batch = True
        skipped = int(self.skipped_steps.numpy())
        with refusing_other_containers(x, validation_data):
            history = super().fit(x, y, batch_size, *args, validation_data=validation_data, **kwargs)
        skipped = int(self.skipped_steps.numpy()) - skipped
        if skipped:
            warnings.warn(
                f"{skipped:,} training steps were skipped, since a loss or gradient was not finite: set a lower learning rate, "
                "or clip gradients.",
                stacklevel=2,
            )
        return history

    def evaluate(self, x=None, y=None, *args, **kwargs):
        """Reports `test_step` like `keras.Model.evaluate`, on data as in `fit`.

        Raises:
            InputError: the data do not fit the model's media, the labels are missing or out of range, or examples are weighted.
        """
        refuse_weights(kwargs)
        if not kwargs.get("_use_cached_eval_dataset"):  # by which `fit` evaluates arrays that it has checked
            x, y = brought(self, x, y)
        self.checks_next_batch = True
        with refusing_other_containers(x):
            return super().evaluate(x, y, *args, **kwargs)

    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False):
        """Takes one training step like `keras.Model.train_on_batch`, on a batch as in `fit`.

        Raises:
            InputError: the batch does not fit the model, examples are weighted, or there are several replicas.
        """
        refuse_weights({"sample_weight": sample_weight, "class_weight": class_weight})
        return super().train_on_batch(*self._one_batch(x, y), return_dict=return_dict)

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        """Reports `test_step` on one batch, like `keras.Model.test_on_batch`.

        Raises:
            InputError: the batch does not fit the model, examples are weighted, or there are several replicas.
        """
        refuse_weights({"sample_weight": sample_weight})
        return super().test_on_batch(*self._one_batch(x, y), return_dict=return_dict)

    def predict(self, x, *args, **kwargs):
        """Refused: a model that makes examples out of noise predicts nothing of examples."""
        raise InputError(
            f"A {type(self).__name__} predicts nothing: call generate(num) for new {self.media.plural}, or decode(latents)."
        )

    def predict_on_batch(self, x):
        """Refused, see `predict`."""
        return self.predict(x)

    def _one_batch(self, x, y):
        if self.distribute_strategy.num_replicas_in_sync > 1:
            raise InputError("A batch cannot be shared by several replicas here: call fit or evaluate.")
        x, y = brought(self, x, y)
        if not is_array(x):
            raise InputError(
                f"A batch must be an array, not a {type(x).__name__}: call fit for whole data sets."
            )
        return x, y

    def check_batch(self, batch):
        check_examples(self, *media_and_labels(batch, self.media))

    def check_support(self, x):
        """Refuses packed media that have the right shape and type, but values that the model cannot learn; by default none."""

    def unpack(self, data):
        """A batch as `fit` gets it -> (media in its model form, labels or None)."""
        packed, labels = media_and_labels(data, self.media)
        return self.media.to_model(self.packed(packed)), self.as_labels(labels)

    def packed(self, x):
        """Media of a batch, packed if they are strings still."""
        return self.media.pack_in_graph(x) if x.dtype == tf.string else x

    def as_labels(self, labels):
        """Labels as a batch brings them -> int32 (batch,), of n labels (batch, n); None for an unconditional model."""
        if self.num_classes is None:
            return None
        return tf.reshape(tf.cast(labels, tf.int32), (-1, *label_shape(self.num_classes)))

    def draw_latents(self, batch, seed):
        """(batch, *latent_shape) of standard normal noise."""
        return noise.normal((batch, *self.latent_shape), seed)

    # Looking and using.

    def latents_of_seeds(self, seeds, temperature=1.0):
        """One latent for each seed, a function of that seed alone, so that batching changes nothing.

        Args:
            seeds: int64 (batch,).
            temperature: float >= 0, scale of the noise.

        Returns:
            float32 (batch, *latent_shape), by default standard normal.
        """
        return temperature * noise.normal_of_seeds(self.latent_shape, seeds, noise.LATENTS)

    def latents_given(self, seeds, labels, temperature=1.0):
        """The latents to decode with these labels: by default the labels play no part in drawing them."""
        return self.latents_of_seeds(seeds, temperature)

    def generate(self, num, labels=None, seed=None, temperature=1.0):
        """Draws from the model.

        Args:
            num: int >= 1, how many.
            labels: for a conditional model an int, or `num` ints; None goes through the classes in turn. Where an example has n
                labels, n ints, or `num` times n.
            seed: int >= 0 for reproducible draws, of which a larger `num` only adds more; None draws afresh.
            temperature: float >= 0, scale of the noise; below 1 gives likelier and less varied examples.

        Returns:
            Array of raw media, (num, ...).

        Raises:
            InputError: a number is out of its range, or labels do not fit the model.
        """
        check_draw(num, seed, temperature)
        seeds = np.random.SeedSequence(seed).generate_state(num, np.uint64).view(np.int64)
        temperature = tf.constant(temperature, tf.float32)
        labels = self.labels_for(num, labels)
        parts = [slice(i, i + GENERATE_BATCH) for i in range(0, num, GENERATE_BATCH)]
        latents = np.concatenate(
            [
                self._latents(seeds[part], None if labels is None else labels[part], temperature)
                for part in parts
            ]
        )
        return self.decode(latents, labels)

    def decode(self, latents, labels=None):
        """What latents stand for.

        Args:
            latents: (num, *latent_shape) of the model's `latent_dtype`.
            labels: as in `generate`.

        Returns:
            Array of raw media, (num, ...).

        Raises:
            InputError: latents or labels do not fit the model.
        """
        latents = self.as_latents(latents)
        if latents.shape[1:] != self.latent_shape:
            raise InputError(f"Latents must have shape (num, *{self.latent_shape}), not {latents.shape}.")
        labels = self.labels_for(len(latents), labels)
        parts = [slice(i, i + GENERATE_BATCH) for i in range(0, len(latents), GENERATE_BATCH)]
        return np.concatenate(
            [
                self.media.as_array(self._decode(latents[part], None if labels is None else labels[part]))
                for part in parts
            ]
        )

    def as_latents(self, values):
        """An array of the model's `latent_dtype`; a sub-class may refuse more values that cannot be latents."""
        latents = np.asarray(values, self.latent_dtype)
        if not np.isfinite(latents).all():
            raise InputError("Latents must be finite numbers.")
        return latents

    def labels_for(self, num, labels=None):
        """The labels of `num` examples: what `generate` takes -> int32 (num,), or None for an unconditional model."""
        return labels_for(num, labels, self.num_classes)

    def interpolate(self, start, stop, steps=8, label=None, stop_label=None):
        """Walks from one latent to another on the way that `between` takes.

        Args:
            start: (*latent_shape) of the model's `latent_dtype`.
            stop: (*latent_shape), likewise.
            steps: int >= 2, both ends included.
            label: int, or n ints, which a conditional model needs.
            stop_label: the same at the other end, for models that walk between labels, such as `VAE`.

        Returns:
            Array of raw media, (steps, ...).

        Raises:
            InputError: a latent, the number of steps or a label does not fit, or the model cannot walk between labels.
        """
        if stop_label is not None:
            raise InputError(f"A {type(self).__name__} walks under one label: leave stop_label out.")
        return self.decode(self.walk(start, stop, steps, label), label)

    def walk(self, start, stop, steps, label):
        """The latents of `interpolate`, which see, (steps, *latent_shape)."""
        start, stop = self.as_latents(start), self.as_latents(stop)
        if start.shape != self.latent_shape or stop.shape != self.latent_shape or steps < 2:
            raise InputError(
                f"Between two latents of shape {self.latent_shape} there are at least 2 steps, but start has "
                f"{start.shape}, stop has {stop.shape} and steps is {steps}."
            )
        check_label(label, self.num_classes)
        return self.between(start, stop, steps)

    def between(self, start, stop, steps):
        """Latents from one to another, (steps, *latent_shape): by default on the sphere that they lie on (White 2016)."""
        return spherical(start, stop, steps)

    def show(self, rows=4, labels=None, seed=None):
        """A square of fresh examples, as an object that notebooks display.

        Args:
            rows: int >= 1, examples on each side.
            labels: as in `generate`, for rows x rows examples.
            seed: as in `generate`.

        Returns:
            For images a `PIL.Image.Image`, for recordings a `Player`, for sentences a text.
        """
        return self.media.show(self.generate(rows * rows, labels, seed))

    def export(self, path, format="tf_saved_model", verbose=None):
        """Writes a SavedModel with named signatures, ready to be served without this package.

        Args:
            path: folder to write; TensorFlow Serving wants `<name>/<integer version>`.
            format: "tf_saved_model".
            verbose: bool, whether to print where it lies; None stands for False.

        Returns:
            The path.

        Raises:
            InputError: the format is another one, there is something at the path already, or it cannot be written.
        """
        from keras_gen.export import export  # the front door looks up the house: export stands above models

        if format != "tf_saved_model":
            raise InputError(
                f"A {type(self).__name__} is exported as 'tf_saved_model', which other tools convert, not as {format!r}."
            )
        path = export(self, path)
        if verbose:
            print(f"Saved model at {path}, with the signatures {', '.join(self.endpoints())}.")
        return path

    # Going on from another model.

    def learned_parts(self):
        """The layers whose weights are all that the model has learned."""
        return self.trained_networks()

    def take_weights(self, earlier):
        """Takes what another model has learned, to be trained further with optimizers and a clock of this one's own.

        Args:
            earlier: a model of the same kind and architecture, for the same media.

        Raises:
            InputError: it is of another kind, or its networks have weights of other shapes.
        """
        transfer(earlier, self)

    # Saving.

    def save(self, filepath, overwrite=True, zipped=None, **kwargs):
        """Saves the model with its optimizers and its clock, like `keras.Model.save`.

        Raises:
            InputError: the name does not end in `.keras`: no other format keeps a model of several networks.
        """
        if not str(filepath).endswith(".keras"):
            raise InputError(
                f"A {type(self).__name__} is saved to a file whose name ends in .keras, not to {str(filepath)!r}; "
                "save_weights takes .weights.h5."
            )
        super().save(filepath, overwrite, zipped, **kwargs)

    def compile(self, *args, **kwargs):
        super().compile(*args, **kwargs)
        self._make_functions()

    compile.__doc__ = Trainer.compile.__doc__

    def _make_functions(self):
        """Graphs of their own for each compilation, which may change what samples come from."""
        self._latents = for_any_batch(self.latents_given)
        self._decode = for_any_batch(
            lambda latents, labels: self.media.to_raw(self.decode_to_model(latents, labels))
        )

    def get_config(self):
        return {
            "media": keras.saving.serialize_keras_object(self.media),
            "num_classes": self.num_classes,
            "seed": self.seed,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config):
        with reading():
            return cls(**keras.saving.deserialize_keras_object(config))


def check_draw(num, seed, temperature):
    """Raises `InputError` where `generate` cannot draw so many, with this seed or at this temperature."""
    for name, value, least in (("num", num, 1), ("seed", 0 if seed is None else seed, 0)):
        if not isinstance(value, int | np.integer):
            raise InputError(f"{name} must be a whole number, not {value!r}.")
        if value < least:
            raise InputError(f"{name} must be at least {least}, not {value}.")
    if not np.isfinite(temperature):
        raise InputError(f"temperature must be finite, not {temperature}.")
    if temperature < 0:
        raise InputError(f"temperature must be at least 0, not {temperature}.")
