"""The augmentation pipeline of Karras et al. 2020 with a scheduled probability."""

import math

import keras
import tensorflow as tf

from keras_gen.errors import unknown
from keras_gen.layers.augment import Augment
from keras_gen.training import noise, schedules

LN2 = math.log(2.0)


class _Dice:
    """Random numbers for the transformations of a batch, which share one probability.

    Args:
        batch: number of images.
        seed: two integers.
        probability: scalar tensor in [0, 1].
    """

    def __init__(self, batch, seed, probability):
        self.batch, self.seed, self.probability, self.throws = batch, seed, probability, 0

    def _next_seed(self):
        self.throws += 1
        return noise.fold_in(self.seed, self.throws)

    def chosen(self, value, otherwise, probability=None):
        """`value` with the probability, else `otherwise`, for each image independently."""
        probability = self.probability if probability is None else probability
        return tf.where(self.uniform(0.0, 1.0) < probability, value, otherwise)

    def uniform(self, low, high):
        return noise.uniform((self.batch,), self._next_seed(), low, high)

    def normal(self, deviation):
        return noise.normal((self.batch,), self._next_seed()) * deviation

    def integers(self, low, high):
        return tf.floor(self.uniform(low, high + 1))


def _matrix(rows):
    """A matrix for each image from nested lists of numbers and (batch,) tensors."""
    batch = next(entry for row in rows for entry in row if tf.is_tensor(entry))
    return tf.stack([tf.stack([entry + tf.zeros_like(batch) for entry in row], -1) for row in rows], -2)


def _scaling(x, y):
    return _matrix([[x, 0.0, 0.0], [0.0, y, 0.0], [0.0, 0.0, 1.0]])


def _moving(x, y):
    return _matrix([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def _rotation(angle):
    cos, sin = tf.cos(angle), tf.sin(angle)
    return _matrix([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])


def _blit(dice, size):
    """Mirroring, quarter turns and shifts by whole pixels, without interpolation."""
    height, width = size
    mirrored = dice.chosen(1.0 - 2.0 * dice.integers(0, 1), 1.0)
    turned = dice.chosen(dice.integers(0, 3), 0.0) * (math.pi / 2.0)
    right = dice.chosen(tf.round(dice.uniform(-0.125, 0.125) * width), 0.0)
    down = dice.chosen(tf.round(dice.uniform(-0.125, 0.125) * height), 0.0)
    return _moving(right, down) @ _rotation(turned) @ _scaling(mirrored, 1.0)


def _geometry(dice, size):
    """Scaling, rotation, stretching along a rotated axis, shifts by fractions of a pixel."""
    height, width = size
    scale = dice.chosen(tf.exp(dice.normal(0.2 * LN2)), 1.0)
    # With this probability each, at least one of two rotations happens with the wanted probability.
    once = 1.0 - tf.sqrt(1.0 - dice.probability)
    before = dice.chosen(dice.uniform(-math.pi, math.pi), 0.0, once)
    stretch = dice.chosen(tf.exp(dice.normal(0.2 * LN2)), 1.0)
    after = dice.chosen(dice.uniform(-math.pi, math.pi), 0.0, once)
    right = dice.chosen(dice.normal(0.125) * width, 0.0)
    down = dice.chosen(dice.normal(0.125) * height, 0.0)
    turned = _rotation(after) @ _scaling(stretch, 1.0 / stretch) @ _rotation(before)
    return _moving(right, down) @ turned @ _scaling(scale, scale)


def _transform(images, forward):
    """Applies an affine map about the center: bilinear, mirrored at borders, differentiable to any order.

    Args:
        images: (batch, H, W, C).
        forward: (batch, 3, 3) map of (x, y, 1), in pixels from the center.
    """
    height, width, channels = images.shape[1:]
    batch = tf.shape(images)[0]
    middle_x, middle_y = (width - 1) / 2.0, (height - 1) / 2.0
    x, y = tf.meshgrid(
        tf.range(width, dtype=tf.float32) - middle_x, tf.range(height, dtype=tf.float32) - middle_y
    )
    places = tf.stack([x, y, tf.ones_like(x)], axis=0)
    source = tf.einsum("bij,jhw->bihw", tf.linalg.inv(forward), places)
    x, y = source[:, 0] + middle_x, source[:, 1] + middle_y
    left, top = tf.floor(x), tf.floor(y)
    pixels = tf.reshape(images, (batch, height * width, channels))

    def mirrored(place, side):
        place = tf.math.floormod(tf.cast(place, tf.int32), 2 * side)
        return tf.minimum(place, 2 * side - 1 - place)

    def pixel(x, y):
        return tf.gather(pixels, mirrored(y, height) * width + mirrored(x, width), batch_dims=1)

    share_x = tf.cast(x - left, images.dtype)[..., tf.newaxis]
    share_y = tf.cast(y - top, images.dtype)[..., tf.newaxis]
    upper = pixel(left, top) * (1 - share_x) + pixel(left + 1, top) * share_x
    lower = pixel(left, top + 1) * (1 - share_x) + pixel(left + 1, top + 1) * share_x
    return upper * (1 - share_y) + lower * share_y


def _recolor(images, dice):
    """Brightness, contrast, inverted lightness; with color also hue rotation and saturation; alpha stays."""
    if images.shape[-1] == 4:
        return tf.concat([_recolor(images[..., :3], dice), images[..., 3:]], axis=-1)
    axis = tf.ones((3, 3)) / 3.0  # projects on gray
    identity = tf.eye(3)
    brightness = dice.chosen(dice.normal(0.2), 0.0)
    contrast = dice.chosen(tf.exp(dice.normal(0.5 * LN2)), 1.0)
    inverted = dice.chosen(1.0 - 2.0 * dice.integers(0, 1), 1.0)
    if images.shape[-1] != 3:
        factor, offset = contrast * inverted, contrast * inverted * brightness
        return images * _each(factor, images) + _each(offset, images)

    hue = dice.chosen(dice.uniform(-math.pi, math.pi), 0.0)[:, tf.newaxis, tf.newaxis]
    saturation = dice.chosen(tf.exp(dice.normal(LN2)), 1.0)[:, tf.newaxis, tf.newaxis]
    cross = tf.constant([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / math.sqrt(3.0)
    turned = axis + tf.cos(hue) * (identity - axis) + tf.sin(hue) * cross  # Rodrigues, about the gray axis
    mixed = (axis + saturation * (identity - axis)) @ turned
    mixed = ((identity - axis) + inverted[:, tf.newaxis, tf.newaxis] * axis) @ mixed
    images = (images + _each(brightness, images)) * _each(contrast, images)
    return tf.einsum("bij,bhwj->bhwi", tf.cast(mixed, images.dtype), images)


def _each(value, images):
    """A number for each image, shaped to broadcast over it."""
    return tf.cast(tf.reshape(value, (-1, 1, 1, 1)), images.dtype)


POLICY = ("blit", "geometry", "color")


@keras.saving.register_keras_serializable("keras_gen")
class ScheduledAugment(Augment):
    """Karras' pipeline of random transformations, each applied with a probability on a schedule.

    R3GAN (Huang et al. 2025) augments this way: its relativistic logits have no zero that an adaptive
    probability could follow. Unlike Karras et al. 2020, interpolation is bilinear, without wavelet filters.

    Args:
        probability: float or `Schedule` in [0, 1].
        policy: which transformations: "blit" (mirroring, quarter turns, whole pixels), "geometry" (scale,
            angle, stretch, parts of pixels), "color" (brightness, contrast, lightness, hue, saturation).
        **kwargs: of `keras.layers.Layer`, such as `name`.

    Raises:
        InputError: there is no group of transformations of this name.
    """

    def __init__(self, probability, policy=POLICY, **kwargs):
        super().__init__(**kwargs)
        self.probability = schedules.get(probability)
        self.policy = tuple(policy)
        for name in self.policy:
            if name not in POLICY:
                raise unknown("group of transformations", name, POLICY)

    def strength(self, examples):
        return self.probability(examples)

    def call(self, images, seed, examples):
        dice = _Dice(tf.shape(images)[0], seed, self.strength(examples))
        size = images.shape[1:3]
        maps = [
            draw(dice, size)
            for name, draw in (("blit", _blit), ("geometry", _geometry))
            if name in self.policy
        ]
        if maps:
            images = _transform(images, maps[0] if len(maps) == 1 else maps[1] @ maps[0])
        if "color" in self.policy:
            images = _recolor(images, dice)
        return images

    def get_config(self):
        probability = keras.saving.serialize_keras_object(self.probability)
        return {**super().get_config(), "probability": probability, "policy": self.policy}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "probability": keras.saving.deserialize_keras_object(config["probability"])})
