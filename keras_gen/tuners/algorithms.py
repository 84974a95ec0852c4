"""KerasTuner's algorithms, as tuners whose trials are runs."""

from keras_gen.tuners import oracles
from keras_gen.tuners.recipe_tuner import RecipeTuner, at_least, check_hypermodel


class RandomSearch(RecipeTuner):
    """Tries settings drawn at random; the first are the recipe's own.

    Example:

    >>> from keras_gen.tuners import HyperRecipe, RandomSearch
    >>> hyper = HyperRecipe("digits-gan", measure="kid", epochs=2)
    >>> tuner = RandomSearch(hyper, max_trials=10, directory="runs/random")  # doctest: +SKIP
    >>> tuner.search()  # doctest: +SKIP
    >>> hyper.best(tuner.get_best_hyperparameters()[0], seed=1)  # doctest: +SKIP

    Args:
        hypermodel: a `HyperRecipe`.
        directory: path of a folder for the search.
        max_trials: int >= 1, or None for no limit.
        seed: int >= 0, decides which settings are drawn.
        executions_per_trial: int >= 1, trainings of the same settings from different seeds.
        minutes: float > 0, of all calls together; None for no limit.
        trial_minutes: float > 0, for a trial; None for no limit.
    """

    def __init__(
        self,
        hypermodel,
        directory,
        max_trials=10,
        seed=0,
        executions_per_trial=1,
        minutes=None,
        trial_minutes=None,
    ):
        oracle = oracles.RandomOracle(**_drawn(hypermodel, max_trials, seed))
        super().__init__(hypermodel, oracle, directory, executions_per_trial, minutes, trial_minutes)


class BayesianOptimization(RecipeTuner):
    """Tries the settings that a Gaussian process finds most promising; the first are the recipe's own.

    Args:
        hypermodel: a `HyperRecipe`.
        directory: path of a folder for the search.
        max_trials: int >= 1, or None for no limit.
        num_initial_points: int >= 2, settings drawn at random first; None for as many as fields are searched.
        seed: int >= 0, decides which settings are drawn.
        executions_per_trial: int >= 1, trainings of the same settings from different seeds.
        minutes: float > 0, of all calls together; None for no limit.
        trial_minutes: float > 0, for a trial; None for no limit.
    """

    def __init__(
        self,
        hypermodel,
        directory,
        max_trials=10,
        num_initial_points=None,
        seed=0,
        executions_per_trial=1,
        minutes=None,
        trial_minutes=None,
    ):
        at_least(2, num_initial_points=num_initial_points)
        drawn = _drawn(hypermodel, max_trials, seed)
        num_initial_points = num_initial_points or max(2, len(hypermodel.space))
        oracle = oracles.BayesianOracle(num_initial_points=num_initial_points, **drawn)
        super().__init__(hypermodel, oracle, directory, executions_per_trial, minutes, trial_minutes)


class GridSearch(RecipeTuner):
    """Tries a grid: every whole number, ten values of other ranges; the first settings are the recipe's own.

    Args:
        hypermodel: a `HyperRecipe`.
        directory: path of a folder for the search.
        max_trials: int >= 1, or None for the whole grid.
        executions_per_trial: int >= 1, trainings of the same settings from different seeds.
        minutes: float > 0, of all calls together; None for no limit.
        trial_minutes: float > 0, for a trial; None for no limit.
    """

    def __init__(
        self,
        hypermodel,
        directory,
        max_trials=None,
        executions_per_trial=1,
        minutes=None,
        trial_minutes=None,
    ):
        oracle = oracles.GridOracle(**_drawn(hypermodel, max_trials, 0))
        super().__init__(hypermodel, oracle, directory, executions_per_trial, minutes, trial_minutes)


class Hyperband(RecipeTuner):
    """Trains many settings briefly and the better ones longer (Li et al. 2018, arXiv 1603.06560).

    Args:
        hypermodel: a `HyperRecipe`, whose epochs the best trials reach.
        directory: path of a folder for the search.
        max_trials: int >= 1, or None for as many as Hyperband makes.
        factor: int >= 2, how many times fewer settings are trained so many times longer.
        hyperband_iterations: int >= 1, how often all is done from the beginning.
        seed: int >= 0, decides which settings are drawn.
        executions_per_trial: int >= 1, trainings of the same settings from different seeds.
        minutes: float > 0, of all calls together; None for no limit.
        trial_minutes: float > 0, for a trial; None for no limit.
    """

    def __init__(
        self,
        hypermodel,
        directory,
        max_trials=None,
        factor=3,
        hyperband_iterations=1,
        seed=0,
        executions_per_trial=1,
        minutes=None,
        trial_minutes=None,
    ):
        at_least(2, factor=factor)
        at_least(1, hyperband_iterations=hyperband_iterations)
        drawn = _drawn(hypermodel, max_trials, seed)
        limit = drawn.pop("max_trials")
        oracle = oracles.HyperbandOracle(
            max_epochs=hypermodel.short.epochs,
            factor=factor,
            hyperband_iterations=hyperband_iterations,
            **drawn,
        )
        oracle.max_trials = limit
        super().__init__(hypermodel, oracle, directory, executions_per_trial, minutes, trial_minutes)


def _drawn(hypermodel, max_trials, seed):
    """The arguments of all oracles. KerasTuner reads seed 0 as none; `RecipeTuner` counts failures itself."""
    check_hypermodel(hypermodel)
    at_least(1, max_trials=max_trials)
    at_least(0, seed=seed)
    return {
        "objective": hypermodel.objective,
        "max_trials": max_trials,
        "seed": seed + 1,
        "max_consecutive_failed_trials": None,
    }
