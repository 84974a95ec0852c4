"""What a run shows while it trains, and what it leaves when it is over: sheets, scores and a SavedModel."""

import json

import numpy as np

from keras_gen.callbacks import LatentMonitor, Monitor
from keras_gen.callbacks.latent_monitor import views
from keras_gen.evaluation import evaluate, report
from keras_gen.export import next_version
from keras_gen.files import replace_atomically, write_atomically
from keras_gen.logs import log
from keras_gen.media import Audio
from keras_gen.recipes.settings import flat
from keras_gen.runs.samples import write_samples

SAMPLES_SHOWN = 80
SAMPLES_HEARD = 20
RECONSTRUCTED = 20


def write_results(run, recipe, config, dataset, model, versions, minutes):
    """Saves, scores and exports a trained model; the path of its SavedModel."""
    replace_atomically(run.model_file, model.save)
    sheets = write_sheets(model, dataset, run, config.seed)
    log.info("Scoring against held-out %s", dataset.media.plural)
    scores = evaluate(model, dataset, config)
    metrics = {name: value for score in scores for name, value in score.metrics.items()}
    metrics |= {
        "examples_seen": int(model.examples_seen.numpy()),
        "skipped_steps": int(model.skipped_steps.numpy()),
        "training_minutes": minutes,
    }
    savedmodel = model.export(next_version(versions), provenance=run.provenance())
    text = report(recipe, flat(config), dataset, scores, metrics, sheets)
    write_atomically(run.report_file, text)
    write_atomically(run.metrics_file, json.dumps(metrics, indent=2) + "\n")
    return savedmodel


def write_sheets(model, dataset, run, seed):
    """Writes samples of a finished model, and what an autoencoder makes of test examples.

    Some samples of recordings are also written to be heard.

    Returns:
        List of the paths of the sheets.
    """
    ending = model.media.sheet_ending
    sheets = [run.samples(ending)]
    write_samples(model, sheets[0], SAMPLES_SHOWN, seed=seed)
    if isinstance(model.media, Audio):
        write_samples(model, run.sounds, SAMPLES_HEARD, seed=seed, classes=run.classes())
    if hasattr(model, "encode"):
        for name, (examples, rows) in views(model, *some_examples(model, dataset, "test")).items():
            sheets.append(run.folder / f"{name}{ending}")
            model.media.save_sheet(examples, sheets[-1], rows)
    return sheets


def some_examples(model, dataset, split):
    """Some examples of a split and, for a conditional model, their labels.

    They are evenly spaced, since files come in the order of their names.
    """
    count = dataset.count(split)
    rows = np.linspace(0, count - 1, min(RECONSTRUCTED, count)).astype(int)
    examples, labels = dataset.arrays(split, rows)
    return examples, None if model.num_classes is None else labels


def monitor_of(model, dataset, run, seed):
    """The callback that shows what a model makes while it trains."""
    if not hasattr(model, "encode"):
        return Monitor(run.folder, num=SAMPLES_SHOWN, seed=seed)
    split = "test" if dataset.val is None else "val"
    return LatentMonitor(run.folder, *some_examples(model, dataset, split), num=SAMPLES_SHOWN, seed=seed)
