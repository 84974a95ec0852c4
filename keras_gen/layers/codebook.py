"""The codebook of a vector-quantized autoencoder, which learns by moving averages."""

import keras
import tensorflow as tf
from keras import ops

from keras_gen.errors import InputError
from keras_gen.training import noise

EPSILON = 1e-5


@keras.saving.register_keras_serializable("keras_gen")
class Codebook(keras.layers.Layer):
    """K vectors e_k; the nearest one replaces each vector of an encoder.

    A training step calls `revive`, then `nearest`, then `update`. Unused codes count as dead, so the first
    `revive` starts all codes as vectors of the first batch, different ones if there are enough. All is
    computed in float32.

    Source: van den Oord et al. 2017, arXiv 1711.00937, equation 1 and appendix A.1.

    Args:
        num_codes: int K >= 2.
        decay: float g in [0, 1), the share of the moving averages that a step keeps.
        dead_below: float in [0, 1): a code is dead below this share of the even use, vectors / K; 0 revives
            only codes that were never used.
        **kwargs: of `keras.layers.Layer`, such as `name`.

    Raises:
        InputError: a number is out of its range.
    """

    def __init__(self, num_codes=128, decay=0.99, dead_below=0.04, **kwargs):
        if num_codes < 2 or not 0 <= decay < 1 or not 0 <= dead_below < 1:
            raise InputError(
                "A codebook needs at least 2 codes, and decay and dead_below from 0 to below 1, but was "
                f"given num_codes={num_codes}, decay={decay} and dead_below={dead_below}."
            )
        super().__init__(autocast=False, **{**kwargs, "dtype": "float32"})
        self.num_codes, self.decay, self.dead_below = num_codes, decay, dead_below

    def build(self, input_shape):
        shape = (self.num_codes, input_shape[-1])
        self.codes = self.add_weight(name="codes", shape=shape, initializer="random_normal", trainable=False)
        self.counts = self.add_weight(name="counts", shape=shape[:1], initializer="zeros", trainable=False)
        self.sums = self.add_weight(name="sums", shape=shape, initializer="zeros", trainable=False)

    def nearest(self, z):
        """The code nearest to each vector, argmin_k |z - e_k|.

        Args:
            z: (..., dim).

        Returns:
            int32 (...), from 0 to K - 1.
        """
        codes = ops.convert_to_tensor(self.codes)
        # |z - e|^2 without the |z|^2 that all codes share.
        distance = ops.sum(ops.square(codes), axis=-1) - 2.0 * ops.matmul(z, ops.transpose(codes))
        return tf.argmin(distance, axis=-1, output_type=tf.int32)  # Keras' has no kernel in ONNX and LiteRT

    def vectors(self, indices):
        """The codes of indices: int32 (...) -> (..., dim)."""
        return ops.take(self.codes, indices, axis=0)

    def call(self, z):
        """Vectors (..., dim) -> the nearest codes, through which gradients pass straight to z."""
        return straight_through(z, self.vectors(self.nearest(z)))

    def use(self, indices):
        """How often each code occurs: int32 (...) -> float32 (K,)."""
        return ops.sum(self._one_hot(indices), axis=0)

    def _one_hot(self, indices):
        return ops.one_hot(ops.reshape(indices, (-1,)), self.num_codes, dtype="float32")

    def revive(self, z, seed):
        """Replaces dead codes by vectors of the batch and resets their averages.

        A fresh code counts no more than the threshold, so it moves fast, and dies again if this batch does
        not use it.

        Args:
            z: (..., dim), the batch of encoder vectors.
            seed: two integers, which choose the vectors.
        """
        z = ops.reshape(z, (-1, z.shape[-1]))
        num = ops.shape(z)[0]
        threshold = self.dead_below * ops.cast(num, "float32") / self.num_codes
        order = ops.argsort(noise.uniform((num,), seed))
        fresh = ops.take(z, ops.take(order, ops.arange(self.num_codes, dtype="int32") % num), axis=0)
        dead = self.counts <= threshold
        self.codes.assign(ops.where(dead[:, None], fresh, self.codes))
        self.sums.assign(ops.where(dead[:, None], threshold * fresh, self.sums))
        self.counts.assign(ops.where(dead, threshold, self.counts))

    def update(self, z, indices):
        """Moves the codes toward the means of the vectors they stand for.

        n_k <- g n_k + (1 - g) count_k;  s_k <- g s_k + (1 - g) sum_k z;  e_k = s_k / n_k, with n_k smoothed
        after Laplace.

        Args:
            z: (..., dim), the batch of encoder vectors.
            indices: int32 (...), as `nearest` gives them.
        """
        # A product with one-hot rows always adds in the same order; scattering on a GPU does not.
        sums = ops.matmul(ops.transpose(self._one_hot(indices)), ops.reshape(z, (-1, z.shape[-1])))
        self.counts.assign(self.decay * self.counts + (1.0 - self.decay) * self.use(indices))
        self.sums.assign(self.decay * self.sums + (1.0 - self.decay) * sums)
        total = ops.sum(self.counts)
        smoothed = (self.counts + EPSILON) / (total + self.num_codes * EPSILON) * total
        self.codes.assign(self.sums / smoothed[:, None])

    def get_config(self):
        settings = {"num_codes": self.num_codes, "decay": self.decay, "dead_below": self.dead_below}
        return {**super().get_config(), **settings}


def straight_through(z, codes):
    """The codes, with the gradient of z (Bengio et al. 2013, arXiv 1308.3432)."""
    return z + ops.stop_gradient(codes - z)


def perplexity(use):
    """The number of codes in use: exp(-sum_k p_k log p_k), where p_k is the share of code k.

    Args:
        use: float (K,), how often each code occurs.

    Returns:
        Scalar from 1, one code for everything, to K, all codes alike.
    """
    share = use / ops.sum(use)
    return ops.exp(-ops.sum(share * ops.log(ops.maximum(share, 1e-12))))
