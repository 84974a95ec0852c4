"""The whole line: from a recipe to a trained model, its samples, its scores and a SavedModel."""

import json
import time
from pathlib import Path

import keras

from keras_gen import datasets
from keras_gen.callbacks import Checkpoint, LatentMonitor, Monitor
from keras_gen.callbacks.latent_monitor import sheets
from keras_gen.export import next_version
from keras_gen.models import Autoencoder, load_model
from keras_gen.recipes import measures
from keras_gen.recipes.report import report
from keras_gen.recipes.run import make_folder, write_atomically
from keras_gen.recipes.samples import write_samples

SAMPLES_SHOWN = 80
RECONSTRUCTED = 20


def train(run, recipe, config, say=print):
    """Trains what a config describes, in the folder of a run, from where an earlier start of it stopped.

    Args:
        run: a started `Run`.
        recipe: name of the recipe, for the report.
        config: of the recipe, resolved.
        say: function that is told in a line what happens.

    Returns:
        Path of the SavedModel.

    Raises:
        InputError: the data do not fit the config.
    """
    dataset = datasets.load(
        config.data,
        size=config.size,
        channels=config.channels,
        batch_size=config.batch_size,
        seed=config.seed,
    )
    config.check_data(dataset)
    say(f"Data: {dataset}")
    versions = Path("savedmodels") / run.folder.resolve().name
    make_folder(versions)
    if run.checkpoint.is_file():
        model = load_model(run.checkpoint)
        say(f"Going on after {int(model.examples_seen):,} examples")
    else:
        model = config.build()
    started = time.perf_counter()
    fit(model, dataset, run, config)
    minutes = (time.perf_counter() - started) / 60
    config.finish(model, dataset)
    model.save(run.model_file)
    pictures = write_pictures(model, dataset, run, config.seed)
    say("Scoring against held-out pictures")
    scores = [score for name in config.measures for score in getattr(measures, name)(model, dataset, config)]
    metrics = {name: value for score in scores for name, value in score.metrics.items()}
    metrics |= {"examples_seen": int(model.examples_seen), "training_minutes": minutes}
    savedmodel = model.export(next_version(versions))
    write_atomically(run.report_file, report(recipe, config, dataset, scores, metrics, pictures))
    write_atomically(run.metrics_file, json.dumps(metrics, indent=2) + "\n")
    return savedmodel


def write_pictures(model, dataset, run, seed):
    """Samples of a finished model, and of one that reconstructs what becomes of test pictures; the files' names."""
    write_samples(model, run.pictures, SAMPLES_SHOWN, seed=seed)
    names = [run.pictures.name]
    if isinstance(model, Autoencoder):
        for name, sheet in sheets(model, *some_examples(model, dataset, "test")).items():
            model.media.save(sheet, run.folder / f"{name}.png")
            names.append(f"{name}.png")
    return names


def some_examples(model, dataset, split):
    """The first pictures of a split, and their labels where the model takes any."""
    pictures, labels = dataset.arrays(split)
    labels = None if model.num_classes is None else labels[:RECONSTRUCTED]
    return pictures[:RECONSTRUCTED], labels


def monitor_of(model, dataset, run, seed):
    if not isinstance(model, Autoencoder):
        return Monitor(run.folder, num=SAMPLES_SHOWN, seed=seed)
    split = "test" if dataset.val is None else "val"
    return LatentMonitor(run.folder, *some_examples(model, dataset, split), num=SAMPLES_SHOWN, seed=seed)


def fit(model, dataset, run, config):
    """Trains from where the model's clock stands to the end, over the very batches that were still to come."""
    epoch_examples = config.steps_per_epoch * config.batch_size
    epochs_done = int(model.examples_seen) // epoch_examples
    model.fit(
        dataset.batches("train", start=epochs_done * config.steps_per_epoch),
        steps_per_epoch=config.steps_per_epoch,
        initial_epoch=epochs_done,
        epochs=config.epochs,
        validation_data=dataset.val,
        callbacks=[
            Checkpoint(run.checkpoint),
            monitor_of(model, dataset, run, config.seed),
            keras.callbacks.CSVLogger(run.history_file, append=True),
        ],
    )
