"""What the recipes for pictures have in common."""

import dataclasses
import math

from keras_gen.errors import InputError, unknown


@dataclasses.dataclass(frozen=True)
class PictureConfig:
    """The part of a setup that every recipe for pictures has; sub-classes add their model's, and `build` it.

    Args:
        data: name or path for `keras_gen.datasets.load`; empty where it must be given.
        size: side of the pictures in pixels.
        channels: 1 for grey, 3 for colour.
        num_classes: number of labels to condition on, or None for none.
        final_learning_rate_share: share of the learning rates that is left at the end, on a cosine.
        batch_size: examples in a batch.
        epochs: how often losses are reported, samples drawn and a checkpoint written.
        steps_per_epoch: batches in an epoch.
        steps_per_execution: batches in one call of the compiled graph, lowered to what divides steps_per_epoch.
        seed: decides every random number.
    """

    data: str
    size: int
    channels: int
    num_classes: int | None = None
    final_learning_rate_share: float = 0.01
    batch_size: int = 128
    epochs: int = 20
    steps_per_epoch: int = 500
    steps_per_execution: int = 10
    seed: int = 0

    # What a sub-class says of its own fields: field -> the names it may hold; names of fields from 1, from 0 to below
    # 2**31, and from 0 to below 1; and names of functions in `measures` that score the model.
    choices = {}
    at_least_one = ()
    not_negative = ()
    below_one = ()
    measures = ()

    def __post_init__(self):
        for field, names in self.choices.items():
            if getattr(self, field) not in names:
                raise unknown(field, getattr(self, field), names)
        for field in (*self.at_least_one, "batch_size", "epochs", "steps_per_epoch", "steps_per_execution"):
            if getattr(self, field) < 1:
                raise InputError(f"Field {field!r} must be at least 1, not {getattr(self, field)}.")
        for field in (*self.not_negative, "final_learning_rate_share", "seed"):
            if not 0 <= getattr(self, field) < 2**31:
                raise InputError(
                    f"Field {field!r} must be from 0 to below 2**31, not {getattr(self, field)}."
                )
        for field in self.below_one:
            if not 0 <= getattr(self, field) < 1:
                raise InputError(
                    f"Field {field!r} must be at least 0 and below 1, not {getattr(self, field)}."
                )
        if self.num_classes is not None and self.num_classes < 1:
            raise InputError(f"Field 'num_classes' must be at least 1, or none, not {self.num_classes}.")

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

        from keras_gen import schedules

        final = learning_rate * self.final_learning_rate_share
        return keras.optimizers.Adam(schedules.Cosine(learning_rate, final, self.examples), **settings)

    def build(self):
        """A compiled model."""
        raise NotImplementedError

    def check_data(self, dataset):
        """Refuses, before anything is trained, data that the recipe cannot use or be scored on.

        Raises:
            InputError: the classes are others, or there is too little to test on.
        """
        if self.num_classes not in (None, dataset.num_classes):
            found = dataset.num_classes or "none"
            raise InputError(
                f"The recipe wants {self.num_classes} classes, but the data have {found}: give --set num_classes={found}."
            )
        held_out = 0 if dataset.test is None else len(dataset.arrays("test")[0])
        if held_out < 2:
            raise InputError(
                f"The data leave {held_out} pictures for testing: at least 2 are needed, so give more pictures."
            )

    def finish(self, model, dataset):
        """What is left to do after training: by default nothing."""
