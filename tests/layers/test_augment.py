import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.layers import AdaptiveAugment, DiffAugment, ScheduledAugment
from keras_gen.layers.scheduled_augment import _rotation, _scaling, _transform
from keras_gen.training.schedules import Linear

SEED = tf.constant([3, 4], tf.int64)


def noise(batch=64, size=16, channels=3):
    return tf.constant(np.random.default_rng(0).uniform(-1, 1, (batch, size, size, channels)), tf.float32)


def test_translation_moves_whole_images_by_up_to_an_eighth_with_zeros_behind():
    images = noise()
    moved = DiffAugment(policy=("translation",))(images, SEED).numpy()
    padded = np.pad(images.numpy(), ((0, 0), (2, 2), (2, 2), (0, 0)))
    shifts = set()
    for number, image in enumerate(moved):
        found = [
            (down, right)
            for down in range(5)
            for right in range(5)
            if np.allclose(image, padded[number, down : down + 16, right : right + 16], atol=1e-6)
        ]
        assert len(found) == 1
        shifts.add(found[0])
    assert len(shifts) > 15  # of 25


def test_cutout_hides_a_square_of_half_the_side():
    hidden = DiffAugment(policy=("cutout",))(noise(), SEED).numpy() == 0.0
    rows, columns = hidden.any(axis=(2, 3)), hidden.any(axis=(1, 3))
    assert rows.sum(axis=1).max() == columns.sum(axis=1).max() == 8
    assert rows.sum(axis=1).min() >= 4  # the center stays inside
    np.testing.assert_array_equal(hidden.all(-1), rows[:, :, None] & columns[:, None, :])


def test_color_keeps_the_structure_and_spreads_as_published():
    images = noise(batch=4000, size=4)
    changed = DiffAugment(policy=("color",))(images, SEED).numpy()
    brightness = changed.mean(axis=(1, 2, 3)) - images.numpy().mean(axis=(1, 2, 3))
    assert -0.5 <= brightness.min() < -0.48 and 0.48 < brightness.max() <= 0.5
    gray, changed_gray = images.numpy().mean(-1), changed.mean(-1)
    contrast = changed_gray.std(axis=(1, 2)) / gray.std(axis=(1, 2))
    assert 0.5 <= contrast.min() < 0.52 and 1.48 < contrast.max() <= 1.501


@pytest.mark.parametrize("augment", [DiffAugment(("color",)), ScheduledAugment(1.0, ("color",))])
def test_colors_change_as_they_do_without_alpha_which_stays(augment):
    images = noise(batch=4, channels=4)
    changed = augment(images, SEED, examples=0)
    np.testing.assert_array_equal(changed[..., 3:], images[..., 3:])
    np.testing.assert_array_equal(changed[..., :3], augment(images[..., :3], SEED, examples=0))


@pytest.mark.parametrize("augment", [DiffAugment(), ScheduledAugment(1.0), AdaptiveAugment()])
@pytest.mark.parametrize("channels", [1, 3])
def test_randomness_is_the_seed_s_and_gradients_reach_the_second_order(augment, channels):
    images = noise(batch=4, channels=channels)
    np.testing.assert_array_equal(augment(images, SEED, examples=0), augment(images, SEED, examples=0))
    with tf.GradientTape() as outer:
        outer.watch(images)
        with tf.GradientTape() as tape:
            tape.watch(images)
            total = tf.reduce_sum(augment(images, SEED, examples=0) ** 3)
        input_gradient = tf.reduce_sum(tape.gradient(total, images) ** 2)
    second = outer.gradient(input_gradient, images).numpy()
    assert np.isfinite(second).all() and np.abs(second).max() > 0


def test_probability_zero_changes_nothing_and_one_almost_everything():
    images = noise()
    np.testing.assert_allclose(ScheduledAugment(0.0)(images, SEED, examples=0), images, atol=1e-5)
    changed = np.abs(ScheduledAugment(1.0)(images, SEED, examples=0) - images).max(axis=(1, 2, 3))
    assert (changed > 0.1).all()
    half = ScheduledAugment(Linear(0.0, 1.0, examples=100), policy=("color",))
    untouched = [
        np.isclose(half(images, SEED, examples=now), images, atol=1e-5).all(axis=(1, 2, 3)).sum()
        for now in (0, 10, 100)
    ]
    assert untouched[0] == 64 > untouched[1] > untouched[2] == 0


def test_a_quarter_turn_and_a_mirror_are_exact():
    images = noise(batch=2)
    ones = tf.ones(2)
    turned = _transform(images, _rotation(ones * np.pi / 2)).numpy()
    np.testing.assert_allclose(turned, np.rot90(images, k=-1, axes=(1, 2)), atol=1e-5)
    mirrored = _transform(images, _scaling(-ones, 1.0)).numpy()
    np.testing.assert_allclose(mirrored, images.numpy()[:, :, ::-1], atol=1e-5)


def test_the_controller_against_hand_worked_values():
    """p += sign(r_t - 0.6) * batch * 4 / 1000 at every 4th step; with a batch of 50 a step of 0.2."""
    augment = AdaptiveAugment(target=0.6, examples=1000, interval=4)

    def logits(positive):
        return tf.concat([tf.ones((positive, 1)), -tf.ones((50 - positive, 1))], axis=0)

    seen = []
    # Signs' means: 1, 0.6, 0.6, 0.6 -> 0.7 above target; 0.2 four times -> below; then above six times, kept
    # at 1.
    for positive in [50, 40, 40, 40] + [30] * 4 + [50] * 24:
        augment.update(logits(positive))
        seen.append(round(float(augment.strength(0)), 6))
    assert seen[:4] == [0, 0, 0, 0.2]
    assert seen[4:8] == [0.2, 0.2, 0.2, 0.0]
    assert seen[11::4] == [0.2, 0.4, 0.6, 0.8, 1.0, 1.0]


def test_serialization_keeps_every_setting():
    for augment in (
        DiffAugment(policy=("cutout",)),
        ScheduledAugment(Linear(0, 1, examples=10), policy=("blit",)),
        AdaptiveAugment(target=0.5, examples=7, interval=2, policy=("color",)),
    ):
        restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(augment))
        assert restored.get_config() == augment.get_config()


def test_unknown_transformations_are_refused():
    with pytest.raises(InputError, match="did you mean 'color'"):
        DiffAugment(policy=("colors",))
    with pytest.raises(InputError, match="did you mean 'blit'"):
        AdaptiveAugment(policy=("blitz",))
