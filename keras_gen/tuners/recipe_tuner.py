"""Searches whose trials are runs: each can be stopped, gone on with, sampled from and exported like any other."""

import contextlib
import gc
import io
import json
import shutil
import time
import traceback
from pathlib import Path

import keras
import keras_tuner
import numpy as np

from keras_gen import distribution
from keras_gen.callbacks import Interruption, best_checkpoint, latest_checkpoint
from keras_gen.callbacks.interruption import leave
from keras_gen.errors import InputError
from keras_gen.files import make_folder, replace_atomically, write_atomically
from keras_gen.recipes.run import Run
from keras_gen.recipes.samples import write_samples
from keras_gen.recipes.training import SAMPLES_SHOWN, best_model, fit, trained_examples
from keras_gen.tuners import board, oracles, workers
from keras_gen.tuners.limits import Deadline
from keras_gen.tuners.outcome import Outcome, reason, told

MOST_STARTS = 5  # of a trial that comes no further, as when the process is killed for want of memory
MOST_FAILURES = 10  # trials in a row
IDLE = 0.5  # seconds between two questions to an oracle that waits for other trials


class RecipeTuner(keras_tuner.Tuner):
    """Base of the tuners: trains, measures and records the trials that an oracle asks for.

    Each execution of a trial is a run in `<directory>/trials/trial_<number>/execution<number>`. A trial fails, with its reason in
    `outcome.json` beside these, where its settings do not go together, its objective is not finite, memory runs out, it takes
    too long, or anything else is raised; the search then goes on. The same call goes on with a search that was stopped or
    killed, with the trial at hand from its last checkpoint. Trials that Hyperband trains further go on from the checkpoint of
    the earlier trial, with all optimizers and averages.

    Args:
        hypermodel: a `HyperRecipe`.
        oracle: one of `keras_gen.tuners.oracles`.
        directory: path of a folder for the search.
        executions_per_trial: int >= 1, trainings of the same settings from different seeds; the mean of their objectives counts.
        minutes: float > 0, of all calls together, until no trial is begun and the one at hand is cut off; None for no limit.
        trial_minutes: float > 0, for a trial; None for no limit.
        say: function that is told in a line what happens; None keeps quiet.

    Raises:
        InputError: a number is out of its range, the data cannot be used, or the folder holds another search.
    """

    def __init__(
        self,
        hypermodel,
        oracle,
        directory,
        executions_per_trial=1,
        minutes=None,
        trial_minutes=None,
        say=print,
    ):
        _at_least(1, executions_per_trial=executions_per_trial)
        for name, value in {"minutes": minutes, "trial_minutes": trial_minutes}.items():
            if value is not None and not value > 0:
                raise InputError(f"{name} must be above 0, not {value}.")
        hypermodel.check_data()
        self.folder = Path(directory)
        make_folder(self.folder)
        self.say = say or (lambda line: None)
        self.trial_seconds = None if trial_minutes is None else 60 * trial_minutes
        self._begun = time.monotonic() - self._elapsed()
        self.deadline = self._begun + 60 * minutes if minutes is not None else float("inf")
        self.interruption = Interruption()
        self._waits = False
        self._failed_in_row = 0
        oracle.deadline, oracle.say, oracle.verbose = self.deadline, self._tell, 0
        with contextlib.redirect_stdout(io.StringIO()):  # KerasTuner tells where it reloads from
            super().__init__(
                oracle=oracle,
                hypermodel=hypermodel,
                directory=str(self.folder),
                project_name="trials",
                executions_per_trial=executions_per_trial,
            )

    # What KerasTuner calls.

    def _populate_initial_space(self):
        # KerasTuner would build a model to see what it asks for, and a recipe says it.
        hp = self.oracle.get_space()
        self.hypermodel.declare(hp)
        self.oracle.update_space(hp)

    def search(self, *args, **kwargs):
        """Runs trials until there is nothing left to try, or no time.

        Raises:
            InputError: ten trials in a row failed.
            KeyboardInterrupt: on SIGINT; a checkpoint is written, and the same call goes on from it.
            SystemExit: on SIGTERM, likewise.
        """
        self.save()
        # The chief only answers, perhaps beside the main thread, which alone may listen to signals.
        with contextlib.nullcontext() if workers.is_chief() else self.interruption:
            super().search(*args, **kwargs)

    def pre_create_trial(self):
        if self.interruption.signal:
            leave(self.interruption.signal)
        if self._failed_in_row >= MOST_FAILURES:
            raise InputError(
                f"{MOST_FAILURES} trials in a row failed: see the reasons in {self.project_dir}, and mend the space or the data."
            )
        if self._waits:
            time.sleep(IDLE)
        self._waits = True

    def on_trial_begin(self, trial):
        self._waits = False

    def run_trial(self, trial, *args, **kwargs):
        folder = Path(self.get_trial_dir(trial.trial_id))
        begun = time.monotonic()
        limits = [Deadline(self.deadline, "Cut off: the minutes of the search were over.")]
        if self.trial_seconds is not None:
            late = f"Took longer than the {self.trial_seconds / 60:g} minutes of a trial."
            limits.append(Deadline(begun + self.trial_seconds, late))
        try:
            self._count_starts(folder)
            scores = [
                self._execute(trial, folder, number, limits) for number in range(self.executions_per_trial)
            ]
        except Exception as error:
            self._failed_in_row += 1
            Outcome({}, [], time.monotonic() - begun, reason(error)).write(folder)
            raise keras_tuner.errors.FailedTrialError(reason(error)) from error
        self._failed_in_row = 0
        metrics = {name: float(np.mean([score[name] for score in scores])) for name in scores[0]}
        Outcome(metrics, scores, time.monotonic() - begun).write(folder)
        return metrics

    def _try_run_and_update_trial(self, trial, *args, **kwargs):
        # KerasTuner would print the traceback of every failure; it is kept in `trial.json`, and the reason is told.
        try:
            self._run_and_update_trial(trial, *args, **kwargs)
            trial.status = "COMPLETED"
        except keras_tuner.errors.FailedTrialError:
            trial.status, trial.message = "FAILED", traceback.format_exc()

    def save(self):
        if not self._is_worker():
            self.oracle.save()
        write_atomically(Path(self._get_tuner_fname()), json.dumps(self.get_state()))

    def load_model(self, trial):
        """The model of a trial's first execution, as it was measured."""
        return Run.open(Path(self.get_trial_dir(trial.trial_id)) / "execution0").load_model()

    # How a trial is run.

    def _elapsed(self):
        """Seconds that earlier calls took, to the end of their last trial."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            return float(json.loads((self.folder / "elapsed.json").read_text(encoding="utf-8"))["seconds"])
        return 0.0

    def _count_starts(self, folder):
        """Refuses a trial that the process did not survive again and again."""
        runs = [Run(folder / f"execution{number}") for number in range(self.executions_per_trial)]
        reached = [trained_examples(run) if not run.complete else -1 for run in runs]
        file, starts = folder / "starts.json", 1
        with contextlib.suppress(OSError, ValueError):
            earlier = json.loads(file.read_text(encoding="utf-8"))
            starts += earlier["starts"] if earlier["reached"] == reached else 0
        write_atomically(file, json.dumps({"starts": starts, "reached": reached}))
        if starts > MOST_STARTS:
            raise InputError(
                f"The process ended {MOST_STARTS} times at the same point of this trial, as when it is killed for want of memory."
            )

    def _execute(self, trial, folder, number, limits):
        """The metrics of an execution: of one that was finished before, as they were written."""
        run = Run(folder / f"execution{number}")
        if run.complete:
            return json.loads(run.metrics_file.read_text(encoding="utf-8"))
        keras.backend.clear_session()
        gc.collect()
        hyper, values = self.hypermodel, trial.hyperparameters.values
        config = hyper.config(trial.hyperparameters, number)
        dataset = config.load()
        config.check_data(dataset)
        run.start(hyper.recipe, config)
        strategy = distribution.strategy("one")
        with run.held():
            run.write_classes(dataset)
            if "tuner/trial_id" in values:
                earlier = Path(self.get_trial_dir(values["tuner/trial_id"])) / run.folder.name
                take_checkpoint(Run(earlier), run)
            model = fit(
                run,
                config,
                dataset,
                strategy,
                self.interruption,
                say=lambda line: None,
                epochs=values.get("tuner/epochs"),
                watch=lambda model: list(limits),
            )
            if config.restore_best and best_checkpoint(run.checkpoints).is_file():
                model = best_model(run, strategy, say=lambda line: None)
            config.finish(model, dataset)
            metrics = hyper.measure(model, config)
            write_samples(model, run.samples(model.media.sheet_ending), SAMPLES_SHOWN, seed=config.seed)
            board.write_trial(
                run.folder / "tensorboard",
                f"{trial.trial_id}/{number}",
                hyper.declare(trial.hyperparameters),
                {self.oracle.objective.name: metrics[self.oracle.objective.name]} | metrics,
                model.media,
                model.generate(SAMPLES_SHOWN, seed=config.seed),
            )
            write_atomically(run.metrics_file, json.dumps(metrics, indent=2) + "\n")
        return metrics

    def _tell(self, trial):
        name, objective = trial.trial_id, self.oracle.objective
        if trial.status == "RUNNING":
            values = told(self.hypermodel.declare(trial.hyperparameters))
            epochs = trial.hyperparameters.values.get("tuner/epochs")
            self.say(f"Trial {name} begins: {values}" + (f", to epoch {epochs}" if epochs else ""))
            return
        elapsed = {"seconds": time.monotonic() - self._begun}
        write_atomically(self.folder / "elapsed.json", json.dumps(elapsed) + "\n")
        outcome = Outcome.read(self.get_trial_dir(name))
        took = f" after {outcome.seconds:.0f} s" if outcome else ""
        if trial.status == "COMPLETED":
            best = self.oracle.get_best_trials()[0]
            self.say(
                f"Trial {name} ends{took}: {objective.name} {trial.score:.4g}; best {best.score:.4g}, of trial {best.trial_id}"
            )
        else:
            self.say(f"Trial {name} failed{took}: {outcome.reason if outcome else trial.message}")


def take_checkpoint(earlier, run):
    """Begins a run where another one of the same settings ended."""
    path = latest_checkpoint(earlier.checkpoints, say=lambda line: None)
    if path is None or trained_examples(run) >= int(path.stem):
        return
    make_folder(run.checkpoints)
    # The history goes first: a run with a checkpoint has all that led to it.
    for source, target in (
        (earlier.history_file, run.history_file),
        (best_checkpoint(earlier.checkpoints), best_checkpoint(run.checkpoints)),
        (path, run.checkpoints / path.name),
    ):
        if source.is_file():
            replace_atomically(target, lambda partial, source=source: shutil.copyfile(source, partial))


def _at_least(least, **numbers):
    for name, number in numbers.items():
        if number is not None and not (isinstance(number, int) and number >= least):
            raise InputError(f"{name} must be a whole number from {least}, not {number!r}.")


class RandomSearch(RecipeTuner):
    """Tries settings drawn at random; the first are the recipe's own.

    Example:

    >>> from keras_gen.tuners import HyperRecipe, RandomSearch
    >>> hyper = HyperRecipe("digits-gan", objective="kid", epochs=2)
    >>> tuner = RandomSearch(hyper, max_trials=10, directory="runs/random")  # doctest: +SKIP
    >>> tuner.search()  # doctest: +SKIP
    >>> hyper.best(tuner.get_best_hyperparameters()[0], seed=1)  # doctest: +SKIP

    Args:
        hypermodel: a `HyperRecipe`.
        max_trials: int >= 1, or None for no limit.
        seed: int >= 0, decides which settings are drawn.
        **settings: see `RecipeTuner`, of which `directory` must be given.
    """

    def __init__(self, hypermodel, max_trials=10, seed=0, **settings):
        oracle = oracles.RandomOracle(hypermodel.objective, **_drawn(max_trials, seed))
        super().__init__(hypermodel, oracle, **settings)


class BayesianOptimization(RecipeTuner):
    """Tries the settings that a Gaussian process of those tried before expects most of; the first are the recipe's own.

    Args:
        hypermodel: a `HyperRecipe`.
        max_trials: int >= 1, or None for no limit.
        num_initial_points: int >= 2, settings drawn at random first; None for as many as fields are searched.
        seed: int >= 0, decides which settings are drawn.
        **settings: see `RecipeTuner`, of which `directory` must be given.
    """

    def __init__(self, hypermodel, max_trials=10, num_initial_points=None, seed=0, **settings):
        _at_least(2, num_initial_points=num_initial_points)
        oracle = oracles.BayesianOracle(
            hypermodel.objective,
            num_initial_points=num_initial_points or max(2, len(hypermodel.space)),
            **_drawn(max_trials, seed),
        )
        super().__init__(hypermodel, oracle, **settings)


class GridSearch(RecipeTuner):
    """Tries all settings in turn, of a range ten values each; the first are the recipe's own.

    Args:
        hypermodel: a `HyperRecipe`.
        max_trials: int >= 1, or None for the whole grid.
        **settings: see `RecipeTuner`, of which `directory` must be given.
    """

    def __init__(self, hypermodel, max_trials=None, **settings):
        oracle = oracles.GridOracle(hypermodel.objective, **_drawn(max_trials, 0))
        super().__init__(hypermodel, oracle, **settings)


class Hyperband(RecipeTuner):
    """Trains many settings for a little, and the better ones of them further (Li et al. 2018, arXiv 1603.06560).

    Args:
        hypermodel: a `HyperRecipe`, whose epochs the best trials reach.
        max_trials: int >= 1, or None for as many as Hyperband makes.
        factor: int >= 2, how many times fewer settings are trained so many times longer.
        hyperband_iterations: int >= 1, how often all is done from the beginning.
        seed: int >= 0, decides which settings are drawn.
        **settings: see `RecipeTuner`, of which `directory` must be given.
    """

    def __init__(self, hypermodel, max_trials=None, factor=3, hyperband_iterations=1, seed=0, **settings):
        _at_least(2, factor=factor)
        _at_least(1, hyperband_iterations=hyperband_iterations)
        drawn = _drawn(max_trials, seed)
        limit = drawn.pop("max_trials")
        oracle = oracles.HyperbandOracle(
            hypermodel.objective,
            max_epochs=hypermodel.short.epochs,
            factor=factor,
            hyperband_iterations=hyperband_iterations,
            **drawn,
        )
        oracle.max_trials = limit
        super().__init__(hypermodel, oracle, **settings)


def _drawn(max_trials, seed):
    """What all oracles take. KerasTuner takes a seed of 0 for none, and failures in a row are counted where they happen."""
    _at_least(1, max_trials=max_trials)
    _at_least(0, seed=seed)
    return {"max_trials": max_trials, "seed": seed + 1, "max_consecutive_failed_trials": None}
