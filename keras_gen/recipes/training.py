"""The whole line: from a recipe to a trained model, its samples, its scores and a SavedModel."""

import contextlib
import errno
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from keras_gen import distribution
from keras_gen.callbacks import (
    Checkpoint,
    Diverged,
    HistoryFile,
    Interruption,
    LatentMonitor,
    Monitor,
    TrainingState,
    best_checkpoint,
    latest_checkpoint,
)
from keras_gen.callbacks.checkpoint import is_whole
from keras_gen.callbacks.interruption import leave
from keras_gen.callbacks.latent_monitor import views
from keras_gen.errors import InputError
from keras_gen.export import next_version
from keras_gen.files import damage, make_folder, replace_atomically, write_atomically
from keras_gen.media import Audio
from keras_gen.models import Autoencoder, load_model
from keras_gen.recipes import measures
from keras_gen.recipes.report import report
from keras_gen.recipes.samples import write_samples

SAMPLES_SHOWN = 80
SAMPLES_HEARD = 20
RECONSTRUCTED = 20
LONGEST_CAUSE = 200  # characters
LOWERED = 0.5  # share of the learning rates that is left after each divergence


def train(run, recipe, config, strategy="auto", say=print, name=None):
    """Trains what a config describes, in the folder of a run, from where an earlier start of it stopped.

    Args:
        run: a `Run`; its folder is made.
        recipe: name of the recipe, for the report.
        config: of the recipe, resolved.
        strategy: name for `keras_gen.distribution.strategy`.
        say: function that is told in a line what happens.
        name: of the model among the SavedModels; None for that of the folder.

    Returns:
        Path of the SavedModel, or None where another process of the same training writes it.

    Raises:
        InputError: the data do not fit the config, the folder cannot be written or holds another run, or training diverged.
        KeyboardInterrupt: on SIGINT; a checkpoint is written.
        SystemExit: on SIGTERM and SIGHUP, likewise.
    """
    # Where all is trained and only the scoring was cut off, the other machines are done, and nothing is left to share.
    done = is_trained(run, config)
    strategy = distribution.strategy("one" if done else strategy)
    is_chief = distribution.is_chief(None if done else strategy)
    if done and not is_chief:
        return None
    dataset = config.load()
    config.check_data(dataset)
    say(f"Data: {dataset}")
    versions = Path("savedmodels") / (name or run.folder.resolve().name)
    with contextlib.ExitStack() as stack:
        stack.enter_context(failures_told(run, strategy))
        if is_chief:
            run.start(recipe, config)
            stack.enter_context(run.held())
            run.write_classes(dataset)
            make_folder(versions)
        started = time.perf_counter()
        if damage(run.model_file) is None:
            model = load_model(run.model_file)
            check_media(run, config, model)
        else:
            with Interruption() as interruption:
                model = fit(run, config, dataset, strategy, interruption, say)
            if interruption.signal:
                leave(interruption.signal)
            if is_chief:
                model = best_model(run, config, strategy, say) or model
                config.finish(model, dataset)
        minutes = (time.perf_counter() - started) / 60
        return (
            write_results(run, recipe, config, dataset, model, versions, minutes, say) if is_chief else None
        )


def check_media(run, config, model):
    """Raises `InputError` where a run's model is one of other data, such as of sentences with other words."""
    if model.media != config.media:
        raise InputError(
            f"The data of {run.folder} are others than it was begun with: bring those back, or choose another --output."
        )


def best_model(run, config, strategy, say):
    """The model of the epoch that was best on validation data; None where the recipe wants the last one, or there is no other."""
    path = best_checkpoint(run.checkpoints)
    if not config.restore_best:
        return None
    if not path.is_file() or not is_whole(path, say):
        say("The weights are those of the last epoch, since there is no checkpoint of the best one.")
        return None
    with strategy.scope():
        model = load_model(path)
    say(f"The best epoch ended after {int(model.examples_seen.numpy()):,} examples")
    return model


def trained_examples(run):
    """The examples that the latest checkpoint of a run has seen, 0 without one."""
    path = latest_checkpoint(run.checkpoints, say=lambda _: None)
    return 0 if path is None else int(path.stem)


def is_trained(run, config):
    """Whether there is nothing left to train, so that a run lacks its scores and its SavedModel at most."""
    return damage(run.model_file) is None or trained_examples(run) >= config.examples


def left_by(run, config):
    """What a training that was stopped has left, and what the same command will do: a sentence."""
    if is_trained(run, config):
        return f"the training is over and kept in {run.folder}, and the same command scores the model and exports it."
    if trained_examples(run):
        return f"the same command goes on from {run.checkpoints}."
    return "there is no checkpoint yet, and the same command begins anew."


LOST = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
    tf.errors.UnavailableError,
)
MEMORY = (MemoryError, tf.errors.ResourceExhaustedError)
UNWRITABLE = (tf.errors.NotFoundError, tf.errors.PermissionDeniedError, tf.errors.FailedPreconditionError)


@contextlib.contextmanager
def failures_told(run, strategy):
    """Tells in a sentence of files that cannot be written, of memory that is too small, and of machines that are gone."""
    try:
        yield
    except LOST as error:
        if not distribution.spans_processes(strategy):
            raise
        raise InputError(
            f"Another machine of the training does not answer ({error.message[:LONGEST_CAUSE]}): the same command on all "
            f"machines goes on from {run.checkpoints}."
        ) from error
    except (OSError, *MEMORY, *UNWRITABLE) as error:
        message = str(getattr(error, "message", error)) or type(error).__name__
        if isinstance(error, OSError) and error.filename:
            message = f"{error.filename2 or error.filename}: {error.strerror}"
        if isinstance(error, UNWRITABLE) and str(run.folder) not in message:
            raise
        cause = message.splitlines()[0][:LONGEST_CAUSE]
        for_memory = isinstance(error, MEMORY) or getattr(error, "errno", None) == errno.ENOMEM
        if for_memory and "No space left" not in message:
            raise InputError(
                f"Out of memory ({cause}): set a smaller batch_size, or a smaller model."
            ) from error
        raise InputError(
            f"A file of {run.folder} cannot be written ({cause}): mend that and give the same command to go on."
        ) from error


def write_results(run, recipe, config, dataset, model, versions, minutes, say):
    """Saves, scores and exports a trained model; the path of its SavedModel."""
    replace_atomically(run.model_file, model.save)
    sheets = write_sheets(model, dataset, run, config.seed)
    say(f"Scoring against held-out {dataset.media.plural}")
    scores = [score for name in config.measures for score in getattr(measures, name)(model, dataset, config)]
    metrics = {name: value for score in scores for name, value in score.metrics.items()}
    metrics |= {
        "examples_seen": int(model.examples_seen.numpy()),
        "skipped_steps": int(model.skipped_steps.numpy()),
        "training_minutes": minutes,
    }
    savedmodel = model.export(next_version(versions))
    write_atomically(run.report_file, report(recipe, config, dataset, scores, metrics, sheets))
    write_atomically(run.metrics_file, json.dumps(metrics, indent=2) + "\n")
    return savedmodel


def write_sheets(model, dataset, run, seed):
    """Samples of a finished model, and of one that reconstructs what becomes of test examples; the paths of the files.

    Of recordings some samples are also written to be heard.
    """
    ending = model.media.sheet_ending
    sheets = [run.samples(ending)]
    write_samples(model, sheets[0], SAMPLES_SHOWN, seed=seed)
    if isinstance(model.media, Audio):
        write_samples(model, run.sounds, SAMPLES_HEARD, seed=seed, classes=run.classes())
    if isinstance(model, Autoencoder):
        for name, (examples, rows) in views(model, *some_examples(model, dataset, "test")).items():
            sheets.append(run.folder / f"{name}{ending}")
            model.media.save_sheet(examples, sheets[-1], rows)
    return sheets


def some_examples(model, dataset, split):
    """Some examples of a split, evenly spaced since files come in the order of their names, and their labels where the model
    takes any."""
    examples, labels = dataset.arrays(split)
    rows = np.linspace(0, len(examples) - 1, min(RECONSTRUCTED, len(examples))).astype(int)
    return examples[rows], None if model.num_classes is None else labels[rows]


def monitor_of(model, dataset, run, seed):
    if not isinstance(model, Autoencoder):
        return Monitor(run.folder, num=SAMPLES_SHOWN, seed=seed)
    split = "test" if dataset.val is None else "val"
    return LatentMonitor(run.folder, *some_examples(model, dataset, split), num=SAMPLES_SHOWN, seed=seed)


def fit(run, config, dataset, strategy, interruption, say, epochs=None, watch=None):
    """Trains to the end, and as often as training diverges begins again at the last checkpoint, with lower learning rates.

    Args:
        run: a `Run`, whose folder exists.
        config: of a recipe.
        dataset: its `Dataset`.
        strategy: of `tf.distribute`.
        interruption: an entered `Interruption`.
        say: function that is told in a line what happens.
        epochs: int, after how many of the config's to stop; None for all.
        watch: function of the model -> callbacks that watch it, whose state goes into checkpoints; None for `monitor_of`, with
            a history and a progress bar.

    Returns:
        The trained model.
    """
    restores = 0
    while True:
        model = None  # lets go of the one that diverged
        with strategy.scope():
            model, state = begin(run, config, strategy, say)
        restores = max(restores, state.restores)
        model.scale_learning_rates(LOWERED ** (restores - state.restores))
        state.restores = restores
        try:
            fit_from_here(model, state, run, config, dataset, interruption, epochs, watch)
            return model
        except Diverged as error:
            restores += 1
            if restores > config.most_restores:
                returns = f", also after {config.most_restores} returns to the last checkpoint with lower learning rates"
                raise InputError(
                    f"Training diverged: {config.most_skipped} steps in a row had a loss or gradient that was not finite"
                    f"{returns if config.most_restores else ''}: set lower learning rates, or stronger penalties, from the start."
                ) from error
            say(f"{config.most_skipped} steps in a row were not finite: back to the last checkpoint, slower")


def begin(run, config, strategy, say):
    """The model and `TrainingState` of the last checkpoint, or of a training that has yet to begin."""
    path = latest_checkpoint(run.checkpoints, say)
    if path is None:
        if run.history_file.is_file():
            say(f"{run.checkpoints} holds no whole checkpoint of what was trained: training begins anew.")
        model = config.build()
        state = TrainingState.of(model, [])
    else:
        model, state = load_model(path), TrainingState.read(path)
        say(f"Going on after {int(model.examples_seen.numpy()):,} examples")
    check_media(run, config, model)
    seen, replicas = int(model.examples_seen.numpy()), strategy.num_replicas_in_sync
    if state.replicas != replicas and seen < config.examples:
        raise InputError(
            f"{run.folder} was begun by {state.replicas} replica(s), which {replicas} cannot go on from exactly: use as many "
            "as before, or choose another --output."
        )
    if distribution.greatest(strategy, seen) != -distribution.greatest(strategy, -seen):
        raise InputError(
            f"The machines do not see the same checkpoints: {run.folder} must be a folder that all of them share."
        )
    return model, state


def fit_from_here(model, state, run, config, dataset, interruption, epochs=None, watch=None):
    """Trains from where the model's clock stands to the end, over the very batches that were still to come."""
    callbacks = []
    if distribution.is_chief(model.distribute_strategy):
        callbacks = [monitor_of(model, dataset, run, config.seed)] if watch is None else watch(model)
        callbacks.append(HistoryFile(run.history_file))
    checkpoint = Checkpoint(
        run.checkpoints,
        callbacks,
        every=config.checkpoint_steps,
        monitor=config.best_by,
        most_skipped=config.most_skipped,
        interruption=interruption,
        state=state,
    )
    done = int(model.examples_seen.numpy()) // config.batch_size
    epoch, step = divmod(done, config.steps_per_epoch)
    last = epochs or config.epochs
    if epoch >= last:
        state.restore(model, [checkpoint, *callbacks])  # for the history, which may have been lost
        return
    # What is left of an epoch is one of its own to Keras.
    parts = [(epoch, epoch + 1, step)] if step else []
    parts.append((epoch + len(parts), last, 0))
    for first, end, step in parts:
        model.fit(
            batches(dataset, model.distribute_strategy, first * config.steps_per_epoch + step),
            steps_per_epoch=config.steps_per_epoch - step,
            initial_epoch=first,
            epochs=end,
            validation_data=dataset.val,
            verbose=progress() if callbacks and watch is None else 0,
            callbacks=[*callbacks, checkpoint],
        )


def progress():
    """How Keras is to tell of an epoch: by a bar that moves and has colors, or by a line where that would be noise."""
    return 2 if os.environ.get("NO_COLOR") or not sys.stdout.isatty() else 1


def batches(dataset, strategy, start):
    """The training batches from a step on; where there are several processes, each reads the part of its own replicas."""
    if not distribution.spans_processes(strategy):
        return dataset.batches("train", start)
    return strategy.distribute_datasets_from_function(
        lambda context: dataset.batches("train", start, context)
    )
