"""Measures of models: pure functions of arrays."""

from keras_gen.metrics.classes import class_count, class_scores
from keras_gen.metrics.classifier import train_classifier
from keras_gen.metrics.copying import authenticity, copying_test, most_alike
from keras_gen.metrics.disentanglement import (
    dci,
    disentanglement_scores,
    mutual_information_gap,
    separated_attribute_predictability,
)
from keras_gen.metrics.distances import KID, frechet_distance, frechet_scores, kid
from keras_gen.metrics.diversity import distinct_n, diversity_scores, self_bleu
from keras_gen.metrics.evidence import active_units, evidence_scores, kl_of_dimensions
from keras_gen.metrics.extractors import Extractor, extractor_of
from keras_gen.metrics.language import language_scores, token_accuracy
from keras_gen.metrics.neighbors import neighbor_scores
from keras_gen.metrics.probes import linear_probes
from keras_gen.metrics.quality import Quality
from keras_gen.metrics.reconstruction import reconstruction_distances
from keras_gen.metrics.smoothness import step_evenness

__all__ = [
    "KID",
    "Extractor",
    "Quality",
    "active_units",
    "authenticity",
    "class_count",
    "class_scores",
    "copying_test",
    "dci",
    "disentanglement_scores",
    "distinct_n",
    "diversity_scores",
    "evidence_scores",
    "extractor_of",
    "frechet_distance",
    "frechet_scores",
    "kid",
    "kl_of_dimensions",
    "language_scores",
    "linear_probes",
    "most_alike",
    "mutual_information_gap",
    "neighbor_scores",
    "reconstruction_distances",
    "separated_attribute_predictability",
    "self_bleu",
    "step_evenness",
    "token_accuracy",
    "train_classifier",
]
