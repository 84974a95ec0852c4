"""What every generative model has: media, a clock, players that learn, and a sampler."""

import keras
import tensorflow as tf

from keras_gen.errors import reading
from keras_gen.models import keras_methods, saving
from keras_gen.models.checks import keras as keras_checks
from keras_gen.models.checks.data import as_labels, check_examples, media_and_labels
from keras_gen.models.checks.keras import naming_unknown_arguments, refuse_methods
from keras_gen.sampling.labels import labels_for
from keras_gen.sampling.one_shot import as_latents
from keras_gen.sampling.walks import spherical
from keras_gen.training import clock, keras_internals, noise
from keras_gen.training.player import Guard
from keras_gen.training.reports import Reports


@refuse_methods
class GenerativeModel(keras.Model):
    """Base of the models, which state their mathematics in `train_step`, `test_step` and `decode_to_model`.

    `examples_seen` counts the training examples so far. It is the clock of every schedule. With `seed` it is
    also the only state of the noise. So a model that is saved, loaded and trained on draws the same noise as
    one that was never interrupted.

    A sub-class sets `sampler` and, in `compile`, `players`: name -> `Player`.

    Args:
        media: what is generated, such as `Image(32, 32, 3)`.
        num_classes: int, number of labels that it is conditioned on; a tuple of n ints where an example has n
            labels; or None.
        seed: int, decides every random number of training.
    """

    parts = ()  # arguments of the constructor that are objects, as attributes have them
    latent_shape = None  # of one latent, where there are any
    latent_dtype = "float32"
    latent_range = None  # (lowest, below which) numbers in latents are, or None for all finite ones

    def __init__(self, media, num_classes=None, seed=0, **kwargs):
        # Networks have a precision of their own; what is done with what they return is in float32.
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.media = media
        # A saved tuple comes back as a list.
        self.num_classes = tuple(num_classes) if isinstance(num_classes, list) else num_classes
        self.seed = seed

        def state(name, dtype="int64", initializer="zeros"):
            return self.add_weight(name=name, dtype=dtype, initializer=initializer, trainable=False)

        self.examples_seen = state("examples_seen")
        self.skipped_steps, self.skipped_in_row = state("skipped_steps"), state("skipped_in_row")
        self.learning_rate_scale = state("learning_rate_scale", "float32", "ones")
        self.guard = Guard(self.skipped_steps, self.skipped_in_row, state("step_is_broken", "bool"))
        self.phases_over = state("phases_over")
        self.phases, self.players, self.reports = [], {}, Reports()
        self.checks_next_batch = False
        self.compiles_updates = False
        self.resident_examples = None  # what the rows are of that `fit` takes batches by, where it does
        self._generators_are_apart = False
        self.built = True

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "compile" in vars(cls):
            cls.compile = naming_unknown_arguments(cls.__name__, cls.compile)

    from_recipe, from_pretrained = classmethod(saving.from_recipe), classmethod(saving.from_pretrained)

    # What sub-classes say.

    def decode_to_model(self, latents, labels):
        """Latents (batch, *latent_shape) and labels (batch,) or None -> media in its model form."""
        raise NotImplementedError

    def latents_of_seeds(self, seeds, labels=None, temperature=1.0):
        """One latent for each seed, a function of that seed and label alone, so that batching changes
        nothing.

        Args:
            seeds: int64 (batch,).
            labels: int32 (batch,), or None.
            temperature: float >= 0, scale of the noise.

        Returns:
            (batch, *latent_shape) of the model's `latent_dtype`, by default standard normal.
        """
        return temperature * noise.normal_of_seeds(self.latent_shape, seeds, noise.LATENTS)

    def as_latents(self, values):
        """An array of the model's `latent_dtype`; raises `InputError` for values that no latent has."""
        return as_latents(values, self.latent_dtype)

    def between(self, start, stop, steps):
        """Latents (steps, *latent_shape) from one to another, by default on a sphere (White 2016)."""
        return spherical(start, stop, steps)

    def trained_networks(self):
        """The networks that a training step runs, whose layers may keep statistics."""
        raise NotImplementedError

    def learned_parts(self):
        """The layers whose weights are all that the model has learned."""
        return self.trained_networks()

    def check_support(self, x):
        """Refuses packed media whose values the model cannot learn; by default none."""

    def endpoints(self):
        """Exported signatures: name -> (function, list of `tf.TensorSpec`); the first is the default."""
        return self.sampler.endpoints()

    def exported_networks(self):
        """What the endpoints use, whose weights are exported."""
        return self.sampler.exported_networks()

    # Training.

    step_seeds = clock.step_seeds
    test_seed = clock.test_seed
    count_examples = clock.count_examples

    def prepare(self, **arguments):
        """What `compile` of a sub-class begins with, before it makes `players` and `reports`.

        Args:
            **arguments: all that `compile` was called with, as a loaded model will be. Of these `phases` is a
                list of `keras_gen.training.Phase` that training begins with; without it there are none.
        """
        how = {name: arguments[name] for name in ("jit_compile", "steps_per_execution", "run_eagerly")}
        keras_checks.check_execution(how["steps_per_execution"])
        self._compile_arguments = keras.saving.serialize_keras_object(arguments)
        super().compile(optimizer=None, **how)
        is_auto = how["jit_compile"] == "auto"  # which leaves out evaluations, whose steps are few
        self.compiles_evaluation = self.jit_compile and not is_auto
        self.compiles_updates = is_auto and keras_checks.has_layers_without_xla(self)
        for phase in self.phases:
            keras_internals.forget(self, phase)
        self.phases = list(arguments.get("phases", ()))
        self.phases_over.assign(0)
        self.sampler.trace()

    def current_phase(self):
        """The phase that training is in, or None where all learns as usual; read when a graph is traced."""
        with tf.init_scope():
            over = int(self.phases_over.numpy())
        return self.phases[over] if over < len(self.phases) else None

    @property
    def optimizers(self):
        """Name -> optimizer."""
        return {name: player.optimizer for name, player in self.players.items()}

    def scale_learning_rates(self, factor):
        """Multiplies the learning rates of all optimizers, also those to come of their schedules."""
        self.learning_rate_scale.assign(factor * self.learning_rate_scale)
        for player in self.players.values():
            player.scale_learning_rate(factor)

    def unpack(self, data):
        """A batch as `fit` gets it -> (media in its model form, labels int32 or None)."""
        packed, labels = media_and_labels(data, self.media)
        packed = self.media.pack_in_graph(packed) if packed.dtype == tf.string else packed
        return self.media.to_model(packed), as_labels(self, labels)

    def check_if_first(self, batch):
        """Checks the first batch of each `fit`, `evaluate` and the like, before a graph is traced for it."""
        if self.checks_next_batch:
            self.checks_next_batch = False
            # Replicas have batches of one kind.
            own = self.distribute_strategy.experimental_local_results(batch)[0]
            check_examples(self, *media_and_labels(own, self.media))

    # What Keras has, with data that are checked.

    fit = keras_methods.fit
    evaluate = keras_methods.evaluate
    train_on_batch = keras_methods.train_on_batch
    test_on_batch = keras_methods.test_on_batch
    predict = keras_methods.predict_nothing
    predict_on_batch = keras_methods.predict_on_batch

    make_train_function = keras_methods.make_train_function
    make_test_function = keras_methods.make_test_function
    _maybe_symbolic_build = keras_methods.build_nothing

    @property
    def metrics(self):
        return list(self.reports.means.values())

    def get_metrics_result(self):
        """The running means, over all replicas, of what was reported since they were reset: name -> float."""
        return self.reports.finite_logs()

    # Use. How a model generates decides what its sampler takes, and so what these take.

    @property
    def generate(self):
        """Draws new examples: `generate` of the sampler, see `help(model.generate)`."""
        return self.sampler.generate

    @property
    def decode(self):
        """What latents stand for: `decode` of the sampler, see `help(model.decode)`."""
        return self.sampler.decode

    @property
    def interpolate(self):
        """Walks from one latent to another: `interpolate` of the sampler, see `help(model.interpolate)`."""
        return self.sampler.interpolate

    def labels_for(self, num, labels=None):
        """What `generate` takes as labels -> int32 (num,), or None for an unconditional model."""
        return labels_for(num, labels, self.num_classes)

    def show(self, rows=4, labels=None, seed=None):
        """A square of fresh examples, as an object that notebooks display.

        Args:
            rows: int >= 1, examples on each side.
            labels: as in `generate`, for rows x rows examples.
            seed: as in `generate`.

        Returns:
            For images a `PIL.Image.Image`, for audio a `Player`, for text a text.
        """
        return self.media.show(self.generate(rows * rows, labels, seed))

    # Saving.

    save = saving.save
    export = saving.export
    take_weights = saving.take_weights
    load_own_variables = saving.load_own_variables
    get_compile_config = saving.get_compile_config
    compile_from_config = saving.compile_from_config

    def get_config(self):
        settings = {"num_classes": self.num_classes, "seed": self.seed, "name": self.name}
        parts = {name: getattr(self, name) for name in ("media", *self.parts)}
        return {
            **settings,
            **{name: keras.saving.serialize_keras_object(part) for name, part in parts.items()},
        }

    @classmethod
    def from_config(cls, config):
        with reading():
            return cls(**keras.saving.deserialize_keras_object(config))
