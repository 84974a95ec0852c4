"""The whole line: from a recipe to a trained model, its samples, its scores and a SavedModel."""

import json
import time
from pathlib import Path

import keras
import numpy as np

from keras_gen import datasets
from keras_gen.callbacks import Checkpoint, Monitor
from keras_gen.errors import InputError
from keras_gen.export import next_version
from keras_gen.metrics import PictureQuality
from keras_gen.models import load_model
from keras_gen.recipes.report import report
from keras_gen.recipes.run import make_folder, write_atomically
from keras_gen.recipes.samples import write_samples

SAMPLES_SHOWN = 80
NUM_SCORED = (2_000, 10_000)  # at least and at most


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
    check_data(config, dataset)
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
    model.save(run.model_file)
    write_samples(model, run.pictures, SAMPLES_SHOWN, seed=config.seed)
    say("Scoring against held-out pictures")
    quality = PictureQuality(dataset)
    metrics = {
        **model.score(quality, int(np.clip(quality.num_real, *NUM_SCORED)), seed=config.seed),
        "examples_seen": int(model.examples_seen),
        "training_minutes": minutes,
    }
    savedmodel = model.export(next_version(versions))
    write_atomically(run.report_file, report(recipe, config, dataset, quality, metrics, run.pictures.name))
    write_atomically(run.metrics_file, json.dumps(metrics, indent=2) + "\n")
    return savedmodel


def check_data(config, dataset):
    """Refuses, before anything is trained, data that the recipe cannot use or be scored on."""
    if config.num_classes not in (None, dataset.num_classes):
        found = dataset.num_classes or "none"
        raise InputError(
            f"The recipe wants {config.num_classes} classes, but the data have {found}: give --set num_classes={found}."
        )
    held_out = 0 if dataset.test is None else len(dataset.arrays("test")[0])
    if held_out < 2:
        raise InputError(
            f"The data leave {held_out} pictures for testing: at least 2 are needed, so give more pictures."
        )


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
            Monitor(run.folder, num=SAMPLES_SHOWN, seed=config.seed),
            keras.callbacks.CSVLogger(run.history_file, append=True),
        ],
    )
