r"""The angle between a von Mises-Fisher vector and its mean direction: exact draws, and their exact derivative.

On the unit sphere of R^m the angle has the density \(f(\theta) \propto e^{\kappa\cos\theta} \sin^{m-2}\theta\) on
\((0, \pi)\). Angles, and not their cosines, are what is handled here: near the mean direction of a concentrated
distribution a cosine has lost its digits.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Beta

from latentia.distributions.bessel import bessel_i

NODES = 48
"""Nodes of the quadrature behind the derivative."""
DROP = 40.0
"""Where the density has fallen by exp(-40) the integral may end."""
SMALLEST = 1e-9
"""Angles are not exactly 0, where the density vanishes."""


def polar_angle(concentration: Tensor, dim: int, sample_shape: torch.Size) -> Tensor:
    r"""Draw angles for each concentration, differentiably.

    The draw is by rejection (Ulrich; Wood), exact for every concentration. Its derivative is the implicit one,
    \(d\theta/d\kappa = -(\partial F/\partial\kappa) / f\) with F the distribution function: the motion of a fixed
    quantile. Which proposals were rejected plays no part in it, so it needs no correction.

    Args:
        concentration: \(\kappa > 0\), `[*batch]`, in float64 (or the device's widest precision).
        dim: m, at least 2.
        sample_shape: How many.

    Returns:
        Angles in \((0, \pi)\), `[*sample_shape, *batch]`.

    References:
        Ulrich, Computer generation of distributions on the m-sphere, 1984, doi:10.2307/2347441; Wood, Simulation of the
        von Mises Fisher distribution, 1994, doi:10.1080/03610919408813161; Figurnov, Mohamed, Mnih, Implicit
        reparameterization gradients, 2018, arXiv:1805.08498.
    """
    angle: Tensor = _PolarAngle.apply(concentration, dim, sample_shape)  # type: ignore[no-untyped-call] # torch's
    return angle


class _PolarAngle(torch.autograd.Function):
    """Rejection forward, the implicit derivative backward; under `torch.func.vmap` the whole batch is drawn at once."""

    @staticmethod
    def forward(concentration: Tensor, dim: int, sample_shape: torch.Size) -> Tensor:
        shape = sample_shape + concentration.shape
        return _accepted(concentration.expand(shape).reshape(-1), dim).reshape(shape)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, int, torch.Size], output: Tensor) -> None:
        concentration, ctx.dim, _ = inputs
        ctx.save_for_backward(concentration, output)

    @staticmethod
    def backward(ctx: Any, *grad: Tensor) -> tuple[Tensor, None, None]:
        concentration, angle = ctx.saved_tensors
        each = grad[0] * angle_slope(angle, concentration, ctx.dim)
        return each.sum_to_size(concentration.shape), None, None

    @staticmethod
    def vmap(info: Any, in_dims: Any, concentration: Tensor, dim: int, sample_shape: torch.Size) -> tuple[Tensor, int]:
        return polar_angle(concentration.movedim(in_dims[0], 0), dim, sample_shape), len(sample_shape)


def _accepted(concentration: Tensor, dim: int) -> Tensor:
    # Wood's algorithm in s = (1 - w) / 2 = sin^2(theta / 2), where nothing cancels. With b as below and
    # x0 = (1 - b) / (1 + b), kappa (w - x0) + (m-1) log[(1 - x0 w) / (1 - x0^2)] is the log-probability to accept.
    angle = torch.empty_like(concentration)
    waiting = torch.arange(len(concentration), device=concentration.device)
    shape = torch.full((), (dim - 1) / 2, dtype=concentration.dtype, device=concentration.device)
    symmetric = Beta(shape, shape, validate_args=False)
    while len(waiting):
        kappa = concentration[waiting]
        b = (dim - 1) / (2 * kappa + torch.sqrt(4 * kappa.square() + (dim - 1) ** 2))
        proposal = symmetric.sample(kappa.shape)
        s = b * proposal / (1 - (1 - b) * proposal)
        grown = (1 + b) / 2 * (1 + (1 - b) / b * s)
        log_accept = 2 * kappa * (b / (1 + b) - s) + (dim - 1) * grown.log()
        rejected = torch.rand_like(s).log() > log_accept
        # A NaN is never rejected: it must reach the loss, where training names it, and not keep this loop busy.
        angle[waiting[~rejected]] = 2 * torch.asin(s[~rejected].sqrt())
        waiting = waiting[rejected]
    # Nor exactly pi: 1 - sin^2(pi / 2) must not be rounded to 0.
    return angle.clamp(SMALLEST, math.pi - 4 * torch.finfo(angle.dtype).eps ** 0.5)


def angle_slope(angle: Tensor, concentration: Tensor, dim: int) -> Tensor:
    r"""The implicit derivative \(d\theta/d\kappa = -\int_0^\theta (\cos t - A) f(t)\, dt / f(\theta)\).

    A is the mean cosine. The integral over all angles is zero, so it may be taken on the side of \(\theta\) where the
    integrand keeps one sign, and ends where the density has become negligible.

    Args:
        angle: \(\theta\), `[*sample_shape, *batch]`.
        concentration: \(\kappa\), `[*batch]`.
        dim: m.

    Returns:
        A tensor of the shape of the angles, negative: more concentration moves every quantile to the mean direction.
    """
    kappa, power = concentration, dim - 2
    complement = bessel_i(dim / 2 - 1, kappa).complement
    middle = 2 * torch.asin((complement.detach() / 2).sqrt())
    outwards = angle >= middle
    near, reach = _reach(angle.detach(), kappa.detach(), middle, power)
    reach = torch.where(near, reach, torch.where(outwards, math.pi - angle, angle))
    nodes, weights = (side.to(angle) for side in _gauss_legendre())
    # In s = sin^2(t/2): cos t = 1 - 2s and sin^2 t = 4 s (1 - s), so one sine serves the whole integrand.
    width = torch.where(outwards, reach, -reach)[..., None]
    s, s_here = _haversine(angle[..., None] + width * nodes), _haversine(angle)[..., None]
    log_ratio = power / 2 * ((s - s * s) / (s_here - s_here * s_here)).log() - 2 * kappa[..., None] * (s - s_here)
    lag = (2 * s - complement[..., None]).abs()
    integral: Tensor = (lag * log_ratio.exp()) @ weights
    return -integral * reach


def _haversine(angle: Tensor) -> Tensor:
    return (angle / 2).sin().square()


def _reach(angle: Tensor, kappa: Tensor, middle: Tensor, power: int) -> tuple[Tensor, Tensor]:
    """Whether the density becomes negligible before the side ends (and, outwards, before the equator), and where."""
    # log f is concave on (0, pi/2): from two standard deviations out it falls at least as fast as it does there.
    outwards = angle >= middle
    spread = (kappa * middle.cos() + power / middle.sin().square()).rsqrt()
    turn = torch.where(outwards, angle + 2 * spread, angle - 2 * spread)
    slope = power * turn.cos() / turn.sin() - kappa * turn.sin()
    falling = torch.where(outwards, -slope, slope)
    reach = 2 * spread + DROP / falling
    room = torch.where(outwards, angle + reach < math.pi / 2, (turn > 0) & (reach < angle))
    return room & (falling > 0), reach


@lru_cache
def _gauss_legendre() -> tuple[Tensor, Tensor]:
    """Nodes in (0, 1) and weights that add up to one (Golub, Welsch, 1969)."""
    k = torch.arange(1, NODES, dtype=torch.float64)
    beside = k / torch.sqrt(4 * k.square() - 1)
    nodes, vectors = torch.linalg.eigh(torch.diag(beside, 1) + torch.diag(beside, -1))
    return (nodes + 1) / 2, vectors[0].square()
