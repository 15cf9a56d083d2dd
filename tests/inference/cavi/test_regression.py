"""Oracle 24: Bayesian linear regression, held to scikit-learn's BayesianRidge and to exact evidences."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import BayesianRidge
from torch import Tensor
from torch.distributions import Distribution, MultivariateNormal

from latentia.errors import ConfigurationError, DataError
from latentia.inference.ascent import assert_risen
from latentia.inference.cavi import GammaFactor, RegressionFit, fit_linear_regression, regression_log_evidence
from latentia.inference.cavi import regression_data as regression_data_module
from latentia.inference.cavi.regression import _Sweep
from latentia.inference.cavi.regression_data import regression_data
from tests.exact.mutants import killed, z_score

F64 = torch.float64
WEIGHTS, NOISE = GammaFactor(1.3, 0.7), GammaFactor(2.0, 0.9)


def data(n: int = 60, p: int = 5, noise: float = 0.5, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, p, generator=generator, dtype=F64) * torch.logspace(-0.5, 0.5, p, dtype=F64)
    w = torch.randn(p, generator=generator, dtype=F64)
    return x, x @ w + noise * torch.randn(n, generator=generator, dtype=F64)


def fitted(x: Tensor, t: Tensor, *, coupled: bool = False) -> RegressionFit:
    return fit_linear_regression(
        x, t, weight_precision=WEIGHTS, noise_precision=NOISE, coupled=coupled, tolerance=1e-14, max_sweeps=50_000
    )


@cache
def peer(n: int, p: int) -> tuple[Tensor, Tensor, BayesianRidge]:
    x, t = data(n, p)
    ridge = BayesianRidge(
        fit_intercept=False, tol=1e-14, max_iter=50_000, compute_score=True,
        lambda_1=WEIGHTS.shape, lambda_2=WEIGHTS.rate, alpha_1=NOISE.shape, alpha_2=NOISE.rate,
    )  # fmt: skip
    return x, t, ridge.fit(x.numpy(), t.numpy())


def agrees(fit: RegressionFit, ridge: BayesianRidge) -> None:
    assert isinstance(fit.weight_precision, GammaFactor)
    assert isinstance(fit.noise_precision, GammaFactor)
    torch.testing.assert_close(fit.mean, torch.from_numpy(ridge.coef_), rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(fit.covariance, torch.from_numpy(ridge.sigma_), rtol=1e-6, atol=1e-7)
    assert fit.weight_precision.mean == pytest.approx(ridge.lambda_, rel=1e-6)
    assert fit.noise_precision.mean == pytest.approx(ridge.alpha_, rel=1e-6)


SHAPES = [(60, 5), (12, 12), (15, 30)]


@pytest.mark.parametrize(("n", "p"), SHAPES)
def test_24_the_fixed_point_is_that_of_bayesian_ridge(n: int, p: int) -> None:
    # MacKay's updates of evidence maximisation, lambda = (gamma + 2 a)/(|m|^2 + 2 b) with gamma = p - lambda tr S,
    # have the fixed points of ours, E alpha = (p + 2 a)/(|m|^2 + tr S + 2 b): multiply out. So for the noise.
    x, t, ridge = peer(n, p)
    agrees(fitted(x, t), ridge)


def test_24_mutants() -> None:
    x, t, ridge = peer(60, 5)
    with killed():  # the weights in units of the noise
        agrees(fitted(x, t, coupled=True), ridge)
    with killed():  # half a degree of freedom too many
        prior = GammaFactor(WEIGHTS.shape + 0.5, WEIGHTS.rate)
        agrees(fit_linear_regression(x, t, weight_precision=prior, noise_precision=NOISE), ridge)


def dense_log_evidence(x: Tensor, t: Tensor, alpha: float, tau: float) -> float:
    covariance = torch.eye(len(t), dtype=F64) / tau + x @ x.T / alpha
    return float(MultivariateNormal(torch.zeros_like(t), covariance).log_prob(t))


def evidence_is_that_of(ridge: BayesianRidge, x: Tensor, t: Tensor, alpha: float, tau: float) -> None:
    evidence = regression_log_evidence(x, t, weight_precision=alpha, noise_precision=tau)
    assert evidence == pytest.approx(dense_log_evidence(x, t, alpha, tau), abs=1e-8)
    # Its score adds the logarithms of both priors, without their normalisers and as densities of log-precisions.
    priors = [factor.shape * math.log(v) - factor.rate * v for factor, v in ((WEIGHTS, alpha), (NOISE, tau))]
    assert evidence == pytest.approx(ridge.scores_[-1] - sum(priors), abs=1e-6)


@pytest.mark.parametrize(("n", "p"), SHAPES)
def test_24_the_evidence_is_that_of_bayesian_ridge(n: int, p: int) -> None:
    x, t, ridge = peer(n, p)
    evidence_is_that_of(ridge, x, t, ridge.lambda_, ridge.alpha_)
    with killed():
        evidence_is_that_of(ridge, x, t, ridge.lambda_ * 1.5, ridge.alpha_)


def test_with_both_precisions_known_one_sweep_is_exact() -> None:
    x, t = data()
    fit = fit_linear_regression(x, t, weight_precision=0.8, noise_precision=3.0)
    assert fit.ascent.path == pytest.approx([dense_log_evidence(x, t, 0.8, 3.0)] * 2, abs=1e-9)
    covariance = torch.linalg.inv(3.0 * x.T @ x + 0.8 * torch.eye(5, dtype=F64))
    torch.testing.assert_close(fit.covariance, covariance, rtol=0, atol=1e-12)
    torch.testing.assert_close(fit.mean, 3.0 * covariance @ x.T @ t, rtol=0, atol=1e-12)


def student_log_evidence(x: Tensor, t: Tensor, alpha: float, noise: GammaFactor) -> float:
    """Log p(t) of coupled weights with a known alpha: a Student-t vector of N dimensions."""
    n = len(t)
    shape = noise.rate / noise.shape * (torch.eye(n, dtype=F64) + x @ x.T / alpha)
    squared = float(t @ torch.linalg.solve(shape, t))
    gammas = math.lgamma(noise.shape + n / 2) - math.lgamma(noise.shape)
    log_det = n * math.log(2 * noise.shape * math.pi) + float(torch.logdet(shape))
    return gammas - log_det / 2 - (noise.shape + n / 2) * math.log1p(squared / (2 * noise.shape))


@pytest.mark.parametrize(("n", "p"), SHAPES)
def test_coupled_weights_of_known_scale_are_exact(n: int, p: int) -> None:
    x, t = data(n, p)
    fit = fit_linear_regression(x, t, weight_precision=0.8, noise_precision=NOISE, coupled=True)
    assert fit.ascent.path[-1] == pytest.approx(student_log_evidence(x, t, 0.8, NOISE), abs=1e-9)
    with killed():
        assert fit.ascent.path[-1] == pytest.approx(student_log_evidence(x, t, 0.9, NOISE), abs=1e-9)


def grid_log_evidence(x: Tensor, t: Tensor, *, coupled: bool) -> float:
    """Log p(t) with both precisions integrated out, on a grid of their logarithms."""
    grid = torch.linspace(-8, 5, 131, dtype=F64)
    step = float(grid[1] - grid[0])
    total = []
    for log_alpha in grid.tolist():
        for log_tau in grid.tolist():
            alpha, tau = math.exp(log_alpha), math.exp(log_tau)
            log_prior = sum(
                f.shape * math.log(f.rate) - math.lgamma(f.shape) + f.shape * math.log(v) - f.rate * v
                for f, v in ((WEIGHTS, alpha), (NOISE, tau))
            )
            scale = alpha * tau if coupled else alpha
            total.append(regression_log_evidence(x, t, weight_precision=scale, noise_precision=tau) + log_prior)
    return float(torch.tensor(total, dtype=F64).logsumexp(0)) + 2 * math.log(step)


@pytest.mark.slow
@pytest.mark.parametrize("coupled", [False, True])
def test_the_bound_is_just_below_the_evidence(coupled: bool) -> None:
    x, t = data(12, 2)

    def just_below(offset: float) -> None:
        gap = grid_log_evidence(x, t, coupled=coupled) - fitted(x, t, coupled=coupled).ascent.path[-1] - offset
        assert 0 < gap < 0.5

    just_below(0.0)
    with killed():
        just_below(0.5)
    with killed():
        just_below(-0.5)


@pytest.mark.parametrize("coupled", [False, True])
def test_the_bound_is_the_mean_log_ratio_under_q(coupled: bool) -> None:
    # E_q[log p(t, w, alpha, tau) - log q] with draws through torch's densities; 0.1 nats would be seen.
    x, t = data(20, 3)
    fit = fitted(x, t, coupled=coupled)
    alpha_q, tau_q = fit.weight_precision, fit.noise_precision
    assert isinstance(alpha_q, GammaFactor)
    assert isinstance(tau_q, GammaFactor)
    n = 20_000
    with torch.random.fork_rng():
        torch.manual_seed(0)
        alpha, tau = (gamma(f).sample(torch.Size([n])) for f in (alpha_q, tau_q))
        shrink = tau.rsqrt() if coupled else torch.ones_like(tau)
        factor = torch.linalg.cholesky(fit.scale) * shrink[:, None, None]
        q_w = MultivariateNormal(fit.mean, scale_tril=factor)
        w = q_w.sample()
    prior_scale = (alpha * (tau if coupled else 1.0)).rsqrt()[:, None]
    ratio = gaussian(x @ w.T, tau.rsqrt(), t[:, None]).sum(0) + gaussian(torch.zeros_like(w), prior_scale, w).sum(1)
    ratio = ratio + gamma(WEIGHTS).log_prob(alpha) + gamma(NOISE).log_prob(tau)
    ratio = ratio - gamma(alpha_q).log_prob(alpha) - gamma(tau_q).log_prob(tau) - q_w.log_prob(w)
    assert 5 * float(ratio.std()) / n**0.5 < 0.1
    assert abs(z_score(ratio, fit.ascent.path[-1])) < 5
    with killed():
        assert abs(z_score(ratio, fit.ascent.path[-1] + 0.2)) < 5


def gamma(factor: GammaFactor) -> torch.distributions.Gamma:
    return torch.distributions.Gamma(torch.tensor(factor.shape, dtype=F64), torch.tensor(factor.rate, dtype=F64))


def gaussian(loc: Tensor, scale: Tensor, value: Tensor) -> Tensor:
    scores: Tensor = torch.distributions.Normal(loc, scale).log_prob(value)
    return scores


NEW = torch.tensor([[0.5, -1.0, 2.0], [0.0, 0.0, 0.0], [9.0, -7.0, 3.0]], dtype=F64)
TARGETS = torch.tensor([0.0, 1.0, -4.0], dtype=F64)


def predicts_by_ratios(predictive: Distribution, evidences: list[float]) -> None:
    torch.testing.assert_close(predictive.log_prob(TARGETS), torch.tensor(evidences, dtype=F64), rtol=0, atol=1e-9)


def test_27_the_predictive_is_the_ratio_of_evidences() -> None:
    x, t = data(20, 3)
    both = [(torch.cat([x, row[None]]), torch.cat([t, value[None]])) for row, value in zip(NEW, TARGETS, strict=True)]
    known = fit_linear_regression(x, t, weight_precision=0.8, noise_precision=3.0)
    gaussians = [dense_log_evidence(*more, 0.8, 3.0) - dense_log_evidence(x, t, 0.8, 3.0) for more in both]
    predicts_by_ratios(known.posterior_predictive(NEW), gaussians)
    coupled = fit_linear_regression(x, t, weight_precision=0.8, noise_precision=NOISE, coupled=True)
    students = [student_log_evidence(*more, 0.8, NOISE) - student_log_evidence(x, t, 0.8, NOISE) for more in both]
    predicts_by_ratios(coupled.posterior_predictive(NEW), students)
    with killed():  # the plug-in predictive, which forgets that w is uncertain
        predicts_by_ratios(replace(known, spread=known.spread * 0).posterior_predictive(NEW), gaussians)
    with killed():  # a Gaussian where the noise is unknown
        tau = coupled.noise_precision
        assert isinstance(tau, GammaFactor)
        scale = ((1 + (NEW @ coupled.scale * NEW).sum(1)) / tau.mean).sqrt()
        predicts_by_ratios(torch.distributions.Normal(NEW @ coupled.mean, scale), students)


def test_27_the_predictive_under_independent_factors_is_the_mean_density() -> None:
    x, t = data(20, 3)
    fit = fitted(x, t)
    tau = fit.noise_precision
    assert isinstance(tau, GammaFactor)
    n = 200_000
    with torch.random.fork_rng():
        torch.manual_seed(0)
        w = MultivariateNormal(fit.mean, fit.covariance).sample(torch.Size([n]))
        scale = gamma(tau).sample(torch.Size([n])).rsqrt()
    predictive = fit.posterior_predictive(NEW).log_prob(NEW @ fit.mean + 0.5).exp()
    for row, density in zip(NEW, predictive.tolist(), strict=True):
        estimates = gaussian(w @ row, scale, row @ fit.mean + 0.5).exp()
        assert 5 * float(estimates.std()) / n**0.5 < 0.03 * density  # an error of 3% would be seen
        assert abs(z_score(estimates, density)) < 5
        with killed():
            assert abs(z_score(estimates, density * 1.05)) < 5


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 25), p=st.integers(1, 12), seed=st.integers(0, 10**6), noise=st.floats(1e-6, 1e3),
    log_scale=st.floats(-4, 4), coupled=st.booleans(), rank=st.integers(1, 12),
)  # fmt: skip
def test_the_bound_rises_whatever_the_data(
    n: int, p: int, seed: int, noise: float, log_scale: float, coupled: bool, rank: int
) -> None:
    x, t = data(n, p, noise, seed)
    x = 10**log_scale * x[:, torch.arange(p) % rank]  # repeated columns
    fit = fit_linear_regression(x, t, coupled=coupled, max_sweeps=200)  # asserts it at every sweep
    assert fit.mean.isfinite().all()
    assert fit.posterior_predictive(x).log_prob(t).isfinite().all()


@pytest.mark.parametrize("coupled", [False, True])
def test_a_wrong_update_is_caught_by_the_falling_bound(coupled: bool) -> None:
    x, t = data(20, 4, 2.0)

    def sweeps(factor: float) -> None:
        state = _Sweep(regression_data(x, t), WEIGHTS, NOISE, coupled)
        before = -math.inf
        for _ in range(300):
            after = state()
            assert_risen(max(before, -1e300), after)
            assert isinstance(state.alpha, GammaFactor)
            state.alpha = GammaFactor(state.alpha.shape, state.alpha.rate * factor)
            before = after

    sweeps(1.0)
    with killed():
        for factor in (0.25, 4.0):
            sweeps(factor)


def test_the_reduction_keeps_what_an_almost_perfect_fit_leaves() -> None:
    x, t = data(50, 4, noise=1e-9)
    reduced = regression_data(x, t)
    exact = np.linalg.lstsq(x.numpy(), t.numpy())[0]
    residual = float(((x.numpy() @ exact - t.numpy()) ** 2).sum())
    assert reduced.residual == pytest.approx(residual, rel=1e-4)  # 1e-18 of |t|^2
    fit = fit_linear_regression(x, t, noise_precision=GammaFactor(1e-6, 1e-24), max_sweeps=5000)
    assert isinstance(fit.noise_precision, GammaFactor)
    assert fit.noise_precision.mean == pytest.approx(46 / residual, rel=1e-3)


def test_more_blocks_than_one_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    x, t = data(300, 4)
    whole = fit_linear_regression(x, t, intercept=True)
    monkeypatch.setattr(regression_data_module, "BLOCK", 1)
    parts = fit_linear_regression(x, t, intercept=True)
    torch.testing.assert_close(parts.mean, whole.mean, rtol=0, atol=1e-12)
    assert parts.ascent.path[-1] == pytest.approx(whole.ascent.path[-1], rel=1e-12)


def test_an_intercept_is_the_means_taken_away() -> None:
    x, t = data()
    x, t = x + 7.0, t - 3.0
    fit = fit_linear_regression(x, t, intercept=True)
    centred = fit_linear_regression(x - x.mean(0), t - t.mean())
    torch.testing.assert_close(fit.mean, centred.mean, rtol=0, atol=1e-12)
    assert fit.intercept == pytest.approx(float(t.mean() - x.mean(0) @ fit.mean), abs=1e-12)
    predicted = fit.posterior_predictive(x[:3])
    torch.testing.assert_close(predicted.mean, x[:3] @ fit.mean + fit.intercept, rtol=0, atol=1e-10)
    assert fit_linear_regression(x, t).intercept == 0.0


def test_what_cannot_be_fitted_is_refused() -> None:
    x, t = data()
    for design, target, message in (
        (x, t[:-1], "t has 59 entries where 60"),
        (x[:, 0], t, "a matrix"),
        (x, torch.zeros(60), "t is zero in every row"),
        (torch.where(x > 0, x, math.nan), t, "x is nan at row"),
        (x, torch.full((60,), math.inf), "t is inf at row 0"),
        (x[:0], t[:0], "at least 1 are needed"),
    ):
        with pytest.raises(DataError, match=message):
            fit_linear_regression(design, target)
    with pytest.raises(ConfigurationError, match="noise_precision is -1"):
        fit_linear_regression(x, t, noise_precision=-1.0)
    with pytest.raises(ConfigurationError, match="leave coupled out"):
        fit_linear_regression(x, t, noise_precision=1.0, coupled=True)
    with pytest.raises(DataError, match=r"2 column\(s\) where 5"):
        fitted(x, t).posterior_predictive(x[:, :2])
