"""Time of one training step of a 32-pixel DCGAN: the kit's two plans, a textbook Keras step, PyTorch if installed.

Identical networks, batches and data, in interleaved rounds of one process. The machine's noise falls on all alike: the
figure is the median over rounds of the ratio within a round.

    python benchmarks/gan_step.py [--rounds 30] [--steps 10] [--threads 2]

Then the cost of `fit` over calling the compiled step in a bare loop, on that network and of the recipe of the tiny digits.
"""

import argparse
import time

import keras
import numpy as np
import tensorflow as tf
from textbook_dcgan import TextbookDCGAN

from keras_gen import recipes
from keras_gen.media import Image
from keras_gen.models import GAN
from keras_gen.networks import dcgan

BATCH, LATENT, WIDTH = 64, 100, 64
PLAIN = {"loss": "non_saturating", "penalties": [], "ema": 0}


def keras_steps(images):
    """Name -> function that takes a number of steps."""
    media = Image(32, 32, 3)

    def pair():
        keras.utils.set_random_seed(0)
        return dcgan(media, latent_dim=LATENT, width=WIDTH)

    textbook = TextbookDCGAN(*pair())
    textbook.compile()
    models = {"textbook": textbook}
    for plan in ("alternating", "simultaneous"):
        models[plan] = GAN(*pair(), media=media)
        models[plan].compile(plan=plan, **PLAIN)
    steps = {}
    for name, model in models.items():
        compiled = tf.function(model.train_step)
        steps[name] = lambda count, compiled=compiled: [compiled(images) for _ in range(count)]
    return steps


def torch_steps(images, threads):
    try:
        import torch
        from torch_dcgan import make_step, networks
    except ImportError:
        return {}
    torch.set_num_threads(threads)
    step = make_step(*networks(32, 3, WIDTH, LATENT, doublings=3), LATENT)
    batch = torch.from_numpy(images.numpy().transpose(0, 3, 1, 2).copy())
    return {"pytorch": lambda count: [step(batch) for _ in range(count)]}


def seconds(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def interleave(steps, rounds, count):
    """Name -> seconds a step in each round."""
    for take in steps.values():
        take(2)
    names = list(steps)
    times = {name: [] for name in names}
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            times[name].append(seconds(steps[name], count) / count)
    return {name: np.array(values) for name, values in times.items()}


def compare_steps(rounds, count, threads):
    images = tf.constant(np.random.default_rng(0).integers(0, 256, (BATCH, 32, 32, 3), dtype=np.uint8))
    times = interleave({**keras_steps(images), **torch_steps(images, threads)}, rounds, count)
    print(f"\n32x32x3 dcgan, width {WIDTH}, batch {BATCH}, {rounds} rounds of {count} steps")
    print(f"{'step':14}{'best ms':>9}{'median ms':>11}{'times textbook':>16}{'quartiles':>14}")
    for name, values in times.items():
        ratios = times["textbook"] / values
        low, middle, high = np.percentile(ratios, [25, 50, 75])
        best, median = values.min() * 1e3, np.median(values) * 1e3
        print(f"{name:14}{best:9.1f}{median:11.1f}{middle:16.2f}{low:8.2f}-{high:.2f}")


def fit_overhead(gan, steps, rounds):
    """(fit) / (bare loop), each in its best round, for the same number of steps on the same endless data."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (BATCH, *gan.media.shape), dtype=np.uint8)
    batch = (
        images if gan.num_classes is None else (images, np.arange(BATCH, dtype=np.int32) % gan.num_classes)
    )
    data = tf.data.Dataset.from_tensors(batch).cache().repeat()
    compiled, iterator = tf.function(gan.train_step), iter(data)

    def bare():
        for _ in range(steps):
            logs = compiled(next(iterator))
        return logs

    def fit():
        gan.fit(data, steps_per_epoch=steps, epochs=1, verbose=0)

    times = interleave({"bare": lambda _: bare(), "fit": lambda _: fit()}, rounds, 1)
    return times["fit"].min() / times["bare"].min()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    compare_steps(options.rounds, options.steps, options.threads)
    print("\nfit over the bare loop (ratio of the best rounds, below 1 is faster)")
    for steps_per_execution in (1, 10):
        media = Image(32, 32, 3)
        gan = GAN(*dcgan(media, latent_dim=LATENT, width=WIDTH), media=media)
        gan.compile(**PLAIN, steps_per_execution=steps_per_execution)
        ratio = fit_overhead(gan, 40, options.rounds // 3)
        print(f"32x32x3 above, steps_per_execution={steps_per_execution:<3} {ratio:.3f}")
    for steps_per_execution in (1, recipes.resolve("digits-gan").steps_per_execution):
        gan = recipes.resolve("digits-gan", {"steps_per_execution": steps_per_execution}).build()
        ratio = fit_overhead(gan, 400, options.rounds // 3)
        print(f"recipe digits-gan, steps_per_execution={steps_per_execution:<3} {ratio:.3f}")


if __name__ == "__main__":
    main()
