"""From any number of files to shards."""

from keras_gen.datasets.preparation.prepare import prepare

__all__ = ["prepare"]
