"""Augmentation of recordings: gain, shift in time, and masked spectrograms."""

import keras
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.training import noise

FULL_SCALE = 32768.0


@keras.saving.register_keras_serializable("keras_gen")
class AudioAugment:
    """Random changes of recordings that keep what they say.

    Gain and shift change what a model learns to make. Masks (SpecAugment) hide parts of the spectrogram from
    the encoder alone, whose latents must then carry what it did not see.

    Source: masks from Park et al. 2019, arXiv 1904.08779, section 2, without time warping, one of each kind.

    Args:
        gain: dB >= 0, the largest change of loudness either way.
        shift: share of the recording from 0 to below 1, the largest shift either way; silence fills the gap.
        time_mask: frames, >= 0; the widest mask.
        frequency_mask: mel bands, >= 0; the widest mask.

    Raises:
        InputError: a number is out of its range.
    """

    def __init__(self, gain=0.0, shift=0.0, time_mask=0, frequency_mask=0):
        if min(gain, shift, time_mask, frequency_mask) < 0 or shift >= 1:
            raise InputError(
                "gain, time_mask and frequency_mask must be at least 0 and shift from 0 to below 1, not "
                f"{gain}, {time_mask}, {frequency_mask} and {shift}."
            )
        self.gain, self.shift = gain, shift
        self.time_mask, self.frequency_mask = time_mask, frequency_mask

    def waveforms(self, packed, seed):
        """Applies a random gain and shift to each recording.

        Args:
            packed: int16 (batch, samples).
            seed: two integers.

        Returns:
            int16 (batch, samples), cut off at full scale.
        """
        gain_seed, shift_seed = tf.unstack(noise.split(seed, 2))
        batch, samples = tf.shape(packed)[0], packed.shape[1]
        x = tf.cast(packed, tf.float32)
        if self.gain:
            decibels = noise.uniform((batch, 1), gain_seed, -self.gain, self.gain)
            x = tf.clip_by_value(x * 10.0 ** (decibels / 20.0), -FULL_SCALE, FULL_SCALE - 1)
        most = round(self.shift * samples)
        if most:
            steps = noise.integers((batch, 1), shift_seed, -most, most + 1)
            source = tf.range(samples)[tf.newaxis] - steps
            inside = tf.cast((source >= 0) & (source < samples), tf.float32)
            x = inside * tf.gather(x, tf.clip_by_value(source, 0, samples - 1), axis=1, batch_dims=1)
        return tf.cast(tf.round(x), tf.int16)

    def masked(self, spectrograms, seed):
        """Spectrograms in which a run of frames and a run of bands are silent.

        Args:
            spectrograms: (batch, frames, mels) in model form, in which -1 is silence.
            seed: two integers.

        Returns:
            A tensor of the same shape.
        """
        time_seed, frequency_seed = tf.unstack(noise.split(seed, 2))
        frames, mels = spectrograms.shape[1:]
        hidden = _run(spectrograms, frames, self.time_mask, time_seed)[:, :, tf.newaxis]
        hidden |= _run(spectrograms, mels, self.frequency_mask, frequency_seed)[:, tf.newaxis, :]
        return tf.where(hidden, tf.constant(-1.0, spectrograms.dtype), spectrograms)

    def get_config(self):
        return {
            "gain": self.gain,
            "shift": self.shift,
            "time_mask": self.time_mask,
            "frequency_mask": self.frequency_mask,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def _run(spectrograms, length, widest, seed):
    """A random mask along an axis, bool (batch, length): one run of 0 to `widest` places per example."""
    draws = noise.uniform((2, tf.shape(spectrograms)[0], 1), seed)
    width = tf.floor(draws[0] * (min(widest, length) + 1))
    start = tf.floor(draws[1] * (length - width + 1))
    places = tf.range(length, dtype=tf.float32)
    return (places >= start) & (places < start + width)
