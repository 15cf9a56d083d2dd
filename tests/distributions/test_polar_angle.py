"""Oracles 10 and 12 on the sphere: draws follow the density, and their gradients are those of the expectation."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.distributions import Beta
from torch.nn.functional import normalize

from latentia.distributions import VonMisesFisher
from latentia.distributions.bessel import bessel_i
from latentia.distributions.polar_angle import angle_slope, polar_angle
from tests.distributions.polar import F64, angles, at_angle, direction, distribution, panels_between, window
from tests.exact.mutants import killed, z_score

CASES = [(dim, kappa) for dim in (2, 3, 10, 200) for kappa in (0.01, 1.0, 100.0, 1e4)]
every = pytest.mark.parametrize(("dim", "kappa"), CASES)
Sampler = Callable[[Tensor, int, torch.Size], Tensor]


def cumulative(dim: int, kappa: float, panels: int = 400) -> tuple[Tensor, Tensor]:
    """The distribution function of the angle at the ends of panels, by quadrature of the density."""
    theta, log_area = angles(dim, kappa, panels)
    log_q = distribution(dim, kappa).log_prob(at_angle(dim, theta))
    mass = (log_area + log_q).exp().reshape(panels, -1).sum(1)
    gaps = theta.reshape(panels, -1)
    ends = (gaps[1:, 0] + gaps[:-1, -1]) / 2
    return ends, mass.cumsum(0)[:-1]


def draws_follow_the_density(sampler: Sampler, dim: int, kappa: float) -> None:
    torch.manual_seed(0)
    theta = sampler(torch.tensor(kappa, dtype=F64), dim, torch.Size([10_000]))
    ends, below = cumulative(dim, kappa)
    # Smallest detectable error: 5 standard errors of a share, at most 2.5 points of a hundred.
    for quantile in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98):
        index = int((below < quantile).sum().clamp_max(len(below) - 1))
        assert abs(z_score((theta < ends[index]).double(), float(below[index]))) < 5


@every
def test_10_angles_follow_their_density(dim: int, kappa: float) -> None:
    draws_follow_the_density(polar_angle, dim, kappa)


def proposals(kappa: Tensor, dim: int, shape: torch.Size) -> Tensor:
    """Wood's proposals, none rejected."""
    b = (dim - 1) / (2 * kappa + torch.sqrt(4 * kappa.square() + (dim - 1) ** 2))
    share = Beta(torch.tensor((dim - 1) / 2, dtype=F64), torch.tensor((dim - 1) / 2, dtype=F64)).sample(shape)
    return 2 * torch.asin((b * share / (1 - (1 - b) * share)).sqrt())


def one_power_too_many(kappa: Tensor, dim: int, shape: torch.Size) -> Tensor:
    """sin^(m-1) in place of sin^(m-2)."""
    angle: Tensor = polar_angle(kappa, dim + 1, shape)
    return angle


@pytest.mark.parametrize(("mutant", "dim", "kappa"), [(proposals, 3, 1.0), (one_power_too_many, 10, 1e4)])
def test_10_mutants(mutant: Sampler, dim: int, kappa: float) -> None:
    with killed():
        draws_follow_the_density(mutant, dim, kappa)


@every
def test_10_draws_surround_the_mean_direction_evenly(dim: int, kappa: float) -> None:
    torch.manual_seed(1)
    d = distribution(dim, kappa)
    z = d.sample(torch.Size([10_000]))
    for coordinate in {0, dim // 2, dim - 1}:
        assert abs(z_score(z[:, coordinate], float(d.mean[coordinate]))) < 5
        spread = (z[:, coordinate] - d.mean[coordinate]).square()
        assert abs(z_score(spread, float(d.variance[coordinate]))) < 5
    beside = at_angle(dim, torch.tensor([math.pi / 2], dtype=F64))[0]
    assert abs(z_score(z @ beside, 0.0)) < 5
    assert abs(z_score((z @ direction(dim)), float(d.mean.norm()))) < 5


def below(theta: Tensor, dim: int, kappa: float, domain: tuple[float, float]) -> Tensor:
    """F(theta), one angle at a time, by quadrature of the unnormalised density."""

    def integral(low: float, high: float) -> Tensor:
        t, weight = panels_between(low, high, 40)
        # Less the peak's logarithm, by and large, so that nothing overflows.
        log = kappa * (t.cos() - math.cos(middle)) + (dim - 2) * (t.sin() / math.sin(middle)).log()
        return (weight * log.exp()).sum()

    low, high = domain
    middle = float(theta.median())
    return torch.stack([integral(low, each) for each in theta.tolist()]) / integral(low, high)


def slope_is_implicit(dim: int, kappa: float, slope: Callable[[Tensor, Tensor, int], Tensor]) -> None:
    torch.manual_seed(0)
    theta = polar_angle(torch.tensor(kappa, dtype=F64), dim, torch.Size([8]))
    domain = window(dim, kappa)
    h = 1e-3 * kappa
    f = {step: below(theta, dim, kappa + step * h, domain) for step in (-2, -1, 1, 2)}
    of_kappa = (8 * (f[1] - f[-1]) - (f[2] - f[-2])) / (12 * h)
    d = distribution(dim, kappa)
    log_circle = math.log(2) + (dim - 1) / 2 * math.log(math.pi) - math.lgamma((dim - 1) / 2)
    density = torch.exp(d.log_prob(at_angle(dim, theta)) + log_circle + (dim - 2) * theta.sin().log())
    torch.testing.assert_close(slope(theta, d.concentration, dim), -of_kappa / density, rtol=1e-6, atol=0)


@every
def test_12_the_slope_is_the_implicit_one(dim: int, kappa: float) -> None:
    slope_is_implicit(dim, kappa, angle_slope)


def of_the_proposal(theta: Tensor, kappa: Tensor, dim: int) -> Tensor:
    """The slope of Wood's transformation at a fixed proposal, as if acceptance did not depend on kappa."""
    kappa = kappa.detach().expand(theta.shape).clone().requires_grad_()
    with torch.enable_grad():
        b = (dim - 1) / (2 * kappa + torch.sqrt(4 * kappa.square() + (dim - 1) ** 2))
        s = (theta.detach() / 2).sin().square()
        share = (s / (b + s * (1 - b))).detach()
        (slope,) = torch.autograd.grad(2 * torch.asin((b * share / (1 - (1 - b) * share)).sqrt()).sum(), kappa)
    return slope


@every
def test_12_mutant(dim: int, kappa: float) -> None:
    with killed():
        slope_is_implicit(dim, kappa, of_the_proposal)


def test_the_slope_is_differentiable_itself() -> None:
    for dim, kappa in ((2, 2.0), (3, 0.5), (5, 30.0)):
        torch.manual_seed(0)
        concentration = torch.tensor(kappa, dtype=F64, requires_grad=True)
        theta = polar_angle(concentration.detach(), dim, torch.Size([6])).requires_grad_()
        assert torch.autograd.gradcheck(lambda t, k, m=dim: angle_slope(t, k, m), (theta, concentration))


def exact_expectation(loc: Tensor, kappa: Tensor, a: Tensor) -> Tensor:
    """E[exp(a.z)] = C(kappa) / C(|kappa mu + a|)."""
    order = loc.shape[-1] / 2 - 1

    def log_normaliser(k: Tensor) -> Tensor:
        value: Tensor = order * k.log() - bessel_i(order, k).log_scaled - k
        return value

    return torch.exp(log_normaliser(kappa) - log_normaliser((kappa * loc + a).norm()))


def gradients_are_unbiased(dim: int, kappa: float, draw: Callable[[Tensor, Tensor], Tensor], n: int = 2_500) -> None:
    torch.manual_seed(0)
    a = 1.5 * normalize(torch.randn(dim, dtype=F64), dim=0) + direction(dim)
    raw = 0.7 * direction(dim).requires_grad_()
    log_kappa = torch.tensor(kappa, dtype=F64).log().requires_grad_()
    expectation = exact_expectation(normalize(raw, dim=0), log_kappa.exp(), a)
    exact = torch.autograd.grad(expectation, (raw, log_kappa))
    raws = raw.detach().expand(n, dim).clone().requires_grad_()
    log_kappas = log_kappa.detach().expand(n).clone().requires_grad_()
    values = (draw(normalize(raws, dim=-1), log_kappas.exp()) @ a).exp()
    of_raw, of_kappa = torch.autograd.grad(values.sum(), (raws, log_kappas))
    assert abs(z_score(values.detach(), float(expectation.detach()))) < 5
    assert abs(z_score(of_kappa, float(exact[1]))) < 5
    for coordinate in {0, dim // 2, dim - 1}:
        assert abs(z_score(of_raw[:, coordinate], float(exact[0][coordinate]))) < 5


def reparameterised(loc: Tensor, kappa: Tensor) -> Tensor:
    return VonMisesFisher(loc, kappa).rsample()


@pytest.mark.parametrize("kappa", [0.01, 10.0, 1e4])
@pytest.mark.parametrize("dim", [2, 3, 200])
def test_12_gradients_of_an_expectation_are_unbiased(dim: int, kappa: float) -> None:
    gradients_are_unbiased(dim, kappa, reparameterised)


def test_12_mutants_of_the_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    with killed():  # the angle does not move with kappa
        gradients_are_unbiased(10, 10.0, lambda loc, kappa: VonMisesFisher(loc, kappa.detach() + 0 * kappa).rsample())
    with killed():  # the direction does not move with the location
        gradients_are_unbiased(10, 10.0, lambda loc, kappa: VonMisesFisher(loc.detach() + 0 * loc, kappa).rsample())
    monkeypatch.setattr("latentia.distributions.polar_angle.angle_slope", of_the_proposal)
    with killed():  # the proposal's slope, uncorrected for rejections
        gradients_are_unbiased(3, 1.0, reparameterised, 20_000)


def test_per_example_gradients_through_vmap() -> None:
    def value(loc: Tensor, log_kappa: Tensor, a: Tensor) -> Tensor:
        d = VonMisesFisher(normalize(loc, dim=0), log_kappa.exp())
        return (d.rsample((2,)) @ a).sum() + d.log_prob(a) + d.kl_to_uniform() + d.entropy()

    torch.manual_seed(0)
    arguments = torch.randn(6, 4), torch.randn(6), normalize(torch.randn(6, 4), dim=-1)
    of_loc, of_kappa = torch.func.vmap(torch.func.grad(value, (0, 1)), randomness="different")(*arguments)
    assert of_loc.shape == (6, 4)
    assert of_kappa.shape == (6,)
    assert of_loc.isfinite().all()
    assert of_kappa.count_nonzero() == 6


def test_a_concentration_that_is_no_number_reaches_the_loss() -> None:
    z = VonMisesFisher(direction(3), torch.tensor([math.nan, 1.0], dtype=F64)[:, None].expand(2, 5)).rsample()
    assert z[0].isnan().any()
    assert z[1].isfinite().all()
