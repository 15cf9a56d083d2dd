"""Conditionals: modules that return a distribution given something; priors are conditionals that may ignore it."""

from latentia.conditionals.beta import BetaHead, BetaPrior
from latentia.conditionals.correlated_posteriors import FullNormal, LowRankNormal
from latentia.conditionals.dirichlet import DirichletHead, DirichletPrior
from latentia.conditionals.discrete import (
    BernoulliLatentHead,
    BernoulliPrior,
    CategoricalLatentHead,
    CategoricalPrior,
)
from latentia.conditionals.flow_posterior import FlowPosterior
from latentia.conditionals.flow_prior import FlowPrior
from latentia.conditionals.gamma import GammaHead, GammaPrior
from latentia.conditionals.laplace_latents import DiagonalLaplace, LaplacePrior
from latentia.conditionals.likelihoods import BernoulliHead, DiscretizedLogisticHead, GaussianHead, Likelihood
from latentia.conditionals.optimal_gaussian import OptimalGaussianHead
from latentia.conditionals.pixel_likelihoods import CategoricalHead, ContinuousBernoulliHead, LogisticMixtureHead
from latentia.conditionals.posteriors import DiagonalNormal, PointMassHead, Through
from latentia.conditionals.priors import FlatPrior, MixturePrior, StandardNormal
from latentia.conditionals.protocol import EVERYTHING, Conditional, Need, lacking
from latentia.conditionals.real_likelihoods import LaplaceHead, StudentTHead
from latentia.conditionals.relaxed import (
    RelaxedBernoulliHead,
    RelaxedBernoulliPrior,
    RelaxedCategoricalHead,
    RelaxedCategoricalPrior,
)
from latentia.conditionals.sphere import UniformSpherePrior, VonMisesFisherHead
from latentia.conditionals.vamp import PseudoInputs, VampPrior

__all__ = [
    "EVERYTHING",
    "BernoulliHead",
    "BernoulliLatentHead",
    "BernoulliPrior",
    "BetaHead",
    "BetaPrior",
    "CategoricalHead",
    "CategoricalLatentHead",
    "CategoricalPrior",
    "Conditional",
    "ContinuousBernoulliHead",
    "DiagonalLaplace",
    "DiagonalNormal",
    "DirichletHead",
    "DirichletPrior",
    "DiscretizedLogisticHead",
    "FlatPrior",
    "FlowPosterior",
    "FlowPrior",
    "FullNormal",
    "GammaHead",
    "GammaPrior",
    "GaussianHead",
    "LaplaceHead",
    "LaplacePrior",
    "Likelihood",
    "LogisticMixtureHead",
    "LowRankNormal",
    "MixturePrior",
    "Need",
    "OptimalGaussianHead",
    "PointMassHead",
    "PseudoInputs",
    "RelaxedBernoulliHead",
    "RelaxedBernoulliPrior",
    "RelaxedCategoricalHead",
    "RelaxedCategoricalPrior",
    "StandardNormal",
    "StudentTHead",
    "Through",
    "UniformSpherePrior",
    "VampPrior",
    "VonMisesFisherHead",
    "lacking",
]
