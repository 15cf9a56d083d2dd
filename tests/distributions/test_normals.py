"""Oracles 7, 8 and 10 for correlated Gaussians and for the Laplace distribution."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.distributions import (
    Distribution,
    LowRankMultivariateNormal,
    MultivariateNormal,
    kl_divergence,
)

from latentia.distributions import FactorNormal, FullNormal, draw, full_normal, kl, kl_per_dim, laplace, normal
from tests.exact.mutants import killed, z_score

F64 = torch.float64
Family = Callable[[int], Distribution]


def full(dim: int) -> FullNormal:
    """A strongly correlated Gaussian."""
    factor = torch.full((dim, dim), -0.9, dtype=F64).tril(-1) + torch.diag(torch.linspace(0.5, 0.8, dim, dtype=F64))
    return full_normal(torch.linspace(-0.5, 1, dim, dtype=F64), factor)


def factor(dim: int, rank: int = 1) -> FactorNormal:
    """A Gaussian with a few common factors."""
    loading = torch.linspace(-1.5, 2.0, dim * rank, dtype=F64).reshape(dim, rank)
    return FactorNormal(torch.linspace(-0.5, 1, dim, dtype=F64), torch.linspace(0.4, 0.8, dim, dtype=F64), loading)


def low_rank_of_torch(dim: int) -> Distribution:
    """The same, as torch has it."""
    ours = factor(dim)
    return LowRankMultivariateNormal(ours.loc, ours.scale[:, None] * ours.loading, ours.scale.square())


def independent(dim: int) -> Distribution:
    return normal(torch.linspace(0.3, -0.4, dim, dtype=F64), torch.linspace(1.2, 0.8, dim, dtype=F64))


correlated = pytest.mark.parametrize("family", [full, factor, low_rank_of_torch])


def on_a_grid(reach: float = 16.0, points: int = 801) -> tuple[Tensor, float]:
    """Points of the plane `[Q, 2]` and the area of each: the trapezoid rule, exact to rounding for Gaussians."""
    axis = torch.linspace(-reach, reach, points, dtype=F64)
    return torch.cartesian_prod(axis, axis), float(axis[1] - axis[0]) ** 2


def on_a_line(centres: tuple[float, ...]) -> tuple[Tensor, Tensor]:
    """Points `[Q, 1]` of the line and their weights, with panels that end where a density may have a kink."""
    x, w = (torch.from_numpy(each) for each in np.polynomial.legendre.leggauss(20))
    edges = torch.tensor(sorted({*np.linspace(-60, 60, 241).tolist(), *centres}), dtype=F64)
    middle, half = (edges[1:] + edges[:-1])[:, None] / 2, edges.diff()[:, None] / 2
    return (middle + half * x).reshape(-1, 1), (half * w).flatten()


def kl_is_the_integral(q: Distribution, p: Distribution, points: Tensor, weights: Tensor, offset: float = 0.0) -> None:
    log_q = q.log_prob(points)
    exact = float((weights * log_q.exp() * (log_q - p.log_prob(points))).sum())
    assert exact > 0.1
    # With a NaN for a draw: nothing here may be sampled.
    assert abs(float(kl(q, p, torch.full_like(points[:1], math.nan))) + offset - exact) < 1e-10


@correlated
def test_7_kl_to_an_independent_gaussian_is_the_integral(family: Family) -> None:
    points, area = on_a_grid()
    kl_is_the_integral(family(2), independent(2), points, torch.tensor(area, dtype=F64))


@correlated
def test_7_mutants_of_correlated_gaussians(family: Family) -> None:
    points, area = on_a_grid(points=401)
    q, p = family(2), independent(2)
    as_if_independent = kl(normal(q.mean, q.variance.sqrt()), p, q.mean)
    with killed():  # correlations ignored in the determinant
        kl_is_the_integral(q, p, points, torch.tensor(area, dtype=F64), float(as_if_independent - kl(q, p, q.mean)))
    with killed():  # the factor one half of the log-determinant forgotten
        kl_is_the_integral(q, p, points, torch.tensor(area, dtype=F64), -float(q.entropy() - math.log(2 * math.pi) - 1))


def laplace_at(loc: float, scale: float) -> Distribution:
    return laplace(torch.tensor([loc], dtype=F64), torch.tensor([scale], dtype=F64))


def normal_at(loc: float, scale: float) -> Distribution:
    return normal(torch.tensor([loc], dtype=F64), torch.tensor([scale], dtype=F64))


PAIRS = [
    (laplace_at(0.7, 0.4), laplace_at(0.0, 1.0)),
    (laplace_at(-1.0, 2.0), laplace_at(0.0, 0.7)),
    (laplace_at(0.7, 0.4), normal_at(0.0, 1.0)),
    (normal_at(0.7, 0.4), laplace_at(0.0, 1.0)),
    (normal_at(0.7, 0.4), normal_at(0.0, 1.0)),
]


@pytest.mark.parametrize(("q", "p"), PAIRS)
def test_7_kl_of_laplace_and_gaussian_is_the_integral(q: Distribution, p: Distribution) -> None:
    points, weights = on_a_line((float(q.mean), float(p.mean)))
    kl_is_the_integral(q, p, points, weights)
    per_dim = kl_per_dim(q, p)
    assert per_dim is not None
    torch.testing.assert_close(per_dim.sum(-1), kl(q, p, q.mean))


@pytest.mark.parametrize(("q", "p"), PAIRS)
def test_7_mutants_of_the_line(q: Distribution, p: Distribution) -> None:
    points, weights = on_a_line((float(q.mean), float(p.mean)))
    with killed():
        kl_is_the_integral(q, p, points, weights, math.log(2))
    with killed():  # the other way round
        kl_is_the_integral(q, p, points, weights, float(kl(p, q, p.mean) - kl(q, p, q.mean)))


def test_kl_of_other_pairs_is_sampled() -> None:
    torch.manual_seed(0)
    q: Distribution = full(2)
    p = laplace(torch.zeros(2, dtype=F64), torch.ones(2, dtype=F64))
    z = draw(q, torch.Size([20_000]))
    points, area = on_a_grid()
    log_q = q.log_prob(points)
    exact = float((area * log_q.exp() * (log_q - p.log_prob(points))).sum())
    assert abs(z_score(kl(q, p, z), exact)) < 5
    assert kl_per_dim(q, independent(2)) is None


def test_batches_of_correlated_gaussians_agree_with_torch_on_the_same_family() -> None:
    torch.manual_seed(0)
    loc, scale, loading = (
        torch.randn(4, 9, dtype=F64),
        torch.rand(4, 9, dtype=F64) + 0.1,
        torch.randn(4, 9, 3, dtype=F64),
    )
    ours = FactorNormal(loc, scale, loading)
    peer = LowRankMultivariateNormal(loc, scale[..., None] * loading, scale.square())
    whole = MultivariateNormal(loc, peer.covariance_matrix)
    z = draw(ours, torch.Size([7, 4]))
    assert z.shape == (7, 4, 9)
    torch.testing.assert_close(ours.log_prob(z), peer.log_prob(z))
    torch.testing.assert_close(ours.log_prob(z), whole.log_prob(z))
    torch.testing.assert_close(ours.entropy(), peer.entropy())
    torch.testing.assert_close(ours.variance, peer.variance)
    standard = MultivariateNormal(torch.zeros(9, dtype=F64), torch.eye(9, dtype=F64))
    p = normal(torch.zeros(9, dtype=F64), torch.ones(9, dtype=F64))
    for q in (ours, peer, whole):
        torch.testing.assert_close(kl(q, p, z), kl_divergence(whole, standard))
        assert kl(q.expand((7, 4)), p, z).shape == (7, 4)


def ball_has_its_volume(q: Distribution, offset: float = 0.0) -> None:
    torch.manual_seed(0)
    z = draw(q, torch.Size([60_000]))
    volume = 4 / 3 * math.pi * 0.5**3
    centred = (z - q.mean) @ torch.diag(q.variance.rsqrt())
    # A ball in units of each dimension's spread: its volume is that of an ellipsoid.
    inside = centred.norm(dim=-1) < 0.5
    estimates = inside.to(F64) / (q.log_prob(z) + offset).exp()
    truth = volume * float(q.variance.prod().sqrt())
    assert abs(z_score(estimates, truth)) < 5


@correlated
def test_8_inverse_densities_of_draws_measure_a_ball(family: Family) -> None:
    # Smallest detectable error: 5 standard errors, below 15 % of the volume.
    ball_has_its_volume(family(3))


@correlated
def test_8_mutants_of_the_ball(family: Family) -> None:
    q = family(3)
    diagonal = normal(q.mean, q.variance.sqrt())
    with killed():  # the determinant of the diagonal in place of the covariance's
        ball_has_its_volume(q, float(q.entropy() - diagonal.entropy()))


def laplace_integrates_to_one(factor: float) -> None:
    for q, _ in PAIRS:
        points, weights = on_a_line((float(q.mean),))
        assert abs(float((weights * q.log_prob(points).exp()).sum()) * factor - 1) < 1e-10


def test_8_densities_on_the_line_integrate_to_one() -> None:
    laplace_integrates_to_one(1.0)


def test_8_mutant_of_the_line() -> None:
    with killed():
        laplace_integrates_to_one(0.5)


def draws_follow_the_density(q: Distribution, z: Tensor) -> None:
    """Projections of draws are Gaussian with the moments that the density has."""
    points, area = on_a_grid()
    mass = area * q.log_prob(points).exp()
    mean = (mass[:, None] * points).sum(0)
    centred = points - mean
    covariance = (mass[:, None, None] * centred[:, :, None] * centred[:, None, :]).sum(0)
    for direction in ([1.0, 0.0], [0.6, 0.8], [0.8, -0.6]):
        a = torch.tensor(direction, dtype=F64)
        standardised = (z - mean) @ a / (a @ covariance @ a).sqrt()
        for threshold in (-1.5, -0.5, 0.0, 0.5, 1.5):
            share = 0.5 * (1 + math.erf(threshold / 2**0.5))
            assert abs(z_score((standardised < threshold).double(), share)) < 5


@correlated
def test_10_draws_of_correlated_gaussians_follow_their_density(family: Family) -> None:
    torch.manual_seed(0)
    draws_follow_the_density(family(2), draw(family(2), torch.Size([20_000])))


@correlated
def test_10_mutant(family: Family) -> None:
    torch.manual_seed(0)
    q = family(2)
    with killed():  # noise without its correlation
        draws_follow_the_density(q, draw(normal(q.mean, q.variance.sqrt()), torch.Size([20_000])))


def laplace_draws_follow(factor: float) -> None:
    torch.manual_seed(0)
    q = laplace_at(0.7, 0.4)
    z = draw(q, torch.Size([20_000]))[:, 0]
    for below in (0.05, 0.25, 0.5, 0.6, 0.9, 0.99):
        away = 0.4 * factor * math.log(2 * min(below, 1 - below))
        assert abs(z_score((z < 0.7 + (away if below < 0.5 else -away)).double(), below)) < 5


def test_10_draws_of_laplace_follow_its_quantiles() -> None:
    laplace_draws_follow(1.0)


def test_10_mutant_of_laplace() -> None:
    with killed():  # the standard deviation taken for the scale
        laplace_draws_follow(2**0.5)
