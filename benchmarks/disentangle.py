"""Disentanglement of the built-in shapes at the recipe's weight of total correlation and at 1, the ELBO.

The same network, budget and seeds for each weight. Scores are of the posterior means of the test images.

    python benchmarks/disentangle.py [--recipe shapes-tcvae] [--betas 1 6] [--seeds 0 1 2]
        [--set field=value ...]
"""

import argparse
import time

import numpy as np

from keras_gen import recipes
from keras_gen.evaluation import measures
from keras_gen.recipes.settings import parse_assignments


def trained(config, dataset):
    model = config.build()
    steps = config.epochs * config.steps_per_epoch
    model.fit(dataset.batches("train"), steps_per_epoch=steps, verbose=0)
    return model


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipe", default="shapes-tcvae")
    parser.add_argument("--betas", type=float, nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--set", dest="assignments", nargs="*", default=[])
    options = parser.parse_args()

    fields = parse_assignments(options.assignments)
    recipe = recipes.resolve(options.recipe, fields)
    dataset = recipe.load()
    for beta in options.betas or [1.0, recipe.objective.beta]:
        rows = []
        for seed in options.seeds:
            config = recipes.resolve(options.recipe, {**fields, "beta": beta, "seed": seed})
            start = time.perf_counter()
            model = trained(config, dataset)
            minutes = (time.perf_counter() - start) / 60
            scores = [
                measures.evidence(model, dataset, config),
                measures.disentanglement(model, dataset, config),
            ]
            rows.append({name: value for score in scores for name, value in score.metrics.items()})
            print(f"beta {beta:g} seed {seed} {minutes:.1f} minutes:", end=" ")
            print(", ".join(f"{name} {value:.3f}" for name, value in rows[-1].items()), flush=True)
        print(f"beta {beta:g}, {len(rows)} seeds:", end=" ")
        for name in rows[0]:
            values = [row[name] for row in rows]
            print(f"{name} {np.mean(values):.3f} ± {np.std(values, ddof=len(rows) > 1):.3f}", end="  ")
        print(flush=True)


if __name__ == "__main__":
    main()
