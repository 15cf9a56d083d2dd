"""Mean-field variational inference by coordinate ascent, for models that are conjugate part by part.

Every sweep updates each factor to its optimum given the others, so the bound can only rise; each fit asserts that it
does. `fit_gaussian` is the smallest case, `fit_mixture` the Bayesian Gaussian mixture, `fit_linear_regression` Bayesian
linear regression. `latentia.inference.cavi.estimators` wraps them for scikit-learn.
"""

from latentia.inference.ascent import Ascent
from latentia.inference.cavi.dirichlet_gauss_wishart import DirichletGaussWishart
from latentia.inference.cavi.gamma_factor import GammaFactor
from latentia.inference.cavi.gaussian import GaussianFit, fit_gaussian
from latentia.inference.cavi.mixture import MixtureFit, fit_mixture, responsibilities, update
from latentia.inference.cavi.mixture_bound import MixtureBound, mixture_bound
from latentia.inference.cavi.mixture_prior import mixture_prior
from latentia.inference.cavi.normal_gamma import NormalGamma
from latentia.inference.cavi.regression import fit_linear_regression, regression_log_evidence
from latentia.inference.cavi.regression_fit import RegressionFit

__all__ = [
    "Ascent",
    "DirichletGaussWishart",
    "GammaFactor",
    "GaussianFit",
    "MixtureBound",
    "MixtureFit",
    "NormalGamma",
    "RegressionFit",
    "fit_gaussian",
    "fit_linear_regression",
    "fit_mixture",
    "mixture_bound",
    "mixture_prior",
    "regression_log_evidence",
    "responsibilities",
    "update",
]
