"""Losses, likelihoods, priors and objectives: pure functions and small serializable objects."""

from keras_gen.losses.adversarial import AdversarialLoss
from keras_gen.losses.aggregate import DIPVAE1, DIPVAE2, InfoVAE
from keras_gen.losses.importance import IWAE, DReG
from keras_gen.losses.likelihoods import Bernoulli, Categorical, Gaussian, Laplace, Likelihood
from keras_gen.losses.logistic_mixture import DiscretizedLogisticMixture
from keras_gen.losses.objectives import ELBO, Capacity, FreeBits, Objective
from keras_gen.losses.penalties import R1, R2, GradientPenalty
from keras_gen.losses.priors import GaussianMixture, Prior, StandardNormal, VampPrior
from keras_gen.losses.rectified_flow import RectifiedFlow
from keras_gen.losses.spectral import MultiResolutionSTFT
from keras_gen.losses.tokens import CategoricalTokens
from keras_gen.losses.total_correlation import BetaTCVAE, FactorVAE

__all__ = [
    "DIPVAE1",
    "DIPVAE2",
    "ELBO",
    "IWAE",
    "R1",
    "R2",
    "AdversarialLoss",
    "Bernoulli",
    "BetaTCVAE",
    "Capacity",
    "Categorical",
    "CategoricalTokens",
    "DReG",
    "DiscretizedLogisticMixture",
    "FactorVAE",
    "FreeBits",
    "Gaussian",
    "GaussianMixture",
    "GradientPenalty",
    "InfoVAE",
    "Laplace",
    "Likelihood",
    "MultiResolutionSTFT",
    "Objective",
    "Prior",
    "RectifiedFlow",
    "StandardNormal",
    "VampPrior",
]
