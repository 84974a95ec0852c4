"""A small classifier of the media at hand, whose features measure what is generated."""

import math

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from keras_gen.errors import InputError
from keras_gen.layers.model_form import ModelForm
from keras_gen.media import Image
from keras_gen.networks.builder import builder

FEATURES = 64
BATCH = 128
VERSION = 1  # to be raised whenever the network or its training changes, so that no stored one is mistaken


def train_classifier(media, examples, labels=None, steps=None, seed=0):
    """Train a small convolutional classifier, as a feature space made for one data set.

    Recordings are classified by their spectrograms. Without labels it learns a task that needs none: which of four rotations
    an image was given, or whether a recording is played backwards. The features have about zero mean and unit variance on
    the training examples. Keras' global seed neither matters nor changes.

    Args:
        media: the `Media` of the examples; images with sides from 8 to 256 pixels are meant.
        examples: packed media (num, *media.shape).
        labels: integer array (num,), classes counted from 0; of n labels (num, n); or None.
        steps: training steps of 128 examples; by default 25 passes, but from 250 to 800 steps.
        seed: integer seed of the weights and of the order of the examples.

    Returns:
        A `keras.Model` from packed media to (features (batch, 64), logits (batch, classes), and so on for each label), in
        float32.

    Raises:
        InputError: when the examples are not packed media, or the labels do not fit or are all of one class.

    Source: rotations from Gidaris et al. 2018, arXiv 1803.07728.
    """
    examples = check_examples("examples", examples, media)
    if labels is None:
        task = pretext(media)
        examples, num_classes = task.prepared(examples), (task.num_classes,)
    else:
        labels = check_labels("labels", labels, len(examples), media)
        num_classes = tuple((columns(labels).max(axis=0) + 1).tolist())
        if any(len(np.unique(column)) < 2 for column in columns(labels).T):
            raise InputError(
                "`labels` hold one class only: give two or more classes, or None to learn without labels."
            )
    steps = steps or int(np.clip(25 * len(examples) / BATCH, 250, 800))
    classifier = _network(media, examples.shape[1:], num_classes, seed)
    logits = classifier.outputs[1:]
    trained = keras.Model(classifier.input, logits[0] if len(logits) == 1 else logits)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float32")
    trained.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, steps)),
        loss=loss if len(logits) == 1 else [loss] * len(logits),
        jit_compile=False,  # on a CPU, XLA makes convolutions slower
    )
    trained.fit(_batches(media, examples, labels, steps, seed), shuffle=False, verbose=0)
    return classifier


def classifier_accuracy(classifier, media, examples, labels=None):
    """Share of examples whose classes, or without labels whose treatment in the pretext task, a classifier tells.

    Args:
        classifier: what `train_classifier` returned, with labels or without as here.
        media: the `Media` of the examples.
        examples: packed media (num, *media.shape).
        labels: integer array (num,), of n labels (num, n), or None.

    Returns:
        A float in [0, 1]; of n labels an array (n,).
    """
    if labels is not None:
        told = extract(classifier, examples)[1] == labels
        return float(told.mean()) if told.ndim == 1 else told.mean(axis=0)
    task = pretext(media)
    prepared = task.prepared(examples)
    treated = [task.treat(prepared, kind) for kind in range(task.num_classes)]
    return float(np.mean([extract(classifier, part)[1] == kind for kind, part in enumerate(treated)]))


def extract(classifier, examples):
    """Features (num, 64) and predicted classes (num,), of n labels (num, n), of packed media (num, ...)."""
    features, *logits = classifier.predict(examples, batch_size=256, verbose=0)
    predicted = np.stack([scores.argmax(axis=-1) for scores in logits], axis=-1)
    return features, predicted[:, 0] if len(logits) == 1 else predicted


def check_examples(name, examples, media):
    """The examples as an array, refused unless packed media (num, *media.shape) and not empty."""
    examples = np.asarray(examples)
    if examples.dtype != media.dtype or examples.shape[1:] != media.shape or not len(examples):
        raise InputError(
            f"`{name}` are {examples.dtype} of shape {examples.shape}: give {media.dtype} {media.plural} of shape (num, "
            f"*{media.shape}), at least one."
        )
    return examples


def check_labels(name, labels, num, media):
    """The labels as an int32 array, refused unless integers from 0, one or some for each of `num` examples."""
    labels = np.asarray(labels)
    if labels.shape[:1] != (num,) or labels.ndim > 2 or labels.dtype.kind not in "iu" or labels.min() < 0:
        raise InputError(
            f"`{name}` are {labels.dtype} of shape {labels.shape}: give one integer, 0 or more, "
            f"for each of the {num} {media.plural}."
        )
    return labels.astype("int32")


def columns(labels):
    """Labels (num,) or (num, n) as (num, n)."""
    return labels.reshape(len(labels), -1)


class Rotations:
    """The task of telling which quarter turn an image was given."""

    name, num_classes = "four rotations", 4

    @staticmethod
    def prepared(images):
        """Their central squares: only these keep their shape when turned, and a shape would betray the rotation."""
        height, width = images.shape[1:3]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        return images[:, top : top + side, left : left + side]

    @staticmethod
    def treat(images, turns):
        return np.rot90(images, turns, axes=(1, 2))

    @staticmethod
    def treat_in_graph(images, turns):
        return tf.image.rot90(images, turns)


class Directions:
    """The task of telling whether a recording is played backwards."""

    name, num_classes = "two directions of time", 2

    @staticmethod
    def prepared(waveforms):
        return waveforms

    @staticmethod
    def treat(waveforms, backwards):
        return waveforms[:, ::-1] if backwards else waveforms

    treat_in_graph = treat


def pretext(media):
    """The task that a classifier of unlabeled media learns."""
    return Rotations if isinstance(media, Image) else Directions


@builder
def _network(media, shape, num_classes, seed):
    """Strided convolutions down to about 4 places a side, then the mean over them, standardized: the features."""
    # A metric stays in single precision, whatever policy the measured model trains under.
    single = {"dtype": "float32"}
    if isinstance(media, Image):
        side, inputs = min(shape[:2]), keras.Input((None, None, shape[2]), dtype="uint8", name="images")
        x = layers.Rescaling(1 / 127.5, offset=-1, **single)(inputs)
    else:
        side, inputs = min(media.model_shape), keras.Input(shape, dtype=media.dtype, name=media.plural)
        x = layers.Reshape((*media.model_shape, 1), **single)(ModelForm(media, **single)(inputs))
    # The first convolution leaves about 32 places of any longer side, for all sizes to cost about the same.
    shrink = max(1, round(side / 32))
    halvings = max(1, round(math.log2(side / shrink / 4)))
    strides = [shrink] + [2] * halvings + [1]
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
    logits = [
        layers.Dense(
            count,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seed + place),
            name=f"logits_{place}" if place else "logits",
            **single,
        )(features)
        for place, count in enumerate(num_classes)
    ]
    return keras.Model(inputs, [features, *logits], name="classifier")


def _batches(media, examples, labels, steps, seed):
    """`steps` batches of 128 examples and their labels, or of fewer examples in each treatment of the pretext task."""
    task = pretext(media)
    size = BATCH // task.num_classes if labels is None else BATCH
    random = np.random.default_rng(seed)
    passes = math.ceil(steps * size / len(examples))
    order = np.concatenate([random.permutation(len(examples)) for _ in range(passes)])
    with tf.device("CPU"):
        examples = tf.constant(examples)
        labels = None if labels is None else tf.constant(labels)

    def batch(chosen):
        some = tf.gather(examples, chosen)
        if labels is None:
            treated = [task.treat_in_graph(some, kind) for kind in range(task.num_classes)]
            return tf.concat(treated, axis=0), tf.repeat(tf.range(task.num_classes), size)
        told = tf.gather(labels, chosen)
        return some, told if len(told.shape) == 1 else tuple(tf.unstack(told, axis=-1))

    chosen = tf.data.Dataset.from_tensor_slices(order[: steps * size].reshape(steps, size))
    return chosen.map(batch).prefetch(tf.data.AUTOTUNE)
