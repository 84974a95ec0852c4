"""How much faster two workers of one core each train than one process of one core, and where the rest goes.

Three settings in turn, several rounds, each in fresh processes pinned to a core each. The best ten steps in a
row of all rounds count, since a core that is shared with strangers is at times half as fast:

    alone       one process, the other core idle
    apart       two processes that know nothing of each other: what the cores take from each other
    together    two workers that average their gradients after every step: what meeting costs besides

Each process sees batches of its own of the recipe's size, so `together` trains on twice the batch.

    python benchmarks/scaling.py [--recipe cifar10-gan] [--steps 30] [--rounds 5] [--set field=value ...]
"""

import argparse
import json
import os
import subprocess
import sys
import time

from keras_gen.runs.processes import free_ports

CORES = (0, 1)
WARM_UP = 3  # steps
WINDOW = 10  # steps in a row


def process(core, arguments, config=None):
    environment = {
        **os.environ,
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_CONFIG": json.dumps(config) if config else "",
    }
    command = ["taskset", "-c", str(core), sys.executable, __file__, *arguments, "--measure"]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def measured(processes):
    """What each process measured."""
    return [json.loads(process.communicate()[0].splitlines()[-1]) for process in processes]


def run(setting, arguments):
    if setting == "alone":
        return measured([process(CORES[0], arguments)])
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(len(CORES))]}
    configs = [
        {"cluster": cluster, "task": {"type": "worker", "index": index}} for index in range(len(CORES))
    ]
    together = setting == "together"
    return measured(
        [
            process(core, arguments, config if together else None)
            for core, config in zip(CORES, configs, strict=True)
        ]
    )


def measure(options):
    """Trains some steps; prints this process's examples per second and a step's megabytes of gradients."""
    import keras
    import numpy as np
    import tensorflow as tf

    from keras_gen import recipes
    from keras_gen.recipes.settings import parse_assignments
    from keras_gen.training import distribution

    strategy = distribution.strategy()
    fields = {"steps_per_execution": 1} | parse_assignments(options.assignments)
    config = recipes.resolve(options.recipe, {**fields, "steps_per_epoch": options.steps + WARM_UP})
    with strategy.scope():
        model = config.build()
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (config.batch_size, *model.media.shape), dtype=np.uint8)
    labels = np.arange(config.batch_size, dtype=np.int32) % (config.num_classes or 1)
    own = images if config.num_classes is None else (images, labels)
    data = strategy.distribute_datasets_from_function(lambda _: tf.data.Dataset.from_tensors(own).repeat())

    class Clock(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.times = []

        def on_train_batch_end(self, batch, logs=None):
            self.times.append(time.perf_counter())

    clock = Clock()
    model.fit(data, steps_per_epoch=options.steps + WARM_UP, callbacks=[clock], verbose=0)
    times = clock.times[WARM_UP:]
    seconds = min(end - start for start, end in zip(times, times[WINDOW:], strict=False))
    gradients = [v for optimizer in model.optimizers.values() for v in optimizer._trainable_variables]
    result = {
        "rate": WINDOW * config.batch_size / seconds,
        "batch": config.batch_size,
        "megabytes": float(sum(4 * np.prod(variable.shape) for variable in gradients) / 1e6),
        "all_reduce": all_reduce_seconds(strategy, [tf.zeros(variable.shape) for variable in gradients]),
    }
    print(json.dumps(result))


def all_reduce_seconds(strategy, gradients):
    """The shortest of several times to average tensors like the gradients, with nothing else running."""
    import tensorflow as tf

    from keras_gen.training import distribution

    @tf.function
    def average():
        def on_replica():
            return tf.add_n([tf.reduce_sum(mean) for mean in distribution.mean_over_replicas(gradients)])

        return strategy.run(on_replica)

    seconds = []
    for _ in range(WARM_UP + 10):
        start = time.perf_counter()
        strategy.experimental_local_results(average())[0].numpy()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipe", default="cifar10-gan")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--set", dest="assignments", nargs="*", default=[])
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options)
        return

    arguments = sys.argv[1:]
    rates = {"alone": [], "apart": [], "together": []}
    for number in range(options.rounds):
        for setting, found in rates.items():
            results = run(setting, arguments)
            found.append(sum(result["rate"] for result in results))
            print(f"round {number + 1} {setting}: {found[-1]:.1f} examples/s", flush=True)
    alone, apart, together = (max(found) for found in rates.values())
    batch, megabytes = results[0]["batch"], results[0]["megabytes"]
    steps = {
        "alone": 1000 * batch / alone,
        "apart": 2000 * batch / apart,
        "together": 2000 * batch / together,
    }
    print(
        f"apart {apart / alone:.2f}, together {together / alone:.2f} times the examples of one process alone"
    )
    print(", ".join(f"a step {setting}: {milliseconds:.1f} ms" for setting, milliseconds in steps.items()))
    print(
        f"{megabytes:.1f} MB of gradients: averaging them alone takes {1000 * results[0]['all_reduce']:.1f} "
        "ms"
    )


if __name__ == "__main__":
    main()
