"""What the kit takes KerasTuner's private names to do; a KerasTuner that changes one fails here."""

import inspect

import keras_tuner
import pytest
from keras_tuner import Oracle, Tuner
from keras_tuner.oracles import (
    BayesianOptimizationOracle,
    GridSearchOracle,
    HyperbandOracle,
    RandomSearchOracle,
)

METHODS = {  # class and name -> parameters behind self
    (Oracle, "_get_oracle_fname"): [],
    (Oracle, "_get_trial_dir"): ["trial_id"],
    (Oracle, "_save_trial"): ["trial"],
    (Oracle, "_random_values"): [],
    (Oracle, "_duplicate"): ["values"],
    (BayesianOptimizationOracle, "_random_populate_space"): [],
    (GridSearchOracle, "_compare"): ["a", "b"],
    (Tuner, "_get_tuner_fname"): [],
    (Tuner, "_populate_initial_space"): [],
    (Tuner, "_run_and_update_trial"): ["trial", "fit_args", "fit_kwargs"],
    (Tuner, "_try_run_and_update_trial"): ["trial", "fit_args", "fit_kwargs"],
}


def broken(what):
    return f"KerasTuner {keras_tuner.__version__} {what}: mend keras_gen/tuners/kerastuner_internals.py."


@pytest.mark.parametrize(("owner", "name"), METHODS, ids=lambda value: getattr(value, "__name__", value))
def test_a_method_is_there_with_its_parameters(owner, name):
    method = getattr(owner, name, None)
    assert method is not None, broken(f"has no {owner.__name__}.{name}")
    found = list(inspect.signature(method).parameters)[1:]
    assert found == METHODS[owner, name], broken(f"gives {owner.__name__}.{name} the parameters {found}")


def oracle_of(kind, folder, **settings):
    hp = keras_tuner.HyperParameters()
    hp.Int("width", 1, 3, default=2)
    objective = keras_tuner.Objective("kid", "min")
    oracle = kind(objective=objective, hyperparameters=hp, seed=1, **settings)
    oracle.verbose = 0
    oracle._set_project_dir(str(folder), "trials")
    return oracle


def end(oracle, trial, score=1.0):
    oracle.update_trial(trial.trial_id, {"kid": score})
    trial.status = "COMPLETED"
    oracle.end_trial(trial)


def test_an_oracle_writes_where_it_says_through_the_methods_that_are_replaced(tmp_path, monkeypatch):
    saved = []
    monkeypatch.setattr(RandomSearchOracle, "_save_trial", lambda self, trial: saved.append(trial.trial_id))
    oracle = oracle_of(RandomSearchOracle, tmp_path, max_trials=2)
    trial = oracle.create_trial("tuner0")
    assert saved == [trial.trial_id], broken("begins a trial without _save_trial")
    assert oracle._get_oracle_fname() == str(tmp_path / "trials" / "oracle.json"), broken("moved oracle.json")
    wanted = str(tmp_path / "trials" / f"trial_{trial.trial_id}")
    assert oracle._get_trial_dir(trial.trial_id) == wanted, broken("moved the folders of trials")


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (RandomSearchOracle, {"max_trials": 2}),
        (BayesianOptimizationOracle, {"max_trials": 2, "num_initial_points": 2}),
        (HyperbandOracle, {"max_epochs": 3}),
    ],
)
def test_settings_are_drawn_by_random_values(kind, settings, tmp_path, monkeypatch):
    monkeypatch.setattr(kind, "_random_values", lambda self: {"width": 3})
    trial = oracle_of(kind, tmp_path, **settings).create_trial("tuner0")
    assert trial.hyperparameters["width"] == 3, broken(f"does not draw by {kind.__name__}._random_values")


def test_trials_in_the_retry_queue_come_first(tmp_path):
    oracle = oracle_of(RandomSearchOracle, tmp_path, max_trials=3)
    first = oracle.create_trial("tuner0")
    end(oracle, first)
    oracle._retry_queue = [first.trial_id]
    again = oracle.create_trial("tuner0")
    assert again.trial_id == first.trial_id, broken("does not begin with the trials in _retry_queue")


def test_a_bayesian_oracle_draws_from_its_random_state_and_knows_what_was_tried(tmp_path):
    oracle = oracle_of(BayesianOptimizationOracle, tmp_path, max_trials=3, num_initial_points=2)
    assert hasattr(oracle, "_random_state"), broken("has no BayesianOptimizationOracle._random_state")
    assert set(oracle._random_populate_space()) == {"status", "values"}, broken("draws something else")
    trial = oracle.create_trial("tuner0")
    assert oracle._duplicate(dict(trial.hyperparameters.values)), broken("forgets what was tried")
    assert not oracle._duplicate({"width": 7}), broken("takes what is new for tried")


def test_a_grid_goes_on_from_ordered_ids_and_populate_next(tmp_path):
    oracle = oracle_of(GridSearchOracle, tmp_path)
    assert oracle._compare({"width": 2}, {"width": 1}) == -1, broken("puts the default elsewhere than first")
    first = oracle.create_trial("tuner0")
    assert oracle._populate_next == [first.trial_id], broken("queues trials elsewhere than in _populate_next")
    assert oracle._ordered_ids.next(first.trial_id) is None, broken("orders trials elsewhere")
    oracle._ordered_ids.insert("other", first.trial_id)
    assert oracle._ordered_ids.next(first.trial_id) == "other", broken("does not insert behind a trial")


def test_hyperband_keeps_epochs_and_the_earlier_trial_among_settings(tmp_path):
    oracle = oracle_of(HyperbandOracle, tmp_path, max_epochs=3, factor=3)
    names = set()
    for _ in range(20):
        trial = oracle.create_trial("tuner0")
        if trial.status != "RUNNING":
            break
        names |= trial.hyperparameters.values.keys()
        end(oracle, trial, float(trial.trial_id))
    assert {"tuner/epochs", "tuner/trial_id"} <= names, broken(f"keeps only {sorted(names)} among settings")


class Recorder(Tuner):
    called = ()

    def note(self, name):
        self.called = (*self.called, name)

    def _populate_initial_space(self):
        self.note("_populate_initial_space")

    def _get_tuner_fname(self):
        self.note("_get_tuner_fname")
        return super()._get_tuner_fname()

    def _try_run_and_update_trial(self, trial, *args, **kwargs):
        self.note("_try_run_and_update_trial")
        self._run_and_update_trial(trial)
        trial.status = "COMPLETED"

    def run_trial(self, trial):
        return {"kid": 1.0}


def test_a_tuner_calls_what_is_replaced(tmp_path):
    oracle = oracle_of(RandomSearchOracle, tmp_path, max_trials=1)
    tuner = Recorder(
        oracle=oracle, hypermodel=lambda hp: None, directory=str(tmp_path), project_name="trials"
    )
    tuner.search()
    for name in ("_populate_initial_space", "_get_tuner_fname", "_try_run_and_update_trial"):
        assert name in tuner.called, broken(f"never calls Tuner.{name}")
    assert oracle.get_best_trials()[0].score == 1.0, broken("records nothing by _run_and_update_trial")
