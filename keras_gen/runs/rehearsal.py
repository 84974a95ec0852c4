"""What comes before a training, and how long it would take."""

from keras_gen.callbacks import ExpectedTime
from keras_gen.logs import log
from keras_gen.runs.training import batches, load, trained_examples
from keras_gen.training import distribution


def rehearse(run, config, strategy="auto"):
    """Does what comes before a training, and its first steps, without writing anything.

    Args:
        run: a `Run`, of which only checkpoints are looked for.
        config: of its recipe, resolved.
        strategy: name for `keras_gen.distribution.strategy`.

    Returns:
        How long the rest of the training will take, such as "about 12 minutes: 6,000 steps of 0.12 s".

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
    steps = config.epochs * config.steps_per_epoch - trained_examples(run) // config.batch_size
    expected = ExpectedTime(max(steps, 1), then_stop=True)
    model.fit(
        batches(dataset, strategy, 0),
        steps_per_epoch=config.steps_per_epoch,
        verbose=0,
        callbacks=[expected],
    )
    return expected.told
