"""Constructors, the smooth bound, temperature, and oracles 7, 8 and 10 for the families there are."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Independent, Normal, StudentT

from latentia.distributions import (
    Flat,
    PointMass,
    at_least_float32,
    bernoulli,
    draw,
    kl,
    kl_per_dim,
    mixture_of_normals,
    normal,
    saturation,
    smooth_bound,
    temper,
)
from latentia.errors import CompatibilityError
from tests.exact.mutants import killed, z_score

F64 = torch.float64
GRID = torch.linspace(-30, 30, 200_001, dtype=F64)[:, None]


def mixture() -> torch.distributions.Distribution:
    loc = torch.tensor([[-2.0], [1.0], [4.0]], dtype=F64)
    scale = torch.tensor([[0.5], [1.0], [0.3]], dtype=F64)
    return mixture_of_normals(torch.tensor([0.1, 0.7, -0.5], dtype=F64), loc, scale)


def standard() -> torch.distributions.Distribution:
    return normal(torch.zeros(1, dtype=F64), torch.ones(1, dtype=F64))


def test_8_densities_integrate_to_one() -> None:
    for d in (mixture(), standard()):
        total = torch.trapezoid(d.log_prob(GRID).exp(), GRID[:, 0])
        assert abs(float(total) - 1) < 1e-10
    both = bernoulli(torch.tensor([0.3], dtype=F64))
    assert abs(float(both.log_prob(torch.tensor([[0.0], [1.0]], dtype=F64)).exp().sum()) - 1) < 1e-12


def normal_kl_is_the_integral(factor: float) -> None:
    q, p = normal(torch.tensor([0.7], dtype=F64), torch.tensor([0.4], dtype=F64)), standard()
    integrand = q.log_prob(GRID).exp() * (q.log_prob(GRID) - p.log_prob(GRID))
    exact = torch.trapezoid(integrand, GRID[:, 0])
    assert abs(float(factor * kl(q, p, GRID[:1]) - exact)) < 1e-10


def test_7_kl_of_gaussians_is_the_integral() -> None:
    normal_kl_is_the_integral(1.0)


def test_7_mutant() -> None:
    with killed():
        normal_kl_is_the_integral(2.0)


def test_7_kl_without_a_closed_form_is_sampled_and_unbiased() -> None:
    torch.manual_seed(0)
    q, p = normal(torch.tensor([0.7], dtype=F64), torch.tensor([0.4], dtype=F64)), mixture()
    integrand = q.log_prob(GRID).exp() * (q.log_prob(GRID) - p.log_prob(GRID))
    exact = float(torch.trapezoid(integrand, GRID[:, 0]))
    assert abs(z_score(kl(q, p, draw(q, torch.Size([50_000]))), exact)) < 5


def test_kl_of_each_dimension_adds_up() -> None:
    q = normal(torch.randn(4, 3, dtype=F64), torch.rand(4, 3, dtype=F64) + 0.1)
    p = normal(torch.zeros(3, dtype=F64), torch.ones(3, dtype=F64))
    per_dim = kl_per_dim(q, p)
    assert per_dim is not None
    torch.testing.assert_close(per_dim.sum(-1), kl(q, p, q.sample()))
    assert kl_per_dim(q, mixture()) is None
    assert kl_per_dim(q, Independent(StudentT(torch.ones(3)), 1)) is None


def test_10_samples_of_the_mixture_follow_its_density() -> None:
    torch.manual_seed(0)
    z = draw(mixture(), torch.Size([40_000]))[:, 0]
    cdf = torch.cumulative_trapezoid(mixture().log_prob(GRID).exp(), GRID[:, 0])
    for quantile in (0.1, 0.35, 0.5, 0.8, 0.95):
        threshold = GRID[int((cdf < quantile).sum()), 0]
        assert abs(z_score((z < threshold).double(), quantile)) < 5


def test_draw_broadcasts_any_batch_to_the_lead() -> None:
    lead = torch.Size([5, 3])
    for batch in ((), (3,), (1, 3), (5, 3), (5, 1)):
        d = normal(torch.zeros(*batch, 2), torch.ones(*batch, 2))
        z = draw(d, lead)
        assert z.shape == (5, 3, 2)
        assert len(z.unique()) == z.numel()
    assert draw(mixture(), lead).shape == (5, 3, 1)
    assert draw(PointMass(torch.zeros(3, 2)), lead).shape == (5, 3, 2)


def test_the_smooth_bound_is_monotone_and_its_slope_survives() -> None:
    raw = torch.linspace(-60, 60, 1001, dtype=F64, requires_grad=True)
    value = smooth_bound(raw, -8.0, 8.0)
    assert (value.diff() > 0).all()
    assert value.abs().max() < 8
    (slope,) = torch.autograd.grad(value.sum(), raw)
    at_bound = slope[(raw.detach() - 8).abs().argmin()]
    torch.testing.assert_close(at_bound, torch.tensor(2**-1.5, dtype=F64), rtol=1e-2, atol=0)
    assert slope.min() > 1e-3
    # Off centre: the identity at the centre of (-9, 3), with slope one.
    torch.testing.assert_close(smooth_bound(torch.tensor(-3.0), -9.0, 3.0), torch.tensor(-3.0))
    assert float(saturation(torch.tensor([-7.99, 0.0, 7.9, 1.0]), -8.0, 8.0)) == 0.5


def test_temperature_scales_the_spread_alone() -> None:
    q = normal(torch.full((3,), 2.0), torch.full((3,), 0.5))
    cool = temper(q, 0.5)
    torch.testing.assert_close(cool.mean, q.mean)
    torch.testing.assert_close(cool.stddev, 0.5 * q.stddev)
    assert temper(q, 1.0) is q
    cold = temper(mixture(), 0.0).sample(torch.Size([500]))
    assert {round(v, 6) for v in cold.flatten().tolist()} == {-2.0, 1.0, 4.0}
    with pytest.raises(CompatibilityError, match="Flat"):
        temper(Flat(torch.Size([2])), 0.5)


def test_a_point_mass_and_a_flat_prior_have_shapes_and_refuse_the_rest() -> None:
    point = PointMass(torch.ones(4, 2))
    assert point.rsample(torch.Size([3])).shape == (3, 4, 2)
    assert float(point.variance.sum()) == 0
    assert point.support.check(torch.ones(4, 2)).all()
    flat = Flat(torch.Size([2]))
    assert flat.expand((3, 4)).batch_shape == (3, 4)
    torch.testing.assert_close(flat.log_prob(torch.randn(5, 2)), torch.zeros(5))
    assert flat.support.check(torch.ones(4, 2)).all()
    with pytest.raises(CompatibilityError, match="no prior"):
        flat.sample()


def test_half_precision_is_lifted_and_nothing_else_touched() -> None:
    assert at_least_float32(torch.ones(1, dtype=torch.float16)).dtype == torch.float32
    assert at_least_float32(torch.ones(1, dtype=F64)).dtype == F64


def test_constructors_do_not_validate_and_leave_torch_alone() -> None:
    # A NaN must reach the loss, where training names it, and not a validation error deep inside torch.
    assert math.isnan(float(normal(torch.tensor([math.nan]), torch.ones(1)).log_prob(torch.zeros(1))))
    assert Normal._validate_args is torch.distributions.Distribution._validate_args
