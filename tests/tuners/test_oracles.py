"""A search is killed at each of its writes, before and after it: what is left goes on to the very same
end.
"""

import collections
import itertools
from types import SimpleNamespace

import keras_tuner
import pytest

from keras_gen.tuners import oracles


class Killed(BaseException):
    pass


class Killer:
    """Writes, until it is killed at one of its writes; what comes later is written again."""

    def __init__(self, write, at=None, after=False):
        self.write, self.at, self.after, self.count = write, at, after, 0

    def __call__(self, path, text):
        self.count += 1
        if self.count == self.at and not self.after:
            raise Killed
        self.write(path, text)
        if self.count == self.at:
            raise Killed


def space():
    hp = keras_tuner.HyperParameters()
    hp.Float("rate", 1e-4, 1e-2, sampling="log", default=1e-3)
    hp.Choice("network", ["conv", "mlp", "resnet"], default="mlp")
    return hp


def grid():
    hp = keras_tuner.HyperParameters()
    hp.Choice("network", ["conv", "mlp"], default="mlp")
    hp.Int("width", 1, 3, default=2)
    return hp


SETTINGS = {
    "objective": keras_tuner.Objective("kid", "min"),
    "seed": 3,
    "max_consecutive_failed_trials": None,
}
MAKERS = {
    "random": lambda: oracles.RandomOracle(max_trials=5, hyperparameters=space(), **SETTINGS),
    "bayesian": lambda: oracles.BayesianOracle(
        max_trials=5, num_initial_points=3, hyperparameters=space(), **SETTINGS
    ),
    "hyperband": lambda: oracles.HyperbandOracle(max_epochs=3, hyperparameters=space(), **SETTINGS),
    "grid": lambda: oracles.GridOracle(max_trials=None, hyperparameters=grid(), **SETTINGS),
}


def score(values):
    return sum(map(ord, values["network"])) + 1000 * values.get("rate", 0) + values.get("tuner/epochs", 0)


def search(kind, folder, results, begun):
    """One process of a search, which measures what has no result yet; one of the settings fails."""
    oracle = MAKERS[kind]()
    oracle.verbose = 0
    oracle._set_project_dir(str(folder), "trials")
    if (folder / "trials" / "oracle.json").is_file():
        oracle.reload()
    while True:
        trial = oracle.create_trial("tuner0")
        if trial.status == "STOPPED":
            return oracle
        begun[trial.trial_id] += 1
        results.setdefault(trial.trial_id, score(trial.hyperparameters.values))
        if trial.trial_id.endswith("2"):
            trial.status = "FAILED"
        else:
            oracle.update_trial(trial.trial_id, {"kid": results[trial.trial_id]})
            trial.status = "COMPLETED"
        oracle.end_trial(trial)


def trials(oracle):
    return {
        name: (trial.status, trial.hyperparameters.values, trial.score)
        for name, trial in oracle.trials.items()
    }


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(
            kind, marks=pytest.mark.slow if kind in ("bayesian", "hyperband") else pytest.mark.exhaustive
        )
        for kind in MAKERS
    ],
)
def test_a_search_killed_anywhere_ends_as_if_it_had_not_been(kind, tmp_path, monkeypatch):
    write = oracles.write_atomically
    counted = Killer(write)
    monkeypatch.setattr(oracles, "write_atomically", counted)
    alone = trials(search(kind, tmp_path / "alone", {}, collections.Counter()))
    assert len(alone) >= 5 and {status for status, *_ in alone.values()} == {"COMPLETED", "FAILED"}
    if kind == "grid":
        assert len({str(values) for _, values, _ in alone.values()}) == len(alone) == 2 * 3
    first = next(iter(alone.values()))[1]
    assert first["network"] == "mlp" and first.get("rate", 1e-3) == 1e-3 and first.get("width", 2) == 2
    places = range(1, counted.count + 1)
    if kind == "bayesian":  # whose Gaussian processes take their time
        places = [counted.count - 6]
    for at, after in itertools.product(places, (False, True)):
        folder, results, begun = tmp_path / f"{at}{after}", {}, collections.Counter()
        monkeypatch.setattr(oracles, "write_atomically", Killer(write, at, after))
        with pytest.raises(Killed):
            search(kind, folder, results, begun)
        ended = set()
        if (folder / "trials" / "oracle.json").is_file():
            oracle = MAKERS[kind]()
            oracle._set_project_dir(str(folder), "trials")
            oracle.reload()
            ended = {name for name, trial in oracle.trials.items() if trial.status in oracles.ENDED}
        earlier = collections.Counter(begun)
        again = search(kind, folder, results, begun)
        assert trials(again) == alone, (at, after)
        assert sorted(again.end_order) == sorted(alone)
        assert not any(begun[name] > earlier[name] for name in ended)


def test_no_trial_is_begun_after_the_deadline(tmp_path):
    oracle = MAKERS["random"]()
    oracle.verbose = 0
    oracle._set_project_dir(str(tmp_path), "trials")
    assert oracle.create_trial("tuner0").status == "RUNNING"
    oracle.clock = SimpleNamespace(is_over=True)
    assert oracle.create_trial("tuner1").status == "STOPPED" and len(oracle.trials) == 1


def test_no_setting_is_tried_twice(tmp_path):
    """Though the Gaussian process may expect most of one that was."""
    hp = keras_tuner.HyperParameters()
    hp.Choice("network", ["conv", "mlp"], default="mlp")
    hp.Int("width", 1, 4, default=2)
    oracle = oracles.BayesianOracle(max_trials=8, num_initial_points=2, hyperparameters=hp, **SETTINGS)
    oracle.verbose = 0
    oracle._set_project_dir(str(tmp_path), "trials")
    while (trial := oracle.create_trial("tuner0")).status != "STOPPED":
        oracle.update_trial(trial.trial_id, {"kid": trial.hyperparameters["width"]})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    tried = [tuple(trial.hyperparameters.values.items()) for trial in oracle.trials.values()]
    assert len(tried) == len(set(tried)) == 8
