"""Bayesian linear regression as an estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from torch.distributions import Distribution

from latentia.inference.cavi.estimator_checks import generator_from, positive_count, require_fit, warn_unless_converged
from latentia.inference.cavi.gamma_factor import GammaFactor
from latentia.inference.cavi.regression import fit_linear_regression
from latentia.inference.cavi.regression_fit import RegressionFit, mean_of
from latentia.inference.matrix import real_matrix, real_vector

Array = NDArray[np.float64]


class VariationalLinearRegression(RegressorMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """Linear regression with a posterior over weights, their scale and the noise.

    By default its fixed points, and so its coefficients and precisions, are those of scikit-learn's `BayesianRidge`.
    The intercept takes its value of greatest likelihood: X and y are centred before the fit.

    Args:
        coupled: Whether weights are measured in units of the noise, which makes the posterior predictive a Student-t
            distribution in closed form.
        noise_precision: The noise's precision, in inverse squared units of y, where it is known.
        weight_precision: The precision of the weights' prior, where it is known.
        noise_shape: Of the Gamma prior on the noise's precision.
        noise_rate: Of the same.
        weight_shape: Of the Gamma prior on the weights' precision.
        weight_rate: Of the same.
        fit_intercept: Whether to centre.
        tol: Stop once a sweep gains less than this for every row, in nats.
        max_iter: The most sweeps.
        random_state: Of `sample`.

    Attributes:
        coef_: E w, `[p]`.
        intercept_: At the coefficients' mean.
        covariance_: Of the weights, `[p, p]`.
        noise_precision_: E tau (`BayesianRidge` calls it `alpha_`).
        weight_precision_: E alpha (`BayesianRidge` calls it `lambda_`).
        lower_bound_: The bound on log p(y | X), in nats summed over rows.
        lower_bounds_: After every sweep.
        n_iter_: How many sweeps.
        converged_: Whether the bound stood still.
        n_features_in_: p.
        fit_: The `RegressionFit` in torch.

    References:
        Bishop, Pattern recognition and machine learning, 2006, section 10.3.

    >>> model = VariationalLinearRegression().fit([[0.0], [1.0], [2.0], [3.0]], [1.0, 3.1, 4.9, 7.0])
    >>> model.predict([[4.0]]).round(1)
    array([9.])
    """

    def __init__(
        self,
        *,
        coupled: bool = False,
        noise_precision: float | None = None,
        weight_precision: float | None = None,
        noise_shape: float = 1e-6,
        noise_rate: float = 1e-6,
        weight_shape: float = 1e-6,
        weight_rate: float = 1e-6,
        fit_intercept: bool = True,
        tol: float = 1e-9,
        max_iter: int = 1000,
        random_state: Any = 0,
    ) -> None:
        self.coupled = coupled
        self.noise_precision = noise_precision
        self.weight_precision = weight_precision
        self.noise_shape = noise_shape
        self.noise_rate = noise_rate
        self.weight_shape = weight_shape
        self.weight_rate = weight_rate
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> VariationalLinearRegression:
        """Coordinate ascent.

        Args:
            X: `[N, p]`, at least two rows.
            y: `[N]`.

        Returns:
            Itself.

        Raises:
            DataError: Shapes that do not agree, entries that are not finite, a constant column beside an intercept, or
                a constant target.
            ConfigurationError: A parameter outside its range.
        """
        x = real_matrix(X, "X", rows=2)
        t = real_vector(y, "y", len(x))
        weight, noise = self.weight_precision, self.noise_precision
        self.fit_ = fit_linear_regression(
            x,
            t,
            weight_precision=GammaFactor(self.weight_shape, self.weight_rate) if weight is None else weight,
            noise_precision=GammaFactor(self.noise_shape, self.noise_rate) if noise is None else noise,
            coupled=self.coupled,
            intercept=self.fit_intercept,
            max_sweeps=self.max_iter,
            tolerance=self.tol,
        )
        self.coef_: Array = self.fit_.mean.numpy()
        self.intercept_ = self.fit_.intercept
        self.noise_precision_ = mean_of(self.fit_.noise_precision)
        self.weight_precision_ = mean_of(self.fit_.weight_precision)
        self.lower_bounds_ = list(self.fit_.ascent.path)
        self.lower_bound_ = self.lower_bounds_[-1]
        self.n_iter_ = len(self.lower_bounds_)
        self.converged_ = self.fit_.ascent.converged
        self.n_features_in_ = x.shape[1]
        if self.tol > 0:
            warn_unless_converged(self.fit_.ascent)
        return self

    @property
    def covariance_(self) -> Array:
        """Of the weights, `[p, p]`."""
        fit: RegressionFit = require_fit(self, "fit_")
        covariance: Array = fit.covariance.numpy()
        return covariance

    def posterior_predictive(self, X: Any) -> Distribution:
        """p(y_new | x_new, data), as torch speaks it.

        Args:
            X: `[M, p]`.

        Returns:
            Batch `[M]` over scalars.

        Raises:
            DataError: Another number of columns, or an entry that is not finite.
            ConfigurationError: There was no `fit`.
        """
        fit: RegressionFit = require_fit(self, "fit_")
        return fit.posterior_predictive(real_matrix(X, "X", rows=0, columns=self.n_features_in_))

    def predict(self, X: Any, return_std: bool = False) -> Array | tuple[Array, Array]:
        """The mean of the posterior predictive, and its standard deviation.

        Args:
            X: `[M, p]`.
            return_std: Whether to return the second.

        Returns:
            `[M]`, or two of them, in the units of y.

        Raises:
            DataError: Another number of columns, or an entry that is not finite.
            ConfigurationError: There was no `fit`.
        """
        predictive = self.posterior_predictive(X)
        mean: Array = predictive.mean.numpy()
        return (mean, predictive.variance.sqrt().numpy()) if return_std else mean

    def score_samples(self, X: Any, y: Any) -> Array:
        """The log-density of every target under its posterior predictive.

        Args:
            X: `[M, p]`.
            y: `[M]`.

        Returns:
            `[M]`, in nats.

        Raises:
            DataError: Shapes that do not agree, or entries that are not finite.
            ConfigurationError: There was no `fit`.
        """
        predictive = self.posterior_predictive(X)
        scores: Array = predictive.log_prob(real_vector(y, "y", predictive.batch_shape[0])).numpy()
        return scores

    def sample(self, X: Any, n_samples: int = 1, random_state: Any = None) -> Array:
        """Draws from the posterior predictive of every row, independent of one another.

        Args:
            X: `[M, p]`.
            n_samples: How many for every row.
            random_state: Of these draws; the estimator's own where None.

        Returns:
            `[n, M]`, in the units of y.

        Raises:
            DataError: Another number of columns, or an entry that is not finite.
            ConfigurationError: There was no `fit`, or no sample is asked for.
        """
        fit: RegressionFit = require_fit(self, "fit_")
        x = real_matrix(X, "X", rows=0, columns=self.n_features_in_)
        generator = generator_from(self.random_state if random_state is None else random_state)
        values: Array = fit.sample_predictive(x, positive_count(n_samples), generator).numpy()
        return values
