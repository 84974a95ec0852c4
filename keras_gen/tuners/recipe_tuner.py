"""Searches whose trials are runs: each can be resumed, sampled from and exported like any other."""

import contextlib
import gc
import io
import json
import reprlib
import shutil
import time
import traceback
from pathlib import Path

import keras
import keras_tuner
import numpy as np

from keras_gen.callbacks import Interruption, best_checkpoint, latest_checkpoint
from keras_gen.errors import InputError
from keras_gen.files import make_folder, read_json, replace_atomically, write_atomically
from keras_gen.logs import log, quiet
from keras_gen.runs import training
from keras_gen.runs.results import SAMPLES_SHOWN
from keras_gen.runs.run import Run
from keras_gen.signals import leave
from keras_gen.training import distribution
from keras_gen.tuners import board, workers
from keras_gen.tuners.clock import Deadline, SearchClock
from keras_gen.tuners.folder import check_settings, keep_settings, settings_of
from keras_gen.tuners.hyper_recipe import HyperRecipe
from keras_gen.tuners.kerastuner_internals import EARLIER_TRIAL, EPOCHS, TunerInternals
from keras_gen.tuners.outcome import Outcome, is_fault_of_machine, reason, told

MOST_STARTS = 5  # of a trial that comes no further, as when the process is killed for want of memory
MOST_FAILURES = 10  # trials in a row
IDLE = 0.5  # seconds between two questions to an oracle that waits for other trials


class RecipeTuner(TunerInternals, keras_tuner.Tuner):
    """Base of the tuners: trains, measures and records the trials that an oracle asks for.

    Each execution of a trial is a run in `<directory>/trials/trial_<number>/execution<number>`. A trial
    fails if its settings do not go together, its score is not finite, memory runs out, it takes too long, or
    anything else is raised. `outcome.json` beside the executions then has the reason, and the search goes
    on. The same call goes on with a search that was stopped or killed. The trial that was running goes on
    from its last checkpoint. Trials that Hyperband trains further go on from the checkpoint of the earlier
    trial, with all optimizers and averages.

    Args:
        hypermodel: a `HyperRecipe`.
        oracle: one of `keras_gen.tuners.oracles`.
        directory: path of a folder for the search.
        executions_per_trial: int >= 1, trainings of the same settings from different seeds; the mean of their
            measures counts.
        minutes: float > 0, of all calls together, until no trial is begun and the one at hand is cut off;
            None for no limit.
        trial_minutes: float > 0, for a trial; None for no limit.

    Raises:
        InputError: `hypermodel` is something else, a number is out of its range, the data cannot be used, or
            the folder holds another search.
    """

    def __init__(
        self,
        hypermodel,
        oracle,
        directory,
        executions_per_trial=1,
        minutes=None,
        trial_minutes=None,
    ):
        check_hypermodel(hypermodel)
        at_least(1, executions_per_trial=executions_per_trial)
        for name, value in {"minutes": minutes, "trial_minutes": trial_minutes}.items():
            if value is not None and not value > 0:
                raise InputError(f"{name} must be above 0, not {value}.")
        hypermodel.check_data()
        self.folder = Path(directory)
        make_folder(self.folder)
        self.settings = settings_of(hypermodel, type(self).__name__, oracle.seed, executions_per_trial)
        if not workers.is_worker():
            keep_settings(self.folder, self.settings)
        self.trial_seconds = None if trial_minutes is None else 60 * trial_minutes
        self.clock = SearchClock(self.folder, minutes)
        self.interruption = Interruption()
        self._waits = False
        self._failures = []  # since the last trial that did not fail
        oracle.clock, oracle.say, oracle.verbose = self.clock, self._tell, 0
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # KerasTuner tells where it reloads from
                super().__init__(
                    oracle=oracle,
                    hypermodel=hypermodel,
                    directory=str(self.folder),
                    project_name="trials",
                    executions_per_trial=executions_per_trial,
                )
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError) as error:
            raise InputError(
                f"The state of the search in {self.folder / 'trials'} is damaged ({error}): choose another "
                "folder."
            ) from error
        self.oracle_file = oracle.state_file  # a worker's `self.oracle` is KerasTuner's way to the chief

    # What KerasTuner calls.

    def declare_space(self):
        # KerasTuner would build a model to find the settings; a recipe names them.
        hp = self.oracle.get_space()
        self.hypermodel.declare(hp)
        self.oracle.update_space(hp)

    def search(self):
        """Runs trials until there is nothing left to try, or no time.

        Raises:
            InputError: ten trials in a row failed.
            KeyboardInterrupt: on SIGINT; a checkpoint is written, and the same call goes on from it.
            SystemExit: on SIGTERM and SIGHUP, likewise.
        """
        self.interruption = Interruption()
        self._failures = []
        if workers.is_chief():
            workers.search_as_chief(self)
            return
        if workers.is_worker():
            if workers.is_over(self):
                return
            workers.follow_chief(self)
        else:
            self.clock.write()
            self.save()
        with self.interruption:
            super().search()

    def pre_create_trial(self):
        if self.interruption.signal:
            leave(self.interruption.signal)
        if len(self._failures) >= MOST_FAILURES:
            raise InputError(
                f"{MOST_FAILURES} trials in a row failed: mend the space or the data. The last reason: "
                f"{self._failures[-1]}"
            )
        if self._waits:
            time.sleep(IDLE)
        self._waits = True

    def on_trial_begin(self, trial):
        self._waits = False

    def run_trial(self, trial):
        folder = Path(self.get_trial_dir(trial.trial_id))
        if workers.is_worker():
            check_settings(self.folder, self.settings)
        begun = time.monotonic()
        limits = [Deadline(self.clock.deadline(), "Cut off: the minutes of the search were over.")]
        if self.trial_seconds is not None:
            late = f"Took longer than the {self.trial_seconds / 60:g} minutes of a trial."
            limits.append(Deadline(begun + self.trial_seconds, late))
        try:
            self._count_starts(folder)
            scores = [
                self._execute(trial, folder, number, limits) for number in range(self.executions_per_trial)
            ]
        except Exception as error:
            if is_fault_of_machine(error):
                raise InputError(reason(error)) from error
            self._failures.append(reason(error))
            Outcome({}, [], time.monotonic() - begun, reason(error)).write(folder)
            write_atomically(folder / "traceback.txt", traceback.format_exc())
            raise keras_tuner.errors.FailedTrialError(reason(error)) from error
        self._failures = []
        # An execution of an older kit may have other measures.
        names = [name for name in scores[0] if all(name in score for score in scores)]
        metrics = {name: float(np.mean([score[name] for score in scores])) for name in names}
        Outcome(metrics, scores, time.monotonic() - begun).write(folder)
        return metrics

    def run_and_record(self, trial):
        # KerasTuner would print the traceback of every failure; it is in the folder of the trial, and the
        # reason is told.
        try:
            self.run_and_report(trial)
            trial.status = "COMPLETED"
        except keras_tuner.errors.FailedTrialError:
            trial.status, trial.message = "FAILED", self._failures[-1]

    def save(self):
        if not workers.is_worker():  # which have nothing to keep
            self.oracle.save()
            write_atomically(self.state_file, json.dumps(self.get_state()))

    def load_model(self, trial):
        """The model of a trial's first execution, as it was measured."""
        return Run.open(Path(self.get_trial_dir(trial.trial_id)) / "execution0").load_model()

    @property
    def state_file(self):
        # One file for the chief and for a process without workers. Workers keep nothing, so they find none.
        return Path(self.project_dir) / ("worker.json" if workers.is_worker() else "tuner.json")

    # How a trial is run.

    def _count_starts(self, folder):
        """Refuses a trial that the process did not survive again and again."""
        runs = [Run(folder / f"execution{number}") for number in range(self.executions_per_trial)]
        reached = [training.trained_examples(run) if run.metrics() is None else -1 for run in runs]
        file, starts = folder / "starts.json", 1
        with contextlib.suppress(InputError, KeyError, TypeError):
            earlier = read_json(file)
            starts += earlier["starts"] if earlier["reached"] == reached else 0
        write_atomically(file, json.dumps({"starts": starts, "reached": reached}))
        if starts > MOST_STARTS:
            raise InputError(
                f"The process ended {MOST_STARTS} times at the same point of this trial, as when it is "
                "killed for want of memory."
            )

    def _execute(self, trial, folder, number, limits):
        """The metrics of an execution: of one that was finished before, as they were written."""
        run = Run(folder / f"execution{number}")
        hyper, values = self.hypermodel, trial.hyperparameters.values
        config = hyper.config(trial.hyperparameters, number)
        run.check(hyper.recipe, config)
        measured = run.metrics()
        if measured is not None:
            return measured
        keras.backend.clear_session()
        gc.collect()
        dataset, strategy = training.load(config), distribution.strategy("one")
        with quiet(), training.begun(run, hyper.recipe, config, dataset):
            if EARLIER_TRIAL in values:
                earlier = Path(self.get_trial_dir(values[EARLIER_TRIAL])) / run.folder.name
                take_checkpoint(Run(earlier), run)
            model = training.trained(
                run, config, dataset, strategy, self.interruption, values.get(EPOCHS), watch=limits
            )
            for limit in limits:
                limit.check()
            metrics = hyper.measure(model, config)
            samples = model.generate(SAMPLES_SHOWN, seed=config.seed)
            sheet = run.samples(model.media.sheet_ending)
            model.media.save_sheet(samples, sheet, origin=run.origin(model))
            board.write_trial(
                run.folder / "tensorboard",
                f"{trial.trial_id}/{number}",
                hyper.declare(trial.hyperparameters),
                metrics,
                model.media,
                samples,
            )
            replace_atomically(run.model_file, model.save)
            write_atomically(run.metrics_file, json.dumps(metrics, indent=2) + "\n")
        return metrics

    def _tell(self, trial):
        name, objective = trial.trial_id, self.oracle.objective
        if trial.status == "RUNNING":
            values = told(self.hypermodel.declare(trial.hyperparameters))
            epochs = trial.hyperparameters.values.get(EPOCHS)
            log.info("Trial %s begins: %s%s", name, values, f", to epoch {epochs}" if epochs else "")
            return
        self.clock.write()
        outcome = Outcome.read(self.get_trial_dir(name))
        took = f" after {outcome.seconds:.0f} s" if outcome else ""
        if trial.status == "COMPLETED":
            best = self.oracle.get_best_trials()[0]
            log.info(
                "Trial %s ends%s: %s %.4g; best %.4g, of trial %s",
                name,
                took,
                objective.name,
                trial.score,
                best.score,
                best.trial_id,
            )
        else:
            log.info("Trial %s failed%s: %s", name, took, outcome.reason if outcome else trial.message)


def take_checkpoint(earlier, run):
    """Begins a run where another one of the same settings ended."""
    path = latest_checkpoint(earlier.checkpoints)
    if path is None or training.trained_examples(run) >= int(path.stem):
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


def check_hypermodel(hypermodel):
    """Raises `InputError` where what is to be searched is no recipe."""
    if not isinstance(hypermodel, HyperRecipe):
        raise InputError(
            "The tuners of keras_gen search recipes, so hypermodel must be a HyperRecipe, such as "
            f'HyperRecipe("digits-gan"), not {reprlib.repr(hypermodel)}: for a build function of your own '
            "take KerasTuner's tuners, such as keras_tuner.RandomSearch."
        )


def at_least(least, **numbers):
    """Refuses numbers, by their names, that are neither None nor whole ones from the least."""
    for name, number in numbers.items():
        if number is not None and not (isinstance(number, int) and number >= least):
            raise InputError(f"{name} must be a whole number from {least}, not {number!r}.")
