"""Integrals over the angle to a mean direction, by which claims about the sphere are checked."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from latentia.distributions import VonMisesFisher

F64 = torch.float64


def direction(dim: int) -> Tensor:
    """A unit vector that no axis is special to."""
    v = torch.linspace(-1, 2, dim, dtype=F64).cos() + 0.3
    return normalize(v, dim=0)


def distribution(dim: int, concentration: float) -> VonMisesFisher:
    """A von Mises-Fisher distribution in float64."""
    return VonMisesFisher(direction(dim), torch.tensor(concentration, dtype=F64))


@lru_cache
def window(dim: int, concentration: float) -> tuple[float, float]:
    """Two angles between which all but 1e-30 of the mass lies."""
    grid = torch.linspace(1e-8, math.pi - 1e-8, 20_001, dtype=F64)
    log = concentration * grid.cos() + (dim - 2) * grid.sin().log()
    inside = grid[log > log.max() - 75]
    low, high = float(inside[0]), float(inside[-1])
    step = float(grid[1] - grid[0])
    return (0.0 if low < 2 * step else low - step), (math.pi if high > math.pi - 2 * step else high + step)


def panels_between(low: float, high: float, panels: int) -> tuple[Tensor, Tensor]:
    """Gauss-Legendre nodes `[panels, 20]` on equal panels, and their weights."""
    x, w = (torch.from_numpy(each) for each in np.polynomial.legendre.leggauss(20))
    edges = torch.linspace(low, high, panels + 1, dtype=F64)
    middle, half = (edges[1:] + edges[:-1])[:, None] / 2, edges.diff()[:, None] / 2
    return middle + half * x, half * w


def angles(dim: int, concentration: float, panels: int = 60) -> tuple[Tensor, Tensor]:
    """Angles `[Q]` over the window, in rising order, and the logarithm of the area that each stands for.

    The area element is |S^(m-2)| sin^(m-2).
    """
    theta, weight = (each.flatten() for each in panels_between(*window(dim, concentration), panels))
    log_circle = math.log(2) + (dim - 1) / 2 * math.log(math.pi) - math.lgamma((dim - 1) / 2)
    return theta, weight.log() + log_circle + (dim - 2) * theta.sin().log()


def at_angle(dim: int, theta: Tensor) -> Tensor:
    """Unit vectors `[Q, m]` at those angles from `direction(dim)`."""
    mu = direction(dim)
    beside = torch.zeros(dim, dtype=F64)
    beside[0], beside[1] = mu[1], -mu[0]
    return theta.cos()[:, None] * mu + theta.sin()[:, None] * normalize(beside, dim=0)
