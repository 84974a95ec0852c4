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
        dataset, model, taken = config.load(), config.build(), []
        with tempfile.TemporaryDirectory() as folder:
            monitor = monitor_of(model, dataset, Run(Path(folder)), config)
            monitor.every = 1  # so that each epoch has all that one can have
            end = monitor.on_epoch_end

            def timed(epoch, logs=None, end=end, taken=taken):
                start = time.perf_counter()
                end(epoch, logs)
                taken.append(time.perf_counter() - start)

            monitor.on_epoch_end = timed
            start = time.perf_counter()
            model.fit(
                dataset.batches(),
                steps_per_epoch=config.steps_per_epoch,
                epochs=EPOCHS,
                validation_data=dataset.val,
                callbacks=[monitor],
                verbose=0,
            )
        each = (time.perf_counter() - start - sum(taken)) / EPOCHS
        first, later = taken[0], sum(taken[1:]) / (EPOCHS - 1)
        ends = config.epochs // config.measures_every if config.measures_every else config.epochs
        share = (first + (ends - 1) * later) / (config.epochs * each)
        print(
            f"{recipe} {' '.join(options.fields)}: an epoch of {config.epochs} takes {each:.2f} s, Monitor "
            f"{first:.2f} s at the end of the first one and {later:.2f} s at others, {share:.1%} in all",
            flush=True,
        )


if __name__ == "__main__":
    main()
