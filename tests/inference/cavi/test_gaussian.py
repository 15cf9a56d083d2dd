"""The univariate Gaussian: the mean-field factors, and what they lose to the exact posterior."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import Gamma, kl_divergence

from latentia.errors import ConfigurationError, DataError
from latentia.inference import cavi
from latentia.inference.cavi import GammaFactor, GaussianFit, NormalGamma, fit_gaussian
from tests.exact.mutants import killed

F64 = torch.float64
X = torch.tensor([1.2, 0.4, 3.3, -0.7, 2.1, 1.9], dtype=F64)
PRIOR = NormalGamma(0.5, 0.4, 1.5, 2.0)


def grid_log_evidence(x: Tensor, prior: NormalGamma) -> float:
    """Log p(x) by a sum over a grid of mu and log tau."""
    mu = torch.linspace(-20, 20, 1201, dtype=F64)
    log_tau = torch.linspace(-12, 6, 601, dtype=F64)[:, None]
    tau = log_tau.exp()
    log_joint = Gamma(torch.tensor(prior.shape, dtype=F64), torch.tensor(prior.rate, dtype=F64)).log_prob(tau) + log_tau
    spread = prior.pseudo_count * tau
    log_joint = log_joint + (spread.log() - math.log(2 * math.pi) - spread * (mu - prior.mean) ** 2) / 2
    for value in x:
        log_joint = log_joint + (log_tau - math.log(2 * math.pi) - tau * (value - mu) ** 2) / 2
    cell = float(mu[1] - mu[0]) * float(log_tau[1, 0] - log_tau[0, 0])
    return float(log_joint.flatten().logsumexp(0)) + math.log(cell)


def test_the_exact_evidence_is_the_integral() -> None:
    assert abs(PRIOR.log_evidence(X) - grid_log_evidence(X, PRIOR)) < 1e-8
    with killed():
        assert abs(NormalGamma(0.5, 0.4, 2.5, 2.0).log_evidence(X) - grid_log_evidence(X, PRIOR)) < 1e-8


def kl_to_exact(fit: GaussianFit, exact: NormalGamma) -> float:
    """KL(q(mu) q(tau) || p(mu, tau | x)) from torch's Gamma and the mean over tau of a KL between Gaussians."""
    p = Gamma(torch.tensor(exact.shape, dtype=F64), torch.tensor(exact.rate, dtype=F64))
    ratio = exact.pseudo_count / fit.mean_precision
    gaussians = (
        ratio * fit.precision.mean
        - 1
        - math.log(ratio)
        - fit.precision.mean_log
        + exact.pseudo_count * fit.precision.mean * (fit.mean - exact.mean) ** 2
    ) / 2
    return float(kl_divergence(fit.q_precision, p)) + gaussians


def gap_is_the_kl(fit: GaussianFit, prior: NormalGamma = PRIOR) -> None:
    gap = prior.log_evidence(X) - fit.ascent.path[-1]
    assert gap > 0
    assert abs(gap - kl_to_exact(fit, prior.posterior(X))) < 1e-12


def test_2_the_gap_of_the_mean_field_bound_is_its_kl_to_the_posterior() -> None:
    for sweeps in (1, 2, 50):  # at every sweep, not at the optimum alone
        gap_is_the_kl(fit_gaussian(X, prior=PRIOR, max_sweeps=sweeps))
    with killed():
        gap_is_the_kl(fit_gaussian(X, prior=NormalGamma(0.5, 0.4, 1.5, 2.1)))


def solves_the_equations(fit: GaussianFit, extra: float) -> None:
    """Equations 10.26 to 10.30, with a_N = a_0 + (N + 1)/2."""
    n, kappa = len(X), PRIOR.pseudo_count
    mean = (kappa * PRIOR.mean + float(X.sum())) / (kappa + n)
    a = PRIOR.shape + (n + extra) / 2
    variance = 1 / fit.mean_precision
    squares = float(((X - mean) ** 2).sum()) + n * variance + kappa * ((mean - PRIOR.mean) ** 2 + variance)
    b = PRIOR.rate + squares / 2
    assert abs(fit.mean - mean) < 1e-12
    assert abs(fit.precision.shape - a) < 1e-12
    assert abs(fit.precision.rate / b - 1) < 1e-12
    assert abs(fit.mean_precision / ((kappa + n) * a / b) - 1) < 1e-6


def test_the_factors_solve_bishops_equations() -> None:
    fit = fit_gaussian(X, prior=PRIOR)
    assert fit.ascent.converged
    solves_the_equations(fit, 1.0)
    with killed():  # as some printings have it
        solves_the_equations(fit, 0.0)


def test_mean_field_understates_the_spread_of_the_mean() -> None:
    fit, exact = fit_gaussian(X, prior=PRIOR), PRIOR.posterior(X)
    variance = exact.rate / ((exact.shape - 1) * exact.pseudo_count)  # of the Student-t marginal
    assert float(fit.q_mean.variance) < variance


def test_27_the_exact_predictive_is_the_ratio_of_evidences() -> None:
    def by_the_ratio(posterior: NormalGamma) -> None:
        for value in (-6.0, 0.0, 1.3, 25.0):
            exact = PRIOR.log_evidence(torch.cat([X, torch.tensor([value], dtype=F64)])) - PRIOR.log_evidence(X)
            found = posterior.posterior_predictive().log_prob(torch.tensor(value, dtype=F64))
            assert abs(float(found) - exact) < 1e-10

    exact = PRIOR.posterior(X)
    by_the_ratio(exact)
    with killed():
        by_the_ratio(NormalGamma(exact.mean, exact.pseudo_count + 1, exact.shape, exact.rate))


def test_27_the_predictive_of_q_is_its_mean_density() -> None:
    fit = fit_gaussian(X, prior=PRIOR)
    grid = torch.linspace(-6, 9, 6001, dtype=F64)
    step = float(grid[1] - grid[0])
    weights = fit.q_mean.log_prob(grid).exp() * step
    student = torch.distributions.StudentT(2 * fit.precision.shape, grid, fit.precision.mean**-0.5)
    predictive = fit.posterior_predictive()
    for value in (-6.0, 0.0, 1.3, 25.0):
        density = float((student.log_prob(torch.tensor(value, dtype=F64)).exp() * weights).sum())
        assert abs(float(predictive.log_prob(torch.tensor(value, dtype=F64)).exp()) / density - 1) < 1e-9


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30),
    st.floats(-100, 100), st.floats(1e-3, 1e3), st.floats(1e-2, 1e2), st.floats(1e-3, 1e3),
)  # fmt: skip
def test_the_bound_rises_to_below_the_evidence(
    values: list[float], mean: float, count: float, shape: float, rate: float
) -> None:
    prior = NormalGamma(mean, count, shape, rate)
    fit = fit_gaussian(values, prior=prior)  # asserts that it rises
    assert fit.ascent.path[-1] <= prior.log_evidence(values) + 1e-9 * (1 + abs(fit.ascent.path[-1]))


def test_a_wrong_update_is_caught_by_the_falling_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter(range(10**6))

    def drifting(shape: float, rate: float) -> GammaFactor:
        return GammaFactor(shape, rate * (1 + 0.2 * next(calls)))

    monkeypatch.setattr(cavi.gaussian, "GammaFactor", drifting)
    with killed():
        fit_gaussian(X, prior=PRIOR)


def test_no_data_leave_the_prior_as_it_is() -> None:
    assert PRIOR.posterior([]) == PRIOR
    assert PRIOR.log_evidence([]) == 0.0


def test_what_cannot_be_fitted_is_refused() -> None:
    for bad, message in (
        ([], "x is empty"),
        ([1.0, 1.0, 1.0], "without any spread"),
        ([1.0], r"1 value\(s\) without any spread"),
        ([1.0, math.nan], "x is nan at row 1"),
        ([[1.0, 2.0]], "a vector is expected"),
    ):
        with pytest.raises(DataError, match=message):
            fit_gaussian(bad)
    with pytest.raises(ConfigurationError, match="rate is 0"):
        NormalGamma(0.0, 1.0, 1.0, 0.0)
    with pytest.raises(ConfigurationError, match="the rate of a Gamma"):
        GammaFactor(1.0, 0.0)
