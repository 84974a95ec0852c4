"""Measures of models: pure functions of arrays."""

from keras_gen.metrics.bins import bin_count, ndb
from keras_gen.metrics.classes import class_count, class_scores, mean_table
from keras_gen.metrics.classifier import train_classifier
from keras_gen.metrics.copying import authenticity, copying_test, most_alike, verbatim
from keras_gen.metrics.disentanglement import (
    dci,
    disentanglement_scores,
    mutual_information_gap,
    separated_attribute_predictability,
)
from keras_gen.metrics.distances import KID, frechet_distance, frechet_scores, kid
from keras_gen.metrics.diversity import distinct_n, diversity_scores, self_bleu
from keras_gen.metrics.evidence import (
    active_units,
    bound_and_parts,
    evidence_scores,
    kl_of_dimensions,
    scores_and_parts,
)
from keras_gen.metrics.extractors import Extractor, extractor_of
from keras_gen.metrics.images import (
    pair_similarity,
    patch_distances,
    similarity_scales,
    sliced_wasserstein,
)
from keras_gen.metrics.language import language_scores, token_accuracy
from keras_gen.metrics.neighbors import neighbor_scores
from keras_gen.metrics.probes import linear_probes
from keras_gen.metrics.quality import Quality
from keras_gen.metrics.reconstruction import (
    distances_of_each,
    mel_cepstral_distortion,
    reconstruction_distances,
)
from keras_gen.metrics.smoothness import step_evenness
from keras_gen.metrics.sound import pitch, sound_scores
from keras_gen.metrics.streaming import FrechetDistance, KernelDistance

__all__ = [
    "KID",
    "Extractor",
    "FrechetDistance",
    "KernelDistance",
    "Quality",
    "active_units",
    "authenticity",
    "bin_count",
    "bound_and_parts",
    "class_count",
    "class_scores",
    "copying_test",
    "dci",
    "disentanglement_scores",
    "distances_of_each",
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
    "mean_table",
    "mel_cepstral_distortion",
    "most_alike",
    "mutual_information_gap",
    "ndb",
    "neighbor_scores",
    "pair_similarity",
    "patch_distances",
    "pitch",
    "reconstruction_distances",
    "scores_and_parts",
    "separated_attribute_predictability",
    "self_bleu",
    "similarity_scales",
    "sliced_wasserstein",
    "sound_scores",
    "step_evenness",
    "token_accuracy",
    "train_classifier",
    "verbatim",
]
