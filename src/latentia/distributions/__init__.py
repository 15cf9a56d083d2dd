"""Values: distributions as torch speaks them, and the few that torch lacks."""

from latentia.distributions import discrete_divergences, divergences  # noqa: F401 -- register KL divergences
from latentia.distributions.bounded import saturation, smooth_bound
from latentia.distributions.codebook import CertainCode, UniformCodes
from latentia.distributions.constructors import bernoulli, mixture_of_normals, normal
from latentia.distributions.continuous_bernoulli import ContinuousBernoulli
from latentia.distributions.correlated_normal import FactorNormal, FullNormal, full_normal
from latentia.distributions.discrete import Binary, OneHot, binary, categories
from latentia.distributions.discretized_logistic import DiscretizedLogistic
from latentia.distributions.flow import Flow
from latentia.distributions.gamma_family import Beta, Dirichlet, Gamma, beta, dirichlet, gamma
from latentia.distributions.improper import Flat
from latentia.distributions.laplace_constructor import laplace
from latentia.distributions.level_categorical import LevelCategorical
from latentia.distributions.logistic_mixture import ColourLogisticMixture, mixture_of_logistics, pairs_of
from latentia.distributions.multivariate_student_t import MultivariateStudentT
from latentia.distributions.noise import additive_noise
from latentia.distributions.observed import Observed, observed
from latentia.distributions.operations import draw, factor_means, kl, kl_per_dim, temper
from latentia.distributions.optimal_normal import OptimalNormal
from latentia.distributions.point_mass import PointMass
from latentia.distributions.precision import at_least_float32
from latentia.distributions.relaxed import (
    RelaxedBernoulli,
    RelaxedCategorical,
    relaxed_bernoulli,
    relaxed_categorical,
)
from latentia.distributions.student_t import StudentT
from latentia.distributions.unit_sphere import UniformSphere, check_sphere
from latentia.distributions.von_mises_fisher import VonMisesFisher

__all__ = [
    "Beta",
    "Binary",
    "CertainCode",
    "ColourLogisticMixture",
    "ContinuousBernoulli",
    "Dirichlet",
    "DiscretizedLogistic",
    "FactorNormal",
    "Flat",
    "Flow",
    "FullNormal",
    "Gamma",
    "LevelCategorical",
    "MultivariateStudentT",
    "Observed",
    "OneHot",
    "OptimalNormal",
    "PointMass",
    "RelaxedBernoulli",
    "RelaxedCategorical",
    "StudentT",
    "UniformCodes",
    "UniformSphere",
    "VonMisesFisher",
    "additive_noise",
    "at_least_float32",
    "bernoulli",
    "beta",
    "binary",
    "categories",
    "check_sphere",
    "dirichlet",
    "draw",
    "factor_means",
    "full_normal",
    "gamma",
    "kl",
    "kl_per_dim",
    "laplace",
    "mixture_of_logistics",
    "mixture_of_normals",
    "normal",
    "observed",
    "pairs_of",
    "relaxed_bernoulli",
    "relaxed_categorical",
    "saturation",
    "smooth_bound",
    "temper",
]
