"""DiffAugment: the fixed differentiable augmentation of Zhao et al. 2020."""

import keras
import tensorflow as tf

from keras_gen.errors import unknown
from keras_gen.layers.augment import Augment
from keras_gen.training import noise


def _uniform(images, seed, low, high):
    return tf.cast(noise.uniform((tf.shape(images)[0], 1, 1, 1), seed, low, high), images.dtype)


def _integers(images, seed, low, high):
    """One integer in [low, high] for each image, (batch, 1)."""
    return noise.integers((tf.shape(images)[0], 1), seed, low, high + 1)


def color(images, seed):
    """Brightness + U(-1/2, 1/2), saturation x U(0, 2), contrast x U(1/2, 3/2); alpha stays."""
    if images.shape[-1] == 4:
        return tf.concat([color(images[..., :3], seed), images[..., 3:]], axis=-1)
    seeds = noise.split(seed, 3)
    images += _uniform(images, seeds[0], -0.5, 0.5)
    gray = tf.reduce_mean(images, axis=-1, keepdims=True)
    images = gray + (images - gray) * _uniform(images, seeds[1], 0.0, 2.0)
    mean = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
    return mean + (images - mean) * _uniform(images, seeds[2], 0.5, 1.5)


def translation(images, seed):
    """Shift by up to 1/8 of the side either way, zeros moving in."""
    height, width = images.shape[1:3]
    seeds = noise.split(seed, 2)

    def shift(side, seed):
        steps = _integers(images, seed, -round(side / 8), round(side / 8))
        source = tf.range(side)[tf.newaxis, :] - steps
        return tf.one_hot(source, side, dtype=images.dtype)  # a source outside the image is a row of zeros

    moved_down = tf.einsum("bij,bjkc->bikc", shift(height, seeds[0]), images)
    return tf.einsum("bij,bkjc->bkic", shift(width, seeds[1]), moved_down)


def cutout(images, seed):
    """A square of zeros, half as wide as the image, its center anywhere in the image."""
    height, width = images.shape[1:3]
    seeds = noise.split(seed, 2)

    def covered(side, seed):
        start = _integers(images, seed, 0, side - side % 2) - side // 4
        place = tf.range(side)[tf.newaxis, :]
        return tf.cast((place >= start) & (place < start + side // 2), images.dtype)

    rows, columns = covered(height, seeds[0]), covered(width, seeds[1])
    return images * (1.0 - rows[:, :, tf.newaxis, tf.newaxis] * columns[:, tf.newaxis, :, tf.newaxis])


TRANSFORMATIONS = {"color": color, "translation": translation, "cutout": cutout}


@keras.saving.register_keras_serializable("keras_gen")
class DiffAugment(Augment):
    """Color, translation and cutout on every image (Zhao et al. 2020, arXiv 2006.10738).

    Args:
        policy: names of transformations, applied in this order: "color", "translation", "cutout".
        **kwargs: of `keras.layers.Layer`, such as `name`.

    Raises:
        InputError: there is no transformation of this name.
    """

    def __init__(self, policy=("color", "translation", "cutout"), **kwargs):
        super().__init__(**kwargs)
        self.policy = tuple(policy)
        for name in self.policy:
            if name not in TRANSFORMATIONS:
                raise unknown("transformation of DiffAugment", name, TRANSFORMATIONS)

    def call(self, images, seed, examples=None):
        for name, seed_of_one in zip(
            self.policy,
            tf.unstack(noise.split(seed, len(self.policy))),
            strict=True,
        ):
            images = TRANSFORMATIONS[name](images, seed_of_one)
        return images

    def get_config(self):
        return {**super().get_config(), "policy": self.policy}
