"""What a run shows while it trains, and what it leaves when it is over: sheets, a SavedModel and scores."""

import dataclasses
import json
import shutil
import time
from pathlib import Path

import numpy as np

from keras_gen.callbacks import LatentMonitor, Monitor
from keras_gen.callbacks.latent_monitor import views
from keras_gen.evaluation import evaluate
from keras_gen.evaluation.comparison import is_of
from keras_gen.export import exported_from, is_whole, publish, verify
from keras_gen.files import damage, replace_atomically, write_atomically
from keras_gen.logs import log
from keras_gen.media import Audio
from keras_gen.media.origin import COMPOSITE
from keras_gen.recipes.settings import numbers_and_texts
from keras_gen.runs.reporting import add_scores, write_reports
from keras_gen.runs.samples import write_samples

SAMPLES_SHOWN = 80
SAMPLES_HEARD = 20
RECONSTRUCTED = 20


def write_results(run, config, dataset, model, minutes):
    """Saves a trained model, shows and exports it: all but the scores. Nothing that is done is done again.

    Args:
        run: a `Run`, whose folder exists.
        config: of its recipe.
        dataset: its `Dataset`.
        model: trained.
        minutes: float, how long training took.

    Returns:
        Path of the SavedModel.
    """
    if damage(run.model_file) is not None:
        run.finished_file.unlink(missing_ok=True)  # which tells of another model
        replace_atomically(run.model_file, model.save)
    finished = run.finished()
    if finished is None or not run.has_results:
        write_sheets(model, dataset, run, config.seed)
    if finished is None or not Path(finished["savedmodel"]).is_dir():
        write_savedmodel(run, model)
        minutes = minutes if finished is None else finished["training_minutes"]
        told = {"savedmodel": run.savedmodel.name, "training_minutes": minutes}
        write_atomically(run.finished_file, json.dumps(told, indent=2) + "\n")
    return Path(run.finished()["savedmodel"])


def write_savedmodel(run, model):
    """Exports a run's model into its folder, unless it lies there, in the place of an earlier one."""
    provenance = run.provenance()
    if exported_from(run.savedmodel).get("model") != provenance["model"]:
        shutil.rmtree(run.savedmodel, ignore_errors=True)
        model.export(run.savedmodel, provenance=provenance)


def write_version(run, versions, watermark=None):
    """The SavedModel of a run as a version in a folder: copied from the run, or exported where it has no
    whole one, and compared with the model before it is there, see `keras_gen.export.verify`.

    Args:
        run: a `Run`.
        versions: path of the folder.
        watermark: `keras_gen.media.Watermark` that it puts into what it gives, or None.

    Returns:
        As `keras_gen.export.publish`.

    Raises:
        InputError: as there, the run has no whole model yet, or what is exported does not give what it gives.
    """
    provenance = run.provenance() | ({} if watermark is None else {"watermark": watermark.told()})

    def write(path):
        model = run.load_model()
        if (
            watermark is None
            and exported_from(run.savedmodel).get("model") == provenance["model"]
            and is_whole(run.savedmodel)
        ):
            shutil.copytree(run.savedmodel, path)
        else:
            model.export(path, provenance=provenance, watermark=watermark)
        verify(model, path, watermark)

    return publish(versions, provenance, write)


def write_scores(run, recipe, config, dataset, model, split="test", wanted=None):
    """Scores a trained model, and writes its reports and `metrics.json`; of some measures alone none.

    Args:
        run: a `Run`, with its sheets.
        recipe: name of the recipe, for the report.
        config: of the recipe.
        dataset: its `Dataset`.
        model: trained.
        split: as `evaluate` takes it.
        wanted: likewise.

    Returns:
        Dict, name -> number: of all measures, or of those that are wanted, with what tells their spread.

    Raises:
        InputError: as there.
    """
    told = "held-out" if split == "test" else split
    log.info("Scoring against %s %s", told, dataset.media.plural)
    started = time.perf_counter()
    scores = evaluate(model, dataset, config, None, split, wanted)
    metrics = {name: value for score in scores for name, value in score.metrics.items()}
    if wanted is not None:
        return {name: value for name, value in metrics.items() if any(is_of(name, each) for each in wanted)}
    metrics |= {
        "examples_seen": int(model.examples_seen.numpy()),
        "skipped_steps": int(model.skipped_steps.numpy()),
    }
    earlier = run.finished() or run.metrics() or {}  # runs of older kits have their metrics alone
    if "training_minutes" in earlier:
        metrics["training_minutes"] = earlier["training_minutes"]
    write_reports(run, recipe, config, dataset, model, scores, metrics, split)
    if split == "test" and run.finished() is not None:
        add_scores(run, run.finished()["savedmodel"])
    log.info("Scored in %.0f s", time.perf_counter() - started)
    return metrics


def write_sheets(model, dataset, run, seed):
    """Writes samples of a finished model, and what an autoencoder makes of test examples.

    Some samples of recordings are also written to be heard.
    """
    ending, origin = model.media.sheet_ending, run.origin(model)
    write_samples(model, run.samples(ending), SAMPLES_SHOWN, seed=seed, origin=origin)
    if isinstance(model.media, Audio):
        write_samples(model, run.sounds, SAMPLES_HEARD, seed=seed, classes=run.classes(), origin=origin)
    if hasattr(model, "encode"):
        for name, (examples, rows) in views(model, *some_examples(model, dataset, "test")).items():
            beside = dataclasses.replace(origin, source_type=COMPOSITE)  # of originals, or walks from one
            model.media.save_sheet(examples, run.folder / f"{name}{ending}", rows, beside)


def some_examples(model, dataset, split):
    """Some examples of a split and, for a conditional model, their labels.

    They are evenly spaced, since files come in the order of their names.
    """
    count = dataset.count(split)
    rows = np.linspace(0, count - 1, min(RECONSTRUCTED, count)).astype(int)
    examples, labels = dataset.arrays(split, rows)
    return examples, None if model.num_classes is None else labels


def monitor_of(model, dataset, run, config):
    """The callback that shows what a model makes while it trains."""
    settings = {
        "num": SAMPLES_HEARD if isinstance(model.media, Audio) else SAMPLES_SHOWN,
        "seed": config.seed,
        "data": dataset,
        "measures": (config.best_by,) if config.measures_every else (),
        "every": config.measures_every or 1,
        "extractor": config.extractor,
        "hyperparameters": numbers_and_texts(config),
    }
    if not hasattr(model, "encode"):
        return Monitor(run.folder, **settings)
    split = "test" if dataset.val is None else "val"
    return LatentMonitor(run.folder, *some_examples(model, dataset, split), **settings)
