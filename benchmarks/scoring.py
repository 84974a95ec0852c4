"""What share of a training's time its scores take.

Each recipe, in a process of its own, takes some of its steps, from which the time of all follows, and scores
the model that these leave. Times are those of the processor, which other work changes little.

    python benchmarks/scoring.py --recipes digits-gan digits-vae [--data FILE_OR_FOLDER] [--set field=value]
"""

import argparse
import multiprocessing
import time

STEPS = 60  # at least, as executions of many steps are whole


def shared(recipe, fields, results):
    """Puts (seconds of all steps, seconds of the scores) on a queue."""
    from keras_gen import recipes
    from keras_gen.evaluation import evaluate
    from keras_gen.runs.training import batches, load
    from keras_gen.training import distribution

    config = recipes.resolve(recipe, fields)
    dataset, model = load(config), config.build()
    execution = config.execution["steps_per_execution"]
    steps = -(-STEPS // execution) * execution

    def seconds(work):
        started = time.process_time()
        work()
        return time.process_time() - started

    def train():
        model.fit(batches(dataset, distribution.strategy("one"), 0), steps_per_epoch=steps, verbose=0)

    train()  # traces
    training = seconds(train) / steps * config.steps_per_epoch * config.epochs
    results.put((training, seconds(lambda: evaluate(model, dataset, config))))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recipes", nargs="+", required=True)
    parser.add_argument("--data")
    parser.add_argument("--set", nargs="*", default=())
    options = parser.parse_args()
    fields = dict(setting.split("=", 1) for setting in options.set)
    if options.data:
        fields["data"] = options.data
    spawn = multiprocessing.get_context("spawn")
    for recipe in options.recipes:
        results = spawn.SimpleQueue()
        process = spawn.Process(target=shared, args=(recipe, fields, results))
        process.start()
        process.join()
        if process.exitcode:
            print(f"{recipe}: failed", flush=True)
            continue
        training, scores = results.get()
        print(
            f"{recipe}: {scores:.0f} s of scores, {training:.0f} s of training: {scores / training:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
