"""A Gaussian with unknown mean and precision as an estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, DensityMixin

from latentia.inference.cavi.estimator_checks import generator_from, positive_count, require_fit, warn_unless_converged
from latentia.inference.cavi.gaussian import GaussianFit, fit_gaussian
from latentia.inference.cavi.normal_gamma import NormalGamma
from latentia.inference.matrix import real_matrix

Array = NDArray[np.float64]


class VariationalGaussian(DensityMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """One column of numbers from a Gaussian whose mean and precision have a mean-field posterior.

    Args:
        prior: On mean and precision; worth one observation, from the data, where None.
        tol: Stop once a sweep gains less than this for every value, in nats.
        max_iter: The most sweeps.
        random_state: Of `sample`.

    Attributes:
        mean_: E mu.
        mean_precision_: The precision of q(mu).
        precision_: E tau.
        lower_bound_: The bound on log p(X), in nats.
        lower_bounds_: After every sweep.
        n_iter_: How many sweeps.
        converged_: Whether the bound stood still.
        n_features_in_: 1.
        fit_: The `GaussianFit` in torch.

    References:
        Bishop, Pattern recognition and machine learning, 2006, section 10.1.3.

    >>> VariationalGaussian().fit([[1.0], [2.0], [3.0]]).mean_
    2.0
    """

    def __init__(
        self,
        *,
        prior: NormalGamma | None = None,
        tol: float = 1e-12,
        max_iter: int = 1000,
        random_state: Any = 0,
    ) -> None:
        self.prior = prior
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> VariationalGaussian:
        """Coordinate ascent.

        Args:
            X: `[N, 1]`.
            y: Ignored.

        Returns:
            Itself.

        Raises:
            DataError: More than one column, entries that are not finite, or (without a prior) no spread.
            ConfigurationError: A parameter outside its range.
        """
        values = real_matrix(X, "X", columns=1)[:, 0]
        self.fit_ = fit_gaussian(values, prior=self.prior, max_sweeps=self.max_iter, tolerance=self.tol)
        self.mean_ = self.fit_.mean
        self.mean_precision_ = self.fit_.mean_precision
        self.precision_ = self.fit_.precision.mean
        self.lower_bounds_ = list(self.fit_.ascent.path)
        self.lower_bound_ = self.lower_bounds_[-1]
        self.n_iter_ = len(self.lower_bounds_)
        self.converged_ = self.fit_.ascent.converged
        self.n_features_in_ = 1
        if self.tol > 0:
            warn_unless_converged(self.fit_.ascent)
        return self

    def score_samples(self, X: Any) -> Array:
        """The log-density of every value under the posterior predictive of q.

        Args:
            X: `[M, 1]`.

        Returns:
            `[M]`, in nats.

        Raises:
            DataError: More than one column, or an entry that is not finite.
            ConfigurationError: There was no `fit`.
        """
        fit: GaussianFit = require_fit(self, "fit_")
        scores: Array = fit.posterior_predictive().log_prob(real_matrix(X, "X", rows=0, columns=1)[:, 0]).numpy()
        return scores

    def score(self, X: Any, y: Any = None) -> float:
        """The mean of `score_samples`.

        Args:
            X: `[M, 1]`, at least one row.
            y: Ignored.

        Returns:
            Nats for every value.

        Raises:
            DataError: No rows, more than one column, or an entry that is not finite.
            ConfigurationError: There was no `fit`.
        """
        return float(self.score_samples(real_matrix(X, "X", columns=1)).mean())

    def sample(self, n_samples: int = 1, random_state: Any = None) -> Array:
        """Draws from the posterior predictive of q: a mean and a precision for each, then a value.

        Args:
            n_samples: How many.
            random_state: Of these draws; the estimator's own where None.

        Returns:
            `[n, 1]`.

        Raises:
            ConfigurationError: There was no `fit`, or no sample is asked for.
        """
        fit: GaussianFit = require_fit(self, "fit_")
        generator = generator_from(self.random_state if random_state is None else random_state)
        size = (positive_count(n_samples),)
        noise = torch.randn(2, *size, generator=generator, dtype=torch.float64)
        shape = torch.full(size, fit.precision.shape, dtype=torch.float64)
        precision = torch._standard_gamma(shape, generator=generator) / fit.precision.rate
        values: Array = (fit.mean + noise[0] * fit.mean_precision**-0.5 + noise[1] * precision.rsqrt()).numpy()
        return values[:, None]
