"""Oracles 1 to 3: the ELBO at the exact posterior, the gap, and the maximum likelihood of probabilistic PCA."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution, MultivariateNormal, kl_divergence

import latentia.latents.trace as trace_module
from latentia import bounds
from latentia.latents import Trace
from tests.exact.linear_gaussian import F64, ExactPosterior, LinearGaussian, cubature_trace, diagonal_posterior
from tests.exact.mutants import killed

TOLERANCE = 1e-12


def elbo_equals_log_likelihood(bound: Callable[[Trace], Tensor]) -> None:
    model = LinearGaussian.random(orthogonal=True)
    x = model.sample(20)
    vae = model.vae(diagonal_posterior(model, exact=True))
    torch.testing.assert_close(bound(cubature_trace(vae, x)), model.marginal.log_prob(x), rtol=0, atol=1e-11)


def test_1_elbo_at_the_exact_posterior_is_the_log_likelihood() -> None:
    elbo_equals_log_likelihood(bounds.elbo)


def test_1_every_importance_weight_at_the_exact_posterior_is_the_evidence() -> None:
    # With q = p(z|x) each weight is p(x) itself, whatever z: no cubature, any W.
    model = LinearGaussian.random()
    x = model.sample(20)
    trace = model.vae(ExactPosterior(model)).trace(x, num_samples=7)
    expected = model.marginal.log_prob(x)
    torch.testing.assert_close(trace.log_w, expected.expand(7, -1), rtol=0, atol=1e-11)
    torch.testing.assert_close(bounds.iwae(trace), expected, rtol=0, atol=TOLERANCE * 10)


def test_1_mutants(monkeypatch: pytest.MonkeyPatch) -> None:
    with killed():  # the KL forgotten
        elbo_equals_log_likelihood(bounds.reconstruction)
    with killed():  # the KL twice
        elbo_equals_log_likelihood(lambda trace: bounds.elbo(trace) - bounds.divergence(trace))

    def without_one_half(q: Distribution, p: Distribution, z: Tensor) -> Tensor:
        return 2 * kl_divergence(q, p)

    monkeypatch.setattr(trace_module, "kl", without_one_half)
    with killed():
        elbo_equals_log_likelihood(bounds.elbo)


def gap_equals_kl(scale: float) -> None:
    model = LinearGaussian.random()
    x = model.sample(20)
    head = diagonal_posterior(model, exact=False)
    gap = model.marginal.log_prob(x) - bounds.elbo(cubature_trace(model.vae(head), x))
    q = head(x)
    full = MultivariateNormal(q.mean, torch.diag_embed(q.variance), validate_args=False)
    torch.testing.assert_close(gap, scale * kl_divergence(full, model.posterior(x)), rtol=1e-12, atol=1e-11)


def test_2_the_gap_of_any_posterior_is_its_kl_to_the_true_one() -> None:
    gap_equals_kl(1.0)


def test_2_mutant() -> None:
    with killed():
        gap_equals_kl(0.5)


def ppca_formula(over: int) -> None:
    """Mean log-likelihood at the maximum-likelihood parameters; the covariance is over N (`over` = 0) or N - 1 (1)."""
    d, k = 6, 2
    data = LinearGaussian.random(d, 3, 0.5, seed=4).sample(300)
    centred = data - data.mean(0)
    covariance = centred.T @ centred / (len(data) - over)
    values, vectors = torch.linalg.eigh(covariance)
    values, vectors = values.flip(0), vectors.flip(1)
    s2 = float(values[k:].mean())
    weight = vectors[:, :k] * (values[:k] - s2).sqrt()
    model = LinearGaussian(weight, data.mean(0), s2)
    mean = bounds.elbo(cubature_trace(model.vae(diagonal_posterior(model, exact=True)), data)).mean()
    expected = -(d * math.log(2 * math.pi) + float(values[:k].log().sum()) + (d - k) * math.log(s2) + d) / 2
    torch.testing.assert_close(mean, torch.tensor(expected, dtype=F64), rtol=0, atol=1e-10)


def test_3_maximum_likelihood_of_probabilistic_pca() -> None:
    ppca_formula(0)


def test_3_mutant() -> None:
    with killed():
        ppca_formula(1)
