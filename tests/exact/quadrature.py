"""Integrals over a line to the last digits, for densities that are smooth between known points."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

F64 = torch.float64


def unit_interval(nodes: int = 30) -> tuple[Tensor, Tensor]:
    """Points and weights on [0, 1], dense at both ends: Gauss-Legendre on panels that halve towards 0 and towards 1."""
    x, w = (torch.from_numpy(each) for each in np.polynomial.legendre.leggauss(nodes))
    edges = torch.tensor([0.0, *(2.0**-k for k in range(40, 0, -1))], dtype=F64)
    low, width = edges[:-1, None], edges.diff()[:, None]
    points, weights = (low + width * (x + 1) / 2).flatten(), (width * w / 2).flatten()
    return torch.cat([points, 1 - points]), torch.cat([weights, weights])


def half_line(points: int = 801, reach: float = 4.2) -> tuple[Tensor, Tensor]:
    """Points and weights on (0, inf) by the double exponential x = exp(pi/2 sinh t), for tails of any kind."""
    t = torch.linspace(-reach, reach, points, dtype=F64)
    x = torch.exp(math.pi / 2 * t.sinh())
    return x, x * math.pi / 2 * t.cosh() * (t[1] - t[0])


def whole_line(centre: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """Points and weights on the real line, split at `centre`, where a density may have a kink.

    Args:
        centre: `[...]`.
        scale: A length, `[...]`.

    Returns:
        Two tensors `[Q, ...]`.
    """
    x, w = half_line()
    shape = (-1, *[1] * centre.dim())
    away, weights = x.view(shape) * scale, w.view(shape) * scale
    return torch.cat([centre - away, centre + away]), torch.cat([weights, weights])
