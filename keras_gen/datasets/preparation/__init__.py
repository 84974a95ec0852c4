"""From a heap of files of any size to shards."""

from keras_gen.datasets.preparation.prepare import prepare

__all__ = ["prepare"]
