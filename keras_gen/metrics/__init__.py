"""Quality of what is generated."""

from keras_gen.metrics.classifier import train_classifier
from keras_gen.metrics.disentanglement import (
    dci,
    disentanglement_scores,
    mutual_information_gap,
    separated_attribute_predictability,
)
from keras_gen.metrics.evidence import active_units, evidence_scores
from keras_gen.metrics.frechet import frechet_distance
from keras_gen.metrics.kernel import kernel_distance
from keras_gen.metrics.picture_quality import PictureQuality

__all__ = [
    "PictureQuality",
    "active_units",
    "dci",
    "disentanglement_scores",
    "evidence_scores",
    "frechet_distance",
    "kernel_distance",
    "mutual_information_gap",
    "separated_attribute_predictability",
    "train_classifier",
]
