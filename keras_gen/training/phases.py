"""What training begins with: phases that learn in a way of their own, one after the other, before all learns
as usual.

A model takes them as `compile(phases=[...])`. Each ends at the end of an epoch.
"""

import random

import keras
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.training import keras_internals

WINDOW = 15  # steps whose mean losses are compared, as in the authors' code


class Phase(keras.layers.Layer):
    """Base of the phases. A phase is a layer so that its state is saved with the model."""

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.built = True

    def check(self, model, validation_data):
        """Raises `InputError` where the phase cannot go on or end in this `fit`."""

    def minimize(self, model, loss_fn):
        """Takes a training step of this phase.

        Args:
            model: what learns, with `player` and `objective`.
            loss_fn: function of an objective that returns its outcome for the batch at hand.

        Returns:
            The outcome, and the norm of the gradients.
        """
        raise NotImplementedError

    def is_over(self, model, logs):
        """Whether the phase ends with this epoch, whose logs are name -> float."""
        raise NotImplementedError

    def end(self, model):
        """What is done when it ends: by default nothing."""


@keras.saving.register_keras_serializable("keras_gen")
class Pretraining(Phase):
    """Learns as an autoencoder without noise or KL divergence; then the decoder begins anew.

    Source: Li et al. 2019, arXiv 1909.00868.

    Args:
        examples: int >= 0, over which it goes on, until the end of an epoch.

    Raises:
        InputError: the number is out of its range.
    """

    def __init__(self, examples, **kwargs):
        super().__init__(**kwargs)
        self.examples = _counted("examples", examples)

    def minimize(self, model, loss_fn):
        return model.player.minimize(lambda: loss_fn(model.objective.without_noise))

    def is_over(self, model, logs):
        return model.examples_seen.numpy() >= self.examples

    def end(self, model):
        """Begins anew with the decoder and the optimizer, and keeps the encoder."""
        state = random.getstate()
        random.seed(model.seed)  # which Keras' initializers are seeded by
        fresh = type(model.decoder).from_config(model.decoder.get_config())
        random.setstate(state)
        model.decoder.set_weights(fresh.get_weights())
        inner = keras_internals.unwrapped(model.optimizer)
        for variable in inner.variables:
            if variable is not keras_internals.learning_rate_of(inner):
                variable.assign(tf.zeros_like(variable))

    def get_config(self):
        return {"examples": self.examples}


@keras.saving.register_keras_serializable("keras_gen")
class EncoderTurns(Phase):
    """Lets the encoder learn alone, as long as its loss falls, before each step that trains all.

    It ends when the mutual information of validation data and their latents falls. Source: He et al. 2019,
    arXiv 1901.05534, algorithm 1.

    Args:
        most: int >= 1, steps that the encoder takes in a row; 100 in the paper.

    Raises:
        InputError: the number is out of its range.
    """

    def __init__(self, most=100, **kwargs):
        super().__init__(**kwargs)
        self.most = _counted("most", most)
        self.steps = self.add_weight(name="steps", dtype="int64", initializer="zeros", trainable=False)
        self.total = self.add_weight(name="total", initializer="zeros", trainable=False)
        self.last = self.add_weight(name="last", initializer="zeros", trainable=False)
        self.falls = self.add_weight(name="falls", dtype="bool", initializer="ones", trainable=False)
        self.last_information = self.add_weight(name="last_information", initializer="zeros", trainable=False)

    def check(self, model, validation_data):
        if validation_data is None:
            raise InputError(
                "EncoderTurns end when the mutual information of validation data falls: give validation_data."
            )
        if model.distribute_strategy.num_replicas_in_sync > 1:
            raise InputError("EncoderTurns have no use with several replicas: compile without them.")

    def minimize(self, model, loss_fn):
        def encoder_alone():
            outcome, norm = model.player.minimize(
                lambda: loss_fn(model.objective), model.encoder.trainable_variables
            )
            self.count(outcome.loss)
            return outcome, norm

        def all_together():
            self.begin()
            return model.player.minimize(lambda: loss_fn(model.objective))

        return tf.cond(self.is_encoders(), encoder_alone, all_together)

    def is_encoders(self):
        """Whether the next step is the encoder's: bool scalar."""
        return tf.convert_to_tensor(self.falls) & (tf.convert_to_tensor(self.steps) < self.most)

    def count(self, loss):
        """Counts a step of the encoder alone and its loss, a scalar."""
        self.steps.assign_add(1)
        self.total.assign_add(loss)
        ends = self.steps % WINDOW == 0
        mean = self.total / WINDOW
        is_first = self.steps <= WINDOW
        self.falls.assign(tf.where(ends, is_first | (mean < self.last), self.falls))
        self.last.assign(tf.where(ends, mean, self.last))
        self.total.assign(tf.where(ends, 0.0, self.total))

    def begin(self):
        """The encoder's turns begin anew."""
        self.steps.assign(0)
        self.total.assign(0.0)
        self.falls.assign(True)

    def is_over(self, model, logs):
        information = logs.get("val_mutual_information")
        if information is None:
            return False  # not every epoch is validated
        information = max(information, 0.0)  # below which only the error of its estimate is
        if information < self.last_information.numpy():
            return True
        self.last_information.assign(information)
        return False

    def load_own_variables(self, store):
        # Files of before phases keep the last one with the model's own variables.
        for place, variable in enumerate(self.variables[: len(store.keys())]):
            variable.assign(store[str(place)])

    def get_config(self):
        return {"most": self.most}


class EndOfPhases(keras.callbacks.Callback):
    """Goes on to the next phase of a model at the end of the epoch in which one is over."""

    def on_epoch_end(self, epoch, logs=None):
        phase = self.model.current_phase()
        if phase is not None and phase.is_over(self.model, logs or {}):
            phase.end(self.model)
            self.model.phases_over.assign_add(1)
            self.model.make_train_function(force=True)


def _counted(name, value):
    if not isinstance(value, int) or value < 0:
        raise InputError(f"{name} must be a whole number from 0, not {value!r}.")
    return value
