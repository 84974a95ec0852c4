"""How long a training will take, told once from steps whose time is known."""

import time
import types

import pytest

from keras_gen.callbacks import ExpectedTime


@pytest.fixture
def clock(monkeypatch):
    clock = types.SimpleNamespace(now=0.0)
    monkeypatch.setattr(time, "perf_counter", lambda: clock.now)
    return clock


def run(expected, clock, ends, each, first=60.0):
    """Epochs of executions that end at these batches; the first execution of all compiles."""
    expected.set_model(types.SimpleNamespace(stop_training=False))
    expected.on_train_begin()
    clock.now += first
    for epoch, batches in enumerate(ends):
        last = -1
        for batch in batches:
            clock.now += each * (batch - last)
            last = batch
            expected.on_train_batch_end(batch)
            if expected.model.stop_training:
                return
        clock.now += 30  # validation and samples
        expected.on_epoch_end(epoch)


@pytest.mark.parametrize("execution", [1, 10])
def test_steps_are_timed_without_the_first_and_what_lies_between_epochs(clock, execution):
    expected = ExpectedTime(6000)
    run(expected, clock, [range(execution - 1, 100, execution)] * 2, each=0.12)
    assert expected.told == "about 12 minutes: 6,000 steps of 0.12 s"


def test_the_whole_training_is_told_when_an_end_of_an_epoch_was_timed(clock):
    expected = ExpectedTime(1000, epochs=10)
    run(expected, clock, [range(100)] * 10, each=0.1, first=60.0)
    assert expected.between == expected.first_end == pytest.approx(30) and expected.each == pytest.approx(0.1)
    assert expected.first_step == pytest.approx(60.1)
    assert expected.seconds == pytest.approx(clock.now)
    assert expected.told == "about 8 minutes: 1,000 steps of 0.1 s, 10 ends of epochs of 30 s"
    resumed = ExpectedTime(250, epochs=3)  # from the middle of an epoch
    run(resumed, clock, [range(49, 100), range(100), range(100)], each=0.1)
    assert resumed.seconds == pytest.approx(60 + 25 + 90, rel=0.1)


def test_short_epochs_tell_at_their_end_and_those_of_one_step_never(clock):
    expected = ExpectedTime(500)
    run(expected, clock, [range(4)] * 3, each=0.1)
    assert expected.told == "about 50 seconds: 500 steps of 0.1 s"
    alone = ExpectedTime(500)
    run(alone, clock, [range(1)] * 3, each=0.1)
    assert alone.told is None


def test_training_stops_when_it_is_known_where_that_is_wanted(clock):
    expected = ExpectedTime(6000, then_stop=True)
    run(expected, clock, [range(100)], each=1.0)
    assert expected.model.stop_training and clock.now == pytest.approx(60 + 6)
