"""Trains a recipe with its own settings and with a search's, from fresh seeds, and compares test scores.

All runs share the test examples, which no search saw: `data_seed` decides the splits. Complete runs are not
repeated.

    python benchmarks/tuned.py digits-vae runs/digits-vae-tuned/best.json [--seeds 101 102 103]
        [--output runs/tuned/digits-vae]
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np


def metrics(recipe, output, seed):
    """The scores of a run, which is trained first if need be."""
    command = [
        sys.executable,
        "-m",
        "keras_gen",
        "train",
        recipe,
        "--set",
        f"seed={seed}",
        "--output",
        output,
    ]
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    return json.loads((output / "metrics.json").read_text())


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipe")
    parser.add_argument("best", type=Path, help="config that a search wrote")
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103])
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()

    output = options.output or Path("runs/tuned") / options.recipe
    scores = {
        name: [metrics(setup, output / f"{name}-{seed}", seed) for seed in options.seeds]
        for name, setup in (("default", options.recipe), ("best", options.best))
    }
    for metric in scores["default"][0]:
        values = {name: np.array([run[metric] for run in runs]) for name, runs in scores.items()}
        told = [f"{name} {each.mean():.4g} ± {each.std(ddof=1):.2g}" for name, each in values.items()]
        print(f"{metric}: {', '.join(told)}")


if __name__ == "__main__":
    main()
