"""Modified Bessel functions of the first kind, scaled, for any order and argument that a von Mises-Fisher needs."""

from __future__ import annotations

import math
import operator
from fractions import Fraction
from typing import Any, NamedTuple

import torch
from torch import Tensor

TERMS = 12
"""Terms of the uniform expansion."""
LARGE = 14.0
"""The order from which they suffice for float64."""


class BesselI(NamedTuple):
    r"""What is known of \(I_v(x)\), each in the shape of x and in float64.

    Attributes:
        log_scaled: \(\log I_v(x) - x\).
        ratio: \(r = I_{v+1}(x) / I_v(x)\), between 0 and 1.
        complement: \(1 - r\), which keeps its digits where the ratio is close to 1.
    """

    log_scaled: Tensor
    ratio: Tensor
    complement: Tensor


def bessel_i(order: float, x: Tensor) -> BesselI:
    r"""\(\log I_v(x) - x\) and \(I_{v+1}(x) / I_v(x)\), differentiable in x as often as asked.

    At a high order both come from Olver's uniform expansion, which holds for every x > 0 alike. From there the ratios
    descend by \(r_{v-1} = 1 / (2v/x + r_v)\), a sum of positive terms that forgets its starting error, and
    \(\log I_{v-1} = \log I_v - \log r_{v-1}\). Nothing overflows or cancels: against 60 digits the three are right to
    \(10^{-12}\) for orders 0 to 500 and x from \(10^{-4}\) to \(10^6\), where `scipy.special.ive` returns NaN at order
    200 and x = 0.01.

    Args:
        order: v, zero or more.
        x: Positive, any shape. Whatever its precision, the work is done in float64 (float32 on devices without it).

    Returns:
        Three tensors of the shape of x.

    References:
        Olver, Asymptotics and special functions, 1974, section 10.7; NIST Digital Library of Mathematical Functions,
        2010, 10.29(i) and 10.41(ii).

    >>> found = bessel_i(0.5, torch.tensor(2.0))  # I_1/2(x) = sqrt(2 / (pi x)) sinh x
    >>> round(float(found.log_scaled.exp() / (1 - math.exp(-4)) * math.sqrt(4 * math.pi)), 12)
    1.0
    """
    log, ratio, complement = _BesselI.apply(order, widened(x))  # type: ignore[no-untyped-call] # torch's
    return BesselI(log, ratio, complement)


def widened(x: Tensor) -> Tensor:
    """The same values in float64, where the device has it.

    Args:
        x: Any shape.

    Returns:
        The same shape.
    """
    return x.float() if x.device.type == "mps" else x.double()


class _BesselI(torch.autograd.Function):
    """The values by expansion and recurrence, the derivatives by the differential equation."""

    generate_vmap_rule = True

    @staticmethod
    def forward(order: float, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        steps = max(2, math.ceil(LARGE - order))
        log, ratio, complement = _uniform_expansion(order + steps, x)
        for step in range(steps):
            slope = 2 * (order + steps - step) / x
            lower = 1 / (slope + ratio)
            complement = (slope - complement) * lower
            ratio = lower
            log = log - ratio.log()
        return log, ratio, complement

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[float, Tensor], output: tuple[Tensor, Tensor, Tensor]) -> None:
        order, x = inputs
        ctx.order = order
        ctx.save_for_backward(x, output[1], output[2])

    @staticmethod
    def backward(ctx: Any, *grad: Tensor) -> tuple[None, Tensor]:
        x, ratio, complement = ctx.saved_tensors
        of_log = ctx.order / x - complement
        of_ratio = ratio_slope(ctx.order, BesselI(of_log, ratio, complement), x)
        return None, grad[0] * of_log + (grad[1] - grad[2]) * of_ratio


def ratio_slope(order: float, found: BesselI, x: Tensor) -> Tensor:
    r"""The derivative of the ratio, \(r' = 1 - r^2 - (2v+1) r / x\), written for ratios close to 1.

    Args:
        order: v.
        found: The values at x.
        x: Positive.

    Returns:
        A tensor of the shape of x, positive.
    """
    return found.complement * (1 + found.ratio) - (2 * order + 1) / x * found.ratio


def _uniform_expansion(order: float, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    # With s = sqrt(v^2 + x^2) and p = v / s:  I_v(x) ~ exp(s - v asinh(v/x)) / sqrt(2 pi s) * sum_k U_k(p) / v^k, and
    # I_v'/I_v = (s/x) sum V_k / sum U_k. The sums are polynomials in p; V - U is taken before anything is rounded.
    hypotenuse = torch.sqrt(order * order + x * x)
    coefficients = torch.tensor(_coefficients(order), dtype=x.dtype, device=x.device)
    p = (order / hypotenuse)[..., None]
    powers = p.expand(*x.shape, len(coefficients)).cumprod(-1)
    later_terms, excess = (powers @ coefficients).unbind(-1)
    total = 1 + later_terms
    exponent = order * order / (hypotenuse + x) - order * torch.asinh(order / x)
    log = exponent - 0.5 * torch.log(2 * math.pi * hypotenuse) + total.log()
    complement = order / x * (1 - order / (hypotenuse + x)) - hypotenuse / x * excess / total
    return log, 1 - complement, complement


def _coefficients(order: float) -> list[tuple[float, float]]:
    """The coefficients of p, p^2, ... in sum U_k(p) / v^k and in sum (V_k(p) - U_k(p)) / v^k, k from 1."""
    scales = [order**-k for k in range(1, TERMS + 1)]
    return [
        (sum(map(operator.mul, scales, total)), sum(map(operator.mul, scales, excess)))
        for total, excess in zip(*_TABLES, strict=True)
    ]


def _tables() -> tuple[list[list[float]], list[list[float]]]:
    """For p, p^2, ...: its coefficients in U_1, U_2, ..., and those in V_1 - U_1, V_2 - U_2, ..."""
    total = [[0.0] * TERMS for _ in range(3 * TERMS)]
    excess = [[0.0] * TERMS for _ in range(3 * TERMS)]
    u = [Fraction(1)]
    for k in range(TERMS):
        # U_k+1 = p^2 (1 - p^2) U_k' / 2 + int_0^p (1 - 5 t^2) U_k dt / 8,
        # V_k+1 - U_k+1 = -p (1 - p^2) (U_k / 2 + p U_k').
        following = [Fraction(0)] * (len(u) + 3)
        difference = [Fraction(0)] * (len(u) + 3)
        for power, value in enumerate(u):
            rise = value * power / 2
            following[power + 1] += rise + value / (8 * (power + 1))
            following[power + 3] -= rise + 5 * value / (8 * (power + 3))
            difference[power + 1] -= value * (Fraction(1, 2) + power)
            difference[power + 3] += value * (Fraction(1, 2) + power)
        for power in range(1, len(following)):
            total[power - 1][k], excess[power - 1][k] = float(following[power]), float(difference[power])
        u = following
    return total, excess


_TABLES = _tables()
