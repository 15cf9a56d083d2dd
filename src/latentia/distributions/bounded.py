"""A smooth bound for logarithms of scales, whose gradient survives at the bound."""

from __future__ import annotations

import torch
from torch import Tensor


def smooth_bound(raw: Tensor, low: float, high: float) -> Tensor:
    r"""Squash an unbounded value smoothly into the open interval (low, high).

    With centre c and half-width h the value is \(c + (r - c) / \sqrt{1 + ((r - c)/h)^2}\): the identity near the
    centre, and a slope that falls only as a power of the distance (35 % is left at one half-width from the centre), so
    an extreme log-variance still finds its way back. A hard clamp has no gradient there, tanh an exponentially small
    one.

    Args:
        raw: Any shape, unbounded.
        low: Lower end of the interval, in the units of `raw`.
        high: Upper end of the interval.

    Returns:
        The same shape, within (low, high).

    >>> smooth_bound(torch.tensor([0.0, 1e9]), -8.0, 8.0)
    tensor([0., 8.])
    """
    centre, half = (low + high) / 2, (high - low) / 2
    offset = raw - centre
    return centre + offset * torch.rsqrt(1 + (offset / half).square())


def saturation(value: Tensor, low: float, high: float, *, margin: float = 0.05) -> Tensor:
    """The share of bounded values that lie within `margin` of the interval's width of an end.

    Args:
        value: Output of `smooth_bound`, any shape.
        low: Lower end.
        high: Upper end.
        margin: Share of the width that counts as 'at the end'.

    Returns:
        A scalar between 0 and 1.
    """
    width = margin * (high - low)
    return ((value < low + width) | (value > high - width)).float().mean()
