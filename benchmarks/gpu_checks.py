"""What `gpu.py` asks besides rates, each in a process of its own, which prints a line of JSON at its end.

python benchmarks/gpu_checks.py '{"kind": "first_step", "recipe": "cifar10-gan", "fields": {}}'
"""

import json
import os
import random
import signal
import sys
import tempfile
import time

BEGUN = time.perf_counter()


def first_step(recipe, fields):
    """Seconds to the end of the first execution, from the built model and from the command."""
    import numpy as np

    import keras_gen as kg

    config = kg.recipes.resolve(recipe, fields)
    number, classes = 4 * config.batch_size, config.num_classes
    source = np.random.default_rng(0)
    images = source.integers(0, 256, (number, *config.media.shape), dtype=np.uint8)
    dataset = kg.datasets.Dataset(
        config.media,
        train=(images, np.arange(number) % classes),
        class_names=[str(label) for label in range(classes)],
        batch_size=config.batch_size,
    )
    model = config.build()
    start = time.perf_counter()
    model.fit(dataset.batches(), steps_per_epoch=model.steps_per_execution, verbose=0)
    end = time.perf_counter()
    return {"model": end - start, "command": end - BEGUN}


def quality(recipe, fields, seconds):
    """The Frechet distance after so many seconds of training, compiling included."""
    import keras

    import keras_gen as kg

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training |= time.perf_counter() - start > seconds

    config = kg.recipes.resolve(recipe, fields)
    dataset, model = config.load(), config.build()
    start = time.perf_counter()
    model.fit(
        dataset.batches(),
        epochs=config.epochs,
        steps_per_epoch=config.steps_per_epoch,
        verbose=0,
        callbacks=[Stop()],
    )
    trained = time.perf_counter() - start
    scores = model.score(dataset, num=len(dataset.arrays("test")[0]))
    seen = int(model.examples_seen.numpy())
    return {"frechet": scores["frechet"], "examples": seen, "of": config.examples, "seconds": trained}


def resume(recipe, settings, deterministic):
    """Names of variables that differ between a run that was killed and resumed and one left alone."""
    from kill import differences, finish, start

    from keras_gen.callbacks import latest_checkpoint

    if deterministic:
        os.environ["TF_DETERMINISTIC_OPS"] = "1"  # what `enable_op_determinism` sets, for the commands below
    with tempfile.TemporaryDirectory() as folder:
        straight, killed = f"{folder}/straight", f"{folder}/killed"
        finish(start(recipe, straight, settings))
        process = start(recipe, killed, settings)
        while process.poll() is None and latest_checkpoint(f"{killed}/checkpoints") is None:
            time.sleep(0.02)
        time.sleep(random.uniform(0.0, 0.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
        reached = latest_checkpoint(f"{killed}/checkpoints")
        finish(start(recipe, killed, settings))
        last = latest_checkpoint(f"{killed}/checkpoints")
        # Checkpoints are called by the examples seen.
        progress = {"killed after": int(reached.stem), "of": int(last.stem)}
        return {"differs": differences(straight, killed), **progress}


KINDS = {each.__name__: each for each in (first_step, quality, resume)}

if __name__ == "__main__":
    arguments = json.loads(sys.argv[1])
    print(json.dumps(KINDS[arguments.pop("kind")](**arguments)), flush=True)
