"""Ways from one point to another: straight lines, and arcs that keep the length of what they turn."""

from __future__ import annotations

import torch
from torch import Tensor

_FLAT = 1e-6
"""Angles (in radians) below which an arc is computed as the straight line that it then equals."""


def linear(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    r"""Points on the straight line, \((1 - t) a + t b\).

    Args:
        a: Start, `[*lead, L]`.
        b: End, the same shape.
        t: `[S]`, 0 at the start and 1 at the end.

    Returns:
        `[*lead, S, L]`; exactly `a` where t is 0 and exactly `b` where it is 1.

    >>> linear(torch.tensor([0.0]), torch.tensor([4.0]), torch.tensor([0.0, 0.25, 1.0])).flatten().tolist()
    [0.0, 1.0, 4.0]
    """
    a, b, t = a.unsqueeze(-2), b.unsqueeze(-2), t.unsqueeze(-1)
    return _exact_ends((1 - t) * a + t * b, a, b, t)


def spherical(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    r"""Points on the arc that turns the direction of `a` into that of `b`, at a length that changes linearly.

    With \(\omega\) the angle between them, the direction is \((\sin((1 - t)\omega)\,\hat a + \sin(t\omega)\,\hat b) /
    \sin\omega\) and the length \((1 - t)|a| + t|b|\): between vectors of equal length every point has that length.
    Where the directions agree, or a vector is zero and has none, this is the straight line. Where they are opposite,
    the way round is a free choice: it is taken through a fixed direction at right angles to `a`, so that results
    repeat; in one dimension there is no way round, and the straight line through zero is taken.

    Args:
        a: Start, `[*lead, L]`.
        b: End, the same shape.
        t: `[S]`, 0 at the start and 1 at the end.

    Returns:
        `[*lead, S, L]`; exactly `a` where t is 0 and exactly `b` where it is 1.

    References:
        Shoemake, Animating rotation with quaternion curves, 1985, doi:10.1145/325165.325242; White, Sampling generative
        networks, 2016, arXiv:1609.04468.

    >>> halfway = spherical(torch.tensor([3.0, 0.0]), torch.tensor([0.0, 3.0]), torch.tensor([0.5]))
    >>> round(halfway.norm().item(), 5)
    3.0
    """
    start, end = a.unsqueeze(-2), b.unsqueeze(-2)
    t = t.unsqueeze(-1)
    if a.shape[-1] == 1:
        return _exact_ends((1 - t) * start + t * end, start, end, t)
    # float64: the angle of nearly opposite vectors is lost in float32
    wide_a, wide_b, wide_t = start.double(), end.double(), t.double()
    length_a, length_b = _length(wide_a), _length(wide_b)
    straight = (length_a == 0) | (length_b == 0)
    unit_a = wide_a / torch.where(length_a == 0, 1.0, length_a)
    unit_b = wide_b / torch.where(length_b == 0, 1.0, length_b)
    # atan2 of the difference and the sum is exact at both ends, where arccos of the cosine is not
    angle = 2 * torch.atan2(_length(unit_a - unit_b), _length(unit_a + unit_b))
    side = unit_b - (unit_a * unit_b).sum(-1, keepdim=True) * unit_a
    norm = _length(side)
    # Nearly opposite: what is left of `side` is rounding, which must not choose the way.
    opposite = torch.pi - angle < _FLAT
    side = torch.where(opposite, _at_right_angles(unit_a), side / torch.where(norm == 0, 1.0, norm))
    turned = torch.cos(wide_t * angle) * unit_a + torch.sin(wide_t * angle) * side
    arc = ((1 - wide_t) * length_a + wide_t * length_b) * turned
    line = (1 - wide_t) * wide_a + wide_t * wide_b
    return _exact_ends(torch.where(straight | (angle < _FLAT), line, arc).to(a.dtype), start, end, t)


def _length(v: Tensor) -> Tensor:
    length: Tensor = torch.linalg.vector_norm(v, dim=-1, keepdim=True)
    return length


def _at_right_angles(unit: Tensor) -> Tensor:
    """A fixed unit vector at right angles: from the coordinate axis that the vector leans on least."""
    axis = torch.zeros_like(unit).scatter(-1, unit.abs().argmin(-1, keepdim=True), 1.0)
    side = axis - (axis * unit).sum(-1, keepdim=True) * unit
    return side / _length(side)


def _exact_ends(points: Tensor, a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    return torch.where(t == 0, a, torch.where(t == 1, b, points))
