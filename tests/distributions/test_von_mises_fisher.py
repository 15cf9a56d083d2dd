"""Oracles 7 and 8 on the sphere: its densities integrate to one and its KL is the integral."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.stats import vonmises_fisher
from torch import Tensor
from torch.distributions import kl_divergence

from latentia.distributions import UniformSphere, VonMisesFisher, draw, factor_means, kl, kl_per_dim, temper
from latentia.distributions.unit_sphere import log_area
from latentia.errors import CompatibilityError, ConfigurationError
from tests.distributions.polar import F64, angles, at_angle, direction, distribution
from tests.exact.mutants import killed, z_score

DIMS = (2, 3, 17, 200)
CONCENTRATIONS = (0.01, 1.0, 100.0, 1e4)
every = pytest.mark.parametrize(
    ("dim", "concentration"), [(dim, concentration) for dim in DIMS for concentration in CONCENTRATIONS]
)
LogProb = Callable[[VonMisesFisher, Tensor], Tensor]


def integrates_to_one(dim: int, concentration: float, log_prob: LogProb) -> None:
    theta, log_area_at = angles(dim, concentration)
    log_q = log_prob(distribution(dim, concentration), at_angle(dim, theta))
    assert abs(float((log_area_at + log_q).exp().sum()) - 1) < 1e-10


@every
def test_8_the_density_integrates_to_one_over_the_sphere(dim: int, concentration: float) -> None:
    integrates_to_one(dim, concentration, VonMisesFisher.log_prob)


def with_the_order_of_the_dimension(d: VonMisesFisher, z: Tensor) -> Tensor:
    """The normaliser with I_(m/2) in place of I_(m/2-1)."""
    _, found = d._bessel()
    return d.log_prob(z) - found.ratio.log()


def over_the_plane(d: VonMisesFisher, z: Tensor) -> Tensor:
    """A normaliser that has forgotten one factor 2 pi."""
    return d.log_prob(z) + math.log(2 * math.pi)


@pytest.mark.parametrize("mutant", [with_the_order_of_the_dimension, over_the_plane])
def test_8_mutants(mutant: LogProb) -> None:
    for dim, concentration in ((3, 1.0), (200, 1e4)):
        with killed():
            integrates_to_one(dim, concentration, mutant)


def sampled_area(factor: float) -> None:
    torch.manual_seed(0)
    d = distribution(3, 1.0)
    z = d.sample(torch.Size([20_000]))
    inside = z[:, 2] > 0.2  # a cap, of area 2 pi times its height
    truth = factor * 2 * math.pi * 0.8
    estimates = inside.to(F64) / d.log_prob(z).exp()
    # Smallest detectable error: 5 standard errors, below 6 % of the area.
    assert float(estimates.std()) / 20_000**0.5 * 5 < 0.06 * truth
    assert abs(z_score(estimates, truth)) < 5


def test_8_inverse_densities_of_draws_measure_a_cap() -> None:
    sampled_area(1.0)


def test_8_mutant_of_the_area() -> None:
    with killed():
        sampled_area(1.15)


def kl_is_the_integral(dim: int, concentration: float, divergence: Callable[[VonMisesFisher], Tensor]) -> None:
    d = distribution(dim, concentration)
    theta, log_area_at = angles(dim, concentration)
    log_q = d.log_prob(at_angle(dim, theta))
    log_p = UniformSphere(dim).log_prob(at_angle(dim, theta))
    exact = float(((log_area_at + log_q).exp() * (log_q - log_p)).sum())
    assert abs(float(divergence(d)) - exact) < 1e-10 * max(1.0, exact)
    assert exact > 0


def to_uniform(d: VonMisesFisher) -> Tensor:
    return kl_divergence(d, UniformSphere(d.dim))


@every
def test_7_kl_to_the_uniform_sphere_is_the_integral(dim: int, concentration: float) -> None:
    kl_is_the_integral(dim, concentration, to_uniform)


def without_the_mean(d: VonMisesFisher) -> Tensor:
    """E[w] taken for 1: as if every draw lay at the mean direction."""
    kappa, found = d._bessel()
    return to_uniform(d) + kappa * found.complement


def from_a_flat_space(d: VonMisesFisher) -> Tensor:
    """The area of the sphere of one dimension more."""
    return to_uniform(d) + log_area(d.dim + 1) - log_area(d.dim)


@pytest.mark.parametrize("mutant", [without_the_mean, from_a_flat_space])
def test_7_mutants(mutant: Callable[[VonMisesFisher], Tensor]) -> None:
    for dim, concentration in ((3, 1.0), (200, 1e4)):
        with killed():
            kl_is_the_integral(dim, concentration, mutant)


@every
def test_entropy_and_moments_are_integrals(dim: int, concentration: float) -> None:
    d = distribution(dim, concentration)
    theta, log_area_at = angles(dim, concentration)
    log_q = d.log_prob(at_angle(dim, theta))
    mass = (log_area_at + log_q).exp()
    torch.testing.assert_close(d.entropy(), -(mass * log_q).sum(), rtol=1e-10, atol=1e-10)
    cosine, mu = theta.cos(), direction(dim)
    torch.testing.assert_close(d.mean, (mass * cosine).sum() * mu, rtol=1e-10, atol=1e-12)
    along = (mass * (cosine - (mass * cosine).sum()).square()).sum()
    across = (mass * theta.sin().square()).sum() / (dim - 1)
    expected = along * mu.square() + across * (1 - mu.square())
    torch.testing.assert_close(d.variance, expected, rtol=1e-9, atol=0)


def test_scipy_agrees_where_it_has_an_answer() -> None:
    for dim, concentration in ((2, 3.0), (3, 0.5), (3, 80.0), (10, 20.0), (40, 100.0)):
        mu = direction(dim).numpy()
        peer = vonmises_fisher(mu, concentration)
        z = peer.rvs(20, random_state=np.random.default_rng(0))
        ours = distribution(dim, concentration)
        torch.testing.assert_close(ours.log_prob(torch.from_numpy(z)), torch.from_numpy(peer.logpdf(z)))
        torch.testing.assert_close(float(ours.entropy()), float(peer.entropy()))


def test_on_the_ordinary_sphere_it_is_fishers_closed_form() -> None:
    kappa = torch.tensor([0.01, 1.0, 10.0], dtype=F64)
    d = VonMisesFisher(direction(3).expand(3, 3), kappa)
    expected = torch.log(kappa / (4 * math.pi * kappa.sinh())) + kappa
    torch.testing.assert_close(d.log_prob(d.loc), expected, rtol=1e-12, atol=0)


@every
def test_single_precision_loses_single_precision(dim: int, concentration: float) -> None:
    wide = distribution(dim, concentration)
    loc, kappa = wide.loc.float().requires_grad_(), wide.concentration.float().requires_grad_()
    narrow = VonMisesFisher(loc, kappa)
    torch.manual_seed(0)
    z = narrow.rsample(torch.Size([200]))
    assert z.dtype == narrow.log_prob(z).dtype == narrow.entropy().dtype == torch.float32
    assert (z.norm(dim=-1) - 1).abs().max() < 1e-6
    size = max(1.0, float(wide.log_prob(wide.loc).abs()))
    for ours, exact in (
        (narrow.log_prob(z), wide.log_prob(z.double())),
        (narrow.entropy(), wide.entropy()),
        (to_uniform(narrow), to_uniform(wide)),
    ):
        assert (ours.double() - exact).abs().max() < 1e-6 * size + 2e-5
    (z.sum() + narrow.log_prob(z).sum() + narrow.entropy() + to_uniform(narrow)).backward()
    assert loc.grad is not None
    assert kappa.grad is not None
    assert loc.grad.isfinite().all()
    assert kappa.grad.isfinite().all()
    # The gradient of the KL, kappa A', is the same in both.
    (grad,) = torch.autograd.grad(to_uniform(VonMisesFisher(loc, kappa)), kappa)
    exact_kappa = wide.concentration.clone().requires_grad_()
    (exact_grad,) = torch.autograd.grad(to_uniform(VonMisesFisher(wide.loc, exact_kappa)), exact_kappa)
    torch.testing.assert_close(grad.double(), exact_grad, rtol=1e-5, atol=0)


def test_it_speaks_the_vocabulary_of_the_walk() -> None:
    q = VonMisesFisher(direction(4).expand(3, 4), torch.tensor([0.5, 5.0, 50.0], dtype=F64))
    p = UniformSphere(4, dtype=F64)
    lead = torch.Size([5, 3])
    z = draw(q, lead)
    assert z.shape == draw(p, lead).shape == (5, 3, 4)
    assert q.log_prob(z).shape == p.log_prob(z).shape == lead
    assert kl(q, p, z).shape == (3,)
    assert kl_per_dim(q, p) is None
    torch.testing.assert_close(factor_means(q, lead), direction(4).expand(5, 3, 4))
    assert q.support.check(z).all()
    assert p.support.check(draw(p, lead)).all()
    assert not q.support.check(2 * z).any()
    assert q.expand((2, 3)).batch_shape == p.expand((2, 3)).batch_shape == (2, 3)


def test_the_uniform_sphere_has_moments_an_area_and_no_temperature() -> None:
    torch.manual_seed(0)
    for dim in (2, 3, 9):
        p = UniformSphere(dim, (2,), dtype=F64)
        z = p.rsample(torch.Size([20_000]))[:, 0]
        torch.testing.assert_close(p.entropy(), -p.log_prob(draw(p, torch.Size([1, 2])))[0])
        for coordinate in range(dim):
            assert abs(z_score(z[:, coordinate], float(p.mean[0, coordinate]))) < 5
            assert abs(z_score(z[:, coordinate].square(), float(p.variance[0, coordinate]))) < 5
    assert temper(UniformSphere(3), 1.0).event_shape == (3,)
    with pytest.raises(CompatibilityError, match="UniformSphere"):
        temper(UniformSphere(3), 0.5)


def test_two_points_are_no_sphere() -> None:
    with pytest.raises(ConfigurationError, match="at least 2"):
        UniformSphere(1)
    with pytest.raises(ConfigurationError, match="at least 2"):
        VonMisesFisher(torch.ones(1), torch.ones(()))
