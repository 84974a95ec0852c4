"""How even the steps are along walks between pairs of test recordings, in runs that are compared.

Each walk goes from one recording to another in equal steps of the latent and, of a conditional model, of the
label. Distances are between neighbors in the features of the classifier that scores the runs, which is the
same for all runs on one data set.

Evenness does not tell whether what lies between is speech. So every test recording is also led halfway to
another one, under its own label: reported are the Frechet distance of these to real recordings, and how often
the classifier still hears the label.

    python benchmarks/walks.py runs/fsdd-vae runs/fsdd-vae-beta0 [--pairs 50] [--steps 9] [--seed 0]
"""

import argparse

import numpy as np

from keras_gen.metrics import Quality, step_evenness
from keras_gen.runs.run import Run


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--pairs", type=int, default=50)
    parser.add_argument("--steps", type=int, default=9)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    for folder in options.runs:
        run = Run.open(folder)
        _, config = run.settings()
        dataset = config.load()
        quality = Quality(dataset)
        packed, labels = dataset.arrays("test")
        random = np.random.default_rng(options.seed)
        pairs = np.array([random.choice(len(packed), 2, replace=False) for _ in range(options.pairs)])
        model = run.load_model()
        conditional = model.num_classes is not None
        walks = []
        for pair in pairs:
            ends = labels[pair] if conditional else None
            latents = model.encode(packed[pair], ends)
            between = {"label": ends[0], "stop_label": ends[1]} if conditional else {}
            walks.append(quality.embed(model.interpolate(*latents, steps=options.steps, **between)))
        walks = np.array(walks)
        scores = {**step_evenness(walks), "mean_step": np.linalg.norm(np.diff(walks, axis=1), axis=-1).mean()}
        others = random.permutation(len(packed))
        latents = model.encode(packed, labels if conditional else None)
        halfway = [
            model.sampler.walk(latents[one], latents[other], 3, labels[one] if conditional else None)[1]
            for one, other in enumerate(others)
        ]
        asked = labels if conditional else None
        between = quality.score(model.decode(np.array(halfway), asked), asked)
        scores |= {f"halfway_{name}": value for name, value in between.items() if name != "classes_produced"}
        figures = ", ".join(f"{name} {value:.3f}" for name, value in scores.items())
        print(f"{folder}: {figures} ({options.pairs} pairs, {options.steps} steps)")


if __name__ == "__main__":
    main()
