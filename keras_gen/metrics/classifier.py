"""A small classifier of the pictures at hand, whose features measure what is generated."""

import math

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from keras_gen.errors import InputError

FEATURES = 64
BATCH = 128
VERSION = 1  # to be raised whenever the network or its training changes, so that no stored one is mistaken


def train_classifier(pictures, labels=None, steps=None, seed=0):
    """Train a small convolutional classifier, as a feature space made for one data set.

    Without labels it learns which of four rotations a picture was given. The features have about zero mean and
    unit variance on the training pictures. Keras' global seed neither matters nor changes.

    Args:
        pictures: uint8 array (num, height, width, channels); sides from 8 to 256 pixels are meant.
        labels: integer array (num,), classes counted from 0, or None.
        steps: training steps of 128 pictures; by default 25 passes, but from 250 to 800 steps.
        seed: integer seed of the weights and of the order of the pictures.

    Returns:
        A `keras.Model` from uint8 pictures to (features (batch, 64), logits (batch, classes)), in float32.

    Raises:
        InputError: when the pictures are not uint8, or the labels do not fit or are all of one class.

    Source: rotations from Gidaris et al. 2018, arXiv 1803.07728.
    """
    pictures = check_pictures("pictures", pictures)
    rotate = labels is None
    if rotate:
        pictures, num_classes = _central_square(pictures), 4
    else:
        labels = check_labels("labels", labels, len(pictures))
        num_classes = int(labels.max()) + 1
        if len(np.unique(labels)) < 2:
            raise InputError(
                "`labels` hold one class only: give two or more classes, or None to learn from rotations."
            )
    steps = steps or int(np.clip(25 * len(pictures) / BATCH, 250, 800))
    classifier = _network(min(pictures.shape[1:3]), pictures.shape[3], num_classes, seed)
    trained = keras.Model(classifier.input, classifier.outputs[1])
    trained.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, steps)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,  # on a CPU, XLA makes convolutions slower
    )
    trained.fit(_batches(pictures, labels, steps, seed), shuffle=False, verbose=0)
    return classifier


def classifier_accuracy(classifier, pictures, labels=None):
    """Share of pictures whose class, or without labels whose rotation, a classifier tells.

    Args:
        classifier: what `train_classifier` returned, with labels or without as here.
        pictures: uint8 array (num, height, width, channels).
        labels: integer array (num,), or None.

    Returns:
        A float in [0, 1].
    """
    if labels is not None:
        return float(np.mean(extract(classifier, pictures)[1] == labels))
    square = _central_square(pictures)
    return float(
        np.mean([extract(classifier, np.rot90(square, turns, axes=(1, 2)))[1] == turns for turns in range(4)])
    )


def extract(classifier, pictures):
    """Features (num, 64) and predicted classes (num,) of uint8 pictures (num, height, width, channels)."""
    features, logits = classifier.predict(pictures, batch_size=256, verbose=0)
    return features, logits.argmax(axis=-1)


def check_pictures(name, pictures):
    """The pictures as an array, refused unless uint8 (num, height, width, channels) and not empty."""
    pictures = np.asarray(pictures)
    if pictures.dtype != np.uint8 or pictures.ndim != 4 or not len(pictures):
        raise InputError(
            f"`{name}` are {pictures.dtype} of shape {pictures.shape}: give uint8 pictures of shape "
            "(num, height, width, channels), at least one."
        )
    return pictures


def check_labels(name, labels, num):
    """The labels as an int32 array, refused unless integers from 0, one for each of `num` pictures."""
    labels = np.asarray(labels)
    if labels.shape != (num,) or labels.dtype.kind not in "iu" or labels.min() < 0:
        raise InputError(
            f"`{name}` are {labels.dtype} of shape {labels.shape}: give one integer, 0 or more, "
            f"for each of the {num} pictures."
        )
    return labels.astype("int32")


def _network(side, channels, num_classes, seed):
    """Strided convolutions down to about 4 pixels, then the mean over places, standardised: the features."""
    # The first convolution leaves about 32 pixels of any larger picture, for all sizes to cost about the same.
    shrink = max(1, round(side / 32))
    halvings = max(1, round(math.log2(side / shrink / 4)))
    strides = [shrink] + [2] * halvings + [1]
    # A metric stays in single precision, whatever policy the measured model trains under.
    single = {"dtype": "float32"}
    pictures = keras.Input((None, None, channels), dtype="uint8", name="pictures")
    x = layers.Rescaling(1 / 127.5, offset=-1, **single)(pictures)
    for depth, stride in enumerate(strides):
        x = layers.Conv2D(
            filters=max(16, FEATURES >> max(0, halvings - depth)),
            kernel_size=max(3, stride),
            strides=stride,
            padding="same",
            use_bias=False,
            kernel_initializer=keras.initializers.HeNormal(seed=1000 * seed + depth),
            **single,
        )(x)
        x = layers.BatchNormalization(momentum=0.95, **single)(x)
        x = layers.ReLU(**single)(x)
    x = layers.GlobalAveragePooling2D(**single)(x)
    features = layers.BatchNormalization(momentum=0.95, center=False, scale=False, name="features", **single)(
        x
    )
    logits = layers.Dense(
        num_classes, kernel_initializer=keras.initializers.GlorotUniform(seed=seed), name="logits", **single
    )(features)
    return keras.Model(pictures, [features, logits], name="classifier")


def _batches(pictures, labels, steps, seed):
    """`steps` batches of 128 pictures and their labels, or of 32 pictures in four rotations."""
    size = BATCH // 4 if labels is None else BATCH
    random = np.random.default_rng(seed)
    passes = math.ceil(steps * size / len(pictures))
    order = np.concatenate([random.permutation(len(pictures)) for _ in range(passes)])
    with tf.device("CPU"):
        pictures = tf.constant(pictures)
        labels = None if labels is None else tf.constant(labels)

    def batch(chosen):
        if labels is None:
            return _rotations(tf.gather(pictures, chosen))
        return tf.gather(pictures, chosen), tf.gather(labels, chosen)

    chosen = tf.data.Dataset.from_tensor_slices(order[: steps * size].reshape(steps, size))
    return chosen.map(batch).prefetch(tf.data.AUTOTUNE)


def _rotations(pictures):
    turned = [tf.image.rot90(pictures, turns) for turns in range(4)]
    return tf.concat(turned, axis=0), tf.repeat(tf.range(4), tf.shape(pictures)[0])


def _central_square(pictures):
    """Only squares keep their shape when turned, and a shape would betray the rotation."""
    height, width = pictures.shape[1:3]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pictures[:, top : top + side, left : left + side]
