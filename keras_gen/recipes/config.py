"""What all recipes have in common."""

import dataclasses
import functools
import math

from keras_gen.errors import InputError, unknown

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """The part of a setup that every recipe has; sub-classes add their media's and their model's, and `make` it.

    Args:
        data: name or path for `keras_gen.datasets.load`; empty where it must be given.
        num_classes: number of labels to condition on, or None for none; where an example has several labels, the number of each.
        final_learning_rate_share: share of the learning rates that is left at the end, on a cosine.
        batch_size: examples in a batch.
        epochs: how often losses are reported, samples drawn and a checkpoint written.
        steps_per_epoch: batches in an epoch.
        steps_per_execution: batches in one call of the compiled graph, lowered to what divides steps_per_epoch.
        precision: "float32", "mixed_bfloat16" or "mixed_float16", the dtype policy of the networks.
        jit_compile: whether XLA compiles the steps; Keras' own layers, such as Dropout, draw other noise then.
        gradient_accumulation: batches whose gradients make one step of an optimizer; a FactorVAE's adversary takes one at each.
        clip_norm: largest global norm of the gradient that an optimizer takes, 0 for any; a FactorVAE's adversary takes any.
        seed: decides every random number but those of the data.
        data_seed: decides the splits and the order of the data, so that runs of several seeds are scored on the same examples.
        checkpoint_steps: batches between two checkpoints within an epoch, or None for epochs only.
        most_skipped: batches in a row that may be skipped because a loss or gradient was not finite, before training goes
            back to its last checkpoint with half the learning rates.
        most_restores: how often it may do so.
        start: folder of a run of the same architecture whose weights training begins with, or None to begin anew.
        frozen: what keeps the weights of `start`: "none", or a part that the kind of model names.
    """

    data: str
    num_classes: int | tuple[int, ...] | None = None
    final_learning_rate_share: float = 0.01
    batch_size: int = 128
    epochs: int = 20
    steps_per_epoch: int = 500
    steps_per_execution: int = 10
    precision: str = "float32"
    jit_compile: bool = False
    gradient_accumulation: int = 1
    clip_norm: float = 0.0
    seed: int = 0
    data_seed: int = 0
    checkpoint_steps: int | None = None
    most_skipped: int = 20
    most_restores: int = 3
    start: str | None = None
    frozen: str = "none"

    # What a sub-class says of its own fields: field -> the names it may hold; names of fields from 1 and from 0 to below
    # 2**31, and from 0 to below 1; those that say what is loaded, what shapes weights have, and how fast they learn; and
    # names of functions in `measures` that score the model.
    choices = {}
    at_least_one = ()
    not_negative = ()
    below_one = ()
    data_fields = ("data", "batch_size", "data_seed")
    architecture = ("num_classes",)
    learning_rates = ("learning_rate",)
    once_begun = {}  # what fine-tuning does not begin again with: field -> value
    measures = ()
    best_by = None  # name of the log that the best checkpoint is least in
    restore_best = False  # whether training ends with that one

    def __post_init__(self):
        for field, names in {"precision": PRECISIONS, "frozen": ("none",), **self.choices}.items():
            if getattr(self, field) not in names:
                raise unknown(field, getattr(self, field), names)
        counts = (
            "batch_size",
            "epochs",
            "steps_per_epoch",
            "steps_per_execution",
            "gradient_accumulation",
            "checkpoint_steps",
            "most_skipped",
        )
        for field in (*self.at_least_one, *counts):
            value = getattr(self, field)
            if value is not None and not 1 <= value < 2**31:
                limit = "at least 1" if value < 1 else "below 2**31"
                raise InputError(f"Field {field!r} must be {limit}, not {value}.")
        for field in (
            *self.not_negative,
            "final_learning_rate_share",
            "clip_norm",
            "seed",
            "data_seed",
            "most_restores",
        ):
            if not 0 <= getattr(self, field) < 2**31:
                raise InputError(
                    f"Field {field!r} must be from 0 to below 2**31, not {getattr(self, field)}."
                )
        if self.examples >= 2**63:
            raise InputError(
                f"The training would see {self.examples} examples: set epochs, steps_per_epoch or batch_size lower."
            )
        for field in self.below_one:
            if not 0 <= getattr(self, field) < 1:
                raise InputError(
                    f"Field {field!r} must be at least 0 and below 1, not {getattr(self, field)}."
                )
        if self.frozen != "none" and self.start is None:
            raise InputError(
                f"frozen={self.frozen} would keep weights that have learned nothing: set start to the folder of a run, or "
                "frozen=none."
            )
        if self.num_classes is not None and min(_numbers(self.num_classes), default=0) < 1:
            raise InputError(
                f"Field 'num_classes' must be at least 1, or none, not {told(self.num_classes)}."
            )

    @property
    def examples(self):
        """Examples in the whole training."""
        return self.epochs * self.steps_per_epoch * self.batch_size

    @property
    def whole_execution(self):
        """`steps_per_execution` as Keras takes it: one that does not divide the epoch would lengthen it."""
        return math.gcd(self.steps_per_execution, self.steps_per_epoch)

    def adam(self, learning_rate, **settings):
        """An Adam whose learning rate falls on a cosine over the whole training, to its final share."""
        import keras

        from keras_gen.training import schedules

        final = learning_rate * self.final_learning_rate_share
        # Keras refuses to accumulate over one batch.
        accumulated = None if self.gradient_accumulation == 1 else self.gradient_accumulation
        return keras.optimizers.Adam(
            schedules.Cosine(learning_rate, final, self.examples),
            global_clipnorm=self.clip_norm or None,
            gradient_accumulation_steps=accumulated,
            **settings,
        )

    @property
    def execution(self):
        """How `compile` is to run the steps."""
        return {"jit_compile": self.jit_compile, "steps_per_execution": self.whole_execution}

    @property
    def media(self):
        """The `Media` that is modeled."""
        raise NotImplementedError

    def load(self):
        """The `Dataset` to train on, the same one at each call.

        Raises:
            InputError: it cannot be loaded, or not with these settings.
        """
        return self._dataset

    @functools.cached_property
    def _dataset(self):
        return self.read()

    def read(self):
        """Loads the `Dataset`."""
        raise NotImplementedError

    def share_data(self, other):
        """Takes the `Dataset` of another config, where both say the same of it, instead of loading it again."""
        if all(getattr(self, field) == getattr(other, field) for field in self.data_fields):
            vars(self)["_dataset"] = other.load()

    def build(self):
        """A compiled model."""
        import keras

        from keras_gen.training.precision import policy

        keras.utils.set_random_seed(self.seed)
        with policy(self.precision):
            model = self.make()
        if self.start is not None:
            model.take_weights(self.earlier())
        return model

    def earlier(self):
        """The model that training begins with."""
        from keras_gen.callbacks import trained_model

        return trained_model(self.start)

    def make(self):
        """A compiled model, under the seed and the dtype policy as they stand."""
        raise NotImplementedError

    def freeze(self, **networks):
        """Keeps the frozen one of these networks as it is, before a model of them is compiled."""
        if self.frozen in networks:
            networks[self.frozen].trainable = False

    def check_data(self, dataset):
        """Refuses, before anything is trained, data that the recipe cannot use or be scored on.

        Raises:
            InputError: the classes are others, or there is too little to test on.
        """
        if self.num_classes not in (None, dataset.num_classes):
            found = told(dataset.num_classes)
            raise InputError(
                f"The recipe wants {told(self.num_classes)} classes, but the data have {found}: give --set num_classes={found}."
            )
        held_out = 0 if dataset.test is None else len(dataset.arrays("test")[0])
        if held_out < 2:
            raise InputError(
                f"The data leave {held_out} {dataset.media.plural} for testing: at least 2 are needed, so give more."
            )

    def finish(self, model, dataset):
        """What is left to do after training: by default nothing."""


def _numbers(num_classes):
    return num_classes if isinstance(num_classes, tuple) else (num_classes,)


def told(num_classes):
    """Numbers of classes as a field takes them."""
    return "none" if num_classes is None else ",".join(str(number) for number in _numbers(num_classes))
