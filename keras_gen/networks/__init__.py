"""Builders of plain Keras models, by architecture.

For GANs there are `dcgan`, `r3gan` and `sngan`; for VAEs of images `conv`, `mlp` and `resnet`, of recordings
`conv1d`, `conv1d_sequence` and `mlp`, of sentences `recurrent` and `transformer`; for a VQVAE `conv_grid` and
`CodePrior`; for language models `RecurrentDecoder` and `TransformerDecoder`.
"""

from keras_gen.networks.code_prior import CodePrior
from keras_gen.networks.conv import conv
from keras_gen.networks.conv1d import conv1d, conv1d_sequence
from keras_gen.networks.conv_grid import conv_grid
from keras_gen.networks.dcgan import dcgan
from keras_gen.networks.mlp import mlp
from keras_gen.networks.r3gan import r3gan
from keras_gen.networks.recurrent import RecurrentDecoder, recurrent
from keras_gen.networks.resnet import resnet
from keras_gen.networks.sngan import sngan
from keras_gen.networks.transformer import TransformerDecoder, transformer

__all__ = [
    "CodePrior",
    "RecurrentDecoder",
    "TransformerDecoder",
    "conv",
    "conv1d",
    "conv1d_sequence",
    "conv_grid",
    "dcgan",
    "mlp",
    "r3gan",
    "recurrent",
    "resnet",
    "sngan",
    "transformer",
]
