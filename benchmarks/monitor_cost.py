"""What `Monitor` costs at the end of an epoch, and as a share of a recipe's whole training.

python benchmarks/monitor_cost.py [--recipes digits-gan vowels-vae] [--set restore_best=true ...]
"""

import argparse
import tempfile
import time
from pathlib import Path

from keras_gen import recipes
from keras_gen.recipes.settings import parse_assignments
from keras_gen.runs.results import monitor_of
from keras_gen.runs.run import Run

EPOCHS = 3  # of which the first traces graphs


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipes", nargs="+", default=["digits-gan", "vowels-vae"])
    parser.add_argument("--set", nargs="+", default=[], dest="fields", help="field=value ...")
    options = parser.parse_args()

    for recipe in options.recipes:
        config = recipes.resolve(recipe, parse_assignments(options.fields))
        dataset, model, ends, measured = config.load(), config.build(), [], []
        with tempfile.TemporaryDirectory() as folder:
            monitor = monitor_of(model, dataset, Run(Path(folder)), config)
            monitor.every = 1  # so that each epoch has all that one can have
            monitor.on_epoch_end = timed(monitor.on_epoch_end, ends)
            if monitor.measured is not None:
                monitor.measured = timed(monitor.measured, measured)
            start = time.perf_counter()
            model.fit(
                dataset.batches(),
                steps_per_epoch=config.steps_per_epoch,
                epochs=EPOCHS,
                validation_data=dataset.val,
                callbacks=[monitor],
                verbose=0,
            )
        each = (time.perf_counter() - start - sum(ends)) / EPOCHS
        first, later = ends[0], sum(ends[1:]) / (EPOCHS - 1)
        measuring = sum(measured[1:]) / (EPOCHS - 1)
        measurements = config.epochs // config.measures_every if config.measures_every else 0
        watching = config.epochs * (later - measuring) + measurements * measuring
        print(
            f"{recipe} {' '.join(options.fields)}: of {config.epochs} epochs one takes {each:.2f} s; Monitor "
            f"{later - measuring:.2f} s more and {measuring:.2f} s where it measures, at {measurements} of "
            f"them: {watching / (config.epochs * each):.1%} of training; once, {first - later:.1f} s",
            flush=True,
        )


def timed(function, taken):
    """A function that notes how many seconds it took."""

    def call(*arguments):
        start = time.perf_counter()
        outcome = function(*arguments)
        taken.append(time.perf_counter() - start)
        return outcome

    return call


if __name__ == "__main__":
    main()
