"""The Bayesian Gaussian mixture as an estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, DensityMixin

from latentia.distributions import MultivariateStudentT
from latentia.inference.cavi.estimator_checks import (
    generator_from,
    positive_count,
    require_fit,
    seed_from,
    warn_unless_converged,
)
from latentia.inference.cavi.mixture import MixtureFit, fit_mixture
from latentia.inference.cavi.mixture_prior import mixture_prior
from latentia.inference.matrix import real_matrix

Array = NDArray[np.float64]


class VariationalGaussianMixture(DensityMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """A Gaussian mixture whose weights, means and precisions have a posterior.

    Parameters and attributes are named as those of scikit-learn's `BayesianGaussianMixture` with full covariances and a
    Dirichlet prior, whose fixed points it shares. `score_samples` differs: it is the log-density of the posterior
    predictive, which integrates the parameters out.

    Args:
        n_components: K, an upper limit.
        weight_concentration_prior: alpha_0; 1/K.
        mean_precision_prior: beta_0.
        mean_prior: m_0, `[D]`; the mean of X.
        degrees_of_freedom_prior: nu_0; D.
        covariance_prior: W_0^-1, `[D, D]`; the covariance of X.
        tol: Stop once a sweep gains less than this for every row, in nats.
        max_iter: The most sweeps.
        n_init: How many starting points, run side by side.
        random_state: Of the starts and of `sample`.

    Attributes:
        weights_: E pi, `[K]`, the heaviest first.
        means_: m, `[K, D]`.
        covariances_: The inverse of E Lambda, `[K, D, D]`.
        weight_concentration_: alpha, `[K]`.
        mean_precision_: beta, `[K]`.
        degrees_of_freedom_: nu, `[K]`.
        lower_bound_: The bound on log p(X), in nats summed over rows.
        lower_bounds_: After every sweep.
        n_iter_: How many sweeps.
        converged_: Whether the bound stood still.
        n_features_in_: D.
        fit_: The `MixtureFit` in torch.

    References:
        Bishop, Pattern recognition and machine learning, 2006, section 10.2.

    >>> X = [[-5.1], [-5.0], [-4.9], [5.0], [4.9], [5.1]]
    >>> VariationalGaussianMixture(2).fit(X).predict([[-5.0], [5.0]])
    array([0, 1])
    """

    def __init__(
        self,
        n_components: int = 1,
        *,
        weight_concentration_prior: float | None = None,
        mean_precision_prior: float = 1.0,
        mean_prior: Any = None,
        degrees_of_freedom_prior: float | None = None,
        covariance_prior: Any = None,
        tol: float = 1e-7,
        max_iter: int = 1000,
        n_init: int = 1,
        random_state: Any = 0,
    ) -> None:
        self.n_components = n_components
        self.weight_concentration_prior = weight_concentration_prior
        self.mean_precision_prior = mean_precision_prior
        self.mean_prior = mean_prior
        self.degrees_of_freedom_prior = degrees_of_freedom_prior
        self.covariance_prior = covariance_prior
        self.tol = tol
        self.max_iter = max_iter
        self.n_init = n_init
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> VariationalGaussianMixture:
        """Coordinate ascent.

        Args:
            X: `[N, D]`, at least two rows.
            y: Ignored.

        Returns:
            Itself.

        Raises:
            DataError: Too few rows, entries that are not finite, or columns without a covariance.
            ConfigurationError: A parameter outside its range.
        """
        x = real_matrix(X, "X", rows=2)
        prior = mixture_prior(
            x,
            self.n_components,
            concentration=self.weight_concentration_prior,
            mean=self.mean_prior,
            mean_precision=self.mean_precision_prior,
            freedom=self.degrees_of_freedom_prior,
            inverse_scale=self.covariance_prior,
        )
        self.fit_ = fit_mixture(
            x,
            self.n_components,
            prior=prior,
            restarts=self.n_init,
            max_sweeps=self.max_iter,
            tolerance=self.tol,
            seed=seed_from(self.random_state),
        )
        q = self.fit_.posterior
        self.weight_concentration_: Array = q.concentration.numpy()
        self.weights_: Array = self.weight_concentration_ / self.weight_concentration_.sum()
        self.means_: Array = q.mean.numpy()
        self.mean_precision_: Array = q.mean_precision.numpy()
        self.degrees_of_freedom_: Array = q.freedom.numpy()
        self.covariances_: Array = (q.inverse_scale / q.freedom[:, None, None]).numpy()
        self.lower_bounds_ = list(self.fit_.ascent.path)
        self.lower_bound_ = self.lower_bounds_[-1]
        self.n_iter_ = len(self.lower_bounds_)
        self.converged_ = self.fit_.ascent.converged
        self.n_features_in_ = x.shape[1]
        if self.tol > 0:
            warn_unless_converged(self.fit_.ascent)
        return self

    def _fitted(self) -> MixtureFit:
        fit: MixtureFit = require_fit(self, "fit_")
        return fit

    def predict_proba(self, X: Any) -> Array:
        """q(z) of every row, `[N, K]`: for rows of the training data the variational posterior itself.

        Args:
            X: `[N, D]`.

        Returns:
            Rows that sum to one.

        Raises:
            DataError: Another number of columns, or an entry that is not finite.
            ConfigurationError: There was no `fit`.
        """
        shares: Array = self._fitted().responsibilities(X).numpy()
        return shares

    def predict(self, X: Any) -> NDArray[np.intp]:
        """The component with the greatest share of every row, `[N]`.

        Args:
            X: `[N, D]`.

        Returns:
            Indices of components.

        Raises:
            DataError: Another number of columns, or an entry that is not finite.
            ConfigurationError: There was no `fit`.
        """
        labels: NDArray[np.intp] = self.predict_proba(X).argmax(1)
        return labels

    def fit_predict(self, X: Any, y: Any = None) -> NDArray[np.intp]:
        """Fit, then the component of every row.

        Args:
            X: `[N, D]`.
            y: Ignored.

        Returns:
            Indices of components.

        Raises:
            DataError: As for `fit`.
            ConfigurationError: As for `fit`.
        """
        return self.fit(X).predict(X)

    def score_samples(self, X: Any) -> Array:
        """The log-density of every row under the posterior predictive, a mixture of Student-t distributions.

        Args:
            X: `[N, D]`.

        Returns:
            `[N]`, in nats.

        Raises:
            DataError: Another number of columns, or an entry that is not finite.
            ConfigurationError: There was no `fit`.
        """
        predictive = self._fitted().posterior_predictive()
        x = real_matrix(X, "X", rows=0, columns=self.n_features_in_)
        scores: Array = torch.cat([predictive.log_prob(part) for part in x.split(4096)]).numpy()
        return scores

    def score(self, X: Any, y: Any = None) -> float:
        """The mean of `score_samples`.

        Args:
            X: `[N, D]`, at least one row.
            y: Ignored.

        Returns:
            Nats for every row.

        Raises:
            DataError: No rows, another number of columns, or an entry that is not finite.
            ConfigurationError: There was no `fit`.
        """
        self._fitted()
        return float(self.score_samples(real_matrix(X, "X", columns=self.n_features_in_)).mean())

    def sample(self, n_samples: int = 1, random_state: Any = None) -> tuple[Array, NDArray[np.int64]]:
        """Draws from the posterior predictive.

        Args:
            n_samples: How many.
            random_state: Of these draws; the estimator's own where None.

        Returns:
            `[n, D]`, and the component of each, `[n]`.

        Raises:
            ConfigurationError: There was no `fit`, or no sample is asked for.
        """
        predictive: Any = self._fitted().posterior_predictive()
        generator = generator_from(self.random_state if random_state is None else random_state)
        weights = torch.from_numpy(self.weights_)
        labels = torch.multinomial(weights, positive_count(n_samples), replacement=True, generator=generator)
        t = predictive.component_distribution
        drawn = MultivariateStudentT(t.df[labels], t.loc[labels], t.scale_tril[labels]).sample(generator=generator)
        return drawn.numpy(), labels.numpy()
