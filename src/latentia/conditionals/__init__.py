"""Conditionals: modules that return a distribution given something; priors are conditionals that may ignore it."""

from latentia.conditionals.flow_posterior import FlowPosterior
from latentia.conditionals.flow_prior import FlowPrior
from latentia.conditionals.likelihoods import BernoulliHead, DiscretizedLogisticHead, GaussianHead, Likelihood
from latentia.conditionals.optimal_gaussian import OptimalGaussianHead
from latentia.conditionals.pixel_likelihoods import CategoricalHead, ContinuousBernoulliHead, LogisticMixtureHead
from latentia.conditionals.posteriors import DiagonalNormal, PointMassHead, Through
from latentia.conditionals.priors import FlatPrior, MixturePrior, StandardNormal
from latentia.conditionals.protocol import EVERYTHING, Conditional, Need, lacking
from latentia.conditionals.real_likelihoods import LaplaceHead, StudentTHead
from latentia.conditionals.vamp import PseudoInputs, VampPrior

__all__ = [
    "EVERYTHING",
    "BernoulliHead",
    "CategoricalHead",
    "Conditional",
    "ContinuousBernoulliHead",
    "DiagonalNormal",
    "DiscretizedLogisticHead",
    "FlatPrior",
    "FlowPosterior",
    "FlowPrior",
    "GaussianHead",
    "LaplaceHead",
    "Likelihood",
    "LogisticMixtureHead",
    "MixturePrior",
    "Need",
    "OptimalGaussianHead",
    "PointMassHead",
    "PseudoInputs",
    "StandardNormal",
    "StudentTHead",
    "Through",
    "VampPrior",
    "lacking",
]
