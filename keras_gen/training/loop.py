"""What `fit` and `evaluate` run: some steps of a model in one call of a compiled graph, on every replica.

Keras' own functions fail where replicas are several (one step in an execution alone works on one machine,
none on several): they reduce the logs of every step over all machines, and hold a step within a condition,
where replicas cannot meet.
"""

import tensorflow as tf

from keras_gen.training import distribution


def execution(model, step):
    """The function that Keras calls with an iterator for the next steps.

    The model sees the first batch of a `fit` or `evaluate` before any graph is traced for it, whatever it
    comes from; of several processes, arrays alone are checked, before they are divided.

    Args:
        model: a compiled `GenerativeModel`.
        step: function of a batch that runs on each replica and returns logs, name -> scalar.

    Returns:
        Function of an iterator that takes up to `model.steps_per_execution` steps and returns the last logs,
        the mean over the replicas of this process. It raises `StopIteration` where there is no batch left.
    """
    strategy = model.distribute_strategy

    def on_replicas(data):
        logs = strategy.run(step, args=(data,))
        return {name: _local_mean(strategy, value) for name, value in logs.items()}

    if not model.run_eagerly:
        on_replicas = tf.function(
            on_replicas, reduce_retracing=True, autograph=False, jit_compile=model.jit_compile
        )

    def one_by_one(iterator):
        batch = next(iterator)  # without a batch it raises what Keras takes for the end
        model.check_if_first(batch)
        logs = on_replicas(batch)
        for _, data in zip(range(model.steps_per_execution - 1), iterator, strict=False):
            logs = on_replicas(data)
        return logs

    # Processes agree within the graph on whether there is another batch.
    is_alone = not distribution.spans_processes(strategy)
    if model.run_eagerly or (is_alone and model.steps_per_execution == 1):
        return one_by_one

    @tf.function(reduce_retracing=True, autograph=False)
    def several(iterator, most):
        def body(done, logs, batch):
            logs = on_replicas(batch.get_value())
            wanted = done + 1 < most
            return done + 1, logs, tf.cond(wanted, iterator.get_next_as_optional, lambda: batch)

        logs = on_replicas.get_concrete_function(iterator.element_spec).structured_outputs
        return tf.while_loop(
            lambda done, logs, batch: (done < most) & batch.has_value(),
            body,
            (tf.constant(0), tf.nest.map_structure(tf.zeros_like, logs), iterator.get_next_as_optional()),
        )[:2]

    def in_one_call(iterator):
        if not hasattr(iterator, "get_next_as_optional"):
            return one_by_one(iterator)  # the single batch of `train_on_batch` and `test_on_batch`
        most, logs = model.steps_per_execution, None
        if model.checks_next_batch and is_alone:
            batch = next(iterator)
            model.check_if_first(batch)
            most, logs = most - 1, on_replicas(batch)
        done, last = several(iterator, tf.constant(most))
        if not done and logs is None:
            raise StopIteration
        return last if done else logs

    return in_one_call


def _local_mean(strategy, value):
    return tf.reduce_mean(tf.stack(strategy.experimental_local_results(value)), axis=0)
