"""What a chief and its workers do when one of them comes late, or is started again."""

import json
import threading
from types import SimpleNamespace

import keras_tuner
import pytest
from keras_tuner.src.distribute.oracle_client import OracleClient

from keras_gen.runs.processes import free_ports
from keras_gen.tuners import oracles, workers


@pytest.fixture
def address(monkeypatch):
    port = str(*free_ports(1))
    for name, value in zip(workers.VARIABLES, ("tuner0", "127.0.0.1", port), strict=True):
        monkeypatch.setenv(name, value)
    return f"127.0.0.1:{port}"


def chief_of(folder, max_trials=1):
    hp = keras_tuner.HyperParameters()
    hp.Float("rate", 0.1, 1.0)
    oracle = oracles.RandomOracle(
        objective=keras_tuner.Objective("kid", "min"), max_trials=max_trials, hyperparameters=hp, seed=1
    )
    oracle.verbose = 0
    oracle._set_project_dir(str(folder), "trials")
    clock = SimpleNamespace(write=lambda: None, is_over=False)
    return SimpleNamespace(
        oracle=oracle, oracle_file=oracle.state_file, clock=clock, folder=folder, save=oracle.save
    )


def end(oracle, trial, score):
    oracle.update_trial(trial.trial_id, {"kid": score})
    trial.status = "COMPLETED"
    oracle.end_trial(trial)


def test_workers_that_come_when_the_search_is_over_are_told_so(tmp_path, address):
    chief = chief_of(tmp_path)
    workers.hand_out(chief)
    client = OracleClient(chief.oracle)
    assert not workers.is_over(chief)
    trial = client.create_trial("tuner0")
    assert trial.status == "RUNNING"
    end(client, trial, 0.5)
    assert [client.create_trial(name).status for name in ("tuner0", "tuner1", "tuner0")] == ["STOPPED"] * 3
    # Where the chief is gone by then, its folder tells.
    assert workers.is_over(chief)
    chief.oracle.max_trials = 2
    assert not workers.is_over(chief)


def test_a_trial_that_an_earlier_chief_gave_away_counts_once(tmp_path):
    first = chief_of(tmp_path, max_trials=2).oracle
    trial = first.create_trial("tuner0")
    again = chief_of(tmp_path, max_trials=2).oracle
    again.reload()
    end(again, trial, 0.5)  # by a worker that does not know yet
    assert not again.end_order
    given = again.create_trial("tuner1")
    assert given.trial_id == trial.trial_id
    end(again, given, 0.5)
    assert again.end_order == [trial.trial_id] and not again.is_exhausted
    assert again.create_trial("tuner1").trial_id != trial.trial_id


def test_a_worker_ends_when_another_chief_is_there(tmp_path, address, monkeypatch):
    ended = threading.Event()

    def end_process(status):
        assert status == 1
        ended.set()

    monkeypatch.setattr(workers.os, "_exit", end_process)
    chief = chief_of(tmp_path)
    workers.hand_out(chief)
    worker = SimpleNamespace(oracle=OracleClient(chief.oracle), folder=tmp_path)
    workers.follow_chief(worker)
    assert not ended.wait(3 * workers.POLL)
    (tmp_path / workers.CHIEF).write_text(json.dumps({"chief": "another"}))
    assert ended.wait(60)


@pytest.mark.parametrize(
    "host, address",
    [("10.0.0.1", "10.0.0.1:8000"), ("fd00::1", "[fd00::1]:8000"), ("mnist-0.mnist", "[::]:8000")],
)
def test_a_chief_listens_where_its_workers_look_for_it(host, address):
    environ = dict(zip(workers.VARIABLES, ("chief", host, "8000"), strict=True))
    assert workers.answering_address(environ) == address


def test_two_chiefs_do_not_share_a_port(tmp_path, address):
    chief = chief_of(tmp_path)
    workers.hand_out(chief)
    with pytest.raises(workers.InputError, match="The chief cannot hand out trials"):
        workers.hand_out(chief_of(tmp_path))
