"""Networks that learn together from one loss: the one place where gradients meet weights."""

import functools

import keras
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.training import distribution, keras_internals
from keras_gen.training.precision import scaled
from keras_gen.training.schedules import Clock, Schedule


class Guard:
    """Keeps a model whole where a loss or a gradient is not finite.

    The player that would learn from it keeps its weights and their average, and so does every player after it
    in the step, unless it scales its loss. Statistics that layers keep are put back.

    Args:
        skipped_steps: int64 variable, which counts broken steps.
        skipped_in_row: int64 variable, which counts those since the last good one.
        step_is_broken: bool variable, whether the step at hand is.
    """

    def __init__(self, skipped_steps, skipped_in_row, step_is_broken):
        self.skipped_steps, self.skipped_in_row = skipped_steps, skipped_in_row
        self.step_is_broken = step_is_broken

    def passes(self, gradients, loss):
        """Whether all are finite, also those of the players before in this step; and the gradients' norm.

        Returns:
            Bool scalar, and the square root of the sum of all squares, a scalar.
        """
        flat = [tf.reshape(tf.cast(gradient, loss.dtype), [-1]) for gradient in gradients]
        flat = tf.concat(flat, axis=0)
        # A sum is finite only if every term is.
        finite = tf.math.is_finite(loss + tf.reduce_sum(flat))
        finite &= ~tf.convert_to_tensor(self.step_is_broken)
        self.step_is_broken.assign(~finite)
        return finite, tf.norm(flat)

    def around(self, step, networks):
        """A training step that puts back, where it broke, what its forward passes have written, and counts
        such steps.

        Args:
            step: function of a batch that returns logs.
            networks: function that returns the networks that it runs, and augmentations.
        """

        def guarded_step(batch):
            statistics = [
                variable.value
                for network in networks()
                for variable in network.non_trainable_variables
                if not variable.path.endswith(keras_internals.GENERATOR)
            ]
            before = [tf.convert_to_tensor(variable) for variable in statistics]
            self.step_is_broken.assign(False)
            logs = step(batch)
            broken = tf.convert_to_tensor(self.step_is_broken)
            distribution.when(
                broken,
                lambda: [variable.assign(value) for variable, value in zip(statistics, before, strict=True)],
            )
            self.skipped_steps.assign_add(tf.cast(broken, tf.int64))
            self.skipped_in_row.assign(tf.where(broken, self.skipped_in_row + 1, 0))
            return logs

        return guarded_step


class MovingAverage:
    """A second network whose weights follow those of the first, with a half-life in examples.

    Args:
        network: keras Model that learns.
        average: a copy of it.
        half_life: `Schedule` of the half-life, read at the examples seen; where it is 0 the copy keeps up at
            once.
    """

    def __init__(self, network, average, half_life):
        self.network, self.average, self.half_life = network, average, half_life

    def update(self, examples, examples_seen):
        """Moves the averages on by so many examples, of which the network has just learned."""
        half_life = self.half_life(examples_seen)
        is_kept = half_life > 0.0
        examples = tf.cast(examples, tf.float32)
        decay = tf.where(is_kept, tf.pow(0.5, examples / tf.where(is_kept, half_life, 1.0)), 0.0)
        for average, value in zip(self.average.weights, self.network.weights, strict=True):
            kept = tf.cast(decay, value.dtype) if value.trainable else 0.0
            average.assign(value + kept * (average - value))


class Player:
    """Networks that learn together, by an optimizer of their own.

    Gradients are averaged over the replicas. A step is taken only where the loss and all gradients are finite
    on every one.

    Args:
        model: whose clock, guard and scale of learning rates it keeps to.
        networks: list of keras Models and layers, whose trainable variables learn.
        optimizer: keras Optimizer, built here, so that its state is saved and loaded. It is wrapped in a
            `LossScaleOptimizer` where one of the networks computes in float16.
        average: a `MovingAverage` of one of the networks, or None.
        alone: bool, whether `model.optimizer` is this one, so that Keras' callbacks may do with it as they
            please.
        unclipped: list of variables whose gradients the optimizer neither clips nor counts in their norm.

    Raises:
        InputError: the optimizer accumulates gradients under several replicas, or averages weights that
            others train too.
    """

    def __init__(self, model, networks, optimizer, average=None, alone=True, unclipped=()):
        self.model, self.networks, self.optimizer, self.average = model, networks, optimizer, average
        self.unclipped = unclipped
        inner = keras_internals.unwrapped(optimizer)
        schedule = keras_internals.learning_rate_of(optimizer)
        if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
            own_steps = keras_internals.step_counter_of(optimizer)
            clock = model.examples_seen if isinstance(schedule, Schedule) else own_steps
            inner.learning_rate = Clock(schedule, clock, model.learning_rate_scale, settable=alone)
        if inner.gradient_accumulation_steps and model.distribute_strategy.num_replicas_in_sync > 1:
            raise InputError(
                "Several replicas cannot accumulate gradients, in a condition where replicas cannot meet: "
                "set gradient_accumulation_steps=None, and give smaller batches or more replicas."
            )
        if inner.use_ema and not (alone and _are_same(model.trainable_variables, self.variables)):
            raise InputError(
                f"An optimizer of a {type(model).__name__} cannot average weights, which others train too: "
                f"set use_ema=False{'; compile has ema for the generator' if not alone else ''}."
            )
        keras_internals.leave_gradients_to_us(optimizer)
        optimizer.build(self.variables)

    @property
    def variables(self):
        """What learns: list of Keras variables."""
        return [variable for network in self.networks for variable in network.trainable_variables]

    def gradients(self, loss_fn, variables=None):
        """What is to be learned from a loss.

        Args:
            loss_fn: function without arguments that returns the loss, a scalar, or a tuple that begins with
                it.
            variables: that learn; None stands for all of the player's.

        Returns:
            Gradients of the loss as the optimizer scales it, None where there is none; and what the function
            returned.
        """
        variables = self.variables if variables is None else variables
        with tf.GradientTape() as tape:
            outcome = loss_fn()
            loss = self.optimizer.scale_loss(outcome[0] if isinstance(outcome, tuple) else outcome)
        return tape.gradient(loss, variables), outcome

    def apply(self, gradients, loss, variables=None, examples=None):
        """Takes a step, unless a gradient or the loss is not finite on any replica.

        Args:
            gradients: of the mean loss over this replica's examples, as the optimizer scales it; None where
                there is none.
            loss: scalar.
            variables: that the gradients belong to; None stands for all of the player's.
            examples: how many all replicas learned from, by which the moving average moves on; needed where
                there is one.

        Returns:
            The norm of all gradients together before they are clipped, a scalar.
        """
        variables = self.variables if variables is None else variables
        # Dense, since Keras' Adam squares the slices of an embedding's gradient before it adds up those of a
        # row.
        pairs = [
            (tf.convert_to_tensor(g), v) for g, v in zip(gradients, variables, strict=True) if g is not None
        ]
        gradients, variables = zip(*pairs, strict=True)
        *gradients, loss = distribution.mean_over_replicas([*gradients, loss])
        learn = functools.partial(self._learn, gradients, loss, variables, examples)
        if self.model.compiles_updates:
            learn = tf.function(learn, jit_compile=True, autograph=False)
        return learn() / self.optimizer.scale_loss(tf.ones(()))

    def _learn(self, gradients, loss, variables, examples):
        """Takes the step itself, in many small operations, and returns the norm of the gradients."""
        finite, norm = self.model.guard.passes(gradients, loss)

        def move_average():
            if self.average is not None:
                self.average.update(examples, self.model.examples_seen)

        def take_step(gradients):
            keras_internals.apply(self.optimizer, gradients, variables, self.unclipped)

        if isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer):
            # It refuses what is not finite by itself, and lowers its scale; a loss that is not finite makes a
            # gradient so.
            first, *others = gradients
            take_step([first + 0.0 * loss, *others])
            distribution.when(finite, move_average)
        else:
            distribution.when(finite, lambda: (take_step(gradients), move_average()))
        return norm

    def minimize(self, loss_fn, variables=None):
        """Takes a step down a loss, see `gradients`.

        Returns:
            What the function returned, and the norm of the gradients.
        """
        variables = self.variables if variables is None else variables
        gradients, outcome = self.gradients(loss_fn, variables)
        norm = self.apply(gradients, outcome[0] if isinstance(outcome, tuple) else outcome, variables)
        return outcome, norm

    def scale_learning_rate(self, factor):
        """Multiplies the learning rate where it is a number; schedules read the model's scale."""
        if not isinstance(keras_internals.learning_rate_of(self.optimizer), Clock):
            self.optimizer.learning_rate = factor * self.optimizer.learning_rate.numpy()


def optimizer_for(optimizer, default, *networks):
    """The optimizer that `compile` was given, or a default, as networks of their precision need it.

    Args:
        optimizer: keras Optimizer, its name, or None for the default.
        default: keras Optimizer.
        *networks: that its gradients pass through.
    """
    optimizer = keras.optimizers.get(default if optimizer is None else optimizer)
    schedule = keras_internals.learning_rate_of(optimizer)
    if isinstance(schedule, Clock):  # from an earlier compilation
        optimizer.learning_rate = schedule.schedule
    return scaled(optimizer, *networks)


def _are_same(variables, others):
    return len(variables) == len(others) and all(a is b for a, b in zip(variables, others, strict=True))
