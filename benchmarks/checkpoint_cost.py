"""What a checkpoint costs: its size, the time to write it, and how many training steps that is; medians.

python benchmarks/checkpoint_cost.py [--recipes digits-gan mnist-vae-best cifar10-gan] [--rounds 10]
"""

import argparse
import statistics
import tempfile
import time

import numpy as np
import tensorflow as tf

from keras_gen import callbacks, recipes

STEPS = 50


def batch_of(config, model):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (config.batch_size, *model.media.shape), dtype=np.uint8)
    labels = np.arange(config.batch_size, dtype=np.int32) % (config.num_classes or 1)
    return images if config.num_classes is None else (images, labels)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipes", nargs="+", default=["digits-gan", "mnist-vae-best", "cifar10-gan"])
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()

    for recipe in options.recipes:
        config = recipes.resolve(recipe, {"steps_per_epoch": STEPS, "steps_per_execution": 10})
        model = config.build()
        data = tf.data.Dataset.from_tensors(batch_of(config, model)).repeat()
        writing, training = [], []
        with tempfile.TemporaryDirectory() as folder:
            checkpoint = callbacks.Checkpoint(folder)
            checkpoint.set_model(model)
            model.fit(data, steps_per_epoch=STEPS, verbose=0)
            for _ in range(options.rounds):
                start = time.perf_counter()
                model.fit(data, steps_per_epoch=STEPS, verbose=0)
                trained = time.perf_counter()
                checkpoint.save()
                training.append((trained - start) / STEPS)
                writing.append(time.perf_counter() - trained)
            megabytes = callbacks.latest_checkpoint(folder).stat().st_size / 1e6
        seconds, step = statistics.median(writing), statistics.median(training)
        print(
            f"{recipe}: {megabytes:.1f} MB in {1000 * seconds:.0f} ms, as long as {seconds / step:.0f} steps of "
            f"{1000 * step:.1f} ms",
            flush=True,
        )


if __name__ == "__main__":
    main()
