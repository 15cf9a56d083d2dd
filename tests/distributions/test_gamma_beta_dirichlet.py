"""Gamma, Beta and Dirichlet: oracles 7, 8, 10 and 12, and what happens at the edges of their support in float32."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch import distributions as base
from torch.distributions import Distribution, kl_divergence

from latentia.distributions import Beta, Dirichlet, Gamma, beta, dirichlet, draw, factor_means, gamma, kl, kl_per_dim
from latentia.distributions import temper as cool
from latentia.distributions.gamma_family import edge_at_one, least_positive
from tests.exact.mutants import killed, z_score
from tests.exact.quadrature import half_line

F64 = torch.float64


def f64(*values: float) -> Tensor:
    return torch.tensor(values, dtype=F64)


def unit_line() -> tuple[Tensor, Tensor]:
    """Points and weights on (0, 1), doubly exponentially dense at both ends."""
    t = torch.linspace(-5.2, 4.0, 801, dtype=F64)
    log_odds = math.pi / 2 * t.sinh()
    z, rest = log_odds.sigmoid(), (-log_odds).sigmoid()
    return z, z * rest * math.pi / 2 * t.cosh() * (t[1] - t[0])


def integral_of_kl(q: Distribution, p: Distribution, points: tuple[Tensor, Tensor]) -> Tensor:
    z, weights = points
    log_q, log_p = q.log_prob(z[:, None]), p.log_prob(z[:, None])
    return (weights[:, None] * log_q.exp() * (log_q - log_p)).sum(0)


GAMMAS = Gamma(f64(0.4, 1.0, 7.0, 120.0), f64(0.5, 3.0, 2.0, 100.0))
BETAS = Beta(f64(0.4, 1.0, 7.0, 60.0), f64(1.5, 1.0, 3.0, 90.0))


def gamma_kl_is_the_integral(divergence: Callable[[Distribution, Distribution], Tensor]) -> None:
    prior = Gamma(f64(1.5, 0.3, 1.0, 1.0), f64(1.5, 0.3, 1.0, 1.0))
    exact = integral_of_kl(GAMMAS, prior, half_line(1601, 5.5))
    torch.testing.assert_close(divergence(GAMMAS, prior), exact, rtol=1e-9, atol=1e-10)


def beta_kl_is_the_integral(divergence: Callable[[Distribution, Distribution], Tensor]) -> None:
    prior = Beta(f64(2.0, 0.3, 1.0, 1.0), f64(2.0, 1.3, 1.0, 1.0))
    exact = integral_of_kl(BETAS, prior, unit_line())
    torch.testing.assert_close(divergence(BETAS, prior), exact, rtol=1e-9, atol=1e-10)


def test_7_kl_of_gamma_and_beta_is_the_integral() -> None:
    gamma_kl_is_the_integral(kl_divergence)
    beta_kl_is_the_integral(kl_divergence)


def test_7_mutants() -> None:
    def backwards(q: Distribution, p: Distribution) -> Tensor:
        return kl_divergence(p, q)

    def without_rates(q: Distribution, p: Distribution) -> Tensor:
        assert isinstance(q, Gamma)
        assert isinstance(p, Gamma)
        return kl_divergence(Gamma(q.concentration, p.rate), p)

    for mutant in (backwards, without_rates):
        with killed():
            gamma_kl_is_the_integral(mutant)
    with killed():
        beta_kl_is_the_integral(backwards)


def dirichlet_kl_is_the_mean(divergence: Callable[[Dirichlet, Dirichlet], Tensor]) -> None:
    torch.manual_seed(0)
    q, p = Dirichlet(f64(2.5, 0.6, 4.0)), Dirichlet(f64(0.8, 0.8, 0.8))
    z = q.sample(torch.Size([100_000]))
    sampled = q.log_prob(z) - p.log_prob(z)
    # Smallest detectable error: 5 standard errors, below 0.02 nats.
    assert float(sampled.std()) / 100_000**0.5 * 5 < 0.02
    assert abs(z_score(sampled, float(divergence(q, p)))) < 5


def test_7_kl_of_dirichlet_is_the_mean_log_ratio() -> None:
    dirichlet_kl_is_the_mean(kl_divergence)


def test_7_mutant_of_dirichlet() -> None:
    def of_its_gammas(q: Dirichlet, p: Dirichlet) -> Tensor:
        one = torch.ones_like(q.concentration)
        return kl_divergence(Gamma(q.concentration, one), Gamma(p.concentration, one)).sum(-1)

    with killed():  # a Dirichlet vector knows less than the Gamma variables behind it
        dirichlet_kl_is_the_mean(of_its_gammas)


def densities_integrate_to_one(gamma_log_prob: Callable[[Gamma, Tensor], Tensor]) -> None:
    z, weights = half_line(1601, 5.5)
    assert ((weights[:, None] * gamma_log_prob(GAMMAS, z[:, None]).exp()).sum(0) - 1).abs().max() < 1e-10


def test_8_gamma_and_beta_integrate_to_one() -> None:
    densities_integrate_to_one(Gamma.log_prob)
    z, weights = unit_line()
    assert ((weights[:, None] * BETAS.log_prob(z[:, None]).exp()).sum(0) - 1).abs().max() < 1e-10


def test_8_mutant() -> None:
    with killed():  # the rate's power left out
        densities_integrate_to_one(lambda d, z: d.log_prob(z) - d.concentration * d.rate.log())


def ball_has_its_volume(log_prob: Callable[[Dirichlet, Tensor], Tensor]) -> None:
    torch.manual_seed(0)
    d, radius = Dirichlet(f64(1.4, 2.0, 0.7)), 0.25
    z = d.sample(torch.Size([100_000]))
    inside = (z[:, :2] - 1 / 3).norm(dim=1) < radius
    assert abs(z_score(inside / log_prob(d, z).exp(), math.pi * radius**2)) < 5


def test_8_a_ball_on_the_simplex_has_its_volume() -> None:
    ball_has_its_volume(Dirichlet.log_prob)


def test_8_mutant_of_dirichlet() -> None:
    with killed():
        ball_has_its_volume(lambda d, z: d.log_prob(z) - d.concentration.sum().lgamma())


def test_10_samples_follow_the_densities() -> None:
    torch.manual_seed(0)
    for d, (points, weights) in ((GAMMAS, half_line(1601, 5.5)), (BETAS, unit_line())):
        z = d.sample(torch.Size([20_000]))
        mass = weights[:, None] * d.log_prob(points[:, None]).exp()
        for quantile in (0.05, 0.3, 0.5, 0.8, 0.99):
            index = (mass.cumsum(0) < quantile).sum(0)
            for k in range(4):
                below = float(mass[: index[k], k].sum())
                # Between two points of the grid the mass is known to half a point's.
                threshold = (points[index[k] - 1] + points[index[k]]) / 2
                assert abs(float((z[:, k] < threshold).double().mean()) - below) < 5 * (0.25 / 20_000) ** 0.5 + float(
                    mass[index[k], k]
                )
    shares = Dirichlet(f64(0.5, 2.0, 3.0)).sample(torch.Size([20_000]))
    marginal = base.Beta(f64(0.5), f64(5.0)).sample(torch.Size([20_000]))[:, 0]
    assert abs(z_score(shares[:, 0] - marginal, 0.0)) < 5
    assert abs(z_score(shares[:, 0].square() - marginal.square(), 0.0)) < 5


def test_10_mutant() -> None:
    torch.manual_seed(0)
    z = Gamma(f64(2.0), f64(2.0)).sample(torch.Size([20_000]))
    mean = float(Gamma(f64(2.0), f64(1.0)).mean)
    with killed():  # the rate forgotten by the sampler
        assert abs(z_score(z[:, 0], mean)) < 5


PAIRS = [
    (Beta(torch.tensor(3.0), torch.tensor(0.3)), Beta(torch.tensor(2.0), torch.tensor(0.15))),
    (Gamma(torch.tensor(0.06), torch.tensor(5.0)), Gamma(torch.tensor(0.03), torch.tensor(1.0))),
    (Dirichlet(torch.tensor([0.06, 0.08, 2.0])), Dirichlet(torch.tensor([0.04, 0.04, 1.0]))),
]


def weights_average_to_one(
    q: Distribution, p: Distribution, log_prob: Callable[[Distribution, Tensor], Tensor]
) -> None:
    torch.manual_seed(0)
    z = q.sample(torch.Size([100_000]))
    assert z.dtype == torch.float32
    ratio = (log_prob(p, z) - log_prob(q, z)).exp().double()
    # Smallest detectable error: 5 standard errors, below 6 %.
    assert float(ratio.std()) / 100_000**0.5 * 5 < 0.06
    assert abs(z_score(ratio, 1.0)) < 5


def as_torch(d: Distribution) -> Distribution:
    """torch's family: a density, where the draws stand for a mass."""
    match d:
        case Beta():
            return base.Beta(d.concentration1, d.concentration0, validate_args=False)
        case Gamma():
            return base.Gamma(d.concentration, d.rate, validate_args=False)
        case _:
            assert isinstance(d, Dirichlet)
            return base.Dirichlet(d.concentration, validate_args=False)


@pytest.mark.parametrize(("q", "p"), PAIRS)
def test_importance_weights_average_to_one_in_float32_though_draws_pile_up_at_the_edges(
    q: Distribution, p: Distribution
) -> None:
    weights_average_to_one(q, p, lambda d, z: d.log_prob(z))
    with killed():
        weights_average_to_one(q, p, lambda d, z: as_torch(d).log_prob(z))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_nothing_is_infinite_at_the_edges(dtype: torch.dtype) -> None:
    scale = torch.tensor([0.05, 1.0, 1000.0], dtype=dtype, requires_grad=True)
    for value in (0.0, least_positive(dtype), 1 - edge_at_one(dtype), 1.0):
        z = torch.full((3,), value, dtype=dtype, requires_grad=True)
        shares = torch.stack([z, 1 - z], -1)
        both = torch.stack([scale, scale.flip(0)], -1)
        for density in (
            Gamma(scale, scale).log_prob(z),
            Beta(scale, scale.flip(0)).log_prob(z),
            Dirichlet(both).log_prob(shares),
        ):
            assert density.isfinite().all()
            assert all(g.isfinite().all() for g in torch.autograd.grad(density.sum(), (z, scale), retain_graph=True))


def test_gradients_through_draws_are_finite_at_extreme_concentrations() -> None:
    torch.manual_seed(0)
    a = torch.tensor([0.05, 0.14, 1.0, 1000.0]).expand(2000, 4).clone().requires_grad_()
    b = torch.tensor([1000.0, 0.14, 0.14, 0.14]).expand(2000, 4).clone().requires_grad_()
    gammas, betas, shares = gamma(a, b), beta(a, b), dirichlet(a)
    for d in (gammas, betas, shares):
        z = d.rsample()
        loss = d.log_prob(z).sum() - 2 * z.sum()
        for gradient in torch.autograd.grad(loss, (a, b), allow_unused=True):
            assert gradient is None or gradient.isfinite().all()


def test_kl_splits_over_independent_dimensions_alone() -> None:
    q, p = gamma(torch.rand(4, 3) + 0.5, torch.rand(4, 3) + 0.5), gamma(torch.ones(3), torch.ones(3))
    per_dim = kl_per_dim(q, p)
    assert per_dim is not None
    assert per_dim.shape == (4, 3)
    torch.testing.assert_close(per_dim.sum(-1), kl(q, p, q.sample()))
    assert kl_per_dim(dirichlet(torch.ones(4, 3)), dirichlet(torch.ones(3))) is None
    sets = dirichlet(torch.ones(4, 2, 3), 2)
    assert sets.event_shape == (2, 3)
    assert kl(sets, dirichlet(torch.full((2, 3), 2.0), 2), sets.sample()).shape == (4,)


def test_cooling_keeps_the_mean_and_ends_in_it() -> None:
    half = gamma(torch.tensor([2.0]), torch.tensor([3.0])), beta(torch.tensor([2.0]), torch.tensor([3.0]))
    for d in (*half, dirichlet(torch.tensor([2.0, 3.0]))):
        torch.testing.assert_close(cool(d, 0.5).mean, d.mean)
        assert (cool(d, 0.5).stddev < d.stddev).all()
        frozen = draw(cool(d, 0.0), torch.Size([2, 3]))
        torch.testing.assert_close(frozen, factor_means(d, torch.Size([2, 3])))
    torch.testing.assert_close(cool(half[0], 0.5).stddev, half[0].stddev / 2)
