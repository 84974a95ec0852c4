"""Frechet distance and KID over training time on MNIST: a recipe against a textbook DCGAN.

Both have the same networks and batches. The clock counts training steps, not scoring. Reported: when the
recipe reaches the textbook's best Frechet distance of its run, and both models' scores after as many
examples.

    python benchmarks/quality_per_second.py --data mnist.npz [--recipe mnist-gan] [--minutes 10] [--every 20]

One process trains one model after the other.
"""

import argparse
import json
import time

import numpy as np
import tensorflow as tf
from textbook_dcgan import TextbookDCGAN

from keras_gen import recipes
from keras_gen.metrics import Quality

NUM_SCORED = 10_000
STEPS_PER_CALL = 10


def curve(model, generate, data, quality, batch_size, every, finished):
    """Trains until `finished(seconds, examples)`; a list of scores with seconds and examples."""
    iterator = iter(data)
    labels = np.arange(NUM_SCORED, dtype=np.int32) % 10

    @tf.function
    def train():
        for _ in tf.range(STEPS_PER_CALL):
            model.train_step(next(iterator))

    train.get_concrete_function()
    seconds, examples, points = 0.0, 0, []
    while True:
        start = time.perf_counter()
        train()
        seconds += time.perf_counter() - start
        examples += STEPS_PER_CALL * batch_size
        end = finished(seconds, examples)
        if end or seconds >= every * (len(points) + 1):
            scores = quality.score(generate(labels), labels)
            points.append({"seconds": seconds, "examples": examples, **scores})
            print(
                f"{seconds:7.0f} s {examples:9,} examples   frechet {scores['frechet']:7.3f}   "
                f"kid {scores['kid']:7.4f}   agreement {scores['label_agreement']:.3f}",
                flush=True,
            )
        if end:
            return points


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--recipe", default="mnist-gan")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--every", type=float, default=20)
    parser.add_argument("--json", help="file for the curves")
    parser.add_argument("--figure", help="PNG of the curves, needs matplotlib")
    options = parser.parse_args()

    config = recipes.resolve(options.recipe, {"data": options.data})
    dataset = config.load()
    quality = Quality(dataset)
    print(f"{quality.extractor}\n{quality.count(NUM_SCORED):,} generated and real test images")

    def run(model, generate, finished):
        data = dataset.batches("train")
        return curve(model, generate, data, quality, config.batch_size, options.every, finished)

    print(f"\n{options.recipe}, {config.examples:,} examples")
    gan = config.build()
    ours = run(
        gan, lambda labels: gan.generate(len(labels), labels, seed=0), lambda _, e: e >= config.examples
    )

    print(f"\ntextbook, {options.minutes} minutes and at least as many examples")
    networks = config.build()
    textbook = TextbookDCGAN(networks.generator, networks.discriminator)
    textbook.compile()

    def generate(labels):
        latents = tf.random.stateless_normal((len(labels), config.network.latent_dim), (0, 0))
        made = textbook.generator.predict([latents, tf.constant(labels)], batch_size=500, verbose=0)
        return dataset.media.to_raw(made).numpy()

    theirs = run(textbook, generate, lambda s, e: s >= 60 * options.minutes and e >= config.examples)

    within = [point for point in theirs if point["seconds"] <= 60 * options.minutes + options.every]
    best = min(within, key=lambda point: point["frechet"])
    reached = next((point for point in ours if point["frechet"] <= best["frechet"]), None)
    print(f"\ntextbook's best Frechet distance in {options.minutes} minutes: {best['frechet']:.3f}", end="")
    print(f" after {best['seconds']:.0f} s, {best['examples']:,} examples")
    if reached is None:
        print("the recipe does not reach it")
    else:
        share = reached["seconds"] / best["seconds"]
        print(f"the recipe reaches it after {reached['seconds']:.0f} s, {share:.2f} of the time")
    same = next(point for point in theirs if point["examples"] >= config.examples)
    print(f"after {config.examples:,} examples   textbook   recipe")
    for name in ("frechet", "kid", "label_agreement"):
        print(f"{name:24} {same[name]:9.4f} {ours[-1][name]:8.4f}")
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"recipe": ours, "textbook": theirs}, file, indent=1)
    if options.figure:
        draw({f"recipe {options.recipe}": ours, "textbook DCGAN, same networks": theirs}, options.figure)


def draw(curves, path):
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 3.2), layout="constrained")
    for name, points in curves.items():
        axes.plot([point["seconds"] for point in points], [point["frechet"] for point in points], label=name)
    axes.set(xlabel="seconds of training", ylabel="Frechet distance", yscale="log", ylim=(0.1, None))
    axes.legend(frameon=False)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
