"""The network of a flow between distributions of vectors, or of sequences of them."""

import itertools
import math

import keras
from keras import layers, ops

from keras_gen.layers.label_embedding import embedding_of_labels
from keras_gen.networks.conditioning import label_input
from keras_gen.networks.latents import EMBEDDING
from keras_gen.training.precision import policy

FREQUENCIES = 16
WIDTH = 5  # of a convolution; twice as far apart in each block


def velocity(dim, num_classes=None, units=256, blocks=2, places=1):
    """Builds a residual network v(x, t) or v(x, t, label), which begins at 0 everywhere.

    Each block adds two dense layers to what it reads, normalized and shifted by the time and the label. Of
    sequences these layers are the same at each place, and the first is a convolution. The initial weights are
    the same at each call, and float32 under every dtype policy.

    Args:
        dim: int, length of the vectors.
        num_classes: number of classes; a tuple of n numbers for n labels an example; None without labels.
        units: int >= 1, of the hidden layers.
        blocks: int >= 1, residual blocks.
        places: int >= 1 that divides dim, length of the sequence that a vector is, the first place's numbers
            first.

    Returns:
        A functional Model from [`x` (dim,), `time` (1,)] and perhaps `label`, int32 () or (n,), to a velocity
        (dim,).
    """
    seeds = itertools.count()

    def dense(size, **how):
        return layers.Dense(size, kernel_initializer=keras.initializers.GlorotUniform(next(seeds)), **how)

    def mixing(block):
        if places == 1:
            return dense(units, activation="silu")
        return layers.Conv1D(
            units,
            WIDTH,
            padding="same",
            dilation_rate=2**block,
            activation="silu",
            kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
        )

    with policy("float32"):
        x, time = (keras.Input((size,), dtype="float32", name=n) for n, size in (("x", dim), ("time", 1)))
        inputs, condition = [x, time], dense(units)(waves(time))
        if num_classes is not None:
            inputs.append(label_input(num_classes))
            normal = keras.initializers.RandomNormal(stddev=1.0, seed=next(seeds))
            embedding = embedding_of_labels(num_classes, EMBEDDING, embeddings_initializer=normal)
            condition = condition + dense(units)(embedding(inputs[-1]))
        hidden = x
        if places > 1:
            hidden = layers.Reshape((places, dim // places))(x)
            condition = layers.Reshape((1, units))(condition)
        hidden = dense(units)(hidden)
        for block in range(blocks):
            within = layers.LayerNormalization()(hidden) + condition
            hidden = hidden + dense(units)(mixing(block)(within))
        output = layers.Dense(dim // places, kernel_initializer="zeros")(hidden)
        output = output if places == 1 else layers.Reshape((dim,))(output)
    return keras.Model(inputs, output, name="velocity")


def waves(time):
    """Sines and cosines of times (batch, 1) in [0, 1]: (batch, 2 * FREQUENCIES), half a period and more."""
    angles = time * (math.pi * ops.arange(1, FREQUENCIES + 1, dtype="float32"))
    return ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)
