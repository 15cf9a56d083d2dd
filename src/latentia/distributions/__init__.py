"""Values: distributions as torch speaks them, and the few that torch lacks."""

from latentia.distributions.bounded import saturation, smooth_bound
from latentia.distributions.constructors import bernoulli, mixture_of_normals, normal
from latentia.distributions.continuous_bernoulli import ContinuousBernoulli
from latentia.distributions.discretized_logistic import DiscretizedLogistic
from latentia.distributions.flow import Flow
from latentia.distributions.improper import Flat
from latentia.distributions.level_categorical import LevelCategorical
from latentia.distributions.logistic_mixture import ColourLogisticMixture, mixture_of_logistics, pairs_of
from latentia.distributions.noise import additive_noise
from latentia.distributions.observed import Observed, observed
from latentia.distributions.operations import draw, factor_means, kl, kl_per_dim, temper
from latentia.distributions.optimal_normal import OptimalNormal
from latentia.distributions.point_mass import PointMass
from latentia.distributions.precision import at_least_float32
from latentia.distributions.student_t import StudentT

__all__ = [
    "ColourLogisticMixture",
    "ContinuousBernoulli",
    "DiscretizedLogistic",
    "Flat",
    "Flow",
    "LevelCategorical",
    "Observed",
    "OptimalNormal",
    "PointMass",
    "StudentT",
    "additive_noise",
    "at_least_float32",
    "bernoulli",
    "draw",
    "factor_means",
    "kl",
    "kl_per_dim",
    "mixture_of_logistics",
    "mixture_of_normals",
    "normal",
    "observed",
    "pairs_of",
    "saturation",
    "smooth_bound",
    "temper",
]
