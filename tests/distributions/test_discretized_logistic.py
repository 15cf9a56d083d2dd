"""Oracle 9: the bins of the discretised logistic add up to one, in the far tails too; sampling agrees with log_prob."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from latentia.distributions import DiscretizedLogistic
from tests.exact.mutants import killed

LOCS = torch.tensor([-30.0, -1.0, 0.0, 0.013, 0.5, 0.999, 1.0, 2.0, 40.0])
LOG_SCALES = torch.tensor([-9.0, -5.0, -2.0, 0.0, 3.0])


def total_mass(log_prob: Callable[[DiscretizedLogistic, Tensor], Tensor], levels: int, dtype: torch.dtype) -> Tensor:
    d = DiscretizedLogistic(LOCS.to(dtype)[:, None], LOG_SCALES.to(dtype), levels)
    grid = torch.arange(levels, dtype=dtype) / (levels - 1)
    return log_prob(d, grid[:, None, None]).logsumexp(0)


@pytest.mark.parametrize("levels", [2, 3, 17, 256])
def test_9_the_bins_sum_to_one(levels: int) -> None:
    assert total_mass(DiscretizedLogistic.log_prob, levels, torch.float64).abs().max() < 1e-12
    assert total_mass(DiscretizedLogistic.log_prob, levels, torch.float32).abs().max() < 1e-6


def clamped(d: DiscretizedLogistic, value: Tensor) -> Tensor:
    """The usual implementation: a clamp at 1e-12 and closed outer bins only."""
    half, scale = d.bin_width / 2, d.log_scale.exp()
    upper, lower = torch.sigmoid((value - d.loc + half) / scale), torch.sigmoid((value - d.loc - half) / scale)
    upper, lower = torch.where(value > 1 - half, 1.0, upper), torch.where(value < half, 0.0, lower)
    return (upper - lower).clamp_min(1e-12).log()


def open_ended(d: DiscretizedLogistic, value: Tensor) -> Tensor:
    half, inverse = d.bin_width / 2, torch.exp(-d.log_scale)
    a, b = (value - d.loc + half) * inverse, (value - d.loc - half) * inverse
    return logsigmoid(a) + logsigmoid(-b) + torch.log(-torch.expm1(b - a))


@pytest.mark.parametrize("mutant", [clamped, open_ended])
def test_9_mutants(mutant: Callable[[DiscretizedLogistic, Tensor], Tensor]) -> None:
    with killed():
        assert total_mass(mutant, 256, torch.float64).abs().max() < 1e-12


def test_it_agrees_with_the_difference_of_sigmoids_where_that_is_accurate() -> None:
    d = DiscretizedLogistic(torch.tensor(0.4, dtype=torch.float64), torch.tensor(-1.5, dtype=torch.float64), 256)
    grid = torch.arange(256, dtype=torch.float64) / 255
    torch.testing.assert_close(d.log_prob(grid), clamped(d, grid))


def test_moments_are_those_of_the_bins() -> None:
    d = DiscretizedLogistic(LOCS.double()[:, None], LOG_SCALES.double(), 17)
    grid = torch.arange(17, dtype=torch.float64)[:, None, None] / 16
    mass = d.log_prob(grid).exp()
    mean = (mass * grid).sum(0)
    torch.testing.assert_close(d.mean, mean)
    torch.testing.assert_close(d.variance, (mass * grid.square()).sum(0) - mean.square(), rtol=1e-6, atol=1e-12)


def test_10_samples_follow_the_bins() -> None:
    torch.manual_seed(0)
    d = DiscretizedLogistic(torch.tensor([0.2, 0.9]), torch.tensor([-2.0, -1.0]), 9)
    n = 40_000
    counts = torch.stack([(d.sample((n,)) * 8).round() == k for k in range(9)]).sum(1)
    grid = torch.arange(9.0)[:, None] / 8
    expected = n * d.log_prob(grid).exp()
    chi_squared = ((counts - expected).square() / expected).sum(0)
    # 8 degrees of freedom: mean 8, standard deviation 4; five of them.
    assert (chi_squared < 8 + 5 * 4).all()


def test_gradients_stay_finite_at_the_edges_and_far_away() -> None:
    loc = LOCS.clone()[:, None].expand(-1, 5).clone().requires_grad_()
    log_scale = LOG_SCALES.clone().expand(9, 5).clone().requires_grad_()
    for value in (0.0, 0.5, 1.0):
        DiscretizedLogistic(loc, log_scale, 3).log_prob(torch.tensor(value)).sum().backward()
    assert loc.grad is not None
    assert log_scale.grad is not None
    assert loc.grad.isfinite().all()
    assert log_scale.grad.isfinite().all()
