"""Bayesian linear regression by coordinate ascent."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from latentia.errors import ConfigurationError
from latentia.inference.ascent import ascend
from latentia.inference.cavi.gamma_factor import GammaFactor
from latentia.inference.cavi.regression_data import RegressionData, Vector, regression_data
from latentia.inference.cavi.regression_fit import Precision, RegressionFit, mean_of

VAGUE = GammaFactor(1e-6, 1e-6)
"""The prior on a precision about which nothing is known."""


def fit_linear_regression(
    x: Any,
    t: Any,
    *,
    weight_precision: Precision = VAGUE,
    noise_precision: Precision = VAGUE,
    coupled: bool = False,
    intercept: bool = False,
    max_sweeps: int = 1000,
    tolerance: float = 1e-9,
) -> RegressionFit:
    r"""Weights, their prior's precision alpha and the noise's precision tau of \(t_n \sim N(w^\top x_n, \tau^{-1})\).

    - A precision that is a number is known; a `GammaFactor` is its prior, and the posterior has a factor for it.
    - `coupled=False`: \(w \sim N(0, \alpha^{-1} I)\), \(q(w)\,q(\alpha)\,q(\tau)\). With a known tau this is Bishop's
      section 10.3; with both unknown its fixed points are those of scikit-learn's `BayesianRidge`.
    - `coupled=True`: \(w \sim N(0, (\alpha\tau)^{-1} I)\), weights in units of the noise, and
      \(q(w, \tau)\,q(\alpha)\) with a joint Normal-Gamma factor: exact where alpha is known, and its
      posterior predictive is a Student-t distribution.

    Args:
        x: `[N, p]`.
        t: `[N]`.
        weight_precision: alpha, or its prior.
        noise_precision: tau, in inverse squared units of t, or its prior.
        coupled: Whether the weights are measured in units of the noise.
        intercept: Whether to add one at its value of greatest likelihood: the means of x and t are taken away first.
            A column of ones instead gives it the weights' prior.
        max_sweeps: The most sweeps.
        tolerance: Stop once a sweep gains less than this for every row, in nats; 0 runs all sweeps.

    Returns:
        The posterior and the path of the bound.

    Raises:
        DataError: Shapes that do not agree, entries that are not finite, t without anything to explain, or a constant
            column beside an intercept.
        ConfigurationError: A known precision that is not positive, or a known noise with coupled weights.

    References:
        Bishop, Pattern recognition and machine learning, 2006, section 10.3; Drugowitsch, Variational Bayesian
        inference for linear and logistic regression, 2013, arXiv:1310.5438 (coupled).

    >>> fit = fit_linear_regression([[1.0], [2.0], [3.0]], [1.1, 1.9, 3.0], noise_precision=100.0)
    >>> fit.mean.round(decimals=2)
    tensor([1.], dtype=torch.float64)
    """
    data = regression_data(x, t, intercept=intercept)
    for name, given in (("weight_precision", weight_precision), ("noise_precision", noise_precision)):
        if not (isinstance(given, GammaFactor) or (given > 0 and math.isfinite(given))):
            raise ConfigurationError(f"{name} is {given:g}; it is a finite number above zero, or a GammaFactor")
    if coupled and not isinstance(noise_precision, GammaFactor):
        raise ConfigurationError(
            "coupled weights are measured in units of an unknown noise; with a known noise_precision leave coupled out "
            "and give weight_precision in units of t"
        )
    state = _Sweep(data, weight_precision, noise_precision, coupled)
    ascent = ascend(state, max_sweeps=max_sweeps, tolerance=tolerance, rows=data.rows)
    return RegressionFit(
        data, state.weights, state.spread, state.spread_outside, state.alpha, state.noise, coupled, ascent
    )


class _Sweep:
    """The factors, in the coordinates V'w; `p - r` further coordinates have the prior for posterior."""

    def __init__(self, data: RegressionData, alpha: Precision, noise: Precision, coupled: bool) -> None:
        self.data, self.alpha_prior, self.noise_prior, self.coupled = data, alpha, noise, coupled
        self.eigenvalues = data.singular**2
        # A start in the units of the data: noise as large as t, a signal as large as the noise.
        precision = data.rows / data.squared
        signal = float(self.eigenvalues.sum()) / data.columns or 1.0
        self.noise: Precision = GammaFactor(1.0, 1.0 / precision) if isinstance(noise, GammaFactor) else noise
        initial = signal / data.rows * (1.0 if coupled else mean_of(self.noise))
        self.alpha: Precision = GammaFactor(1.0, 1.0 / initial) if isinstance(alpha, GammaFactor) else alpha
        self.weights: Vector = np.zeros_like(self.eigenvalues)
        self.spread: Vector = np.ones_like(self.eigenvalues)
        self.spread_outside = 1.0

    def __call__(self) -> float:
        """Update q(w), or q(w, tau), then q(tau), then q(alpha); return the bound."""
        data, alpha = self.data, mean_of(self.alpha)
        gain = 1.0 if self.coupled else mean_of(self.noise)
        shrunk = gain * self.eigenvalues + alpha
        self.spread, self.spread_outside = 1.0 / shrunk, 1.0 / alpha
        outside = data.columns - len(shrunk)
        self.weights = gain * data.singular * data.target * self.spread
        length = float(self.weights @ self.weights)
        # U't - diag(s) m without a difference: what shrinking leaves unexplained.
        missed = alpha * data.target * self.spread
        squares = data.residual + float(missed @ missed)
        unsure = float(self.spread.sum()) + outside / alpha
        unsure_fit = float(self.eigenvalues @ self.spread)
        if isinstance(self.noise_prior, GammaFactor):
            rest = alpha * length if self.coupled else unsure_fit
            self.noise = GammaFactor(
                self.noise_prior.shape + data.rows / 2, self.noise_prior.rate + (squares + rest) / 2
            )
        noise = mean_of(self.noise)
        scale = noise if self.coupled else 1.0
        if isinstance(self.alpha_prior, GammaFactor):
            self.alpha = GammaFactor(
                self.alpha_prior.shape + data.columns / 2, self.alpha_prior.rate + (scale * length + unsure) / 2
            )
        log_det = -float(np.log(shrunk).sum()) - outside * math.log(alpha)
        fit = noise * squares + (unsure_fit if self.coupled else noise * unsure_fit)
        return self._bound(fit, scale * length + unsure, log_det)

    def _bound(self, fit: float, length: float, log_det: float) -> float:
        """E log p(t|w) - KL of every factor, with the terms in E log tau of coupled weights cancelled.

        `fit` is E tau |t - xw|^2, `length` is E |w|^2 (times tau where coupled), `log_det` that of the spread.
        """
        n, p = self.data.rows, self.data.columns
        log_noise = self.noise.mean_log if isinstance(self.noise, GammaFactor) else math.log(self.noise)
        log_alpha = self.alpha.mean_log if isinstance(self.alpha, GammaFactor) else math.log(self.alpha)
        bound = (n * (log_noise - math.log(2 * math.pi)) - fit) / 2
        bound += (p * log_alpha - mean_of(self.alpha) * length + p + log_det) / 2
        for factor, prior in ((self.noise, self.noise_prior), (self.alpha, self.alpha_prior)):
            if isinstance(factor, GammaFactor) and isinstance(prior, GammaFactor):
                bound -= factor.kl(prior)
        return bound


def regression_log_evidence(x: Any, t: Any, *, weight_precision: float, noise_precision: float) -> float:
    r"""The log-density of t with the weights integrated out, \(\log N(t; 0, \tau^{-1} I + \alpha^{-1} x x^\top)\).

    Args:
        x: `[N, p]`.
        t: `[N]`.
        weight_precision: alpha.
        noise_precision: tau, in inverse squared units of t.

    Returns:
        One number, in nats.

    Raises:
        DataError: Shapes that do not agree, or entries that are not finite.
        ConfigurationError: A precision that is not positive.

    References:
        MacKay, Bayesian interpolation, 1992, doi:10.1162/neco.1992.4.3.415; Bishop, Pattern recognition and machine
        learning, 2006, section 3.5.1.
    """
    fit = fit_linear_regression(x, t, weight_precision=weight_precision, noise_precision=noise_precision, max_sweeps=1)
    return fit.ascent.path[-1]
