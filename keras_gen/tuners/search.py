"""The whole line: from a recipe with ranges to a better model."""

import contextlib
import os
from pathlib import Path

import grpc

from keras_gen import recipes
from keras_gen.errors import InputError, unknown
from keras_gen.files import locked, make_folder, remove_partial, write_atomically
from keras_gen.logs import log
from keras_gen.runs.run import Run
from keras_gen.runs.training import train
from keras_gen.tuners import board, workers
from keras_gen.tuners.algorithms import BayesianOptimization, GridSearch, Hyperband, RandomSearch
from keras_gen.tuners.results import Results

TUNERS = {
    "bayesian": BayesianOptimization,
    "grid": GridSearch,
    "hyperband": Hyperband,
    "random": RandomSearch,
}


def search(hyper, output, tuner="bayesian", num_workers=None, arguments=(), **settings):
    """Runs a search in a folder, from where an earlier start of it stopped, and writes what it found.

    Args:
        hyper: a `HyperRecipe`.
        output: path of the folder. `best.json` becomes the best setting, as a config that `keras-gen train`
            takes, and `report.md` tells of all.
        tuner: "bayesian", "grid", "hyperband" or "random".
        num_workers: int >= 1, processes on this machine that run trials, or None for this one.
        arguments: of `keras-gen`, which workers are started with.
        **settings: of the tuner.

    Returns:
        `Results`; None in a worker, which the chief tells of its trials.

    Raises:
        InputError: the tuner is unknown, a setting has no use or is out of its range, the folder holds
            another search, or no trial could be measured.
    """
    if tuner not in TUNERS:
        raise unknown("tuner", tuner, TUNERS)
    workers.check_environment()
    if num_workers and workers.is_chief():
        raise InputError(
            "This process is the chief of workers elsewhere: leave --workers out, or KERASTUNER_TUNER_ID."
        )
    output = Path(output)
    if workers.is_worker():
        log.info("Trials come from %s:%s", *(os.environ[name] for name in workers.VARIABLES[1:]))
        try:
            TUNERS[tuner](hyper, directory=output, **settings).search()
        except grpc.RpcError as error:
            raise InputError(f"The chief does not answer: {error.details()}") from error
        return None
    make_folder(output)
    with locked(output, "searching"), workers.as_chief() if num_workers else contextlib.nullcontext():
        remove_partial(output)
        found = TUNERS[tuner](hyper, directory=output, **settings)
        board.write_search(output / "tensorboard", hyper.space, [hyper.objective.name, *hyper.secondary])
        try:
            if num_workers:
                workers.search_with_workers(num_workers, found, arguments)
            else:
                found.search()
        except InputError:
            if found.oracle.end_order:
                write_atomically(output / "report.md", Results(found).report(hyper))
            raise
    results = Results(found)
    if not results.rows:
        reasons = list(results.failures.values())
        raise InputError(
            f"No trial could be measured: {reasons[-1]}"
            if reasons
            else "No trial was begun: give more minutes or trials."
        )
    write_atomically(output / "report.md", results.report(hyper))
    trial = found.oracle.trials[results.rows[0].trial]
    seed = hyper.full.seed + found.executions_per_trial
    best = hyper.best(trial.hyperparameters, seed)
    write_atomically(output / "best.json", recipes.dump(hyper.recipe, best))
    return results


def retrain(hyper, output, results):
    """Trains the best setting of a search in full, from a seed that no trial had.

    Args:
        hyper: the `HyperRecipe`.
        output: folder of the search.
        results: `Results`.

    Returns:
        The finished `Run`, in `<output>/best/trial_<number>`: with more trials another one may become the
        best.
    """
    output = Path(output)
    run = Run(output / "best" / f"trial_{results.rows[0].trial}")
    recipe, config = recipes.read(output / "best.json")
    run.check(recipe, config)
    if not run.complete:
        train(run, recipe, config, "one")
    write_atomically(output / "report.md", results.report(hyper, run.report_file.relative_to(output)))
    return run
