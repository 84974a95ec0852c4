"""From a name, a path or arrays to batches that train a model."""

from keras_gen.datasets.checks import check
from keras_gen.datasets.dataset import Dataset
from keras_gen.datasets.load import load
from keras_gen.datasets.manifest import Table
from keras_gen.datasets.preparation import prepare

__all__ = ["Dataset", "Table", "check", "load", "prepare"]
