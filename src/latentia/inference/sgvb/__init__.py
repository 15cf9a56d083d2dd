"""Stochastic gradient variational Bayes: an approximate posterior for any log-joint, by optimisation.

    from latentia.inference.parameters import Parameter, Parameters
    from latentia.inference.sgvb import LogJoint, MiniBatches, fit

`fit` takes a log-joint over a dictionary of constrained parameters, whole (`LogJoint`) or by mini-batches
(`MiniBatches`), and returns an `Approximation`. `fit_weights` does the same for the weights of a VAE's decoder,
together with the encoder.
"""

from latentia.inference.sgvb.approximation import Approximation
from latentia.inference.sgvb.convergence import NoiseFloor
from latentia.inference.sgvb.estimators import Gradient, GradientName
from latentia.inference.sgvb.fit import fit
from latentia.inference.sgvb.full import fit_weights
from latentia.inference.sgvb.guides import Guide, GuideName, guide_named
from latentia.inference.sgvb.optimise import Schedule
from latentia.inference.sgvb.targets import LogJoint, MiniBatches
from latentia.inference.sgvb.weight_posterior import WeightPosterior

__all__ = [
    "Approximation",
    "Gradient",
    "GradientName",
    "Guide",
    "GuideName",
    "LogJoint",
    "MiniBatches",
    "NoiseFloor",
    "Schedule",
    "WeightPosterior",
    "fit",
    "fit_weights",
    "guide_named",
]
