"""What the samples of a trained VAE are worth under its prior, a mixture of normals and a flow.

Both are fitted to the latents of the training examples. Samples, as many as there are held-out examples, are
compared with those: by the Frechet distance of features, and by the energy distance (Szekely & Rizzo 2013)
of latents to draws of their posteriors. The rows of reconstructions and of real examples say what can be had.

    python benchmarks/sampling_priors.py RUN [--split val] [--draws 3] [--components 10] [--set units=256 ...]
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import tensorflow as tf
from scipy.spatial.distance import cdist

from keras_gen.errors import InputError
from keras_gen.losses import GaussianMixture, RectifiedFlow
from keras_gen.losses.normal import DiagonalNormal
from keras_gen.metrics import Quality
from keras_gen.models import load_model
from keras_gen.runs.run import Run
from keras_gen.sampling.requests import for_any_batch, in_batches, seeds_of

COMPARED = 3000  # latents, since all pairs of them are
BATCHES = (1, 3, 16, 50)


class HeldOut:
    """A data set whose split of this name is the one to compare with."""

    def __init__(self, dataset, split):
        self.media, self.class_names = dataset.media, dataset.class_names
        self._dataset, self._split = dataset, split

    def arrays(self, split):
        return self._dataset.arrays(self._split if split == "test" else split)


def energy_distance(x, y):
    """2 E|X - Y| - E|X - X'| - E|Y - Y'|, 0 for equal distributions alone."""
    return 2 * cdist(x, y).mean() - cdist(x, x).mean() - cdist(y, y).mean()


def latents_of(model, num, labels, seed):
    draw = for_any_batch(lambda seeds, labels: model.latents_of_seeds(seeds, labels))
    return in_batches(lambda *part: draw(*part).numpy(), seeds_of(seed, num), labels)


def milliseconds_a_sample(model, labels):
    """Of the fastest of five batches of 256."""
    labels = None if labels is None else np.resize(labels, (256, *labels.shape[1:]))
    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        model.generate(256, labels, seed=0)
        seconds.append(time.perf_counter() - start)
    return 1000 * min(seconds[1:]) / 256


def equal_in_any_batch(model, labels):
    """Whether the SavedModel gives the same bits for the same seeds in batches of several sizes."""
    with tempfile.TemporaryDirectory() as folder:
        generate = tf.saved_model.load(str(model.export(Path(folder) / "1"))).signatures["generate"]
        seeds = seeds_of(0, max(BATCHES))
        labels = None if labels is None else np.resize(labels, (len(seeds), *labels.shape[1:]))

        def served(start, size):
            inputs = {"seed": tf.constant(seeds[start : start + size])}
            if labels is not None:
                inputs["label"] = tf.constant(labels[start : start + size])
            (raw,) = generate(**inputs).values()
            return raw.numpy()

        whole = served(0, len(seeds))
        return all(
            np.array_equal(np.concatenate([served(s, size) for s in range(0, len(seeds), size)]), whole)
            for size in BATCHES
        )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument("--split", default="val", choices=["val", "test"])
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--components", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", dest="assignments", nargs="*", default=[], help="of the flow: units=128 ...")
    options = parser.parse_args()

    run = Run.open(options.run)
    _, config = run.settings()
    dataset, model = config.load(), load_model(run.model_file)
    conditional = model.num_classes is not None
    examples, labels = dataset.arrays("train")
    real, real_labels = dataset.arrays(options.split)
    labels, real_labels = (labels, real_labels) if conditional else (None, None)
    posterior = model.posteriors(real, real_labels)
    noise = np.random.default_rng(0).normal(size=posterior.mean.shape).astype(np.float32)
    encoded = np.asarray(posterior.sample(noise))[:COMPARED]
    try:
        quality = Quality(HeldOut(dataset, options.split))
    except InputError:  # no classifier embeds sentences
        quality = None

    def told(name, draw, seconds="", ms="", equal=""):
        """A row, of what `draw(seed)` gives: (media, latents)."""
        drawn = [draw(seed) for seed in range(options.draws)]
        columns = [f"{name:24}"]
        for score, media in (
            (lambda x: quality.score(x)["frechet"], 0),
            (lambda z: energy_distance(z, encoded), 1),
        ):
            values = [score(each[media]) for each in drawn if each[media] is not None]
            columns.append(
                f"{np.mean(values):9.4f} ± {np.std(values, ddof=1):.4f}" if values else f"{'-':18}"
            )
        print("  ".join([*columns, f"{seconds:>14}", f"{ms:>9}", f"{equal:>9}"]), flush=True)

    def samples(seed):
        media = model.generate(len(real), real_labels, seed) if quality else None
        return media, latents_of(
            model, len(encoded), None if labels is None else real_labels[: len(encoded)], seed
        )

    def of_training(seed):
        """As many real training examples as there are held-out ones, and draws of their posteriors."""
        random = np.random.default_rng(seed)
        chosen = random.choice(len(examples), min(len(examples), len(real)), replace=False)
        own = model.posteriors(examples[chosen], None if labels is None else labels[chosen])
        latents = DiagonalNormal(*own).sample(random.normal(size=own.mean.shape).astype(np.float32))
        return examples[chosen] if quality else None, np.asarray(latents)[:COMPARED]

    print(f"{len(real):,} samples against as many of split {options.split}")
    columns = [" " * 24, f"{'Frechet':^18}", f"{'energy, latents':^18}", f"{'seconds (CPU)':>14}"]
    print("  ".join([*columns, f"{'ms/sample':>9}", "any batch"]))
    priors = {
        type(model.prior).__name__: None,
        f"mixture of {options.components}": lambda: GaussianMixture(options.components),
        "flow": lambda: RectifiedFlow(**{k: int(v) for k, v in (a.split("=") for a in options.assignments)}),
    }
    model.sampling_prior = None
    model.sampler.trace()
    for name, make in priors.items():
        seconds = ""
        if make is not None:
            start, worked = time.perf_counter(), time.process_time()
            model.fit_sampling_prior(examples, labels, seed=options.seed, prior=make())
            seconds = f"{time.perf_counter() - start:.1f} ({time.process_time() - worked:.1f})"
        equal = "equal" if equal_in_any_batch(model, real_labels) else "different"
        told(name, samples, seconds, f"{milliseconds_a_sample(model, real_labels):.2f}", equal)
    if quality:
        told("reconstructions", lambda _: (model.reconstruct(real, real_labels), None))
    told("real training examples", of_training)


if __name__ == "__main__":
    main()
