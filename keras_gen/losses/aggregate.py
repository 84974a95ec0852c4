"""Objectives that compare the prior with the aggregate posterior q(z), the mean of q(z|x) over the data."""

import keras
import tensorflow as tf
from keras import ops

from keras_gen.errors import InputError
from keras_gen.losses.objectives import ELBO, weight
from keras_gen.training import noise


def covariance(values):
    """Covariance over a batch (batch, dim) -> (dim, dim), divided by the size of the batch."""
    centered = values - ops.mean(values, axis=0)
    return ops.matmul(ops.transpose(centered), centered) / ops.cast(ops.shape(values)[0], centered.dtype)


def maximum_mean_discrepancy(x, y):
    """Unbiased squared MMD under the inverse multiquadric kernel C / (C + |x - y|^2), C = 2 dim.

    Source: Gretton et al. 2012, equation 3, with the kernel of Tolstikhin et al. 2018, arXiv 1711.01558,
    section 4, for a standard normal prior.

    Args:
        x: (batch, dim).
        y: (batch, dim), as many.

    Returns:
        Scalar, 0 in expectation where both come from one distribution.
    """
    scale = 2.0 * x.shape[-1]
    num = ops.cast(ops.shape(x)[0], x.dtype)

    def kernel(a, b):
        squared = (
            ops.sum(ops.square(a), axis=-1)[:, None]
            + ops.sum(ops.square(b), axis=-1)[None, :]
            - 2.0 * ops.matmul(a, ops.transpose(b))
        )
        return scale / (scale + squared)

    def within(a):
        # Without the diagonal of ones, which would bias it; the maximum keeps a batch of one finite.
        return (ops.sum(kernel(a, a)) - num) / (num * ops.maximum(num - 1.0, 1.0))

    return within(x) + within(y) - 2.0 * ops.mean(kernel(x, y))


@keras.saving.register_keras_serializable("keras_gen")
class InfoVAE(ELBO):
    """(1 - alpha) KL + (alpha + scale - 1) MMD(q(z), p(z)), the MMD-VAE.

    Source: Zhao et al. 2017, arXiv 1706.02262, equation 6.

    Args:
        alpha: float <= 1, weight of the mutual information. With 1 the MMD alone regularizes; with 0 the
            whole KL does too, under which latents may collapse; 0 with scale 1 is the ELBO.
        scale: float, the paper's lambda. It must be large, since the MMD is below 2 and the reconstruction is
            a sum over pixels; far too large, it collapses the latents too.

    Raises:
        InputError: a weight would be negative.
    """

    terms = ("regularizer", "discrepancy")

    def __init__(self, alpha=1.0, scale=100.0):
        if alpha > 1 or alpha + scale < 1:
            raise InputError(
                f"alpha must be at most 1, and alpha + scale at least 1, not {alpha} and {scale}."
            )
        super().__init__(1.0 - alpha)
        self.alpha, self.scale = float(alpha), float(scale)

    def regularizer(self, draw):
        noise_seed, choice_seed = tf.unstack(noise.split(draw.seed, 2))
        choice = noise.uniform(tf.shape(draw.z)[:1], choice_seed)
        drawn = draw.prior.draw(noise.normal(tf.shape(draw.z), noise_seed), choice)
        discrepancy = maximum_mean_discrepancy(draw.z, tf.ensure_shape(drawn, draw.z.shape))
        weight = self.alpha + self.scale - 1.0
        return {**super().regularizer(draw), "discrepancy": weight * discrepancy}

    def get_config(self):
        return {"alpha": self.alpha, "scale": self.scale}


@keras.saving.register_keras_serializable("keras_gen")
class DIPVAE1(ELBO):
    """The ELBO plus a penalty that pulls the covariance of the posterior means toward the identity.

    off_diagonal sum_{i != j} C_ij^2 + diagonal sum_i (C_ii - 1)^2, C = Cov[mean].

    Source: Kumar et al. 2018, arXiv 1711.00848, equation 6.

    Args:
        off_diagonal: float >= 0 or a `Schedule`, 10 in the paper.
        diagonal: likewise, 100 in the paper.
        beta: float >= 0 or a `Schedule`, of the KL divergence.
    """

    terms = ("regularizer", "off_diagonal", "diagonal")
    needs_standard_normal = True

    def __init__(self, off_diagonal=10.0, diagonal=100.0, beta=1.0):
        super().__init__(beta)
        self.off_diagonal, self.diagonal = weight("off_diagonal", off_diagonal), weight("diagonal", diagonal)

    def covariance(self, posterior):
        """Covariance of the aggregate posterior, as the objective sees it, (dim, dim)."""
        return covariance(posterior.mean)

    def regularizer(self, draw):
        squared = ops.square(self.covariance(draw.posterior) - ops.eye(draw.z.shape[-1], dtype="float32"))
        on_diagonal = ops.trace(squared)
        return {
            **super().regularizer(draw),
            "off_diagonal": self.off_diagonal(draw.examples) * (ops.sum(squared) - on_diagonal),
            "diagonal": self.diagonal(draw.examples) * on_diagonal,
        }

    def get_config(self):
        weights = {"off_diagonal": self.off_diagonal, "diagonal": self.diagonal}
        return super().get_config() | {
            name: keras.saving.serialize_keras_object(value) for name, value in weights.items()
        }


@keras.saving.register_keras_serializable("keras_gen")
class DIPVAE2(DIPVAE1):
    """DIP-VAE I with the covariance of the latents themselves, C = Cov[mean] + E[diag(variance)].

    Source: Kumar et al. 2018, arXiv 1711.00848, equation 7.

    Args:
        off_diagonal: float >= 0 or a `Schedule`, 10 in the paper.
        diagonal: likewise, 10 in the paper.
        beta: float >= 0 or a `Schedule`, of the KL divergence.
    """

    def __init__(self, off_diagonal=10.0, diagonal=10.0, beta=1.0):
        super().__init__(off_diagonal, diagonal, beta)

    def covariance(self, posterior):
        return super().covariance(posterior) + ops.diag(ops.mean(ops.exp(posterior.log_variance), axis=0))
