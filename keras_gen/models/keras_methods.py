"""Keras' methods as a `GenerativeModel` has them: data are checked, and what would change nothing is refused.

The functions whose first argument is `self` are methods of the class.
"""

import math
import warnings

import keras
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.models.checks.data import brought, media_and_labels, refusing_other_containers
from keras_gen.models.checks.keras import check_callbacks
from keras_gen.models.checks.labels import warn_of_missing_classes
from keras_gen.training import devices, keras_internals, loop, replicas, resident
from keras_gen.training.phases import EndOfPhases


def fit(
    self,
    x=None,
    y=None,
    batch_size=None,
    epochs=1,
    verbose="auto",
    callbacks=None,
    validation_split=0.0,
    validation_data=None,
    shuffle=True,
    class_weight=None,
    sample_weight=None,
    initial_epoch=0,
    steps_per_epoch=None,
    validation_steps=None,
    validation_batch_size=None,
    validation_freq=1,
):
    """Trains like `keras.Model.fit` on packed media, with labels as `y` where the model is conditional.

    A batch is shared by all replicas of the strategy that the model was built under. Batches may be media,
    pairs of media and labels, or dicts with the keys of TensorFlow Datasets: "image", "audio" or "text", and
    "label".

    Args:
        x: packed media (num, *media.shape), or whatever gives Keras batches of these: a `tf.data.Dataset`,
            `PyDataset`, generator or `DataLoader`. Arrays are checked as a whole, batches by the first one.
        y: labels of an array, int (num,), of n labels (num, n).
        batch_size: int, examples in a batch of an array; None stands for 32.
        epochs: int, the number of the last epoch.
        verbose: 0 for nothing, 1 for a bar, 2 for a line an epoch, or "auto".
        callbacks: list of `keras.callbacks.Callback`, or None.
        validation_split: float in [0, 1), share of an array that validates instead of training.
        validation_data: the same as x, or a pair of x and y.
        shuffle: bool, whether an array is put in another order in each epoch.
        class_weight, sample_weight: None, since every example counts alike.
        initial_epoch: int, the epoch to begin with.
        steps_per_epoch: int, batches in an epoch; None for all of the data.
        validation_steps: int, batches of a validation; None for all.
        validation_batch_size: int; None for `batch_size`.
        validation_freq: int, epochs from one validation to the next.

    Returns:
        The `History` of Keras.

    Raises:
        InputError: the data do not fit the model's media, the labels are missing or out of range, examples
            are weighted, a callback cannot work here, a phase cannot end, or replicas cannot have equal
            shares of a batch.
    """
    _refuse_weights(class_weight, sample_weight)
    check_callbacks(self, callbacks)
    x, y = brought(self, x, y)
    if replicas.is_array(x) and self.num_classes is not None:
        warn_of_missing_classes(y, self.num_classes)
    if validation_data is not None:
        val_x, val_y = brought(self, *media_and_labels(validation_data, self.media))
        validation_data = val_x if val_y is None else (val_x, val_y)
    if self.compiled and self.current_phase() is not None:
        self.current_phase().check(self, validation_data)
    if self.phases:
        callbacks = [EndOfPhases(), *keras.tree.flatten(callbacks or [])]
    num_replicas = self.distribute_strategy.num_replicas_in_sync
    if num_replicas > 1:
        if validation_split:
            raise InputError("Several replicas cannot split the data themselves: give validation_data.")
        validation_batch_size = validation_batch_size or batch_size
        x = replicas.whole_batches(x, y, batch_size, num_replicas, self.seed if shuffle else None)
        y, batch_size, shuffle = None, None, False
    elif self.compiled and self.jit_compile and devices.accelerator() and not validation_split:
        validation_batch_size = validation_batch_size or batch_size
        x, y, batch_size, self.resident_examples = resident.placed(
            x, y, batch_size, shuffle, ahead=self.steps_per_execution == 1
        )
    if isinstance(x, (tf.data.Dataset, tf.distribute.DistributedDataset)):
        shuffle = False  # Keras warns that it does not shuffle what shuffles itself
    steps, at_once = steps_per_epoch or 0, self.steps_per_execution if self.compiled else 1
    if steps % at_once:
        warnings.warn(
            f"steps_per_epoch={steps} is no multiple of steps_per_execution={at_once}, so that an epoch "
            f"takes {-(-steps // at_once) * at_once} steps: compile with "
            f"steps_per_execution={math.gcd(steps, at_once)}.",
            stacklevel=3,
        )
    self.checks_next_batch = True
    skipped = int(self.guard.skipped_steps.numpy())
    try:
        with refusing_other_containers(x, validation_data):
            history = keras.Model.fit(
                self,
                x,
                y,
                batch_size,
                epochs,
                verbose,
                callbacks,
                validation_split,
                validation_data,
                shuffle,
                initial_epoch=initial_epoch,
                steps_per_epoch=steps_per_epoch,
                validation_steps=validation_steps,
                validation_batch_size=validation_batch_size,
                validation_freq=validation_freq,
            )
    finally:
        self.resident_examples = None
    skipped = int(self.guard.skipped_steps.numpy()) - skipped
    if skipped:
        warnings.warn(
            f"{skipped:,} training steps were skipped, since a loss or gradient was not finite: set a lower "
            "learning rate, or clip gradients.",
            stacklevel=3,
        )
    return history


def evaluate(
    self,
    x=None,
    y=None,
    batch_size=None,
    verbose="auto",
    sample_weight=None,
    steps=None,
    callbacks=None,
    return_dict=False,
    **within_fit,
):
    """Reports `test_step` like `keras.Model.evaluate`, on data as in `fit`.

    Args:
        x, y, batch_size, verbose, sample_weight, callbacks: as in `fit`.
        steps: int, batches to take; None for all.
        return_dict: bool, whether to return a dict, name -> float, instead of a list.
        **within_fit: what `fit` calls it with besides.

    Raises:
        InputError: the data do not fit the model's media, the labels are missing or out of range, or examples
            are weighted.
    """
    _refuse_weights(None, sample_weight)
    if not keras_internals.of_validation_in_fit(within_fit):
        x, y = brought(self, x, y)
    self.checks_next_batch = True
    with refusing_other_containers(x):
        return keras.Model.evaluate(
            self,
            x,
            y,
            batch_size,
            verbose,
            steps=steps,
            callbacks=callbacks,
            return_dict=return_dict,
            **within_fit,
        )


def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False):
    """Takes one training step like `keras.Model.train_on_batch`, on a batch as in `fit`.

    Raises:
        InputError: the batch does not fit the model, examples are weighted, or there are several replicas.
    """
    _refuse_weights(class_weight, sample_weight)
    return keras.Model.train_on_batch(self, *_one_batch(self, x, y), return_dict=return_dict)


def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
    """Reports `test_step` on one batch, like `keras.Model.test_on_batch`.

    Raises:
        InputError: the batch does not fit the model, examples are weighted, or there are several replicas.
    """
    _refuse_weights(None, sample_weight)
    return keras.Model.test_on_batch(self, *_one_batch(self, x, y), return_dict=return_dict)


def predict_nothing(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
    """Refused: a model that makes examples out of noise predicts nothing of examples."""
    raise InputError(
        f"A {type(self).__name__} predicts nothing: call generate(num) for new {self.media.plural}, or "
        "decode(latents)."
    )


def predict_on_batch(self, x):
    """Media of one batch as they come back, see `predict`."""
    return self.predict(x, batch_size=len(x), verbose=0)


def _one_batch(model, x, y):
    """The batch that `train_on_batch` and `test_on_batch` take, checked: arrays of media and labels."""
    if model.distribute_strategy.num_replicas_in_sync > 1:
        raise InputError("A batch cannot be shared by several replicas here: call fit or evaluate.")
    x, y = brought(model, x, y)
    if not replicas.is_array(x):
        raise InputError(f"A batch must be an array, not a {type(x).__name__}: call fit for whole data sets.")
    return x, y


def _refuse_weights(class_weight, sample_weight):
    for name, weights in (("class_weight", class_weight), ("sample_weight", sample_weight)):
        if weights is not None:
            raise InputError(f"{name} has no use here: every example counts alike, so leave it out.")


def make_train_function(self, force=False):
    """Makes what Keras calls for the next training steps."""
    if self.distribute_strategy.num_replicas_in_sync > 1:
        replicas.share(self)
        if not self._generators_are_apart:
            replicas.give_own_generators(self)
            self._generators_are_apart = True
    if self.train_function is None or force:
        step = self.guard.around(self.train_step, self.trained_networks)
        self.train_function = loop.execution(self, step, self.jit_compile)


def make_test_function(self, force=False):
    """Makes what Keras calls for the next steps of an evaluation."""
    if self.test_function is None or force:
        self.test_function = loop.execution(self, self.test_step, self.compiles_evaluation)


def build_nothing(self, iterator=None, data_batch=None):
    """Nothing: all is built. Keras would take a batch apart to build from, which fails under replicas."""
