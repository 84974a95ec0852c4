"""The whole line: from a recipe to a trained model, its samples, a SavedModel and its scores."""

import contextlib
import errno
import functools
import os
import sys
import time

import tensorflow as tf

from keras_gen.callbacks import (
    Checkpoint,
    Diagnose,
    Diverged,
    ExpectedTime,
    HistoryFile,
    Interruption,
    TrainingState,
    best_checkpoint,
    latest_checkpoint,
)
from keras_gen.callbacks.checkpoint import is_whole
from keras_gen.errors import InputError
from keras_gen.evaluation import measure
from keras_gen.files import damage
from keras_gen.logs import log, quiet
from keras_gen.models import load_model
from keras_gen.recipes.settings import override
from keras_gen.runs.extras import check_extras, extra_callbacks
from keras_gen.runs.results import monitor_of, write_results, write_scores, write_sheets
from keras_gen.signals import leave
from keras_gen.training import distribution

LONGEST_CAUSE = 200  # characters
LOWERED = 0.5  # share of the learning rates that is left after each divergence


def train(run, recipe, config, strategy="auto", scored=True, tracker=None):
    """Trains what a config describes, in the folder of a run, from where an earlier start of it stopped.

    Args:
        run: a `Run`; its folder is made.
        recipe: name of the recipe, for the report.
        config: of the recipe, resolved.
        strategy: name for `keras_gen.distribution.strategy`.
        scored: bool, whether the model is scored, which comes last.
        tracker: "wandb" or "mlflow", where the logs also go, or None.

    Returns:
        Path of the SavedModel, or None where another process of the same training writes it.

    Raises:
        InputError: the data do not fit the config, the folder cannot be written or holds another run,
            training diverged, or the tracker is not installed.
        KeyboardInterrupt: on SIGINT; a checkpoint is written.
        SystemExit: on SIGTERM and SIGHUP, likewise.
    """
    # Where only the scoring was cut off, the other machines are done, and nothing is left to share.
    is_longer = run.is_shorter(config)
    done = is_trained(run, config) and not is_longer
    strategy = distribution.strategy("one" if done else strategy)
    is_chief = distribution.is_chief(None if done else strategy)
    if is_longer and distribution.spans_processes(strategy):
        raise InputError(
            f"Several processes cannot train {run.folder} for more epochs: train it further with --from "
            f"{run.folder} --output ANOTHER."
        )
    if done and not is_chief:
        return None
    check_extras(recipe, tracker, distribution.spans_processes(strategy))
    dataset = load(config)
    log.info("Data: %s", dataset)
    if dataset.account:
        log.info("%s", dataset.account)
    with failures_told(run, strategy), contextlib.ExitStack() as stack:
        if is_chief:
            stack.enter_context(begun(run, recipe, config, dataset))
        started = time.perf_counter()
        extras = functools.partial(extra_callbacks, run, recipe, config, tracker)
        model = trained(run, config, dataset, strategy, extras=extras)
        minutes = (time.perf_counter() - started) / 60
        if not is_chief:
            return None
        savedmodel = write_results(run, config, dataset, model, minutes)
        if scored:
            write_scores(run, recipe, config, dataset, model)
        return savedmodel


def score(run, samples=None, extractor=None, split="test", wanted=None):
    """Scores a finished run, for the first time or again.

    Args:
        run: a `Run`.
        samples: int >= 4, how many generated examples the scores are of; None for as many as its recipe says.
        extractor: name or path of a feature space, as the recipe's field; None for that of its recipe.
        split: as `keras_gen.evaluation.evaluate` takes it.
        wanted: likewise.

    Returns:
        As `write_scores`.

    Raises:
        InputError: its training is not over, its data are not there or others, or as `evaluate`.
    """
    if damage(run.model_file) is not None:
        raise InputError(
            f"{run.folder} has no whole model.keras to score: let the command that trains it come to its end."
        )
    for name in wanted or ():
        measure(name)
    recipe, config = run.settings()
    dataset = load(config)
    with failures_told(run, distribution.strategy("one")), begun(run, recipe, config, dataset):
        model = trained(run, config, dataset, distribution.strategy("one"))
        if not run.sheets():
            write_sheets(model, dataset, run, config.seed)
        given = {"num_scored": samples, "extractor": extractor}
        scored = override(config, {name: value for name, value in given.items() if value is not None})
        return write_scores(run, recipe, scored, dataset, model, split, wanted)


def load(config):
    """The `Dataset` of a config, which the recipe can use and be scored on.

    Raises:
        InputError: it cannot be loaded, or does not fit the config.
    """
    dataset = config.load()
    config.check_data(dataset)
    return dataset


@contextlib.contextmanager
def begun(run, recipe, config, dataset):
    """Makes the folder of a run, or finds it; while this is entered, no other process trains there.

    Raises:
        InputError: the folder cannot be written, or holds another run.
    """
    run.start(recipe, config, dataset.fingerprint)
    with run.held():
        run.write_classes(dataset)
        yield


def trained(run, config, dataset, strategy, interruption=None, epochs=None, watch=None, extras=list):
    """The model that is to be measured, trained from the last checkpoint or as an earlier start left it.

    Args:
        run: a `Run`, whose folder exists.
        config: of a recipe.
        dataset: its `Dataset`.
        strategy: of `tf.distribute`.
        interruption: an entered `Interruption`; None listens to signals while the model is being trained.
        epochs: int, after how many of the config's to stop; None for all.
        watch: list of callbacks; None for `monitor_of`, with a progress bar.
        extras: function that returns more callbacks, which see all logs.

    Returns:
        A `GenerativeModel`, at the best epoch where the config wants that, and finished as its recipe says.
    """
    if damage(run.model_file) is None:
        model = load_model(run.model_file)
        check_media(run, config, model)
        return model
    with contextlib.nullcontext(interruption) if interruption else Interruption() as interruption:
        model = fit(run, config, dataset, strategy, interruption, epochs, watch, extras)
    if interruption.signal:
        leave(interruption.signal)
    if distribution.is_chief(strategy):
        model = best_model(run, config, strategy) or model
        config.finish(model, dataset)
    return model


def check_media(run, config, model):
    """Raises `InputError` where a run's model is one of other data, such as of sentences with other words."""
    if model.media != config.media:
        raise InputError(
            f"The data of {run.folder} are others than it was begun with: bring those back, or choose "
            "another --output."
        )


def best_model(run, config, strategy):
    """The model of the best epoch on validation data, or None where the recipe wants the last one."""
    path = best_checkpoint(run.checkpoints)
    if not config.restore_best:
        return None
    if not path.is_file() or not is_whole(path):
        log.info("The weights are those of the last epoch, since there is no checkpoint of the best one.")
        return None
    # The chief alone loads it, where the replicas of several processes cannot meet.
    with contextlib.nullcontext() if distribution.spans_processes(strategy) else strategy.scope():
        model = load_model(path)
    log.info("The best epoch ended after %s examples", f"{int(model.examples_seen.numpy()):,}")
    return model


def trained_examples(run):
    """The examples that the latest checkpoint of a run has seen, 0 without one."""
    with quiet():
        path = latest_checkpoint(run.checkpoints)
    return 0 if path is None else int(path.stem)


def is_trained(run, config):
    """Whether there is nothing left to train, so that a run lacks its scores and its SavedModel at most."""
    return damage(run.model_file) is None or trained_examples(run) >= config.examples


def left_by(run, config):
    """What a training that was stopped has left, and what the same command will do: a sentence."""
    if run.finished() is not None:
        return (
            f"the model, its samples and its SavedModel are kept in {run.folder}, and the same command "
            "scores it."
        )
    if is_trained(run, config):
        return (
            f"the training is over and kept in {run.folder}, and the same command exports the model and "
            "scores it."
        )
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
    """Raises `InputError` where files cannot be written, memory is too small or machines are gone."""
    try:
        yield
    except LOST as error:
        if not distribution.spans_processes(strategy):
            raise
        raise InputError(
            f"Another machine of the training does not answer ({error.message[:LONGEST_CAUSE]}): the same "
            f"command on all machines goes on from {run.checkpoints}."
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
            f"A file of {run.folder} cannot be written ({cause}): mend that and give the same command to go "
            "on."
        ) from error


def fit(run, config, dataset, strategy, interruption, epochs=None, watch=None, extras=list):
    """Trains to the end. Where training diverges, it goes back to the last checkpoint and slows down."""
    restores = 0
    while True:
        model = None  # lets go of the one that diverged
        with strategy.scope():
            model, state = begin(run, config, strategy)
        restores = max(restores, state.restores)
        model.scale_learning_rates(LOWERED ** (restores - state.restores))
        state.restores = restores
        try:
            fit_from_here(model, state, run, config, dataset, interruption, epochs, watch, extras)
            return model
        except Diverged as error:
            restores += 1
            if restores > config.most_restores:
                returns = f", also after {config.most_restores} returns to the last checkpoint with lower "
                returns += "learning rates"
                raise InputError(
                    f"Training diverged: {config.most_skipped} steps in a row had a loss or gradient that "
                    f"was not finite{returns if config.most_restores else ''}: set lower learning rates, or "
                    "stronger penalties, from the start."
                ) from error
            log.info(
                "%d steps in a row were not finite: back to the last checkpoint, slower", config.most_skipped
            )


def begin(run, config, strategy):
    """The model and `TrainingState` of the last checkpoint, or of a training that has yet to begin."""
    path = latest_checkpoint(run.checkpoints)
    if path is None:
        if run.history_file.is_file():
            log.info("%s holds no whole checkpoint: training begins anew.", run.checkpoints)
        model = config.build()
        state = TrainingState.of(model, [])
    else:
        model, state = load_model(path), TrainingState.read(path)
        log.info("Going on after %s examples", f"{int(model.examples_seen.numpy()):,}")
    check_media(run, config, model)
    seen, replicas = int(model.examples_seen.numpy()), strategy.num_replicas_in_sync
    if state.replicas != replicas and seen < config.examples:
        raise InputError(
            f"{run.folder} was begun by {state.replicas} replica(s), which {replicas} cannot go on from "
            "exactly: use as many as before, or choose another --output."
        )
    if distribution.greatest(strategy, seen) != -distribution.greatest(strategy, -seen):
        raise InputError(
            f"The machines do not see the same checkpoints: {run.folder} must be a folder that all of them "
            "share."
        )
    return model, state


def fit_from_here(model, state, run, config, dataset, interruption, epochs=None, watch=None, extras=list):
    """Trains to the end from where the model's clock stands, over the batches that were still to come."""
    callbacks = []
    if distribution.is_chief(model.distribute_strategy):
        callbacks = [monitor_of(model, dataset, run, config)] if watch is None else list(watch)
        callbacks.append(HistoryFile(run.history_file))
        if watch is None:
            callbacks.append(Diagnose(run.diagnosis_file, config.epochs))
        callbacks += extras()
    monitor, mode = config.best_log
    checkpoint = Checkpoint(
        run.checkpoints,
        callbacks,
        every=config.checkpoint_steps,
        monitor=monitor,
        mode=mode,
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
    expected = (
        [ExpectedTime(last * config.steps_per_epoch - done, last - epoch)]
        if callbacks and watch is None
        else []
    )
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
            callbacks=[*callbacks, checkpoint, *expected],
        )
        if model.stop_training:  # as a callback of the user's has said
            break


def progress():
    """The `verbose` of Keras: a bar with colors on a terminal, or else a line for each epoch."""
    return 2 if os.environ.get("NO_COLOR") or not sys.stdout.isatty() else 1


def batches(dataset, strategy, start):
    """The training batches from a step on; each of several processes reads the part of its own replicas."""
    if not distribution.spans_processes(strategy):
        return dataset.batches("train", start)
    return strategy.distribute_datasets_from_function(
        lambda context: dataset.batches("train", start, context)
    )
