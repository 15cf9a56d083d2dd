"""Bessel functions against many more digits than float64 has, over all orders and arguments that a sphere needs."""

from __future__ import annotations

from collections.abc import Callable

import mpmath  # type: ignore[import-untyped]
import pytest
import torch
from scipy.special import ive
from torch import Tensor

from latentia.distributions.bessel import BesselI, bessel_i, ratio_slope
from tests.exact.mutants import killed

ORDERS = [0.0, 0.5, 1.0, 1.5, 4.0, 11.5, 12.0, 13.5, 14.0, 31.5, 99.0, 199.0, 499.0]
ARGUMENTS = [1e-4, 1e-2, 0.1, 1.0, 3.0, 10.0, 30.0, 100.0, 1e3, 1e4, 1e6]


def exact(order: float, x: float) -> tuple[mpmath.mpf, mpmath.mpf]:
    """log I_v(x) - x and the ratio, to 50 digits."""
    with mpmath.workdps(50):
        here, above = mpmath.besseli(order, x), mpmath.besseli(order + 1, x)
        return mpmath.log(here) - x, above / here


def agrees(function: Callable[[float, Tensor], BesselI], orders: list[float] = ORDERS) -> None:
    for order in orders:
        found = function(order, torch.tensor(ARGUMENTS, dtype=torch.float64))
        for index, x in enumerate(ARGUMENTS):
            log, ratio = exact(order, x)
            with mpmath.workdps(50):
                assert abs(float(found.log_scaled[index]) - log) <= 1e-12 * max(1, abs(log)), (order, x)
                assert abs(float(found.ratio[index]) / ratio - 1) < 1e-12, (order, x)
                assert abs(float(found.complement[index]) / (1 - ratio) - 1) < 1e-12, (order, x)


def test_values_are_right_to_twelve_digits() -> None:
    agrees(bessel_i)


def by_forward_recurrence(order: float, x: Tensor) -> BesselI:
    """The recurrence run upwards, where it is unstable: what one writes first."""
    first = bessel_i(order - 1, x)
    ratio = 1 / first.ratio - 2 * order / x
    return BesselI(first.log_scaled + first.ratio.log(), ratio, 1 - ratio)


def by_leading_term(order: float, x: Tensor) -> BesselI:
    """The first term of the uniform expansion alone."""

    def log(v: float) -> Tensor:
        s = torch.sqrt(v * v + x * x)
        return s - x - v * torch.asinh(v / x) - 0.5 * torch.log(2 * torch.pi * s)

    ratio = torch.exp(log(order + 1) - log(order))
    return BesselI(log(order), ratio, 1 - ratio)


@pytest.mark.parametrize("mutant", [by_forward_recurrence, by_leading_term])
def test_mutants(mutant: Callable[[float, Tensor], BesselI]) -> None:
    with killed():
        agrees(mutant, [99.0])


def test_derivatives_are_those_of_the_differential_equation_to_ten_digits() -> None:
    for order in (0.0, 0.5, 4.0, 99.0):
        x = torch.tensor([x for x in ARGUMENTS if x <= 1e4], dtype=torch.float64, requires_grad=True)
        found = bessel_i(order, x)
        (of_log,) = torch.autograd.grad(found.log_scaled.sum(), x, retain_graph=True)
        (of_ratio,) = torch.autograd.grad((found.ratio - found.complement).sum() / 2, x)
        for index, value in enumerate(x.tolist()):
            _, ratio = exact(order, value)
            with mpmath.workdps(50):
                v, z = mpmath.mpf(order), mpmath.mpf(value)
                assert abs(float(of_log[index]) / (ratio + v / z - 1) - 1) < 1e-10
                assert abs(float(of_ratio[index]) / (1 - ratio**2 - (2 * v + 1) / z * ratio) - 1) < 1e-9


def test_it_differentiates_twice_and_under_vmap() -> None:
    x = torch.tensor([0.3, 2.0, 40.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: tuple(bessel_i(1.5, x)), x)
    assert torch.autograd.gradgradcheck(lambda x: tuple(bessel_i(1.5, x)), x)
    each = torch.func.vmap(torch.func.grad(lambda x: bessel_i(1.5, x).ratio))(x.detach())
    torch.testing.assert_close(each, ratio_slope(1.5, bessel_i(1.5, x.detach()), x.detach()))


def test_scipy_agrees_where_it_has_an_answer() -> None:
    x = torch.tensor([0.5, 5.0, 50.0, 500.0], dtype=torch.float64)
    for order in (0.0, 0.5, 2.0, 15.0):
        expected = torch.from_numpy(ive(order, x.numpy()))
        torch.testing.assert_close(bessel_i(order, x).log_scaled.exp(), expected, rtol=1e-11, atol=0)


def test_low_precision_is_computed_in_high() -> None:
    x = torch.tensor([0.01, 1.0, 1e4])
    found = bessel_i(99.0, x)
    assert all(value.dtype == torch.float64 for value in found)
    torch.testing.assert_close(found.ratio, bessel_i(99.0, x.double()).ratio, rtol=0, atol=0)
