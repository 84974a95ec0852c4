"""Callbacks that a user adds to a training: those of a recipe file, and that of a tracker of experiments."""

import hashlib
import importlib

import keras

from keras_gen import recipes
from keras_gen.errors import InputError, unknown
from keras_gen.recipes.settings import numbers_and_texts

PROJECT = "keras_gen"  # what trackers keep runs under


def check_extras(recipe, tracker, processes):
    """Refuses callbacks that a training cannot have, before it begins.

    Args:
        recipe: its name.
        tracker: name in `TRACKERS`, or None.
        processes: bool, whether several processes train together.

    Raises:
        InputError: there is no such tracker, it is not installed, or several processes would not agree.
    """
    if tracker is not None:
        if tracker not in TRACKERS:
            raise unknown("tracker", tracker, TRACKERS)
        _imported(tracker)
    if processes and hasattr(recipes.get(recipe), "callbacks"):
        raise InputError(
            f"{recipe} has callbacks, which several processes would not agree on: train in one process, or "
            "leave them out."
        )


def extra_callbacks(run, recipe, config, tracker=None):
    """The callbacks of a recipe file, and that of a tracker.

    Args:
        run: a `Run`.
        recipe: name of the recipe, whose module may have a function `callbacks` of the run's folder that
            returns a list of Keras callbacks.
        config: of the recipe.
        tracker: name in `TRACKERS`, or None.

    Returns:
        List of Keras callbacks, made anew at each call.

    Raises:
        InputError: the function returns something else, or the tracker is not installed.
    """
    own = getattr(recipes.get(recipe), "callbacks", None)
    made = own(run.folder) if callable(own) else own or []
    if not isinstance(made, list) or not all(isinstance(each, keras.callbacks.Callback) for each in made):
        raise InputError(
            f"callbacks of {recipe} must be a function of the run's folder that returns a list of Keras "
            f"callbacks; it gives {made!r}."
        )
    return [*made, *([] if tracker is None else [TRACKERS[tracker](run, numbers_and_texts(config))])]


def _wandb(run, settings):
    wandb = _imported("wandb")
    wandb.init(
        project=PROJECT,
        name=run.folder.resolve().name,
        id=_identity(run),
        resume="allow",
        dir=str(run.folder),
        config=settings,
    )
    return importlib.import_module("wandb.integration.keras").WandbMetricsLogger()


def _mlflow(run, settings):
    mlflow = _imported("mlflow")
    experiment, tag = mlflow.set_experiment(PROJECT), "keras_gen.run"
    known = mlflow.MlflowClient().search_runs(
        [experiment.experiment_id], f"tags.`{tag}` = '{_identity(run)}'", max_results=1
    )
    if mlflow.active_run() is None:
        if known:
            mlflow.start_run(run_id=known[0].info.run_id)
        else:
            mlflow.start_run(run_name=run.folder.resolve().name, tags={tag: _identity(run)})
            mlflow.log_params(settings)
    return importlib.import_module("mlflow.keras").MlflowCallback()


TRACKERS = {"mlflow": _mlflow, "wandb": _wandb}


def _identity(run):
    """A name that a run has in a tracker also when it goes on, unlike an earlier one of the same folder."""
    begun = run.folder.resolve().stat()
    return hashlib.sha256(f"{run.folder.resolve()} {begun.st_ino}".encode()).hexdigest()[:16]


def _imported(name):
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(
            f'--log {name} needs {name}, which is not installed: pip install "keras_gen[{name}]".'
        ) from error
