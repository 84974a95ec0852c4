"""Searches for better settings of a recipe, by KerasTuner's algorithms."""

from keras_gen.recipes.space import Choice, Range
from keras_gen.tuners.algorithms import BayesianOptimization, GridSearch, Hyperband, RandomSearch
from keras_gen.tuners.hyper_recipe import HyperRecipe
from keras_gen.tuners.recipe_tuner import RecipeTuner
from keras_gen.tuners.results import Results

__all__ = [
    "BayesianOptimization",
    "Choice",
    "GridSearch",
    "HyperRecipe",
    "Hyperband",
    "RandomSearch",
    "Range",
    "RecipeTuner",
    "Results",
]
