"""Trains a recipe with several settings from several seeds, and compares them on validation data alone.

Each training is a run, which the same command goes on with where it was stopped.

    python benchmarks/choose.py digits-gan --with "" --with "r1=0.1 r2=0.1" [--seeds 1 2 3]
        [--output runs/choose]
"""

import argparse
import json
from pathlib import Path

import numpy as np

from keras_gen import recipes
from keras_gen.evaluation import evaluate
from keras_gen.files import read_json, write_atomically
from keras_gen.recipes.settings import parse_assignments
from keras_gen.runs import training
from keras_gen.runs.run import Run
from keras_gen.training.distribution import strategy


def validated(recipe, fields, run):
    """What a run, trained if need be, scores on validation examples: dict, measure -> number."""
    scores = run.folder / "validation.json"
    if scores.is_file():
        return read_json(scores)
    config = recipes.resolve(recipe, fields)
    dataset = training.load(config)
    with training.begun(run, recipe, config, dataset):
        model = training.trained(run, config, dataset, strategy("one"), watch=[])
    found = evaluate(model, dataset, config, split="val")
    metrics = {name: float(value) for score in found for name, value in score.metrics.items()}
    write_atomically(scores, json.dumps(metrics, indent=2) + "\n")
    return metrics


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipe")
    parser.add_argument(
        "--with", dest="settings", action="append", required=True, help="field=value ..., or nothing"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--output", type=Path, default=Path("runs/choose"))
    options = parser.parse_args()

    for setting in options.settings:
        scores = []
        for seed in options.seeds:
            fields = parse_assignments(setting.split()) | {"seed": seed}
            folder = options.output / options.recipe / (setting.replace(" ", ",") or "as it is") / str(seed)
            scores.append(validated(options.recipe, fields, Run(folder)))
        print(setting or "as it is", flush=True)
        for name in scores[0]:
            values = np.array([score[name] for score in scores])
            spread = f" ± {values.std(ddof=1):.2g}" if len(values) > 1 else ""
            print(f"  {name}: {values.mean():.4g}{spread}   {', '.join(f'{v:.4g}' for v in values)}")


if __name__ == "__main__":
    main()
