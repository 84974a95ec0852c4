"""How every model of the kit trains: by one clock, on reproducible noise, past broken steps, on any number of replicas."""

import functools
import inspect
import math
import warnings

import keras
import tensorflow as tf

from keras_gen import distribution, noise
from keras_gen.errors import InputError, unknown
from keras_gen.models.execution import execution
from keras_gen.models.running_mean import RunningMean
from keras_gen.schedules import Clock, Schedule

GENERATOR = "seed_generator_state"  # how Keras names the state of a layer's own random generator
REFUSED = {  # methods of Keras that would change nothing here -> what does
    "add_loss": "give the model another loss or objective",
    "add_metric": "add it to the logs in a callback",
    "compute_loss": "call fit, train_on_batch or evaluate",
    "compute_metrics": "call fit, train_on_batch or evaluate",
    "get_state_tree": "call get_weights or save_weights, since variables of its networks may have equal names",
    "quantize": "give precision when the networks are built, such as mixed_bfloat16",
    "set_state_tree": "call set_weights or load_weights, since variables of its networks may have equal names",
    "stateless_compute_loss": "call fit, train_on_batch or evaluate",
}


class Trainer(keras.Model):
    """Base of what trains by a `train_step` of its own.

    `examples_seen` counts the training examples so far. It is the clock of every schedule and, with `seed`, the only
    state of the noise: a model that is saved, loaded and trained on draws what it would have drawn without a break.

    Where a loss or a gradient is not finite, the network that would learn from it keeps its weights and their averages, and so
    does what comes after it in the step, unless it scales its loss; statistics that layers keep are put back.
    `skipped_steps` counts these steps, `skipped_in_row` those since the last good one.

    Args:
        seed: int, decides every random number of training.
    """

    def __init__(self, seed=0, **kwargs):
        # Networks have a precision of their own; what is done with what they return is in float32.
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.seed = seed
        self.examples_seen = self._counter("examples_seen")
        self.skipped_steps = self._counter("skipped_steps")
        self.skipped_in_row = self._counter("skipped_in_row")
        self.learning_rate_scale = self.add_weight(
            name="learning_rate_scale", initializer="ones", trainable=False
        )
        self.step_is_broken = self.add_weight(
            name="step_is_broken", dtype="bool", initializer="zeros", trainable=False
        )
        self._trackers = {}
        self.checks_next_batch = False
        self._generators_are_apart = False
        self.built = True

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "compile" in vars(cls):
            cls.compile = _without_unknown_arguments(cls.__name__, cls.compile)

    def _counter(self, name):
        return self.add_weight(name=name, dtype="int64", initializer="zeros", trainable=False)

    # What sub-classes say.

    def trained_networks(self):
        """The networks that a training step runs; layers of theirs may keep statistics of what passes through."""
        raise NotImplementedError

    @property
    def optimizers(self):
        """Name -> optimizer."""
        raise NotImplementedError

    def check_batch(self, batch):
        """Refuses a batch that cannot be trained on."""
        raise NotImplementedError

    def check_if_first(self, batch):
        """Checks the first batch of each `fit`, `evaluate` and the like, before a graph is traced for it."""
        if self.checks_next_batch:
            self.checks_next_batch = False
            # Replicas have batches of one kind.
            self.check_batch(self.distribute_strategy.experimental_local_results(batch)[0])

    # What a step asks for.

    def step_seeds(self, num, shared=False):
        """`num` seeds for this training step, functions of the model's seed, its clock and the replica alone.

        With `shared`, they are the same on all replicas.
        """
        now = tf.stack([tf.constant(self.seed, tf.int64), tf.convert_to_tensor(self.examples_seen)])
        now = now if shared else distribution.own_seed(now)
        return tf.unstack(noise.split(now, num))

    def test_seed(self, index):
        """The seed of the noise at an evaluation's batch of this number, a function of the model's seed and it alone."""
        seed = tf.constant([self.seed, -1], tf.int64)
        return distribution.own_seed(noise.fold_in(seed, index))

    def count_examples(self, batch):
        """Moves the clock on by the examples that all replicas saw, each a batch of this size."""
        self.examples_seen.assign_add(tf.cast(batch * distribution.num_replicas(), tf.int64))

    # How gradients meet weights.

    def prepare_optimizer(self, optimizer, variables, alone=True):
        """Builds an optimizer, so that its state is saved and loaded, and makes its schedule keep to the model's clock.

        Args:
            optimizer: keras Optimizer.
            variables: that it trains.
            alone: bool, whether `model.optimizer` is this one, so that Keras' callbacks may do with it as they please.

        Returns:
            The optimizer.

        Raises:
            InputError: it accumulates gradients under several replicas, or averages weights that it does not train alone.
        """
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        schedule = inner._learning_rate
        if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
            clock = self.examples_seen if isinstance(schedule, Schedule) else inner._iterations
            inner.learning_rate = Clock(schedule, clock, self.learning_rate_scale, settable=alone)
        if inner.gradient_accumulation_steps and self.distribute_strategy.num_replicas_in_sync > 1:
            raise InputError(
                "Several replicas cannot accumulate gradients, in a condition where replicas cannot meet: set "
                "gradient_accumulation_steps=None, and give smaller batches or more replicas."
            )
        if inner.use_ema and not (alone and _are_same(self.trainable_variables, variables)):
            raise InputError(
                f"An optimizer of a {type(self).__name__} cannot average weights, which others train too: set use_ema=False"
                f"{'; compile has ema for the generator' if not alone else ''}."
            )
        # `learn` has averaged the gradients over the replicas; Keras would add them up.
        inner._all_reduce_sum_gradients = lambda grads_and_vars: grads_and_vars
        optimizer.build(variables)
        return optimizer

    def learn(self, optimizer, gradients, variables, loss, also=lambda: None):
        """Takes a step of an optimizer, unless a gradient or the loss is not finite on any replica.

        Args:
            optimizer: one of the model's, prepared.
            gradients: of the mean loss over this replica's examples, as the optimizer scales it; None where there is none.
            variables: the weights that they belong to.
            loss: scalar.
            also: function that changes what goes with the weights, such as their moving average.
        """
        # Dense, since Keras' Adam squares the slices of an embedding's gradient before it adds up those of a row.
        pairs = [
            (tf.convert_to_tensor(g), v) for g, v in zip(gradients, variables, strict=True) if g is not None
        ]
        gradients, variables = zip(*pairs, strict=True)
        *gradients, loss = distribution.mean_over_replicas([*gradients, loss])
        # A sum is finite only if every term is.
        finite = tf.math.is_finite(
            tf.add_n([loss, *(tf.reduce_sum(tf.cast(gradient, loss.dtype)) for gradient in gradients)])
        )
        finite &= ~tf.convert_to_tensor(self.step_is_broken)  # by a network that learned before in this step
        self.step_is_broken.assign(~finite)
        if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            # It refuses what is not finite by itself, and lowers its scale; a loss that is not finite makes a gradient so.
            first, *others = gradients
            optimizer.apply([first + 0.0 * loss, *others], variables)
            distribution.when(finite, also)
        else:
            distribution.when(finite, lambda: (optimizer.apply(gradients, variables), also()))

    def guarded(self, step):
        """A step that puts back, where it broke, what forward passes have written: statistics of layers and augmentations."""

        def guarded_step(data):
            statistics = [
                variable.value
                for network in self.trained_networks()
                for variable in network.non_trainable_variables
                if not variable.path.endswith(GENERATOR)
            ]
            before = [tf.convert_to_tensor(variable) for variable in statistics]
            self.step_is_broken.assign(False)
            logs = step(data)
            broken = tf.convert_to_tensor(self.step_is_broken)
            for variable, value in zip(statistics, before, strict=True):
                variable.assign(tf.where(broken, value, variable))
            self.skipped_steps.assign_add(tf.cast(broken, tf.int64))
            self.skipped_in_row.assign(tf.where(broken, self.skipped_in_row + 1, 0))
            return logs

        return guarded_step

    def scale_learning_rates(self, factor):
        """Multiplies the learning rates of all optimizers, also those to come of their schedules."""
        self.learning_rate_scale.assign(factor * self.learning_rate_scale)
        for optimizer in self.optimizers.values():
            if not isinstance(getattr(optimizer, "inner_optimizer", optimizer)._learning_rate, Clock):
                optimizer.learning_rate = factor * optimizer.learning_rate.numpy()

    # What Keras calls.

    def compile(self, jit_compile=False, steps_per_execution=1, run_eagerly=False, **objective):
        """Keeps the arguments as they are given, so that a loaded model is compiled as the saved one was."""
        if not isinstance(steps_per_execution, int) or steps_per_execution < 1:
            raise InputError(
                f"steps_per_execution must be a whole number from 1, such as 10, not {steps_per_execution!r}."
            )
        for value in objective.values():
            clock = getattr(getattr(value, "inner_optimizer", value), "_learning_rate", None)
            if isinstance(clock, Clock):  # an optimizer from an earlier compilation
                value.learning_rate = clock.schedule
        settings = {
            "jit_compile": jit_compile,
            "steps_per_execution": steps_per_execution,
            "run_eagerly": run_eagerly,
        }
        self._compile_arguments = keras.saving.serialize_keras_object({**objective, **settings})
        super().compile(optimizer=None, **settings)

    def get_compile_config(self):
        return self._compile_arguments if self.compiled else None

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))

    def make_train_function(self, force=False):
        if self.distribute_strategy.num_replicas_in_sync > 1:
            self._share_among_replicas()
        if self.train_function is None or force:
            self.train_function = execution(self, self.guarded(self.train_step))

    def _share_among_replicas(self):
        if self.jit_compile:
            raise InputError("XLA compiles for one replica only: compile with jit_compile=False for several.")
        of_optimizers = [
            variable for optimizer in self.optimizers.values() for variable in optimizer.variables
        ]
        distribution.check_scope([*self.variables, *of_optimizers], self.distribute_strategy)
        for network in self.trained_networks():
            for layer in network._flatten_layers():
                if isinstance(layer, keras.layers.BatchNormalization):
                    layer.synchronized = True  # or each replica has statistics of its own
        if not self._generators_are_apart:
            self.give_replicas_own_generators()
            self._generators_are_apart = True

    @property
    def generators(self):
        """The states of the random generators that layers, such as dropout, have of their own."""
        return [variable for variable in self.variables if variable.path.endswith(GENERATOR)]

    def give_replicas_own_generators(self):
        """Sets the random generators of layers apart, which are alike: replica r counts from their seed plus r."""
        generators = self.generators
        alike = [variable.numpy() for variable in generators]

        def set_apart():
            replica = tf.distribute.get_replica_context().replica_id_in_sync_group
            for variable, state in zip(generators, alike, strict=True):
                variable.assign(state + tf.stack([tf.cast(replica, state.dtype), tf.zeros((), state.dtype)]))

        if self.distribute_strategy.num_replicas_in_sync > 1:
            self.distribute_strategy.run(set_apart)

    def make_test_function(self, force=False):
        if self.test_function is None or force:
            self.test_function = execution(self, self.test_step)

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Nothing: all is built. Keras would take a batch apart to build from, which fails under replicas."""

    # What a step reports.

    def track(self, *names):
        """Declares the running means that the steps report."""
        self._trackers = {name: RunningMean(name) for name in names}

    def report(self, weight=1.0, **values):
        """Adds to the running means what is finite; `weight` 0 leaves them as they are."""
        for name, value in values.items():
            self._trackers[name].update_state(value, sample_weight=weight)

    def results(self, names=None):
        """The running means of these names, or of all that have been declared, as logs."""
        return {name: self._trackers[name].result() for name in names or self._trackers}

    @property
    def metrics(self):
        return list(self._trackers.values())

    def get_metrics_result(self):
        """The running means, over all replicas, of what was reported since they were reset: name -> float.

        What was never finite is NaN. A mean that leaves some values out says so in a warning.
        """
        reported = {name: mean for name, mean in self._trackers.items() if not mean.is_empty()}
        results = {name: float(mean.result().numpy()) for name, mean in reported.items()}
        left_out = [
            f"{name} ({mean.share_left_out():.1%})"
            for name, mean in reported.items()
            if mean.share_left_out() and not math.isnan(results[name])
        ]
        if left_out:
            warnings.warn(
                f"Values that are not finite are left out of the means of {', '.join(left_out)}.",
                stacklevel=4,
            )
        return results


def _without_unknown_arguments(name, compile):
    """A `compile` that names an argument of Keras that it does not have, and those that it has."""
    parameters = inspect.signature(compile).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return compile  # of a base class, which passes on what it is given
    known = {parameter.name for parameter in parameters} - {"self"}

    @functools.wraps(compile)
    def checked(self, *args, **kwargs):
        for argument in kwargs.keys() - known:
            raise unknown(f"argument of {name}.compile", argument, known)
        return compile(self, *args, **kwargs)

    return checked


def _are_same(variables, others):
    return len(variables) == len(others) and all(a is b for a, b in zip(variables, others, strict=True))


def _refusal(method, advice):
    def refused(self, *args, **kwargs):
        raise InputError(f"{method} has no use for a {type(self).__name__}: {advice}.")

    refused.__name__ = method
    refused.__doc__ = f"Refused: {advice}."
    return refused


for _method, _advice in REFUSED.items():
    setattr(Trainer, _method, _refusal(_method, _advice))
