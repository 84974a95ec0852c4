"""KerasTuner's oracles, made to outlive the process they run in."""

import functools
import json
import warnings

import keras_tuner
from sklearn.exceptions import ConvergenceWarning

from keras_gen.files import write_atomically
from keras_gen.tuners.kerastuner_internals import BayesianInternals, GridInternals, OracleInternals

ENDED = ("COMPLETED", "FAILED")


class Durable(OracleInternals):
    """Lets a search killed at any moment resume: no trial is lost, none runs twice.

    Files take their place whole. A trial that was begun but is not in the oracle's state is forgotten, since
    the state draws it again; one that ended but is still in it as running is not run again. The first trial
    drawn has the recipe's own settings.

    Attributes:
        clock: the `SearchClock`, after whose time no trial is begun, or None.
        is_over: whether a tuner was told that there is nothing left to try, or no time.
    """

    clock = None
    is_over = False

    def say(self, trial):
        """Tells of a trial that begins or has ended: by default nothing."""

    @property
    def is_exhausted(self):
        """Whether all trials that may be tried were, and ended."""
        return bool(self.max_trials) and len(self.end_order) >= self.max_trials

    def create_trial(self, tuner_id):
        if self.clock is not None and self.clock.is_over and tuner_id not in self.ongoing_trials:
            self.tuner_ids.discard(tuner_id)
            trial = keras_tuner.engine.trial.Trial(self.get_space(), status="STOPPED")
        else:
            trial = super().create_trial(tuner_id)
        self.is_over |= trial.status == "STOPPED"
        if trial.status == "RUNNING":
            self.say(trial)
        return trial

    def end_trial(self, trial):
        if trial.trial_id not in (each.trial_id for each in self.ongoing_trials.values()):
            return  # an earlier chief gave it to a worker, which this one will give it again
        super().end_trial(trial)
        self.say(self.trials[trial.trial_id])

    def save(self):
        write_atomically(self.state_file, json.dumps(self.get_state()))

    def write_trial(self, trial):
        write_atomically(self.trial_file(trial.trial_id), json.dumps(trial.get_state()))

    def reload(self):
        super().reload()
        self.trials = {name: self.trials[name] for name in self.start_order}
        ended = [name for name in self.start_order if self.trials[name].status in ENDED]
        self.end_order = sorted(set(self.end_order) | set(ended), key=self.start_order.index)
        self.run_again(name for name in self.start_order if name not in ended)

    def draw_values(self):
        if self.start_order:
            return super().draw_values()
        return {hp.name: hp.default for hp in self.get_space().space}


class RandomOracle(Durable, keras_tuner.oracles.RandomSearchOracle):
    """Settings drawn at random."""


class BayesianOracle(Durable, BayesianInternals, keras_tuner.oracles.BayesianOptimizationOracle):
    """Settings that a Gaussian process finds most promising; random ones when it proposes none that are
    new.
    """

    def populate_space(self, trial_id):
        with warnings.catch_warnings():
            # A field that tells nothing has no length scale, which is no mistake.
            warnings.simplefilter("ignore", ConvergenceWarning)
            # KerasTuner does not keep how far its random numbers have come.
            self.reseed(self.seed + len(self.trials))
            proposed = super().populate_space(trial_id)
        if proposed["values"] and self.was_tried(proposed["values"]):
            return self.draw()
        return proposed


class HyperbandOracle(Durable, keras_tuner.oracles.HyperbandOracle):
    """Many settings trained for a little, the better ones of them further."""


class GridOracle(Durable, GridInternals, keras_tuner.oracles.GridSearchOracle):
    """All settings in turn: all whole numbers of a range, and ten others."""

    def reload(self):
        super().reload()
        # KerasTuner does not keep which combinations are to come, but they follow from those that were.
        compare = functools.cmp_to_key(
            lambda a, b: self.compare(*(self.trials[name].hyperparameters.values for name in (a, b)))
        )
        self.go_on_from(sorted(self.start_order, key=compare), self.start_order)
