import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.layers import AudioAugment

SEED = tf.constant([3, 4], tf.int64)
SAMPLES = 400


@pytest.fixture(scope="module")
def packed():
    """500 recordings of noise far from full scale, without a sample of zero."""
    noise = np.random.default_rng(0).integers(100, 1000, (500, SAMPLES))
    return tf.constant(noise * np.random.default_rng(1).choice([-1, 1], noise.shape), tf.int16)


def test_gain_spreads_evenly_in_decibels_and_stays_within_full_scale(packed):
    louder = AudioAugment(gain=12.0).waveforms(packed, SEED)
    assert louder.dtype == tf.int16
    decibels = 20 * np.log10(np.linalg.norm(louder, axis=1) / np.linalg.norm(packed, axis=1))
    assert -12 <= decibels.min() < -11.5 and 11.5 < decibels.max() <= 12.01
    assert abs(decibels.mean()) < 1
    clipped = AudioAugment(gain=60.0).waveforms(packed, SEED).numpy()
    assert clipped.max() == 32767 and clipped.min() == -32768
    assert (clipped.astype(int) * packed.numpy() >= 0).all()  # nothing wraps around


def test_shift_moves_recordings_whole_with_silence_moving_in(packed):
    moved = AudioAugment(shift=0.1).waveforms(packed, SEED).numpy()
    padded = np.pad(packed.numpy(), ((0, 0), (40, 40)))
    steps = []
    for recording, original in zip(moved, padded, strict=True):
        fitting = [s for s in range(-40, 41) if np.array_equal(recording, original[40 - s : 440 - s])]
        assert len(fitting) == 1
        steps += fitting
    assert min(steps) == -40 and max(steps) == 40 and len(set(steps)) > 70


def test_masks_are_runs_of_silence_of_up_to_their_widths():
    spectrograms = tf.constant(np.random.default_rng(0).uniform(-0.9, 1, (500, 30, 20)), tf.float32)
    masked = AudioAugment(time_mask=7, frequency_mask=4).masked(spectrograms, SEED).numpy()
    silent = masked == -1.0
    np.testing.assert_array_equal(masked[~silent], spectrograms.numpy()[~silent])
    frames, bands = silent.all(axis=2), silent.all(axis=1)
    np.testing.assert_array_equal(silent, frames[:, :, None] | bands[:, None, :])
    for hidden, widest in ((frames, 7), (bands, 4)):
        widths, beginnings = hidden.sum(axis=1), hidden.argmax(axis=1)
        assert set(widths) == set(range(widest + 1))
        np.testing.assert_allclose(np.bincount(widths) / 500, 1 / (widest + 1), atol=0.06)
        for row, width, beginning in zip(hidden, widths, beginnings, strict=True):
            assert row[beginning : beginning + width].all()
        assert hidden.any(axis=0).all()  # also the first and the last place
    everything = AudioAugment(time_mask=99).masked(spectrograms, SEED).numpy()
    assert (everything == -1.0).all(axis=(1, 2)).any()


def test_randomness_is_the_seeds_alone(packed):
    augment = AudioAugment(gain=6.0, shift=0.2)
    first, again = (augment.waveforms(packed, SEED).numpy() for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert (augment.waveforms(packed, SEED + 1).numpy() != first).any()
    in_graph = tf.function(augment.waveforms)(packed, SEED)
    np.testing.assert_allclose(in_graph, first, atol=1)  # what lies halfway rounds either way
    np.testing.assert_array_equal(AudioAugment().waveforms(packed, SEED), packed)


def test_serialization_keeps_every_setting():
    config = keras.saving.serialize_keras_object(AudioAugment(1.0, 0.5, 3, 2))
    restored = keras.saving.deserialize_keras_object(config)
    assert (restored.gain, restored.shift, restored.time_mask, restored.frequency_mask) == (1.0, 0.5, 3, 2)


@pytest.mark.parametrize("wrong", [{"gain": -1.0}, {"shift": 1.0}, {"time_mask": -1}], ids=str)
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(InputError, match="must be at least 0 and shift from 0 to below 1"):
        AudioAugment(**wrong)


def test_masks_spread_as_tensorflow_ios_do():
    """Those of SpecAugment's other implementation, whose widths are even from 0 to below the widest."""
    audio = pytest.importorskip("tensorflow_io").audio
    if tf.__version__ >= "2.18":
        pytest.skip("tensorflow-io's native library does not load with this TensorFlow")
    ones = tf.ones((30, 20))
    theirs = np.stack([audio.time_mask(ones, param=8) for _ in range(500)])
    ours = AudioAugment(time_mask=7).masked(tf.ones((500, 30, 20)), SEED).numpy()
    widths = [(masks[:, :, 0] < 1).sum(axis=1) for masks in (theirs, ours)]
    np.testing.assert_allclose(*(np.bincount(w, minlength=9) / 500 for w in widths), atol=0.08)
