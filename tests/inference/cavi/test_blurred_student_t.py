"""A Student-t distribution whose location is Gaussian: its quadrature against what is known, far into the tails."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Normal, StudentT

from latentia.inference.cavi.blurred_student_t import BlurredStudentT
from tests.exact.mutants import killed, z_score

F64 = torch.float64
FREEDOMS = torch.tensor([1.2, 3.0, 20.0, 500.0, 1e5], dtype=F64)
VALUES = torch.tensor([0.0, 0.3, -2.0, 7.0, 60.0], dtype=F64)[:, None]


def instance(blur: float, df: torch.Tensor = FREEDOMS) -> BlurredStudentT:
    loc, scale = torch.tensor([0.5, 1.7], dtype=F64)
    return BlurredStudentT(df, loc, scale, torch.tensor(blur, dtype=F64))


def test_without_blur_it_is_student_t() -> None:
    expected = StudentT(FREEDOMS, 0.5, 1.7).log_prob(VALUES)
    torch.testing.assert_close(instance(0.0).log_prob(VALUES), expected, rtol=1e-9, atol=1e-9)


def test_with_many_degrees_of_freedom_it_is_gaussian() -> None:
    df = torch.tensor([1e9], dtype=F64)
    for blur in (0.0, 1.0, 30.0):
        expected = Normal(0.5, math.hypot(1.7, blur)).log_prob(VALUES)
        torch.testing.assert_close(instance(blur, df).log_prob(VALUES), expected, rtol=1e-5, atol=1e-5)


def is_the_convolution(blur: float, doubt: float) -> None:
    grid = torch.linspace(-38, 38, 80_001, dtype=F64)
    weights = (-grid.square() / 2).exp() / math.sqrt(2 * math.pi)
    inner = StudentT(FREEDOMS[:, None], 0.5 + blur * grid, 1.7).log_prob(VALUES[..., None]).exp()
    density = (inner * weights).sum(-1) * float(grid[1] - grid[0])
    found = instance(doubt * blur).log_prob(VALUES).exp()
    seen = density > 1e-250
    torch.testing.assert_close(found[seen], density[seen], rtol=1e-6, atol=0)


@pytest.mark.parametrize("blur", [0.01, 1.0, 20.0])
def test_it_is_the_convolution(blur: float) -> None:
    is_the_convolution(blur, 1.0)
    with killed():
        is_the_convolution(blur, 1.1)


def test_samples_have_its_variance() -> None:
    t = instance(1.0, torch.tensor(9.0, dtype=F64))
    draws = t.sample((40_000,), torch.Generator().manual_seed(0))
    assert abs(z_score((draws - t.mean).square(), float(t.variance))) < 5
    with killed():
        assert abs(z_score((draws - t.mean).square(), float(t.variance) - 1)) < 5
    assert instance(1.0, torch.tensor(1.5, dtype=F64)).variance.isinf()
    assert t.expand([2, 3]).log_prob(torch.zeros(3, dtype=F64)).shape == (2, 3)
