"""What `fit` and `evaluate` run: some steps of a model in one call of a compiled graph, on every replica.

Keras' own functions fail where replicas are several (one step in an execution alone works on one machine, none on several):
they reduce the logs of every step over all machines, and hold a step within a condition, where replicas cannot meet.
"""

import tensorflow as tf


def execution(model, step):
    """The function that Keras calls with an iterator for the next steps.

    Args:
        model: a compiled `GenerativeModel`.
        step: function of a batch that runs on each replica and returns logs, name -> scalar.

    Returns:
        Function of an iterator that takes up to `model.steps_per_execution` steps and returns the last logs, the mean over the
        replicas of this process. It raises `StopIteration` where there is no batch left.
    """
    strategy = model.distribute_strategy

    def on_replicas(data):
        logs = strategy.run(step, args=(data,))
        return {name: _local_mean(strategy, value) for name, value in logs.items()}

    if model.run_eagerly:
        return _eagerly(model, on_replicas)
    on_replicas = tf.function(
        on_replicas, reduce_retracing=True, autograph=False, jit_compile=model.jit_compile
    )

    def several(iterator):
        def body(done, logs, batch):
            logs = on_replicas(batch.get_value())
            wanted = done + 1 < model.steps_per_execution
            return done + 1, logs, tf.cond(wanted, iterator.get_next_as_optional, lambda: batch)

        logs = on_replicas.get_concrete_function(iterator.element_spec).structured_outputs
        return tf.while_loop(
            lambda done, logs, batch: (done < model.steps_per_execution) & batch.has_value(),
            body,
            (tf.constant(0), tf.nest.map_structure(tf.zeros_like, logs), iterator.get_next_as_optional()),
        )[:2]

    one = tf.function(
        lambda iterator: on_replicas(iterator.get_next()), reduce_retracing=True, autograph=False
    )
    several = tf.function(several, reduce_retracing=True, autograph=False)

    def take_steps(iterator):
        if model.steps_per_execution == 1:
            return one(iterator)  # without a batch it raises what Keras takes for the end
        done, logs = several(iterator)
        if not done:
            raise StopIteration
        return logs

    return take_steps


def _eagerly(model, on_replicas):
    def take_steps(iterator):
        logs = on_replicas(next(iterator))
        for _, data in zip(range(model.steps_per_execution - 1), iterator, strict=False):
            logs = on_replicas(data)
        return logs

    return take_steps


def _local_mean(strategy, value):
    return tf.reduce_mean(tf.stack(strategy.experimental_local_results(value)), axis=0)
