"""Oracles 11 and 12 for Gamma, Beta and Dirichlet: draws are differentiated along their quantiles."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from latentia.distributions import Beta, Dirichlet, Gamma
from tests.distributions.test_gamma_beta_dirichlet import f64, unit_line
from tests.exact.mutants import killed, z_score

F64 = torch.float64


def gamma_path(slope: Callable[[Tensor, Tensor], Tensor]) -> None:
    """dz/da against -(dF/da)/p with F from the incomplete Gamma function."""
    torch.manual_seed(0)
    for concentration in (0.2, 1.0, 4.0, 30.0, 500.0):
        a = torch.full((500,), concentration, dtype=F64, requires_grad=True)
        z = Gamma(a, torch.ones_like(a)).rsample()
        got, z, at = slope(z, a).detach(), z.detach(), a.detach()
        h = 1e-5 * concentration
        change = (torch.special.gammainc(at + h, z) - torch.special.gammainc(at - h, z)) / (2 * h)
        expected = -change / Gamma(at, torch.ones_like(at)).log_prob(z).exp()
        torch.testing.assert_close(got, expected, rtol=2e-3, atol=1e-7)


def by_autograd(z: Tensor, a: Tensor) -> Tensor:
    return torch.autograd.grad(z.sum(), a)[0]


def test_12_gamma_is_differentiated_along_its_quantiles() -> None:
    gamma_path(by_autograd)


def test_12_mutants_of_gamma() -> None:
    with killed():  # as if the concentration were a scale
        gamma_path(lambda z, a: z / a)
    with killed():  # a shift with the mean
        gamma_path(lambda z, a: torch.ones_like(z))


def beta_cdf(z: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """The share of the mass below z `[N]`."""
    points, weights = (each[:, None] for each in unit_line())
    x = z * points
    log_density = (a - 1) * x.log() + (b - 1) * torch.log1p(-x) + (a + b).lgamma() - a.lgamma() - b.lgamma()
    return (weights * z * log_density.exp()).sum(0)


def beta_path(slope: Callable[[Tensor, Tensor], Tensor]) -> None:
    torch.manual_seed(0)
    for one, zero in ((0.6, 1.2), (1.0, 3.0), (5.0, 2.0), (30.0, 20.0)):
        a, b = (torch.full((150,), value, dtype=F64, requires_grad=True) for value in (one, zero))
        z = Beta(a, b).rsample()
        got, z, at, other = slope(z, a).detach(), z.detach(), a.detach(), b.detach()
        h = 1e-5 * one
        change = (beta_cdf(z, at + h, other) - beta_cdf(z, at - h, other)) / (2 * h)
        expected = -change / Beta(at, other).log_prob(z).exp()
        inside = z < 0.98  # the reference loses digits where a singularity lies just beyond z
        torch.testing.assert_close(got[inside], expected[inside], rtol=3e-3, atol=1e-7)


def test_12_beta_is_differentiated_along_its_quantiles() -> None:
    beta_path(by_autograd)


def test_12_mutant_of_beta() -> None:
    with killed():  # as if z moved with its mean
        beta_path(lambda z, a: z * (1 - z) / a)


def dirichlet_path(slope: Callable[[Tensor, Tensor], Tensor]) -> None:
    """A share's own concentration: its marginal is Beta(a_k, A - a_k), and only a_k moves."""
    torch.manual_seed(0)
    a = f64(0.7, 2.0, 4.0).expand(300, 3).clone().requires_grad_()
    z = Dirichlet(a).rsample()
    for k in range(3):
        got, at, rest = slope(z[:, k], a)[:, k].detach(), a.detach()[:, k], a.detach().sum(1) - a.detach()[:, k]
        share, h = z.detach()[:, k], 1e-5
        change = (beta_cdf(share, at + h, rest) - beta_cdf(share, at - h, rest)) / (2 * h)
        expected = -change / Beta(at, rest).log_prob(share).exp()
        inside = share < 0.98
        torch.testing.assert_close(got[inside], expected[inside], rtol=3e-3, atol=1e-7)


def test_12_dirichlet_is_differentiated_along_the_quantiles_of_its_shares() -> None:
    dirichlet_path(lambda z, a: torch.autograd.grad(z.sum(), a, retain_graph=True)[0])


def test_12_mutant_of_dirichlet() -> None:
    def of_the_mean(z: Tensor, a: Tensor) -> Tensor:
        total = a.sum(1, keepdim=True)
        return (total - a) / total.square()

    with killed():
        dirichlet_path(of_the_mean)


def test_11_the_path_gives_the_gradient_of_a_known_mean() -> None:
    torch.manual_seed(0)
    a = torch.full((40_000,), 0.8, dtype=F64, requires_grad=True)
    (slope,) = torch.autograd.grad(Gamma(a, torch.ones_like(a)).rsample().log().sum(), a)
    assert abs(z_score(slope, float(torch.polygamma(1, f64(0.8))))) < 5
