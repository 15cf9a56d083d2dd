"""Oracles 19 and 26 (the half of variational inference): where the optimum is known, it is reached."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from latentia.inference.parameters import Parameters
from latentia.inference.sgvb import Gradient, Guide, LogJoint, Schedule, fit, guide_named
from latentia.inference.sgvb.approximation import balanced_noise
from latentia.inference.sgvb.optimise import climb
from latentia.inference.sgvb.targets import Density
from tests.exact.linear_gaussian import F64
from tests.exact.mutants import killed
from tests.inference.conjugate import GaussianMean, LogNormalScale

MODEL = GaussianMean.random()
LONG = Schedule(tolerance=1e-11, window=100)


def optimum(name: str, density: Density, size: int) -> tuple[Guide, float]:
    """The best Gaussian for a quadratic log-density, by exact gradients: noise with exact first and second moments."""
    guide = guide_named(name, torch.zeros(size, dtype=F64), torch.full((size,), 0.1, dtype=F64))
    noise = balanced_noise(40, size, torch.Generator().manual_seed(0))
    gradient = Gradient("pathwise", len(noise))

    def estimate() -> tuple[Tensor, float]:
        loss, _ = gradient(guide, density, noise)
        return loss, -float(loss.detach())

    ended = climb(list(guide.parameters()), estimate, LONG)
    assert ended.converged
    return guide, -float(gradient(guide, density, noise)[0].detach())


def test_19_mean_field_loses_the_known_gap_and_understates_variances_by_the_known_factor() -> None:
    guide, elbo = optimum("mean_field", MODEL.whole.whole(), 3)
    mean, covariance = guide.moments()
    torch.testing.assert_close(mean, MODEL.mean, rtol=0, atol=1e-7)
    torch.testing.assert_close(covariance.diagonal(), 1 / MODEL.precision.diagonal(), rtol=1e-7, atol=0)
    assert abs(MODEL.log_evidence - elbo - MODEL.mean_field_gap) < 1e-9
    truth = torch.linalg.inv(MODEL.precision).diagonal()
    assert (covariance.diagonal() < truth).all()
    with killed():  # the marginal variances are not what mean-field finds
        torch.testing.assert_close(covariance.diagonal(), truth, rtol=1e-2, atol=0)


def test_full_rank_is_the_posterior_and_its_bound_the_evidence() -> None:
    guide, elbo = optimum("full_rank", MODEL.whole.whole(), 3)
    mean, covariance = guide.moments()
    torch.testing.assert_close(mean, MODEL.mean, rtol=0, atol=1e-7)
    torch.testing.assert_close(covariance, torch.linalg.inv(MODEL.precision), rtol=0, atol=1e-7)
    assert abs(MODEL.log_evidence - elbo) < 1e-9


def test_sticking_the_landing_reaches_the_evidence_without_noise() -> None:
    q = fit(MODEL.whole, guide="full_rank", estimator="stl", schedule=LONG)
    assert q.converged
    assert abs(q.elbo - MODEL.log_evidence) < 1e-8
    assert q.elbo_error < 1e-8
    assert abs(q.log_evidence - MODEL.log_evidence) < 1e-8
    assert q.verdict.startswith("good")
    torch.testing.assert_close(q.mean["mean"], MODEL.mean, rtol=0, atol=1e-6)
    torch.testing.assert_close(q.std["mean"], torch.linalg.inv(MODEL.precision).diagonal().sqrt(), rtol=1e-6, atol=0)


@pytest.mark.parametrize("estimator", ["pathwise", "score_loo"])
def test_noisy_estimators_come_close_and_stay_below(estimator: str) -> None:
    q = fit(MODEL.whole, guide="full_rank", estimator=estimator, final_samples=4000)  # type: ignore[arg-type]
    assert q.converged
    assert abs(q.elbo - MODEL.log_evidence) < 0.05
    assert q.elbo < MODEL.log_evidence + 5 * q.elbo_error + 1e-9
    deviation = torch.linalg.inv(MODEL.precision).diagonal().sqrt()
    assert ((q.mean["mean"] - MODEL.mean).abs() < 0.1 * deviation).all()
    assert ((q.std["mean"] / deviation - 1).abs() < 0.1).all()


def test_mini_batches_reach_the_same_posterior() -> None:
    q = fit(MODEL.batches(4), guide="full_rank", schedule=Schedule(step=0.03))
    deviation = torch.linalg.inv(MODEL.precision).diagonal().sqrt()
    assert ((q.mean["mean"] - MODEL.mean).abs() < 0.25 * deviation).all()
    assert abs(q.elbo - MODEL.log_evidence) < 0.1


def reaches_the_evidence_of_a_scale(model: LogNormalScale, target: LogJoint) -> None:
    q = fit(target, estimator="stl", schedule=LONG)
    mean, std = model.moments
    assert abs(q.elbo - model.log_evidence) < 1e-8
    assert abs(float(q.guide.moments()[0]) - mean) < 1e-6
    draws = q.sample(20_000)["scale"].log()
    assert abs(float(draws.mean()) - mean) < 5 * std / math.sqrt(20_000)


def test_the_log_determinant_of_a_constraint_is_counted() -> None:
    model = LogNormalScale.some()
    reaches_the_evidence_of_a_scale(model, model.target)

    class Dropped(Parameters):
        def constrain(self, theta: Tensor) -> tuple[dict[str, Tensor], Tensor]:
            values, log_det = super().constrain(theta)
            return values, torch.zeros_like(log_det)

    target = model.target
    target.parameters = Dropped(target.parameters.layout)
    with killed():
        reaches_the_evidence_of_a_scale(model, target)


def banana(theta: dict[str, Tensor], _: object) -> Tensor:
    a, b = theta["a"], theta["b"]
    return -0.5 * a**2 - 0.5 * ((b - a**2) / 0.5) ** 2 - math.log(2 * math.pi * 0.5)


@pytest.mark.slow
@pytest.mark.parametrize("flow", ["iaf", "spline"])
def test_a_flow_follows_a_bend_that_no_gaussian_can(flow: str) -> None:
    """The density is normalised, so its log-evidence is 0, and the gap of any Gaussian is at least 0.4 nats."""
    target = LogJoint(Parameters({"a": (), "b": ()}), banana)
    gaussian = fit(target, guide="full_rank", dtype=F64)
    bent = fit(target, guide=flow, num_samples=16, dtype=F64)  # type: ignore[arg-type]
    assert gaussian.elbo < -0.3
    assert -0.25 < bent.elbo < 5 * bent.elbo_error
    assert gaussian.verdict != bent.verdict or bent.k_hat < gaussian.k_hat
