"""Layers that networks share, and augmentations of what a discriminator or an encoder sees."""

from keras_gen.layers.adaptive_augment import AdaptiveAugment
from keras_gen.layers.audio_augment import AudioAugment
from keras_gen.layers.basis import LearnedBasis
from keras_gen.layers.codebook import Codebook
from keras_gen.layers.diff_augment import DiffAugment
from keras_gen.layers.grouped_conv import GroupedConv2D
from keras_gen.layers.label_embedding import LabelEmbedding
from keras_gen.layers.resampling import FilteredDownSampling2D, FilteredUpSampling2D
from keras_gen.layers.scheduled_augment import ScheduledAugment
from keras_gen.layers.spectral_norm import SpectralNorm

__all__ = [
    "AdaptiveAugment",
    "AudioAugment",
    "Codebook",
    "DiffAugment",
    "FilteredDownSampling2D",
    "FilteredUpSampling2D",
    "GroupedConv2D",
    "LabelEmbedding",
    "LearnedBasis",
    "ScheduledAugment",
    "SpectralNorm",
]
