"""Estimators in scikit-learn's manner: NumPy in and out, parameters in the constructor, results with an underscore."""

from __future__ import annotations

from latentia.inference.cavi.mixture_estimator import VariationalGaussianMixture
from latentia.inference.cavi.regression_estimator import VariationalLinearRegression
from latentia.inference.cavi.univariate_estimator import VariationalGaussian

__all__ = ["VariationalGaussian", "VariationalGaussianMixture", "VariationalLinearRegression"]
