"""The whole line: from a recipe with ranges to a better model."""

import dataclasses
import json
import os
from pathlib import Path

from keras_gen import recipes
from keras_gen.errors import InputError, unknown
from keras_gen.files import locked, make_folder, write_atomically
from keras_gen.recipes.run import Run
from keras_gen.recipes.training import train
from keras_gen.recipes.workers import free_ports
from keras_gen.tuners import board, workers
from keras_gen.tuners.recipe_tuner import BayesianOptimization, GridSearch, Hyperband, RandomSearch
from keras_gen.tuners.results import Results

TUNERS = {
    "bayesian": BayesianOptimization,
    "grid": GridSearch,
    "hyperband": Hyperband,
    "random": RandomSearch,
}


def search(hyper, output, tuner="bayesian", num_workers=None, arguments=(), say=print, **settings):
    """Runs a search in a folder, from where an earlier start of it stopped, and writes what it found.

    Args:
        hyper: a `HyperRecipe`.
        output: path of the folder. `best.json` becomes the best setting, as a config that `keras-gen train` takes, and
            `report.md` tells of all.
        tuner: "bayesian", "grid", "hyperband" or "random".
        num_workers: int >= 1, processes on this machine that run trials, or None for this one.
        arguments: of `keras-gen`, which workers are started with.
        say: function that is told in a line what happens.
        **settings: of the tuner.

    Returns:
        `Results`; None in a worker, which the chief tells of its trials.

    Raises:
        InputError: the tuner is unknown, a setting has no use or is out of its range, the folder holds another search, or no trial
            could be measured.
    """
    if tuner not in TUNERS:
        raise unknown("tuner", tuner, TUNERS)
    output = Path(output)
    is_worker = workers.is_worker()
    if not is_worker:
        make_folder(output)
        _keep_settings(output, hyper, tuner, settings)
        board.write_search(output / "tensorboard", hyper.space, [hyper.objective.name, *hyper.secondary])
    if num_workers and not is_worker:
        os.environ |= workers.chief_environment(*free_ports(1))
    found = TUNERS[tuner](hyper, directory=output, say=say, **settings)
    if is_worker:
        say(f"Trials come from {os.environ['KERASTUNER_ORACLE_IP']}:{os.environ['KERASTUNER_ORACLE_PORT']}")
        workers.end_with_parent()
        found.search()
        return None
    with locked(output, "searching"):
        if num_workers:
            workers.search_with_workers(num_workers, found, arguments, say)
        else:
            found.search()
    results = Results(found)
    if not results.rows:
        reasons = list(results.failures.values())
        raise InputError(
            f"No trial could be measured: {reasons[-1]}"
            if reasons
            else "No trial was begun: give more minutes or trials."
        )
    trial = found.oracle.trials[results.rows[0].trial]
    seed = hyper.full.seed + found.executions_per_trial
    best = {"recipe": hyper.recipe, **dataclasses.asdict(hyper.best(trial.hyperparameters, seed))}
    write_atomically(output / "best.json", json.dumps(best, indent=2) + "\n")
    write_atomically(output / "report.md", results.report(hyper))
    return results


def retrain(hyper, output, results, say=print):
    """Trains the best setting of a search in earnest, from a seed that no trial had.

    Args:
        hyper: the `HyperRecipe`.
        output: folder of the search.
        results: `Results`.
        say: function that is told in a line what happens.

    Returns:
        The finished `Run`, in `<output>/best`.
    """
    output = Path(output)
    run = Run(output / "best")
    recipe, config = recipes.read(output / "best.json")
    run.check(recipe, config)
    if not run.complete:
        train(run, recipe, config, "one", say, name=output.resolve().name)
    write_atomically(output / "report.md", results.report(hyper, run.report_file.relative_to(output)))
    return run


def _keep_settings(output, hyper, tuner, settings):
    """Refuses to go on with a search of other settings; more trials or minutes may be given."""
    budget = ("max_trials", "minutes", "trial_minutes")
    wanted = {
        "recipe": hyper.recipe,
        "objective": hyper.objective.name,
        "tuner": tuner,
        "space": {field: str(values) for field, values in hyper.space.items()},
        **{name: value for name, value in settings.items() if name not in budget},
        "trial": dataclasses.asdict(hyper.short),
    }
    wanted = json.loads(json.dumps(wanted))
    file = output / "search.json"
    if file.is_file():
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{file} cannot be read: {error}.") from error
        changed = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
        if changed:
            raise InputError(
                f"{output} holds a search with other settings ({', '.join(changed)} differ): choose another --output."
            )
    elif Run(output).config_file.is_file():
        raise InputError(f"{output} holds a run: choose another --output.")
    write_atomically(file, json.dumps(wanted, indent=2) + "\n")
