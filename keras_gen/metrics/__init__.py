"""Quality of what is generated."""

from keras_gen.metrics.classifier import train_classifier
from keras_gen.metrics.frechet import frechet_distance
from keras_gen.metrics.kernel import kernel_distance
from keras_gen.metrics.picture_quality import PictureQuality

__all__ = ["PictureQuality", "frechet_distance", "kernel_distance", "train_classifier"]
