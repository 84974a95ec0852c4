"""A run that is trained for more epochs than it was begun with."""

import numpy as np
import pytest

from keras_gen import recipes
from keras_gen.errors import InputError
from keras_gen.models import load_model
from keras_gen.runs import longer, results, training
from keras_gen.runs.run import Run

SMALL = {
    "width": 4,
    "latent_dim": 4,
    "batch_size": 32,
    "steps_per_epoch": 3,
    "steps_per_execution": 1,
    "ema": 0,
    "augment": "none",
}
CONSTANT = {**SMALL, "final_learning_rate_share": 1.0, "final_weight_share": 1.0}


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # What is served is not what is tested.
    monkeypatch.setattr(results, "write_savedmodel", lambda run, model: run.savedmodel.mkdir(exist_ok=True))


def trained(name, epochs, fields):
    run = Run(name)
    config = recipes.resolve("digits-gan", {**fields, "epochs": epochs})
    training.train(run, "digits-gan", config, "one", scored=False)
    return run


def state_of(model):
    return [model.get_weights(), *(
        [variable.numpy() for variable in optimizer.variables] for optimizer in model.optimizers.values()
    )]  # fmt: skip


def assert_equal(first, second):
    models = [load_model(run.checkpoints / f"{4 * 3 * 32:012d}.keras") for run in (first, second)]
    for mine, theirs in zip(*map(state_of, models), strict=True):
        assert len(mine) > 4
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_array_equal(a, b)
    assert first.history_file.read_text() == second.history_file.read_text()
    return models


@pytest.mark.exhaustive
def test_at_constant_rates_more_epochs_are_those_of_an_uninterrupted_run(monkeypatch):
    """Also where the change to more epochs is cut off before the run knows of it."""
    straight = trained("straight", 4, CONSTANT)
    lengthened = trained("longer", 2, CONSTANT)
    assert lengthened.finished() and lengthened.is_shorter(straight.settings()[1])
    with monkeypatch.context() as stopped:
        stopped.setattr(longer.log, "info", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            with lengthened.held():
                longer.lengthen(lengthened, straight.settings()[1])
    assert lengthened.settings()[1].epochs == 2 and lengthened.finished() is None
    trained("longer", 4, CONSTANT)
    assert lengthened.settings()[1].epochs == 4
    assert_equal(straight, lengthened)
    with pytest.raises(InputError, match="epochs is 4 there, 3 here"):
        trained("longer", 3, CONSTANT)


@pytest.mark.slow
def test_schedules_that_end_with_training_are_those_of_the_longer_one():
    """The rate falls to its end, and goes on where a training of twice as many epochs has its middle."""
    falling = {**CONSTANT, "final_learning_rate_share": 0.0, "generator_learning_rate": 0.5}
    run = trained("run", 2, falling)
    path = run.checkpoints / f"{2 * 3 * 32:012d}.keras"
    assert float(load_model(path).optimizers["generator"].learning_rate) == pytest.approx(0.0, abs=1e-7)
    longer.lengthen(run, recipes.resolve("digits-gan", {**falling, "epochs": 4}))
    assert float(load_model(path).optimizers["generator"].learning_rate) == pytest.approx(0.25)
    assert int(load_model(path).examples_seen.numpy()) == 2 * 3 * 32
    assert [file.name for file in run.checkpoints.glob("0*.keras")] == [path.name]


@pytest.mark.slow
def test_without_a_checkpoint_there_is_nothing_to_go_on_from():
    run = trained("run", 1, CONSTANT)
    for path in run.checkpoints.glob("*.keras"):
        path.unlink()
    with pytest.raises(InputError, match="no whole checkpoint to go on from for more epochs.*--from run"):
        trained("run", 2, CONSTANT)
    assert run.finished() and run.model_file.is_file() and run.settings()[1].epochs == 1
