"""What all recipes have in common."""

import functools
import math
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from keras_gen.errors import InputError
from keras_gen.recipes.settings import LIMIT, SHAPES, Count, Natural, Part, Weight, find, override, told

MEASUREMENTS = 10  # of what decides which epoch is best
SLOWER = 0.1  # share of the learning rates that fine-tuning begins with


def _from_json(value):
    return tuple(value) if isinstance(value, list) else value


Quality = Literal["frechet", "frechet_infinity", "kid", "precision", "recall", "coverage", "label_agreement"]
MeasuredEvery = Annotated[
    Natural | Literal["auto"],
    Field(
        description="epochs between two measurements of best_by; 0 for none; auto: a tenth of all epochs "
        "where restore_best is true, else 0"
    ),
]
NumClasses = Annotated[Count | tuple[Count, ...] | None, SHAPES, BeforeValidator(_from_json)]


class Optimizer(Part):
    """What optimizers have in common."""

    final_learning_rate_share: Weight = Field(
        0.01, description="share of the learning rates that is left at the end, on a cosine"
    )
    epsilon: Annotated[float, Field(gt=0, lt=LIMIT)] = Field(
        1e-7, description="of Adam, which would divide by 0 where a gradient vanishes"
    )
    clip_norm: Weight = Field(0.0, description="largest global norm of a gradient; 0 for any")
    gradient_accumulation: Count = Field(1, description="batches whose gradients make one optimizer step")

    def adam(self, learning_rate, examples, **settings):
        """An Adam whose learning rate falls on a cosine over so many examples."""
        import keras

        from keras_gen.training import schedules

        final = learning_rate * self.final_learning_rate_share
        # Keras refuses to accumulate over one batch.
        accumulated = None if self.gradient_accumulation == 1 else self.gradient_accumulation
        return keras.optimizers.Adam(
            schedules.Cosine(learning_rate, final, examples),
            epsilon=self.epsilon,
            global_clipnorm=self.clip_norm or None,
            gradient_accumulation_steps=accumulated,
            **settings,
        )


class Adam(Optimizer):
    """The optimizer of all networks together."""

    learning_rate: Weight = Field(1e-3, description="at the start")

    def make(self, examples):
        """A `keras.optimizers.Adam` for a training of so many examples."""
        return self.adam(self.learning_rate, examples)


class Recipe(Part):
    """The settings that every recipe has. A sub-class adds those of its kind of model and `make`s it.

    It says, in fields or class variables, what decides on validation data which epoch is best (`best_by`, the
    loss or the name of a measure), how often it is measured (`measured_every`) and whether that epoch is kept
    (`restore_best`).

    Raises:
        InputError: a field is unknown or missing, a value is not in its range, or values do not go together.
    """

    data: str = Field(description="name or path for keras_gen.datasets.load; empty where it must be given")
    num_classes: NumClasses = Field(
        None, description="labels to condition on; several numbers where an example has several labels"
    )
    batch_size: Count = Field(128, description="examples in a batch")
    epochs: Count = Field(20, description="how often losses are logged and checkpoints are written")
    steps_per_epoch: Count = Field(500, description="batches in an epoch")
    steps_per_execution: Count | Literal["auto"] = Field(
        "auto",
        description="batches in a call of the compiled graph, lowered to what divides steps_per_epoch; auto: "
        "10, on a GPU 50",
    )
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = Field(
        "auto",
        description="dtype policy of the networks; auto: float32, for GANs on a recent GPU mixed_bfloat16",
    )
    jit_compile: bool | Literal["auto"] = Field(
        "auto", description="whether XLA compiles the steps; auto: on a GPU"
    )
    seed: Natural = Field(0, description="decides every random number but those of the data")
    data_seed: Natural = Field(0, description="decides the splits and the order of the data")
    duplicates: Literal["auto", "drop", "keep"] = Field(
        "auto", description="whether held-out examples that are also training examples are left out"
    )
    stratify: bool | Literal["auto"] = Field(
        "auto",
        description="whether splits that are held out have the classes in the proportion of all; auto: but of"
        " sets with a name and arrays with a test split",
    )
    checkpoint_steps: Count | None = Field(
        None, description="batches between two checkpoints within an epoch; none: after epochs alone"
    )
    most_skipped: Count = Field(
        20, description="steps in a row that may not be finite before training goes back to a checkpoint"
    )
    most_restores: Natural = Field(
        3, description="how often training may go back, each time at half the rates"
    )
    num_scored: Annotated[int, Field(ge=4, lt=LIMIT)] | Literal["auto"] = Field(
        "auto",
        description="generated examples that distances, labels and diversity are of; auto: 10,000 images, "
        "twice as many recordings as are held out, from 200 to 2,000, or 1,000 sentences",
    )
    extractor: str = Field(
        "auto",
        description="feature space of distances: auto, a classifier of the data; efficientnet-lite0 or "
        "inception-v3, of ImageNet; or the path of a .keras file",
    )
    start: str | None = Field(None, description="folder of a run whose weights training begins with")
    frozen: Literal["none"] = Field("none", description="what keeps the weights of start")

    medium: ClassVar = "image"  # name of the field with the settings of the media
    # What `load` goes by, beside that.
    data_fields: ClassVar = ("data", "batch_size", "data_seed", "duplicates", "stratify")
    learning_rates: ClassVar = ("optimizer.learning_rate",)
    without_warm_up: ClassVar = {}  # field -> value, for a training that goes on from an earlier run
    measures: ClassVar = ()  # names of functions in `measures` that score the model
    half_precision_pays: ClassVar = False  # measured, on a GPU under XLA

    @model_validator(mode="after")
    def _goes_together(self):
        if self.examples >= 2**63:
            raise InputError(
                f"The training would see {self.examples} examples: set epochs, steps_per_epoch or batch_size "
                "lower."
            )
        if self.restore_best and self.best_by != "loss" and self.measured_every == 0:
            raise InputError(
                f"restore_best goes by {self.best_by}, which measured_every=0 never measures: set "
                "measured_every=auto, or restore_best=false."
            )
        if self.frozen != "none" and self.start is None:
            raise InputError(
                f"frozen={self.frozen} would keep weights that have learned nothing: set start to the folder "
                "of a run, or frozen=none."
            )
        return self

    @property
    def examples(self):
        """Examples in the whole training."""
        return self.epochs * self.steps_per_epoch * self.batch_size

    @property
    def measures_every(self):
        """Epochs between two measurements of `best_by` on validation data; 0 where there are none."""
        if self.best_by == "loss":
            return 0
        if self.measured_every == "auto":
            return max(1, self.epochs // MEASUREMENTS) if self.restore_best else 0
        return self.measured_every

    @property
    def best_log(self):
        """The name of the log that is best in the best epoch, and whether it is then "min" or "max"."""
        if self.best_by == "loss":
            return "val_loss", "min"
        from keras_gen.evaluation import measure

        return f"val_{self.best_by}", measure(self.best_by).direction

    @property
    def execution(self):
        """How `compile` is to run the steps."""
        from keras_gen.training import devices

        at_once = self.steps_per_execution
        if at_once == "auto":
            at_once = 50 if devices.accelerator() else 10
        # Keras would lengthen an epoch that its executions do not divide.
        whole = math.gcd(at_once, self.steps_per_epoch)
        return {"jit_compile": self.jit_compile, "steps_per_execution": whole}

    @property
    def media(self):
        """The `Media` that is modeled."""
        return getattr(self, self.medium).make()

    def load(self):
        """The `Dataset` to train on, the same one at each call.

        Raises:
            InputError: it cannot be loaded, or not with these settings.
        """
        return self._dataset

    @functools.cached_property
    def _dataset(self):
        return getattr(self, self.medium).load(self)

    def share_data(self, other):
        """Takes the `Dataset` of another recipe where both say the same of it, so that it is loaded once."""
        fields = (self.medium, *self.data_fields)
        if all(getattr(self, field) == getattr(other, field) for field in fields):
            vars(self)["_dataset"] = other.load()

    def build(self):
        """A compiled model."""
        import keras

        from keras_gen.training import precision

        keras.utils.set_random_seed(self.seed)
        name = self.precision
        if name == "auto":
            name = precision.fastest() if self.half_precision_pays and self.jit_compile else "float32"
        with precision.policy(name):
            model = self.make()
        if self.start is not None:
            model.take_weights(self.earlier())
        return model

    def earlier(self):
        """The model that training begins with.

        Raises:
            InputError: it is not there, or damaged.
        """
        from keras_gen.callbacks import trained_model

        return trained_model(self.start)

    def further(self, start):
        """The recipe that goes on from a run of it: with its weights, slower, without warm-up.

        Args:
            start: folder of the run.
        """
        slower = {name: SLOWER * find(self, name).value for name in self.learning_rates}
        return override(self, {"start": str(start), **self.without_warm_up, **slower})

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
                f"The recipe wants {told(self.num_classes)} classes, but the data have {found}: give --set "
                f"num_classes={found}."
            )
        held_out = [split for split in ("val", "test") if getattr(dataset, split) is not None]
        bare = [split for split in held_out if not dataset.is_labeled(split)]
        if bare and self.num_classes is not None:
            raise InputError(
                f"A model of classes is scored by labels, but there are none of {' and '.join(bare)}: sort "
                "these into class folders, or give --set num_classes=none."
            )
        if self.measures_every:
            from keras_gen.evaluation import check_needs, measure

            validated = 0 if dataset.val is None else dataset.count("val")
            if validated < 4:
                raise InputError(
                    f"{self.best_by} is measured on validation {dataset.media.plural}, of which the data "
                    f"leave {validated}: at least 4 are needed, so give more, or set measured_every=0 and "
                    "restore_best=false."
                )
            check_needs(measure(self.best_by), self, dataset)
        held_out = 0 if dataset.test is None else dataset.count("test")
        if held_out < 4:
            raise InputError(
                f"The data leave {held_out} {dataset.media.plural} for testing: at least 4 are needed, so "
                "give more."
            )
        self._check_extractor(dataset)

    def _check_extractor(self, dataset):
        """Before anything is trained, since scores come last."""
        if self.extractor == "auto":
            return
        from keras_gen.metrics import extractor_of

        if "quality" not in self.measures:
            raise InputError("No distance of features is measured here: leave extractor=auto.")
        extractor_of(self.extractor).check(dataset.media)

    def finish(self, model, dataset):
        """What is left to do after training: by default nothing."""
