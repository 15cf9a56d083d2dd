"""Conditionals: modules that return a distribution given something; priors are conditionals that may ignore it."""

from latentia.conditionals.likelihoods import BernoulliHead, DiscretizedLogisticHead, GaussianHead, Likelihood
from latentia.conditionals.posteriors import DiagonalNormal, PointMassHead, Through
from latentia.conditionals.priors import FlatPrior, MixturePrior, StandardNormal
from latentia.conditionals.protocol import EVERYTHING, Conditional, Need, lacking

__all__ = [
    "EVERYTHING",
    "BernoulliHead",
    "Conditional",
    "DiagonalNormal",
    "DiscretizedLogisticHead",
    "FlatPrior",
    "GaussianHead",
    "Likelihood",
    "MixturePrior",
    "Need",
    "PointMassHead",
    "StandardNormal",
    "Through",
    "lacking",
]
