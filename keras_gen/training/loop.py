"""What `fit` and `evaluate` run: some steps of a model in one call of a graph, on every replica.

Keras' own functions fail where replicas are several (one step in an execution alone works on one machine,
none on several): they reduce the logs of every step over all machines, and hold a step within a condition,
where replicas cannot meet. They also call XLA for each step anew, while a GPU waits.
"""

import functools
import time

import tensorflow as tf

from keras_gen.logs import log
from keras_gen.training import devices, distribution
from keras_gen.training.resident import Rows, holds_strings, looked_up

graph_of = functools.partial(tf.function, reduce_retracing=True, autograph=False)


def execution(model, step, jit_compile=False):
    """The function that Keras calls with an iterator for the next steps.

    The model sees the first batch of a `fit` or `evaluate` before any graph is traced for it, whatever it
    comes from; of several processes, arrays alone are checked, before they are divided.

    Args:
        model: a compiled `GenerativeModel`.
        step: function of a batch that runs on each replica and returns logs, name -> scalar.
        jit_compile: bool, whether XLA compiles the step. On a GPU it compiles all steps of an execution as
            one loop; a processor would run that loop more slowly.

    Returns:
        Function of an iterator that takes up to `model.steps_per_execution` steps and returns the last logs,
        the mean over the replicas of this process. It raises `StopIteration` where there is no batch left.
    """
    strategy = model.distribute_strategy

    def on_replicas(examples, batch):
        logs = strategy.run(step, args=(looked_up(examples, batch),))
        return {name: _local_mean(strategy, value) for name, value in logs.items()}

    plain = on_replicas if model.run_eagerly else graph_of(on_replicas)
    compiled = graph_of(on_replicas, jit_compile=True) if jit_compile else plain
    one_by_one = _one_by_one(model, plain, compiled)
    # Processes agree within the graph on whether there is another batch.
    is_alone = not distribution.spans_processes(strategy)
    if model.run_eagerly or (is_alone and model.steps_per_execution == 1):
        call = one_by_one
    else:
        in_one_loop = jit_compile and devices.accelerator()
        several = _in_one_loop(model, compiled) if in_one_loop else _in_one_graph(model, compiled, is_alone)

        def call(iterator):
            # `train_on_batch` and `test_on_batch` give an iterator of Python.
            in_graph = hasattr(iterator, "get_next_as_optional")
            return (several if in_graph and _fits(iterator, jit_compile) else one_by_one)(iterator)

    return _announced(call) if jit_compile else call


def _one_by_one(model, plain, compiled):
    """Steps that Python calls, each by itself.

    Batches as large as the first one are compiled. Each other size would be compiled anew, so the last batch
    of an epoch is taken as it is; and so are strings, which XLA does not know.
    """
    shapes = []

    def step(batch):
        is_compiled = compiled is not plain and shapes in ([], _shapes(batch)) and not holds_strings(batch)
        return (compiled if is_compiled else plain)(_resident(model, batch), batch)

    def call(iterator):
        batch = next(iterator)  # without a batch it raises what Keras takes for the end
        if model.checks_next_batch:
            model.check_if_first(looked_up(_resident(model, batch), batch))
            shapes[:] = _shapes(batch) if compiled is not plain else []
        logs = step(batch)
        for _, batch in zip(range(model.steps_per_execution - 1), iterator, strict=False):
            logs = step(batch)
        return logs

    return call


def _in_one_graph(model, on_replicas, is_alone):
    """Several steps in one call of a graph, each of which takes its batch from the iterator."""

    @graph_of
    def several(iterator, most):
        def body(done, logs, batch):
            logs = on_replicas(None, batch.get_value())
            return done + 1, logs, _next(iterator, done + 1 < most, batch)

        logs = _zeros_like_logs(on_replicas, None, iterator.element_spec)
        return tf.while_loop(
            lambda done, logs, batch: (done < most) & batch.has_value(),
            body,
            (tf.constant(0), logs, iterator.get_next_as_optional()),
        )[:2]

    def call(iterator):
        most, logs = model.steps_per_execution, None
        if model.checks_next_batch and is_alone:
            batch = next(iterator)
            model.check_if_first(batch)
            most, logs = most - 1, on_replicas(None, batch)
        done, last = several(iterator, tf.constant(most))
        if not done and logs is None:
            raise StopIteration
        return last if done else logs

    return call


def _in_one_loop(model, on_replicas):
    """Several steps as one program of XLA, which gets their batches together."""
    most = model.steps_per_execution

    @graph_of
    def block_of(iterator):
        """The next batches, each array (most, batch, ...), of which the first ones hold any; their number."""
        spec = iterator.element_spec
        with tf.device("CPU:0"):
            arrays = [
                tf.TensorArray(each.dtype, most, element_shape=each.shape) for each in tf.nest.flatten(spec)
            ]

            def body(done, arrays, batch):
                values = tf.nest.flatten(batch.get_value())
                arrays = [array.write(done, value) for array, value in zip(arrays, values, strict=True)]
                return done + 1, arrays, _next(iterator, done + 1 < most, batch)

            done, arrays, _ = tf.while_loop(
                lambda done, arrays, batch: (done < most) & batch.has_value(),
                body,
                (tf.constant(0), arrays, iterator.get_next_as_optional()),
            )
            return done, tf.nest.pack_sequence_as(spec, [array.stack() for array in arrays])

    def batch_of(block, place):
        return tf.nest.map_structure(lambda array: array[place], block)

    # The number of steps is no constant, so that the last ones of an epoch need no program of their own.
    @graph_of(jit_compile=True)
    def steps(examples, block, number):
        return tf.while_loop(
            lambda done, logs: done < number,
            lambda done, logs: (done + 1, on_replicas(examples, batch_of(block, done))),
            (tf.constant(0), _zeros_like_logs(on_replicas, examples, batch_of(block, 0))),
        )[1]

    def call(iterator):
        number, block = block_of(iterator)
        if not number:
            raise StopIteration
        examples = _resident(model, block)
        if model.checks_next_batch:
            model.check_if_first(looked_up(examples, batch_of(block, 0)))
        return steps(examples, block, number)

    return call


def _announced(call):
    """A function of an iterator that XLA compiles at its first call, and says so."""
    is_compiled = False

    def announced(iterator):
        nonlocal is_compiled
        if is_compiled:
            return call(iterator)
        log.info("XLA compiles the steps, which takes half a minute, of large networks up to two.")
        start = time.perf_counter()
        logs = call(iterator)
        log.info("XLA compiled them in %.0f seconds.", time.perf_counter() - start)
        is_compiled = True
        return logs

    return announced


def _fits(iterator, jit_compile):
    """Whether a graph can take several batches: XLA takes those of one size, and no strings."""
    return not jit_compile or (
        all(each.shape.is_fully_defined() for each in tf.nest.flatten(iterator.element_spec))
        and not holds_strings(iterator.element_spec)
    )


def _shapes(batch):
    return [array.shape for array in tf.nest.flatten(batch)]


def _resident(model, batch):
    """The examples that the rows of a batch are of, or None for a batch of examples."""
    return model.resident_examples if isinstance(batch, Rows) else None


def _next(iterator, is_wanted, batch):
    """The next batch of an iterator, an optional; or the one before where none is wanted."""
    return tf.cond(is_wanted, iterator.get_next_as_optional, lambda: batch)


def _zeros_like_logs(on_replicas, examples, batch):
    logs = on_replicas.get_concrete_function(examples, batch).structured_outputs
    return tf.nest.map_structure(tf.zeros_like, logs)


def _local_mean(strategy, value):
    return tf.reduce_mean(tf.stack(strategy.experimental_local_results(value)), axis=0)
