"""Oracles 4 and 5: a linear VAE on the analytic ELBO finds probabilistic PCA, and beta decides what collapses."""

from __future__ import annotations

import math
from functools import cache
from typing import cast

import torch
from torch import Tensor, nn

from latentia import bounds
from latentia.conditionals import DiagonalNormal, GaussianHead, Likelihood, StandardNormal
from latentia.evaluation import active_units
from latentia.inference.linear_gaussian import active_dimensions, sample_eigenvalues
from latentia.latents import LatentGroup, TopDown
from latentia.model import VAE
from tests.exact.linear_gaussian import F64, LinearGaussian, cubature_trace
from tests.exact.mutants import killed

D, K = 6, 3


@cache
def data() -> Tensor:
    """Rows whose sample covariance is diagonal in a rotated basis with chosen eigenvalues, exactly."""
    generator = torch.Generator().manual_seed(0)
    raw = torch.randn(400, D, generator=generator, dtype=F64)
    raw = raw - raw.mean(0)
    white = raw @ torch.linalg.inv(torch.linalg.cholesky(raw.T @ raw / len(raw))).T
    basis = torch.linalg.qr(torch.randn(D, D, generator=generator, dtype=F64)).Q
    rotated: Tensor = white * torch.tensor(EIGENVALUES, dtype=F64).sqrt() @ basis.T
    return rotated + 1.5


EIGENVALUES = [5.0, 3.0, 1.6, 0.5, 0.4, 0.3]


def trained(beta: float, *, scale: str, sigma: float, latent_dim: int = K, kl_factor: float = 1.0) -> VAE:
    """Full-batch L-BFGS on the exact objective."""
    torch.manual_seed(1)
    head = GaussianHead((D,), scale="shared" if scale == "shared" else "fixed", sigma=sigma)
    group = LatentGroup("z", StandardNormal(latent_dim), DiagonalNormal(D, latent_dim))
    model = VAE(nn.Identity(), TopDown([group]), Likelihood(nn.Linear(latent_dim, D), head)).double()
    optimiser = torch.optim.LBFGS(
        model.parameters(), max_iter=4000, max_eval=5000, tolerance_grad=1e-10, tolerance_change=1e-15,
        history_size=50, line_search_fn="strong_wolfe",
    )  # fmt: skip

    def loss() -> Tensor:
        optimiser.zero_grad()
        trace = cubature_trace(model, data())
        value = (-bounds.reconstruction(trace) + kl_factor * beta * bounds.divergence(trace)).mean()
        value.backward()
        return value

    optimiser.step(loss)
    return model


def recovers_ppca(model: VAE) -> None:
    values = torch.tensor(EIGENVALUES, dtype=F64)
    s2 = float(values[K:].mean())
    best = -(D * math.log(2 * math.pi) + float(values[:K].log().sum()) + (D - K) * math.log(s2) + D) / 2
    with torch.no_grad():
        elbo = float(bounds.elbo(cubature_trace(model, data())).mean())
        sigma = float(model.px(torch.zeros(1, 1, K, dtype=F64)).stddev.flatten()[0])
        weight = cast(nn.Linear, cast(Likelihood, model.likelihood).net).weight
    assert abs(elbo - best) < 1e-6
    assert abs(sigma**2 - s2) < 1e-3 * s2
    covariance = torch.cov(data().T, correction=0)
    principal = torch.linalg.eigh(covariance).eigenvectors.flip(1)[:, :K]
    learnt = torch.linalg.qr(weight).Q
    cosines = torch.linalg.svdvals(principal.T @ learnt)
    assert (cosines > 1 - 1e-6).all()
    gram = weight.T @ weight
    assert (gram - gram.diagonal().diag()).abs().max() < 1e-3 * gram.max()


def test_4_a_linear_vae_recovers_probabilistic_pca() -> None:
    recovers_ppca(trained(1.0, scale="shared", sigma=1.0))


def test_4_mutant() -> None:
    with killed():  # a KL with half its weight, as from a mean in place of a sum
        recovers_ppca(trained(1.0, scale="shared", sigma=1.0, kl_factor=0.5))


def collapse_law(beta: float, s2: float, *, kl_factor: float = 1.0) -> None:
    model = trained(beta, scale="fixed", sigma=math.sqrt(s2), latent_dim=D, kl_factor=kl_factor)
    with torch.no_grad():
        means = model.trace(data()).draw.q[0].mean
    assert active_units(means) == active_dimensions(EIGENVALUES, beta, s2)


def test_5_the_active_dimensions_are_the_eigenvalues_above_beta_sigma_squared() -> None:
    for beta, s2 in ((1.0, 0.2), (1.0, 1.0), (4.0, 0.5), (10.0, 0.35), (3.0, 0.15)):
        collapse_law(beta, s2)


def test_5_the_eigenvalues_are_those_of_the_sample() -> None:
    torch.testing.assert_close(sample_eigenvalues(data()), torch.tensor(EIGENVALUES, dtype=F64), rtol=0, atol=1e-12)


def test_5_mutant() -> None:
    with killed():  # a beta without effect
        collapse_law(4.0, 0.5, kl_factor=0.25)


def test_the_model_of_these_oracles_is_the_exact_one() -> None:
    # The cubature that stands for the expectation is exact: checked against the closed form at arbitrary parameters.
    exact = LinearGaussian.random(D, K, 0.4)
    x = data()[:5]
    from tests.exact.linear_gaussian import diagonal_posterior

    head = diagonal_posterior(exact, exact=False)
    trace = cubature_trace(exact.vae(head), x)
    q = head(x)
    residual = x - exact.mean - q.mean @ exact.weight.T
    spread = (exact.weight.square() @ q.variance.T).sum(0)
    log_px = -(residual.square().sum(1) + spread) / (2 * exact.s2) - D / 2 * math.log(2 * math.pi * exact.s2)
    torch.testing.assert_close(bounds.reconstruction(trace), log_px)
