"""Penalties: what objectives add to their losses, one idea a file."""

from latentia.objectives.penalties.adversarial_prior import AdversarialPrior
from latentia.objectives.penalties.contraction import Contraction
from latentia.objectives.penalties.covariance import IdentityCovariance
from latentia.objectives.penalties.decomposition import DecomposedKL, Decomposition, decompose, factors, log_mixture
from latentia.objectives.penalties.factor import CriticTotalCorrelation
from latentia.objectives.penalties.feature_gan import FeatureGAN
from latentia.objectives.penalties.mmd import MMD, mmd
from latentia.objectives.penalties.regularised import CodeNorm, DecoderGradient, DecoderNorm
from latentia.objectives.penalties.sparsity import AbsoluteCodes, MeanActivity

__all__ = [
    "MMD",
    "AbsoluteCodes",
    "AdversarialPrior",
    "CodeNorm",
    "Contraction",
    "CriticTotalCorrelation",
    "DecoderGradient",
    "DecoderNorm",
    "DecomposedKL",
    "Decomposition",
    "FeatureGAN",
    "IdentityCovariance",
    "MeanActivity",
    "decompose",
    "factors",
    "log_mixture",
    "mmd",
]
