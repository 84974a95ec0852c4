"""The cost of the guard against losses and gradients that are not finite: interleaved steps with and without.

python benchmarks/guard.py [--recipes digits-gan cifar10-gan mnist-vae-best] [--rounds 11]
"""

import argparse
import statistics
import time

import tensorflow as tf
from checkpoint_cost import batch_of

from keras_gen import recipes
from keras_gen.training.loop import execution

STEPS = 50


def unguarded(model):
    """The steps of a model that trusts its losses."""
    model.guard.passes = lambda gradients, loss: tf.constant(True)
    return execution(model, model.train_step)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipes", nargs="+", default=["digits-gan", "cifar10-gan", "mnist-vae-best"])
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args()

    for recipe in options.recipes:
        config = recipes.resolve(recipe, {"steps_per_execution": 10})
        models = [config.build(), config.build()]
        steps = [
            execution(models[0], models[0].guard.around(models[0].train_step, models[0].trained_networks)),
            unguarded(models[1]),
        ]
        batches = [iter(tf.data.Dataset.from_tensors(batch_of(config, model)).repeat()) for model in models]
        ratios = []
        for _ in range(options.rounds + 1):
            seconds = []
            for take, batch in zip(steps, batches, strict=True):
                start = time.perf_counter()
                for _ in range(STEPS // 10):
                    take(batch)
                seconds.append(time.perf_counter() - start)
            ratios.append(seconds[0] / seconds[1])
        lower, median, upper = statistics.quantiles(ratios[1:])  # the first one traced
        print(
            f"{recipe}: {median:.3f} times as long with the guard (quartiles {lower:.3f} to {upper:.3f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
