"""Values: distributions as torch speaks them, and the few that torch lacks."""

from latentia.distributions.bounded import saturation, smooth_bound
from latentia.distributions.constructors import bernoulli, mixture_of_normals, normal
from latentia.distributions.discretized_logistic import DiscretizedLogistic
from latentia.distributions.improper import Flat
from latentia.distributions.operations import draw, factor_means, kl, kl_per_dim, temper
from latentia.distributions.point_mass import PointMass
from latentia.distributions.precision import at_least_float32

__all__ = [
    "DiscretizedLogistic",
    "Flat",
    "PointMass",
    "at_least_float32",
    "bernoulli",
    "draw",
    "factor_means",
    "kl",
    "kl_per_dim",
    "mixture_of_normals",
    "normal",
    "saturation",
    "smooth_bound",
    "temper",
]
