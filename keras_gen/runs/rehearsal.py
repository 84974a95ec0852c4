"""What comes before a training, and how long it would take."""

import tempfile
from pathlib import Path

from keras_gen.callbacks import Checkpoint, ExpectedTime, HistoryFile
from keras_gen.callbacks.expected_time import told
from keras_gen.logs import log
from keras_gen.runs.results import monitor_of
from keras_gen.runs.run import Run
from keras_gen.runs.training import batches, load, trained_examples
from keras_gen.training import distribution


def rehearse(run, config, strategy="auto"):
    """Does what comes before a training, its first steps and two ends of epochs, and keeps nothing of it.

    Args:
        run: a `Run`, of which only checkpoints are looked for.
        config: of its recipe, resolved.
        strategy: name for `keras_gen.distribution.strategy`.

    Returns:
        How long the rest of the training will take, such as "about 12 minutes: 6,000 steps of 0.12 s, 20 ends
        of epochs of 1.2 s", where measures between epochs (`measured_every`) are not counted; None for one
        step.

    Raises:
        InputError: the data do not fit the config.
    """
    dataset = load(config)
    log.info("Data: %s", dataset)
    if dataset.account:
        log.info("%s", dataset.account)
    strategy = distribution.strategy(strategy)
    with strategy.scope():
        model = config.build()
    done = trained_examples(run) // config.batch_size
    steps = max(config.epochs * config.steps_per_epoch - done, 1)
    epochs = max(config.epochs - done // config.steps_per_epoch, 1)
    expected = ExpectedTime(steps, epochs, then_stop=True)
    model.fit(
        batches(dataset, strategy, 0),
        steps_per_epoch=config.steps_per_epoch,
        verbose=0,
        callbacks=[expected],
    )
    if expected.told is None:
        return None
    ends = timed_ends(model, dataset, strategy, config)
    seconds = expected.first_step + expected.each * steps + ends.first_end + ends.between * (epochs - 1)
    return told(seconds, steps, expected.each, epochs, ends.between)


def timed_ends(model, dataset, strategy, config):
    """The `ExpectedTime` of two epochs of one execution: what happens when an epoch ends, first and later."""
    with tempfile.TemporaryDirectory() as scratch:
        run = Run(Path(scratch))
        callbacks = [monitor_of(model, dataset, run, config), HistoryFile(run.history_file)]
        run.checkpoints.mkdir()
        ends = ExpectedTime(1)
        model.fit(
            batches(dataset, strategy, 0),
            steps_per_epoch=config.execution["steps_per_execution"],
            epochs=2,
            validation_data=dataset.val,
            verbose=0,
            callbacks=[*callbacks, Checkpoint(run.checkpoints, callbacks), ends],
        )
    return ends
