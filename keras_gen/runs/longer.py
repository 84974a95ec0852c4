"""More epochs than a run was begun with: its training goes on, at the rates of the longer one."""

from keras_gen.callbacks import TrainingState, latest_checkpoint
from keras_gen.callbacks.checkpoint import checkpoints
from keras_gen.errors import InputError
from keras_gen.files import replace_atomically
from keras_gen.logs import log


def lengthen(run, config):
    """Makes the latest checkpoint of a run one of a training of more epochs, and deletes what tells of fewer.

    Schedules that end with training become those of the longer one, from where the clock of examples stands:
    learning rates that have fallen rise again. Where no schedule depends on the end, training goes on
    exactly as an uninterrupted one would. Stopped at any moment, this does the same when it is called again.

    Args:
        run: a `Run`, which this process holds and whose `config.json` still says fewer epochs.
        config: of its recipe, with more epochs.

    Raises:
        InputError: no checkpoint is whole.
    """
    path = latest_checkpoint(run.checkpoints)
    if path is None:
        raise InputError(
            f"{run.checkpoints} holds no whole checkpoint to go on from for more epochs: train the run "
            f"further with --from {run.folder} --output ANOTHER."
        )
    state, model = TrainingState.read(path), config.build()
    model.load_weights(path)  # of optimizers and clock too

    def write(partial):
        model.save(partial)
        state.add_to(partial)

    replace_atomically(path, write)
    for other in checkpoints(run.checkpoints):
        if other != path:  # of the shorter training
            other.unlink()
    for file in (
        run.metrics_file,
        run.report_file,
        run.page_file,
        run.scores_file,
        run.finished_file,
        run.model_file,
    ):
        file.unlink(missing_ok=True)
    log.info(
        "Training goes on to %d epochs: schedules that end with it are those of %d epochs from here on",
        config.epochs,
        config.epochs,
    )
