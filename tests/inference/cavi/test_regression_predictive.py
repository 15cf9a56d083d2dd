"""Oracle 27 for linear regression: the predictive against ratios of evidences, and against its own integral."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch.distributions import Distribution, MultivariateNormal

from latentia.inference.cavi import GammaFactor, fit_linear_regression
from tests.exact.mutants import killed, z_score
from tests.inference.cavi.test_regression import (
    F64,
    NOISE,
    data,
    dense_log_evidence,
    fitted,
    gamma,
    gaussian,
    student_log_evidence,
)

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
