"""Oracle 16: Rényi bounds; and the bounds between the ELBO and IWAE on the same weights, shares of samples unequal."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from latentia import bounds
from latentia.errors import CompatibilityError, ConfigurationError
from latentia.latents import Trace
from latentia.objectives import IWAE, Importance, Step
from tests.exact.gradients import X, binary_model, gaussian_model
from tests.exact.linear_gaussian import F64, ExactPosterior, LinearGaussian
from tests.exact.mutants import killed, z_score
from tests.ledger import REAL, Instance

Renyi = Callable[[Trace, float], Tensor]
ORDERS = (-math.inf, -2.0, -0.5, 0.0, 0.3, 0.9, 1.0, 1.5, 4.0, math.inf)


def trace_of(num_samples: int, rows: int = 6, seed: int = 0) -> Trace:
    instance = Instance("vae", REAL, {"latent_dim": 3, "hidden": (8,)})
    model, _ = instance.build()
    x = instance.batch(rows)
    torch.manual_seed(seed)
    with torch.no_grad():
        return model.trace(x, num_samples=num_samples)


def interpolates(renyi: Renyi) -> None:
    trace = trace_of(7)
    torch.testing.assert_close(renyi(trace, 0.0), bounds.iwae(trace), rtol=0, atol=1e-12)
    mean = trace.log_w.mean(0)
    torch.testing.assert_close(renyi(trace, 1.0), mean, rtol=0, atol=1e-12)
    for near in (1 - 1e-6, 1 + 1e-6):
        torch.testing.assert_close(renyi(trace, near), mean, rtol=0, atol=1e-3)
    torch.testing.assert_close(renyi(trace, -math.inf), trace.log_w.amax(0))
    torch.testing.assert_close(renyi(trace, -300.0), trace.log_w.amax(0), rtol=0, atol=0.01)


def falls_with_alpha(renyi: Renyi) -> None:
    trace = trace_of(7)
    values = [renyi(trace, alpha) for alpha in ORDERS]
    assert all((high > low + 1e-6).all() for high, low in pairwise(values))


def test_16_renyi_interpolates_between_the_elbo_and_iwae_and_falls_with_alpha() -> None:
    interpolates(bounds.renyi)
    falls_with_alpha(bounds.renyi)


def without_the_factor(trace: Trace, alpha: float) -> Tensor:
    return (1 - alpha) * bounds.renyi(trace, alpha)


def with_the_sign_turned(trace: Trace, alpha: float) -> Tensor:
    return bounds.renyi(trace, -alpha)


def test_16_mutants() -> None:
    for mutant in (without_the_factor, with_the_sign_turned):
        with killed():
            interpolates(mutant)
        with killed():
            falls_with_alpha(mutant)


def exact_renyi(alpha: float, evidence: Tensor, model: LinearGaussian, x: Tensor) -> Tensor:
    """Log p(x) less the Rényi divergence of two Gaussians in one dimension (Gil and others, 2013)."""
    posterior = model.posterior(x)
    mean, variance = posterior.mean[:, 0], posterior.covariance_matrix[..., 0, 0]
    loc, own = evidence[0], (2 * evidence[1]).exp()
    between = alpha * variance + (1 - alpha) * own
    divergence = (
        (variance / own).log() / 2
        + (variance / between).log() / (2 * (alpha - 1))
        + alpha * (loc - mean).square() / (2 * between)
    )
    exact: Tensor = model.marginal.log_prob(x) - divergence
    return exact


def matches_the_closed_form(renyi: Renyi) -> None:
    # The quadrature's points are the samples and its weights their shares, which are anything but equal.
    evidence = torch.tensor([0.4, -0.9], dtype=F64)
    vae = gaussian_model(evidence)
    weight, bias = (parameter.detach() for parameter in vae.likelihood.parameters())
    exact = LinearGaussian(weight, bias, 0.5)
    x = torch.tensor([[1.0, -0.5, 0.8], [0.2, 0.1, -0.3]], dtype=F64)
    points, weights = (torch.from_numpy(each) for each in np.polynomial.hermite_e.hermegauss(120))
    q = vae.latents.groups[0].posterior(x, vae.encoder(x))
    with torch.no_grad():
        trace = vae.trace(x, num_samples=120, given={"z": q.mean + q.stddev * points[:, None, None]})
    shares = (weights / weights.sum()).log()[:, None].expand(-1, len(x))
    weighted = Trace(x, replace(trace.draw, log_r=shares), trace.px)
    for alpha in (0.2, 0.5, 0.8, 1.2):
        torch.testing.assert_close(renyi(weighted, alpha), exact_renyi(alpha, evidence, exact, x), rtol=0, atol=1e-6)
    torch.testing.assert_close(renyi(weighted, 0.0), exact.marginal.log_prob(x), rtol=0, atol=1e-6)


def with_equal_shares(trace: Trace, alpha: float) -> Tensor:
    return bounds.power_mean(trace.log_w, torch.full_like(trace.log_w, -math.log(trace.lead[0])), alpha)


def test_16_the_bound_is_log_evidence_less_the_renyi_divergence() -> None:
    matches_the_closed_form(bounds.renyi)
    for mutant in (with_equal_shares, with_the_sign_turned, without_the_factor):
        with killed():
            matches_the_closed_form(mutant)


def test_16_every_order_is_the_evidence_at_the_exact_posterior() -> None:
    model = LinearGaussian.random()
    x = model.sample(5)
    trace = model.vae(ExactPosterior(model)).trace(x, num_samples=4)
    for alpha in ORDERS:
        torch.testing.assert_close(bounds.renyi(trace, alpha), model.marginal.log_prob(x), rtol=0, atol=1e-10)


def test_enumerated_codes_with_their_probabilities_as_shares_give_the_exact_elbo_and_evidence() -> None:
    log_odds = torch.tensor([0.4, -0.9], dtype=F64)
    model = binary_model(log_odds)
    x = torch.tensor([[1.0, -0.5, 0.8]], dtype=F64)
    codes = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=F64)] * 2)[:, None]
    trace = model.trace(x, num_samples=4, given={"z": codes})
    weighted = Trace(x, replace(trace.draw, log_r=trace.log_qz.sum(0)), trace.px)
    joint = trace.log_px + trace.log_pz.sum(0)
    torch.testing.assert_close(bounds.iwae(weighted), joint.logsumexp(0), rtol=0, atol=1e-12)
    expected = (trace.log_qz.sum(0).exp() * (joint - trace.log_qz.sum(0))).sum(0)
    torch.testing.assert_close(bounds.elbo(weighted), expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(bounds.miwae(weighted, 1), joint.logsumexp(0), rtol=0, atol=1e-12)
    torch.testing.assert_close(bounds.miwae(weighted, 4), expected, rtol=0, atol=1e-12)


def test_15_groups_of_samples_lie_between_the_elbo_and_iwae() -> None:
    trace = trace_of(12)
    mean = trace.log_w.mean(0)
    torch.testing.assert_close(bounds.miwae(trace, 1), bounds.iwae(trace), rtol=0, atol=1e-12)
    torch.testing.assert_close(bounds.miwae(trace, 12), mean, rtol=0, atol=1e-12)
    values = [bounds.miwae(trace, groups) for groups in (1, 2, 4, 12)]  # each a refinement of the one before
    assert all((high > low).all() for high, low in pairwise(values))
    by_hand = trace.log_w.unflatten(0, (3, 4)).exp().mean(1).log().mean(0)
    torch.testing.assert_close(bounds.miwae(trace, 3), by_hand)
    with pytest.raises(CompatibilityError, match="12 samples do not make 5 groups"):
        bounds.miwae(trace, 5)


def test_15_the_mean_over_groups_estimates_the_bound_of_one() -> None:
    model = gaussian_model(torch.tensor([0.4, -0.3], dtype=F64))
    torch.manual_seed(0)
    with torch.no_grad():
        single = bounds.iwae(model.trace(X.expand(20_000, -1), num_samples=3))
        many = model.trace(X.expand(20_000, -1), num_samples=12)
        grouped = {groups: bounds.miwae(many, groups) for groups in (2, 4, 6)}
    assert abs(z_score(grouped[4] - single, 0.0)) < 5
    for other in (2, 6):
        with killed():
            assert abs(z_score(grouped[other] - single, 0.0)) < 5


def test_a_convex_combination_is_one() -> None:
    trace = trace_of(5)
    torch.testing.assert_close(bounds.ciwae(trace, 1.0), bounds.elbo(trace))
    torch.testing.assert_close(bounds.ciwae(trace, 0.0), bounds.iwae(trace))
    middle = bounds.ciwae(trace, 0.25)
    torch.testing.assert_close(middle, 0.25 * bounds.elbo(trace) + 0.75 * bounds.iwae(trace))


@pytest.mark.parametrize(
    ("objective", "bound"),
    [
        (IWAE(6), bounds.iwae),
        (Importance(6, groups=3), lambda trace: bounds.miwae(trace, 3)),
        (Importance(6, elbo_share=0.3), lambda trace: bounds.ciwae(trace, 0.3)),
        (Importance(6, alpha=0.3), lambda trace: bounds.renyi(trace, 0.3)),
        (Importance(6, alpha=1.0), lambda trace: bounds.renyi(trace, 1.0)),
    ],
    ids=repr,
)
@pytest.mark.parametrize("estimator", ["pathwise", "dreg", "score", "vimco"])
def test_the_loss_is_minus_the_bound_under_every_estimator(
    objective: Importance, bound: Callable[[Trace], Tensor], estimator: str
) -> None:
    objective = replace(objective, estimator=estimator)  # type: ignore[arg-type] # a plain string
    instance = Instance("iwae", REAL, {"latent_dim": 3, "hidden": (8,)})
    model, _ = instance.build()
    x = instance.batch()
    torch.manual_seed(6)
    loss = objective(model, x, Step())
    torch.manual_seed(6)
    expected = bound(model.trace(x, num_samples=6))
    torch.testing.assert_close(loss.terms["bound"], expected)
    torch.testing.assert_close(loss.loss, -expected.mean())


def test_below_zero_the_importance_weighted_bound_is_reported() -> None:
    instance = Instance("iwae", REAL, {"latent_dim": 3, "hidden": (8,)})
    model, _ = instance.build()
    x = instance.batch()
    torch.manual_seed(6)
    loss = Importance(6, alpha=-math.inf)(model, x, Step())
    torch.manual_seed(6)
    trace = model.trace(x, num_samples=6)
    torch.testing.assert_close(loss.terms["bound"], bounds.iwae(trace))
    torch.testing.assert_close(loss.loss, -trace.log_w.amax(0).mean())


def test_an_order_that_is_no_number_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="not a number"):
        bounds.renyi(trace_of(3), math.nan)
    with pytest.raises(ConfigurationError, match="not a number"):
        Importance(alpha=math.nan)
