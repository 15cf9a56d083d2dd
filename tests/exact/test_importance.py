"""Oracle 15: the importance-weighted bound against the exact evidence; oracle 20: beta counts, and is no bound."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from latentia import bounds
from latentia.latents import Trace
from latentia.objectives import ELBO, IWAE, Step
from tests.exact.linear_gaussian import LinearGaussian, diagonal_posterior
from tests.exact.mutants import killed, z_score
from tests.ledger import REAL, Instance

MODEL = LinearGaussian.random(4, 2, 0.6, seed=2)
HEAD = diagonal_posterior(LinearGaussian.random(4, 2, 0.6, orthogonal=True, seed=2), exact=True)
"""The exact posterior of another model: near enough to have finite variance, and wrong."""
X = MODEL.sample(6)
TRUTH = MODEL.marginal.log_prob(X)


def trace_of(num_samples: int, seed: int) -> Trace:
    torch.manual_seed(seed)
    with torch.no_grad():
        vae = MODEL.vae(HEAD)
        with torch.no_grad():
            HEAD.linear.bias[2:] = 0.0  # a posterior wider than the true one keeps the weights' variance finite
        return vae.trace(X, num_samples=num_samples)


def weights_average_to_the_evidence(log_weights: Callable[[Trace], Tensor]) -> None:
    ratio = (log_weights(trace_of(40_000, 0)) - TRUTH).exp()
    # Smallest detectable error: 5 standard errors, below 10 % of p(x) for every row.
    assert (ratio.std(0) / 200 * 5 < 0.1).all()
    assert all(abs(z_score(ratio[:, row], 1.0)) < 5 for row in range(len(X)))


def test_15_the_mean_weight_is_the_evidence() -> None:
    weights_average_to_the_evidence(lambda trace: trace.log_w)


def test_15_mutants_of_the_weight() -> None:
    with killed():  # the prior forgotten
        weights_average_to_the_evidence(lambda trace: trace.log_px - trace.log_qz.sum(0))
    with killed():  # the closed-form KL shared by all samples
        weights_average_to_the_evidence(lambda trace: trace.log_px - trace.kl.sum(0))


def mean_bound(bound: Callable[[Trace], Tensor], num_samples: int, repeats: int = 400) -> tuple[float, float]:
    values = torch.stack([bound(trace_of(num_samples, seed)).mean() for seed in range(repeats)])
    return float(values.mean()), float(values.std() / repeats**0.5)


def rises_to_the_evidence(bound: Callable[[Trace], Tensor]) -> None:
    truth = float(TRUTH.mean())
    results = [mean_bound(bound, k) for k in (1, 2, 8, 64)]
    for (low, low_se), (high, high_se) in pairwise(results):
        assert high > low - 3 * (low_se**2 + high_se**2) ** 0.5
    assert all(value < truth + 5 * se for value, se in results)
    assert results[0][0] < truth - 0.1
    large, se = mean_bound(bound, 4096, 10)
    assert abs(large - truth) < max(5 * se, 0.01)


def test_15_bounds_rise_with_k_to_the_log_evidence() -> None:
    rises_to_the_evidence(bounds.iwae)


def normalised_sum(trace: Trace) -> Tensor:
    """The surrogate some libraries report: sum of normalised weights times log w."""
    return (trace.log_w.softmax(0) * trace.log_w).sum(0)


def test_15_mutants_of_the_bound() -> None:
    with killed():
        rises_to_the_evidence(normalised_sum)
    with killed():  # the mean of the logarithms in place of the logarithm of the mean
        rises_to_the_evidence(lambda trace: trace.log_w.mean(0))
    with killed():  # the sum of the weights, log K too good
        rises_to_the_evidence(lambda trace: trace.log_w.logsumexp(0))


def test_the_iwae_objective_reports_its_own_bound() -> None:
    model, _ = Instance("iwae", REAL, {"latent_dim": 2, "hidden": (8,)}).build()
    x = torch.randn(4, 7, dtype=torch.float64)
    torch.manual_seed(0)
    loss = IWAE(5)(model, x, Step())
    torch.manual_seed(0)
    log_w = model.trace(x, num_samples=5).log_w
    torch.testing.assert_close(loss.terms["bound"], log_w.exp().mean(0).log())
    torch.testing.assert_close(loss.loss, -loss.terms["bound"].mean())


def beta_counts(loss_at: Callable[[float], tuple[Tensor, dict[str, Tensor]]]) -> None:
    one, terms = loss_at(1.0)
    two, terms_at_two = loss_at(2.0)
    torch.testing.assert_close(two - one, terms["kl"].mean(), rtol=0, atol=1e-12)
    torch.testing.assert_close(terms["elbo"], terms_at_two["elbo"], rtol=0, atol=0)


def _at(
    beta: float, effective: float | None = None, *, report_weighted: bool = False
) -> tuple[Tensor, dict[str, Tensor]]:
    model, _ = Instance("beta_vae", REAL, {"latent_dim": 3, "hidden": (8,)}).build()
    torch.manual_seed(4)
    x = torch.randn(5, 7, dtype=torch.float64)
    loss = ELBO(beta=beta if effective is None else effective)(model, x, Step())
    terms = dict(loss.terms)
    if report_weighted:
        terms["elbo"] = terms["reconstruction"] - beta * terms["kl"]
    return loss.loss, terms


def test_20_beta_weighs_the_kl_and_the_reported_bound_is_without_it() -> None:
    beta_counts(_at)


def test_20_mutants() -> None:
    with killed():
        beta_counts(lambda beta: _at(beta, effective=1.0))
    with killed():
        beta_counts(lambda beta: _at(beta, report_weighted=True))
